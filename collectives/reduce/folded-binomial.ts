/**
 * Reduction in the canonical tree of power-of-two.ts: the ranks beyond a power of two fold, then a binomial tree over the
 * group, always from the lowest rank up, whatever the root.
 * Cost: (ceil(log2 p) + 1) * (alpha + n * (beta + gamma)), one message more if the root is not the top of the tree.
 * Restrictions: none.
 *
 * Member i of the group holds the reduction of the 2^k members from itself on and takes that of the next 2^k, own op
 * incoming: the tree and the order of recursive doubling, so that both give the same bits.
 */
import { newArrayLike, type TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'
import { foldIn, powerOfTwoGroup } from '../power-of-two.ts'

/** @param data the rank's elements; at the end, on the root the reduction over all ranks, elsewhere of no meaning */
export function* reduceFoldedBinomial(channel: Channel, data: TypedArray, op: Op, root: number): Steps {
  const { rank, size } = channel
  if (size === 1) return
  const group = powerOfTwoGroup(rank, size)
  yield* foldIn(channel, group, data, op)
  if (group.index !== undefined) yield* climb(channel, data, op, group.index, group)
  const top = group.rankOf(0)
  if (top === root) return
  if (rank === top) yield* channel.send(data, root)
  else if (rank === root) yield* channel.recv(data, top)
}

function* climb(
  channel: Channel,
  data: TypedArray,
  op: Op,
  index: number,
  { size, rankOf }: { readonly size: number; rankOf(index: number): number },
): Steps {
  for (let mask = 1; mask < size; mask <<= 1) {
    if ((index & mask) !== 0) return yield* channel.send(data, rankOf(index - mask))
    const incoming = newArrayLike(data, data.length)
    yield* channel.recv(incoming, rankOf(index + mask))
    op.apply(data, incoming)
    copyElements(data, incoming)
  }
}
