/**
 * Rabenseifner's allreduce: reduce-scatter by recursive halving, then allgather by recursive doubling.
 * Cost: 2 * log2 p * alpha + 2 * (p - 1) / p * n * beta + (p - 1) / p * n * gamma for p a power of two; otherwise one
 * exchange of n more before and after. Restrictions: commutative operations.
 *
 * In the halving round of bit k, ranks that differ in bit k share a range of blocks; each keeps one half, reduces the
 * partner's part into it and gives the other half away, until every rank owns one block that all have contributed to.
 * The doubling rounds undo the halvings in reverse. Every block is reduced by one rank, so all ranks get the same bits.
 * Source: Rabenseifner, Optimization of collective reduction operations, ICCS 2004.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel } from '../../runtime/comm/channel.ts'
import { blockLength, run } from '../blocks.ts'
import type { Op } from '../op.ts'
import { foldIn, foldOut, powerOfTwoGroup } from '../power-of-two.ts'

interface Range {
  readonly first: number
  readonly end: number
}

/** @param data the rank's elements; at the end, the reduction over all ranks */
export async function allreduceRabenseifner(channel: Channel, data: TypedArray, op: Op): Promise<void> {
  if (channel.size === 1) return
  const group = powerOfTwoGroup(channel.rank, channel.size)
  const other = channel.scratch(data, data.length)
  await foldIn(channel, group, data, other, op)

  const { index } = group
  if (index !== undefined) {
    const length = blockLength(data.length, group.size, op.unit)
    const part = (array: TypedArray, { first, end }: Range): TypedArray => run(array, first, end, length)
    const given: Range[] = []
    let kept = { first: 0, end: group.size }
    for (let mask = 1; mask < group.size; mask <<= 1) {
      const partner = group.rankOf(index ^ mask)
      const [keep, give] = halves(kept, (index & mask) === 0)
      await channel.sendrecv(part(data, give), partner, part(other, keep), partner)
      op.apply(part(other, keep), part(data, keep))
      given.push(give)
      kept = keep
    }
    for (let mask = group.size >> 1; mask > 0; mask >>= 1) {
      const partner = group.rankOf(index ^ mask)
      const missing = given.pop() as Range
      await channel.sendrecv(part(data, kept), partner, part(data, missing), partner)
      kept = { first: Math.min(kept.first, missing.first), end: Math.max(kept.end, missing.end) }
    }
  }
  await foldOut(channel, group, data)
}

/** The half to keep and the half to give away. */
function halves({ first, end }: Range, lower: boolean): [Range, Range] {
  const middle = (first + end) / 2
  const low = { first, end: middle }
  const high = { first: middle, end }
  return lower ? [low, high] : [high, low]
}
