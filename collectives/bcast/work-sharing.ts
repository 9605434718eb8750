/**
 * Broadcast among ranks that share a host and work for each other (work-sharing.ts): a job copies a part of the root's
 * elements to all other ranks.
 * Cost: 2 * alpha, then (p - 1) * n * beta dealt out to the cores there are. Restrictions: one host.
 *
 * A part is read from memory once and copied p - 1 times while it is in the cache of a core.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { isShareable, passTogether } from '../work-sharing.ts'
import { bcastBinomial } from './binomial.ts'

/** @param data the root's elements; on the other ranks, room for as many */
export function* bcastWorkSharing(channel: Channel, data: TypedArray, root: number): Steps {
  if (!isShareable(channel, data)) return yield* bcastBinomial(channel, data, root)
  yield* passTogether(channel, data, root)
}
