/**
 * Ring allreduce: a reduce-scatter around the ring, then an allgather around the ring.
 * Cost: 2 * (p - 1) * (alpha + n / p * beta) + (p - 1) / p * n * gamma. Restrictions: commutative, elementwise operations.
 *
 * Unlike Rabenseifner's algorithm it moves no byte more when p is no power of two, but it has more steps. Every block is
 * reduced along one path, so all ranks get the same bits.
 * Source: Patarasuk, Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 69, 2009.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { allgatherRing } from '../allgather/ring.ts'
import { blockLength, equalBlocks } from '../blocks.ts'
import type { Op } from '../op.ts'
import { reduceScatterRing } from '../reduce-scatter/ring.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export function* allreduceRing(channel: Channel, data: TypedArray, op: Op): Steps {
  const blocks = equalBlocks(data, blockLength(data.length, channel.size, op.unit))
  yield* reduceScatterRing(channel, blocks, op)
  yield* allgatherRing(channel, blocks)
}
