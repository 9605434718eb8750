/**
 * Rabenseifner's allreduce: reduce-scatter by recursive halving, then allgather by recursive doubling.
 * Cost: 2 * log2 p * alpha + 2 * (p - 1) / p * n * beta + (p - 1) / p * n * gamma for p a power of two; otherwise one
 * exchange of n more before and after. Restrictions: commutative, elementwise operations; the ordered form,
 * elementwise ones.
 *
 * After the halvings every block is reduced at one rank; the doublings undo the halvings in reverse: partners swap the
 * ranges they own, and what the one kept is what the other had given. Each block is reduced once, so all ranks get the
 * same bits.
 * Source: Rabenseifner, Optimization of collective reduction operations, ICCS 2004.
 */
import type { TypedArray } from '../../runtime/base/element-type.ts'
import type { Channel, Steps } from '../../runtime/comm/channel.ts'
import { blockLength, run } from '../blocks.ts'
import type { Op } from '../op.ts'
import { foldIn, foldOut, powerOfTwoGroup } from '../power-of-two.ts'
import { recursiveHalving, type Part } from '../recursive-halving.ts'

/** @param data the rank's elements; at the end, the reduction over all ranks */
export function* allreduceRabenseifner(channel: Channel, data: TypedArray, op: Op): Steps {
  yield* halveAndDouble(channel, data, op, 'low-first')
}

/**
 * The same with operands in rank order, in the tree of recursive doubling and to its bits: for operations that do not
 * commute and for reproducible results. Half of the exchanges copy what they receive once more.
 */
export function* allreduceRabenseifnerOrdered(channel: Channel, data: TypedArray, op: Op): Steps {
  yield* halveAndDouble(channel, data, op, 'ordered')
}

function* halveAndDouble(channel: Channel, data: TypedArray, op: Op, masks: 'low-first' | 'ordered'): Steps {
  if (channel.size === 1) return
  const group = powerOfTwoGroup(channel.rank, channel.size)
  yield* foldIn(channel, group, data, op)
  if (group.index !== undefined) {
    const length = blockLength(data.length, group.size, op.unit)
    const part: Part = (array, { first, end }) => run(array, first, end, length)
    const halvings = yield* recursiveHalving(channel, group, masks, { data, part, op })
    for (const { partner, given, kept } of halvings.reverse())
      yield* channel.sendrecv(part(data, kept), partner, part(data, given), partner)
  }
  yield* foldOut(channel, group, data)
}
