/**
 * Binomial-tree reduction: ceil(log2 p) rounds, in each the ranks left over pair up and the upper ones hand over.
 * Cost: ceil(log2 p) * (alpha + n * (beta + gamma)); one message more if the operation is not commutative and the root is
 * not rank 0. Restrictions: none.
 *
 * In round k a rank that is still in holds the reduction of the 2^k ranks from itself on, and takes that of the next 2^k
 * from the rank 2^k above: own op incoming, which keeps rank order when the tree's numbers are ranks. So the tree of a
 * non-commutative operation grows at rank 0 whatever the root; that of a commutative one at the root.
 */
import { newArrayLike, type TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'

/** @param data the rank's elements; at the end, on the root the reduction over all ranks, elsewhere of no meaning */
export function* reduceBinomial(channel: Channel, data: TypedArray, op: Op, root: number): Steps {
  const { rank, size } = channel
  const top = op.commutative ? root : 0
  const relative = (rank - top + size) % size
  const take = op.commutative ? takeInAnyOrder : takeInRankOrder

  for (let mask = 1; mask < size; mask <<= 1) {
    if ((relative & mask) !== 0) {
      yield* channel.send(data, (rank - mask + size) % size)
      break
    }
    if (relative + mask < size) yield* take(channel, data, (rank + mask) % size, op)
  }
  if (top === root) return
  if (rank === top) yield* channel.send(data, root)
  else if (rank === root) yield* channel.recv(data, top)
}

/** data := incoming op data, in one pass. */
function takeInAnyOrder(channel: Channel, data: TypedArray, source: number, op: Op): Steps {
  return channel.recvCombine(data, source, op.functionFor(data))
}

/** data := data op incoming: the source is the higher rank. */
function* takeInRankOrder(channel: Channel, data: TypedArray, source: number, op: Op): Steps {
  const incoming = newArrayLike(data, data.length)
  yield* channel.recv(incoming, source)
  op.apply(data, incoming)
  copyElements(data, incoming)
}
