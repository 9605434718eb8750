/**
 * Reducing p ranks to the largest power of two in rank order, for algorithms that pair ranks by bits: of the first
 * 2 * (p - 2^k) ranks, the even ones hand their elements to the rank above them and wait for the result.
 */
import type { TypedArray } from '../runtime/base/element-type.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import type { Op } from './op.ts'

/** Which operands a scan gives a rank: those of the ranks up to it, with its own or without. */
export type ScanKind = 'inclusive' | 'exclusive'

export interface PowerOfTwoGroup {
  /** Largest power of two that is no more than the number of ranks. */
  readonly size: number
  /** Ranks below this take part in folding: even ones hand over, odd ones take. */
  readonly folded: number
  /** The caller's number in the group, in rank order; undefined if it has handed over. */
  readonly index: number | undefined
  /** Rank of a member of the group. */
  rankOf(index: number): number
}

export function powerOfTwoGroup(rank: number, ranks: number): PowerOfTwoGroup {
  const size = 1 << (31 - Math.clz32(ranks))
  const folded = 2 * (ranks - size)
  const handedOver = rank < folded && rank % 2 === 0
  const index = handedOver ? undefined : rank < folded ? (rank - 1) / 2 : rank - folded / 2
  return { size, folded, index, rankOf: (i) => (i < folded / 2 ? 2 * i + 1 : i + folded / 2) }
}

/**
 * What these ranks would reduce to by recursive doubling, from the operands of all: in the last of them, which is returned;
 * the others are used up.
 *
 * @param combine upper := lower combined with upper
 */
export function reduceInTree<A>(operands: readonly A[], combine: (lower: A, upper: A) => void): A {
  const { size, folded, rankOf } = powerOfTwoGroup(0, operands.length)
  const operand = (rank: number): A => operands[rank] as A
  for (let rank = 0; rank < folded; rank += 2) combine(operand(rank), operand(rank + 1))
  // A group's reduction is with its last member.
  for (let half = 1; half < size; half <<= 1)
    for (let last = 2 * half - 1; last < size; last += 2 * half)
      combine(operand(rankOf(last - half)), operand(rankOf(last)))
  return operand(operands.length - 1)
}

/**
 * What the ranks up to `rank` would scan to by recursive doubling, from their operands; in one of them, which is returned;
 * they are used up.
 *
 * @param kind exclusive, rank 0 gets its own as it is
 * @param combine upper := lower combined with upper
 */
export function scanInTree<A>(
  operands: readonly A[],
  rank: number,
  kind: ScanKind,
  combine: (lower: A, upper: A) => void,
): A {
  let prefix = kind === 'inclusive' || rank === 0 ? (operands[rank] as A) : undefined
  for (let mask = 1; mask <= rank; mask <<= 1) {
    if ((rank & mask) === 0) continue
    // The aligned group of `mask` ranks below the caller's own.
    const first = rank & ~(2 * mask - 1)
    const group = reduceInTree(operands.slice(first, first + mask), combine)
    if (prefix === undefined) prefix = group
    else combine(group, prefix)
  }
  return prefix as A
}

/**
 * What all ranks would scan to by recursive doubling, each operand becoming its rank's. Without a rank's own operand, a scan
 * gives it what it gives the rank below.
 *
 * @param combine upper := lower combined with upper
 */
export function scanAllInTree<A>(operands: readonly A[], combine: (lower: A, upper: A) => void): void {
  const { length } = operands
  for (let half = 1; half < length; half <<= 1)
    for (let upper = half; upper < length; upper += 2 * half) {
      // The last of the lower half has the reduction of all of it.
      const lower = operands[upper - 1] as A
      for (const operand of operands.slice(upper, upper + half)) combine(lower, operand)
    }
}

/** Even ranks hand over, odd ranks reduce. */
export function* foldIn(channel: Channel, { folded }: PowerOfTwoGroup, data: TypedArray, op: Op): Steps {
  const { rank } = channel
  if (rank >= folded) return
  if (rank % 2 === 0) yield* channel.send(data, rank + 1)
  else yield* channel.recvCombine(data, rank - 1, op.functionFor(data))
}

/** The ranks that handed over get the result. */
export function* foldOut(channel: Channel, { folded }: PowerOfTwoGroup, data: TypedArray): Steps {
  const { rank } = channel
  if (rank >= folded) return
  if (rank % 2 === 0) yield* channel.recv(data, rank + 1)
  else yield* channel.send(data, rank - 1)
}
