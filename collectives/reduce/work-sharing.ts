/**
 * Reduction of ranks that share a host and work for each other (work-sharing.ts): a job reduces a part of the vector,
 * straight out of the memory of all ranks, and delivers it to the root.
 * Cost: 2 * alpha, then p * n * (beta + gamma) dealt out to the cores there are. Restrictions: one host, elementwise
 * operations.
 *
 * Every part is reduced in the tree of recursive doubling (power-of-two.ts), whatever the root.
 */
import { newArrayLike, type TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'
import { isShareable, reduceTogether } from '../work-sharing.ts'
import { reduceFoldedBinomial } from './folded-binomial.ts'

/** @param data the rank's elements; at the end, on the root the reduction over all ranks, elsewhere of no meaning */
export function reduceWorkSharing(channel: Channel, data: TypedArray, op: Op, root: number): Steps {
  return reduceToRoot(channel, { given: data, got: data }, op, root)
}

/**
 * The same, with the rank's elements where the program has them.
 *
 * @param got where the result goes, on the root
 */
export function* reduceToRoot(
  channel: Channel,
  { given, got }: { readonly given: TypedArray; readonly got: TypedArray },
  op: Op,
  root: number,
): Steps {
  const isRoot = channel.rank === root
  if (isShareable(channel, given)) return yield* reduceTogether(channel, isRoot ? { given, got } : { given }, op)
  const data = isRoot ? got : newArrayLike(given, given.length)
  if (data !== given) copyElements(data, given)
  yield* reduceFoldedBinomial(channel, data, op, root)
}
