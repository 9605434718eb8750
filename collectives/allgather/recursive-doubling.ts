/**
 * Recursive-doubling allgather: in round k the ranks that differ in bit k exchange the 2^k blocks that each has.
 * Cost: log2 p * alpha + (p - 1) / p * n * beta, n bytes in all; no copy where the blocks lie in the order of the ranks.
 * Restrictions: p a power of two.
 *
 * Before round k a rank has the blocks of the aligned group of 2^k ranks that it is in, and its partner those of the other
 * half of the group of 2^(k + 1): both have all of that afterwards.
 * Source: Thakur, Rabenseifner, Gropp, Optimization of collective communication operations in MPICH, IJHPCA 19, 2005.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements, displacements, type Blocks } from '../blocks.ts'

/** @param blocks the rank's own block is there */
export function* allgatherRecursiveDoubling(channel: Channel, blocks: Blocks): Steps {
  const { rank, size } = channel
  const counts = Array.from({ length: size + 1 }, (_, r) => (r < size ? blocks.countOf(r) : 0))
  const starts = displacements(counts)
  const inPlace = liesInOrder(blocks, starts)
  const gathered = inPlace ?? channel.scratch(blocks.array, starts[size] as number)
  if (inPlace === undefined) copyElements(gathered.subarray(starts[rank]), blocks.of(rank))
  for (let held = 1; held < size; held *= 2) {
    const partner = rank ^ held
    const heldBy = (one: number): TypedArray => gathered.subarray(starts[one & -held], starts[(one & -held) + held])
    yield* channel.sendrecv(heldBy(rank), partner, heldBy(partner), partner)
  }
  if (inPlace === undefined)
    for (let r = 0; r < size; r++)
      if (r !== rank) copyElements(blocks.of(r), gathered.subarray(starts[r], starts[r + 1]))
}

/** All blocks as one array, if they lie one after the other. */
function liesInOrder(blocks: Blocks, starts: readonly number[]): TypedArray | undefined {
  const { array } = blocks
  const [first, size] = [blocks.of(0).byteOffset, starts.length - 1]
  for (let r = 0; r < size; r++)
    if (blocks.of(r).byteOffset !== first + (starts[r] as number) * array.BYTES_PER_ELEMENT) return undefined
  const begin = (first - array.byteOffset) / array.BYTES_PER_ELEMENT
  return array.subarray(begin, begin + (starts[size] as number))
}
