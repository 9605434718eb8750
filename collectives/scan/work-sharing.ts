/**
 * Scan of ranks that share a host and work for each other (work-sharing.ts): a job scans a part of the vector, straight out
 * of the memory of all ranks, and delivers to each its own.
 * Cost: 2 * alpha, then p * n * (2 * beta + log2 p / 2 * gamma) dealt out to the cores there are. Restrictions: one host,
 * elementwise operations.
 *
 * Every part is scanned in the tree of recursive doubling (power-of-two.ts): ranks get the bits of that algorithm.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'
import type { ScanKind } from '../power-of-two.ts'
import { isShareable, scanTogether } from '../work-sharing.ts'
import { scanRecursiveDoubling } from './recursive-doubling.ts'

/** @param data the rank's elements; at the end, the reduction over the ranks up to it; unchanged on rank 0 */
export function scanWorkSharing(channel: Channel, data: TypedArray, op: Op, kind: ScanKind): Steps {
  return scanOf(channel, { given: data, got: data }, op, kind)
}

/**
 * The same, with the rank's elements where the program has them; on rank 0 they are where the result goes.
 *
 * @param got where the result goes
 */
export function* scanOf(
  channel: Channel,
  { given, got }: { readonly given: TypedArray; readonly got: TypedArray },
  op: Op,
  kind: ScanKind,
): Steps {
  if (isShareable(channel, given))
    return yield* scanTogether(channel, channel.rank === 0 ? { given } : { given, got }, op, kind)
  if (given !== got) copyElements(got, given)
  yield* scanRecursiveDoubling(channel, got, op, kind)
}
