/**
 * Binomial-tree gather: in each round the ranks left over pair up and the upper ones hand over all they have.
 * Cost: ceil(log2 p) * alpha + (p - 1) / p * n * beta at the root, n bytes in all. Restrictions: every rank knows the
 * lengths of all blocks.
 *
 * Relative to the root, a rank that is still in holds the blocks of the 2^k ranks from itself on, in order, and appends
 * those of the rank 2^k above.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements, displacements, type Blocks } from '../blocks.ts'

/**
 * @param mine the rank's block
 * @param blocks the lengths of all blocks and, on the root, where they go; `mine` may be the root's own block
 */
export function* gatherBinomial(channel: Channel, mine: TypedArray, blocks: Blocks, root: number): Steps {
  const { rank, size } = channel
  const relative = (rank - root + size) % size
  const ranks = Math.min(subtreeSize(relative, size), size - relative)
  const counts = Array.from({ length: ranks + 1 }, (_, i) => (i < ranks ? blocks.countOf((rank + i) % size) : 0))
  const starts = displacements(counts)
  // A leaf sends its block from where it is.
  const gathered = ranks === 1 ? mine : channel.scratch(mine, starts[ranks] as number)
  if (ranks > 1) copyElements(gathered, mine)

  for (let mask = 1; mask < ranks; mask <<= 1) {
    const end = Math.min(2 * mask, ranks)
    yield* channel.recvBlocks(gathered.subarray(starts[mask], starts[end]), (rank + mask) % size, end - mask)
  }
  if (relative !== 0) yield* channel.send(gathered, (rank - subtreeSize(relative, size) + size) % size)
  else
    for (let i = 0; i < size; i++)
      copyElements(blocks.of((root + i) % size), gathered.subarray(starts[i], starts[i + 1]))
}

/** Ranks of the subtree of `relative` in a full tree: its lowest set bit; for the root, the power of two that covers all. */
export function subtreeSize(relative: number, size: number): number {
  let mask = 1
  while (mask < size && (relative & mask) === 0) mask <<= 1
  return mask
}
