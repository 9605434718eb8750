/**
 * Binomial-tree reduction: ceil(log2 p) rounds, in each the ranks left over pair up and the upper ones hand over.
 * Cost: ceil(log2 p) * (alpha + n * (beta + gamma)); one message more if the operation is not commutative and the root is
 * not rank 0. Restrictions: none.
 *
 * In round k a rank that is still in holds the reduction of the 2^k ranks from itself on, and takes that of the next 2^k
 * from the rank 2^k above: own op incoming, which keeps rank order when the tree's numbers are ranks. So the tree of a
 * non-commutative operation grows at rank 0 whatever the root; that of a commutative one at the root.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'

/** @param data the rank's elements; at the end, on the root the reduction over all ranks, elsewhere of no meaning */
export async function reduceBinomial(channel: Channel, data: TypedArray, op: Op, root: number): Promise<void> {
  const { rank, size } = channel
  const top = op.commutative ? root : 0
  const relative = (rank - top + size) % size
  let mine = data
  let other: TypedArray | undefined

  for (let mask = 1; mask < size; mask <<= 1) {
    if ((relative & mask) !== 0) {
      await channel.send(mine, (rank - mask + size) % size)
      break
    }
    if (relative + mask >= size) continue
    other ??= channel.scratch(data, data.length)
    await channel.recv(other, (rank + mask) % size)
    op.apply(mine, other)
    ;[mine, other] = [other, mine]
  }
  if (relative === 0 && mine !== data) copyElements(data, mine)
  if (top === root) return
  if (rank === top) await channel.send(data, root)
  else if (rank === root) await channel.recv(data, top)
}
