/**
 * Reduction of ranks that share a host and work for each other (work-sharing.ts): a job reduces a part of the vector,
 * straight out of the memory of all ranks, and delivers it to the root.
 * Cost: 2 * alpha, then p * n * (beta + gamma) dealt out to the cores there are. Restrictions: one host, elementwise
 * operations.
 *
 * Every part is reduced in the tree of recursive doubling (power-of-two.ts), whatever the root.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Op } from '../op.ts'
import { isShareable, reduceTogether } from '../work-sharing.ts'
import { reduceFoldedBinomial } from './folded-binomial.ts'

/** @param data the rank's elements; at the end, on the root the reduction over all ranks, elsewhere as before */
export function* reduceWorkSharing(channel: Channel, data: TypedArray, op: Op, root: number): Steps {
  if (!isShareable(channel, data)) return yield* reduceFoldedBinomial(channel, data, op, root)
  yield* reduceTogether(channel, channel.rank === root ? { given: data, got: data } : { given: data }, op)
}
