/**
 * Allreduce of ranks that share a host and work for each other (work-sharing.ts): a job reduces a part of the vector,
 * straight out of the memory of all ranks, and delivers it to all of them.
 * Cost: 2 * alpha, then p * n * (2 * beta + gamma) dealt out to the cores there are. Restrictions: one host, elementwise
 * operations.
 *
 * Every part is reduced once, in the tree of recursive doubling (power-of-two.ts): rank order is kept, and all ranks get the
 * bits of that algorithm. The job that overwrites a part has read it, so that ranks may work in place.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'
import { isShareable, reduceTogether } from '../work-sharing.ts'
import { allreduceRecursiveDoubling } from './recursive-doubling.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export function allreduceWorkSharing(channel: Channel, data: TypedArray, op: Op): Steps {
  return reduceToAll(channel, data, data, op)
}

/** The same, with the rank's elements where the program has them. */
export function* reduceToAll(channel: Channel, given: TypedArray, got: TypedArray, op: Op): Steps {
  if (isShareable(channel, got)) return yield* reduceTogether(channel, { given, got }, op)
  if (given !== got) copyElements(got, given)
  yield* allreduceRecursiveDoubling(channel, got, op)
}
