/**
 * Binomial-tree scatter: in each round a rank hands the upper half of the blocks it has to the rank they begin at.
 * Cost: ceil(log2 p) * alpha + (p - 1) / p * n * beta at the root, n bytes in all. Restrictions: every rank knows the
 * lengths of all blocks.
 *
 * Relative to the root, a rank r receives the blocks r .. r + 2^k - 1, 2^k its lowest set bit, keeps the first and
 * passes on those of r + 2^j for j < k; so every rank is given its subtree and no more.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements, displacements, type Blocks } from '../blocks.ts'
import { subtreeSize } from '../gather/binomial.ts'

/**
 * @param blocks the lengths of all blocks and, on the root, the blocks
 * @param mine where the rank's block goes; may be the root's own block in `blocks`
 */
export function* scatterBinomial(channel: Channel, blocks: Blocks, mine: TypedArray, root: number): Steps {
  const { rank, size } = channel
  const relative = (rank - root + size) % size
  const ranks = Math.min(subtreeSize(relative, size), size - relative)
  const counts = Array.from({ length: ranks + 1 }, (_, i) => (i < ranks ? blocks.countOf((rank + i) % size) : 0))
  const starts = displacements(counts)
  const held = ranks === 1 ? mine : channel.scratch(mine, starts[ranks] as number)

  if (relative !== 0) yield* channel.recvBlocks(held, (rank - subtreeSize(relative, size) + size) % size, ranks)
  else for (let i = 0; i < ranks; i++) copyElements(held.subarray(starts[i]), blocks.of((root + i) % size))

  const sends = []
  let mask = 1
  while (mask < ranks) mask <<= 1
  for (mask >>= 1; mask > 0; mask >>= 1) {
    const end = Math.min(2 * mask, ranks)
    sends.push(channel.isend(held.subarray(starts[mask], starts[end]), (rank + mask) % size))
  }
  if (ranks > 1) copyElements(mine, held.subarray(0, starts[1]))
  yield* channel.settleAll(sends)
}
