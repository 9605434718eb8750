/**
 * Bruck all-to-all for short blocks: a block that must travel d ranks travels the powers of two in d, together with all
 * others that share the leg.
 * Cost: ceil(log2 p) * (alpha + n / 2 * beta), n bytes of all blocks of a rank, and local copies. Restrictions: equal
 * blocks.
 *
 * Place d holds the block that still has to go to the rank d above where it started. In round k the blocks with bit k
 * of d set move 2^k up, so that after all rounds place d holds what rank - d had for us.
 * Source: Bruck et al., Efficient algorithms for all-to-all communications, IEEE TPDS 8, 1997.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements, equalBlocks, type Blocks } from '../blocks.ts'

/** @param sent block for each rank; @param received block from each rank; no common memory */
export function* alltoallBruck(channel: Channel, sent: Blocks, received: Blocks): Steps {
  const { rank, size } = channel
  const length = sent.countOf(0)
  const travelling = equalBlocks(channel.scratch(sent.array, size * length), length)
  const outgoing = equalBlocks(channel.scratch(sent.array, size * length), length)
  const incoming = equalBlocks(channel.scratch(sent.array, size * length), length)
  for (let d = 0; d < size; d++) copyElements(travelling.of(d), sent.of((rank + d) % size))

  for (let leg = 1; leg < size; leg <<= 1) {
    const moved = places(size, leg)
    moved.forEach((d, i) => copyElements(outgoing.of(i), travelling.of(d)))
    const end = moved.length * length
    const [up, down] = [(rank + leg) % size, (rank - leg + size) % size]
    yield* channel.sendrecv(outgoing.array.subarray(0, end), up, incoming.array.subarray(0, end), down)
    moved.forEach((d, i) => copyElements(travelling.of(d), incoming.of(i)))
  }
  for (let d = 0; d < size; d++) copyElements(received.of((rank - d + size) % size), travelling.of(d))
}

/** The distances below `size` that contain `leg`. */
function places(size: number, leg: number): number[] {
  return Array.from({ length: size }, (_, d) => d).filter((d) => (d & leg) !== 0)
}
