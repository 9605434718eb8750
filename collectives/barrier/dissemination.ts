/**
 * Dissemination barrier: in round k every rank tells rank + 2^k and hears from rank - 2^k.
 * Cost: ceil(log2 p) * alpha. Restrictions: none.
 *
 * After round k a rank has heard, directly or through others, from the 2^(k+1) - 1 ranks before it: what it hears in
 * round k was sent after the sender had heard from the 2^k - 1 ranks before itself. ceil(log2 p) rounds cover all.
 * Source: Hensgen, Finkel, Manber, Two algorithms for barrier synchronization, 1988.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'

const NOTHING = new Uint8Array(0)

export function* barrierDissemination(channel: Channel): Steps {
  const { rank, size } = channel
  for (let distance = 1; distance < size; distance <<= 1)
    yield* channel.sendrecv(NOTHING, (rank + distance) % size, NOTHING, (rank - distance + size) % size)
}
