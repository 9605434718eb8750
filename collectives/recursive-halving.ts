/**
 * Reduce-scatter by recursive halving, the first half of Rabenseifner's algorithms and a collective of its own.
 *
 * Ranks that differ in one bit of their number share a range of blocks; each keeps one half, reduces the partner's part
 * into it and gives the other half away. After all bits a rank owns one block that every rank has contributed to.
 */
import type { TypedArray } from '../runtime/base/element-type.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import { copyElements } from './blocks.ts'
import type { Op } from './op.ts'
import type { PowerOfTwoGroup } from './power-of-two.ts'

/** Blocks `first` to `end - 1`, one for each member of the group. */
export interface Range {
  readonly first: number
  readonly end: number
}

/** One exchange: what was kept and what was given to whom. */
export interface Halving {
  readonly partner: number
  readonly given: Range
  readonly kept: Range
}

/** Cuts the blocks of a range out of an array. */
export type Part = (array: TypedArray, range: Range) => TypedArray

/**
 * @param masks bits in the order of the exchanges: 'low-first' keeps the long exchanges between close ranks,
 *   'high-first' leaves block i at member i; 'ordered' is 'low-first' with operands in rank order, at the price of a
 *   copy in half of the exchanges
 * @param data the rank's elements; at the end, the blocks of the last `kept` range are reduced, the others lost
 * @returns the exchanges in order
 */
export function* recursiveHalving(
  channel: Channel,
  group: PowerOfTwoGroup,
  masks: 'low-first' | 'high-first' | 'ordered',
  { data, part, op }: { data: TypedArray; part: Part; op: Op },
): Steps<Halving[]> {
  const index = group.index as number
  const halvings: Halving[] = []
  const combine = op.functionFor(data)
  let range = { first: 0, end: group.size }
  for (let bit = 1; bit < group.size; bit <<= 1) {
    const mask = masks === 'high-first' ? group.size / 2 / bit : bit
    const partner = group.rankOf(index ^ mask)
    const [kept, given] = halves(range, (index & mask) === 0)
    const [sent, reduced] = [part(data, given), part(data, kept)]
    if (masks === 'ordered' && partner > channel.rank) yield* combineFromAbove(channel, sent, reduced, partner, op)
    else yield* channel.sendrecvCombine(sent, partner, reduced, partner, combine)
    halvings.push({ partner, given, kept })
    range = kept
  }
  return halvings
}

/** reduced := reduced op incoming: the partner is the higher rank. */
function* combineFromAbove(channel: Channel, sent: TypedArray, reduced: TypedArray, partner: number, op: Op): Steps {
  const incoming = channel.scratch(reduced, reduced.length)
  yield* channel.sendrecv(sent, partner, incoming, partner)
  op.apply(reduced, incoming)
  copyElements(reduced, incoming)
}

/** The half to keep and the half to give away. */
function halves({ first, end }: Range, lower: boolean): [Range, Range] {
  const middle = (first + end) / 2
  const low = { first, end: middle }
  const high = { first: middle, end }
  return lower ? [low, high] : [high, low]
}
