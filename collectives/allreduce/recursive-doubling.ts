/**
 * Recursive-doubling allreduce: in round k, ranks that differ in bit k exchange all they have.
 * Cost: ceil(log2 p) * (alpha + n * (beta + gamma)), two rounds more if p is no power of two. Restrictions: none.
 *
 * Before round k a rank holds the reduction over the aligned group of 2^k ranks it belongs to. Partners belong to
 * neighbouring groups, and both combine lower group op upper group: rank order is kept, and by induction all ranks of a
 * group hold the same bits. If p is no power of two, even ranks among the first 2 (p - 2^k) hand their elements to the
 * rank above, which keeps the order too, and get the result from it at the end.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { copyElements } from '../blocks.ts'
import type { Op } from '../op.ts'
import { foldIn, foldOut, powerOfTwoGroup } from '../power-of-two.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export function* allreduceRecursiveDoubling(channel: Channel, data: TypedArray, op: Op): Steps {
  if (channel.size === 1) return
  const group = powerOfTwoGroup(channel.rank, channel.size)
  yield* foldIn(channel, group, data, op)

  if (group.index !== undefined) {
    let mine = data
    let other = channel.scratch(data, data.length)
    for (let mask = 1; mask < group.size; mask <<= 1) {
      const partner = group.rankOf(group.index ^ mask)
      yield* channel.sendrecv(mine, partner, other, partner)
      if (partner > channel.rank) [mine, other] = [other, mine] // the lower group's elements are the incoming ones
      op.apply(other, mine)
    }
    if (mine !== data) copyElements(data, mine)
  }
  yield* foldOut(channel, group, data)
}
