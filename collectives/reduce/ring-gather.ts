/**
 * Reduction of long vectors: a ring reduce-scatter, then a gather of the blocks to the root.
 * Cost: (p - 1 + ceil(log2 p)) * alpha + 2 * (p - 1) / p * n * beta + (p - 1) / p * n * gamma. Restrictions: commutative,
 * elementwise operations.
 *
 * The binomial tree moves the whole vector log2 p times along its longest path; here every rank sends it twice at most,
 * and the arithmetic is shared by all.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { blockLength, equalBlocks } from '../blocks.ts'
import { gatherBinomial } from '../gather/binomial.ts'
import type { Op } from '../op.ts'
import { reduceScatterRing } from '../reduce-scatter/ring.ts'

/** @param data the rank's elements; at the end, on the root the reduction over all ranks, elsewhere of no meaning */
export function* reduceRingGather(channel: Channel, data: TypedArray, op: Op, root: number): Steps {
  const blocks = equalBlocks(data, blockLength(data.length, channel.size, op.unit))
  yield* reduceScatterRing(channel, blocks, op)
  yield* gatherBinomial(channel, blocks.of(channel.rank), blocks, root)
}
