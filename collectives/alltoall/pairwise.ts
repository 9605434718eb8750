/**
 * Pairwise all-to-all: in step s every rank sends to rank + s and receives from rank - s.
 * Cost: (p - 1) * (alpha + n / p * beta), n bytes of all blocks of a rank. Restrictions: none.
 *
 * Each block goes straight to its rank, and in a step every rank sends and receives once: no one is waited for by two.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements, type Blocks } from '../blocks.ts'

/** @param sent block for each rank; @param received block from each rank; no common memory */
export function* alltoallPairwise(channel: Channel, sent: Blocks, received: Blocks): Steps {
  const { rank, size } = channel
  copyElements(received.of(rank), sent.of(rank))
  for (let step = 1; step < size; step++) {
    const dest = (rank + step) % size
    const source = (rank - step + size) % size
    yield* channel.sendrecv(sent.of(dest), dest, received.of(source), source)
  }
}
