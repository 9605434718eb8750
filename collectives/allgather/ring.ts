/**
 * Ring allgather: every rank passes on to its right neighbour the block it got last from its left one.
 * Cost: (p - 1) * (alpha + n / p * beta), n bytes in all. Restrictions: none.
 *
 * In step s rank r sends block r - s and receives block r - s - 1 (mod p), so that after p - 1 steps it has seen every
 * block but its own. Each rank receives every byte once: the bandwidth term is optimal, and only neighbours talk.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Blocks } from '../blocks.ts'

/**
 * @param blocks block `shift + rank` (mod p) is there
 * @param shift block that rank 0 holds at the start, for callers that number blocks from a root
 */
export function* allgatherRing(channel: Channel, blocks: Blocks, shift = 0): Steps {
  const { rank, size } = channel
  const right = (rank + 1) % size
  const left = (rank - 1 + size) % size
  for (let step = 0; step < size - 1; step++) {
    const sent = (rank + shift - step + size) % size
    const received = (rank + shift - step - 1 + size) % size
    yield* channel.sendrecv(blocks.of(sent), right, blocks.of(received), left)
  }
}
