/**
 * Bruck allgather: in round k every rank sends the up to 2^k blocks it has to rank - 2^k.
 * Cost: ceil(log2 p) * alpha + (p - 1) / p * n * beta, n bytes in all, and one local copy. Restrictions: none.
 *
 * Counted from its own rank, a rank holds the blocks 0 .. 2^k - 1 before round k and receives the blocks 2^k .. of
 * rank + 2^k behind them; the last round moves only what is missing. At the end block i lies at place (i - rank) mod p.
 * Source: Bruck et al., Efficient algorithms for all-to-all communications, IEEE TPDS 8, 1997.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements, displacements, type Blocks } from '../blocks.ts'

/** @param blocks the rank's own block is there */
export function* allgatherBruck(channel: Channel, blocks: Blocks): Steps {
  const { rank, size } = channel
  const at = (place: number): number => (rank + place) % size
  const counts = Array.from({ length: size + 1 }, (_, place) => (place < size ? blocks.countOf(at(place)) : 0))
  const starts = displacements(counts)
  const gathered = channel.scratch(blocks.array, starts[size] as number)
  copyElements(gathered, blocks.of(rank))
  for (let held = 1; held < size; held *= 2) {
    const moved = Math.min(held, size - held)
    const sent = gathered.subarray(0, starts[moved])
    const received = gathered.subarray(starts[held], starts[held + moved])
    yield* channel.sendrecv(sent, (rank - held + size) % size, received, (rank + held) % size)
  }
  for (let place = 1; place < size; place++)
    copyElements(blocks.of(at(place)), gathered.subarray(starts[place], starts[place + 1]))
}
