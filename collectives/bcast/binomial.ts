/**
 * Binomial-tree broadcast: ceil(log2 p) rounds, each doubles the ranks that hold the data.
 * Cost: ceil(log2 p) * (alpha + n * beta), n in bytes. Restrictions: none.
 *
 * Relative to the root, rank r receives from r without its lowest set bit and serves r + 2^k for every lower bit k;
 * clearing lowest bits leads every rank to 0, so all are served, and each once.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'

/** @param data the root's elements; on the other ranks, room for as many */
export function* bcastBinomial(channel: Channel, data: TypedArray, root: number): Steps {
  const { rank, size } = channel
  const relative = (rank - root + size) % size

  let mask = 1
  while (mask < size && (relative & mask) === 0) mask <<= 1
  if (relative !== 0) yield* channel.recv(data, (rank - mask + size) % size)

  // Largest subtree first: it has the longest way to go.
  const sends = []
  for (mask >>= 1; mask > 0; mask >>= 1)
    if (relative + mask < size) sends.push(channel.isend(data, (rank + mask) % size))
  yield* channel.settleAll(sends)
}
