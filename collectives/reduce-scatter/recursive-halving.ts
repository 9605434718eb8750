/**
 * Reduce-scatter by recursive halving.
 * Cost: log2 p * alpha + (p - 1) / p * n * (beta + gamma) for p a power of two; otherwise one exchange of n and one of a
 * block more. Restrictions: commutative, elementwise operations.
 *
 * With the highest bit first, the range that member i keeps closes in on block i, as a binary search does. A member
 * that another rank has handed over to owns the blocks of both, which are neighbours, and hands the other's block back.
 */
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import type { Blocks } from '../blocks.ts'
import type { Op } from '../op.ts'
import { foldIn, powerOfTwoGroup } from '../power-of-two.ts'
import { recursiveHalving, type Part } from '../recursive-halving.ts'

/** @param blocks the rank's elements, one block after the other; at the end its own block is reduced, the others are lost */
export function* reduceScatterRecursiveHalving(channel: Channel, blocks: Blocks, op: Op): Steps {
  const { rank, size } = channel
  if (size === 1) return
  const data = blocks.array
  const group = powerOfTwoGroup(rank, size)
  yield* foldIn(channel, group, data, op)

  const starts = [0]
  for (let index = 0; index < size; index++) starts.push((starts[index] as number) + blocks.countOf(index))
  const firstRank = (index: number): number => (index < group.folded / 2 ? 2 * index : index + group.folded / 2)
  const part: Part = (array, { first, end }) => array.subarray(starts[firstRank(first)], starts[firstRank(end)])
  if (group.index !== undefined) yield* recursiveHalving(channel, group, 'high-first', { data, part, op })

  if (rank >= group.folded) return
  if (rank % 2 === 0) yield* channel.recv(blocks.of(rank), rank + 1)
  else yield* channel.send(blocks.of(rank - 1), rank - 1)
}
