/**
 * Bruck allgather: in round k every rank sends the up to 2^k blocks it has to rank - 2^k.
 * Cost: ceil(log2 p) * alpha + (p - 1) / p * n * beta, n bytes in all, and one local rotation. Restrictions: none.
 *
 * Counted from its own rank, a rank holds the blocks 0 .. 2^k - 1 before round k and receives the blocks 2^k .. of
 * rank + 2^k behind them; the last round moves only what is missing. At the end block i lies at (i - rank) mod p.
 * Source: Bruck et al., Efficient algorithms for all-to-all communications, IEEE TPDS 8, 1997.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel } from '../../runtime/comm/channel.ts'
import { block, copyElements, run } from '../blocks.ts'

/** @param data p blocks of `length` elements; the rank's own block is there */
export async function allgatherBruck(channel: Channel, data: TypedArray, length: number): Promise<void> {
  const { rank, size } = channel
  const rotated = channel.scratch(data, data.length)
  copyElements(rotated, block(data, rank, length))
  for (let held = 1; held < size; held *= 2) {
    const moved = Math.min(held, size - held)
    const sent = run(rotated, 0, moved, length)
    const received = run(rotated, held, held + moved, length)
    await channel.sendrecv(sent, (rank - held + size) % size, received, (rank + held) % size)
  }
  copyElements(run(data, rank, size, length), run(rotated, 0, size - rank, length))
  copyElements(data, run(rotated, size - rank, size, length))
}
