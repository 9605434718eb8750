/**
 * Ring allgather: every rank passes on to its right neighbour the block it got last from its left one.
 * Cost: (p - 1) * (alpha + n / p * beta), n bytes in all. Restrictions: none.
 *
 * In step s rank r sends block r - s and receives block r - s - 1 (mod p), so that after p - 1 steps it has seen every
 * block but its own. Each rank receives every byte once: the bandwidth term is optimal, and only neighbours talk.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel } from '../../runtime/comm/channel.ts'
import { block } from '../blocks.ts'

/**
 * @param data p blocks of `length` elements, the last ones short or empty if the array ends; block `shift + rank` is there
 * @param shift block that rank 0 holds at the start, for callers that number blocks from a root
 */
export async function allgatherRing(channel: Channel, data: TypedArray, length: number, shift = 0): Promise<void> {
  const { rank, size } = channel
  const right = (rank + 1) % size
  const left = (rank - 1 + size) % size
  const held = (rank + shift) % size
  for (let step = 0; step < size - 1; step++) {
    const sent = block(data, (held - step + size) % size, length)
    const received = block(data, (held - step - 1 + size) % size, length)
    await channel.sendrecv(sent, right, received, left)
  }
}
