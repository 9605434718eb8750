/**
 * Rabenseifner's allreduce: reduce-scatter by recursive halving, then allgather by recursive doubling.
 * Cost: 2 * log2 p * alpha + 2 * (p - 1) / p * n * beta + (p - 1) / p * n * gamma for p a power of two; otherwise one
 * exchange of n more before and after. Restrictions: commutative, elementwise operations.
 *
 * After the halvings every block is reduced at one rank; the doublings undo the halvings in reverse: partners swap the
 * ranges they own, and what the one kept is what the other had given. Each block is reduced once, so all ranks get the
 * same bits.
 * Source: Rabenseifner, Optimization of collective reduction operations, ICCS 2004.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel } from '../../runtime/comm/channel.ts'
import { blockLength, run } from '../blocks.ts'
import type { Op } from '../op.ts'
import { foldIn, foldOut, powerOfTwoGroup } from '../power-of-two.ts'
import { recursiveHalving, type Part } from '../recursive-halving.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export async function allreduceRabenseifner(channel: Channel, data: TypedArray, op: Op): Promise<void> {
  if (channel.size === 1) return
  const group = powerOfTwoGroup(channel.rank, channel.size)
  await foldIn(channel, group, data, op)
  if (group.index !== undefined) {
    const length = blockLength(data.length, group.size, op.unit)
    const part: Part = (array, { first, end }) => run(array, first, end, length)
    const halvings = await recursiveHalving(channel, group, 'low-first', { data, part, op })
    for (const { partner, given, kept } of halvings.reverse())
      await channel.sendrecv(part(data, kept), partner, part(data, given), partner)
  }
  await foldOut(channel, group, data)
}
