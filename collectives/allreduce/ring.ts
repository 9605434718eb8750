/**
 * Ring allreduce: a reduce-scatter around the ring, then a ring allgather.
 * Cost: 2 * (p - 1) * (alpha + n / p * beta) + (p - 1) / p * n * gamma. Restrictions: commutative operations.
 *
 * Block b starts at rank b + 1 and collects the contribution of every rank it passes until it is complete at rank b.
 * Unlike recursive halving it moves no byte more when p is no power of two, and only neighbours talk. Every block is
 * reduced along one path, so all ranks get the same bits.
 * Source: Patarasuk, Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 69, 2009.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel } from '../../runtime/comm/channel.ts'
import { allgatherRing } from '../allgather/ring.ts'
import { block, blockLength } from '../blocks.ts'
import type { Op } from '../op.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export async function allreduceRing(channel: Channel, data: TypedArray, op: Op): Promise<void> {
  const { rank, size } = channel
  if (size === 1) return
  const length = blockLength(data.length, size, op.unit)
  const arriving = channel.scratch(data, length)
  for (let step = 1; step < size; step++) {
    const sent = block(data, (rank - step + size) % size, length)
    const reduced = block(data, (rank - step - 1 + 2 * size) % size, length)
    const received = arriving.subarray(0, reduced.length)
    await channel.sendrecv(sent, (rank + 1) % size, received, (rank - 1 + size) % size)
    op.apply(received, reduced)
  }
  await allgatherRing(channel, data, length)
}
