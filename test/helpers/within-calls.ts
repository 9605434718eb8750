/** The collective calls of communicators with one group, each with arguments and what must come of them. */
import { MAX, SUM } from '../../index.ts'
import { range } from './failures.ts'
import type { Call } from './forms.ts'

/** Where and how a call is made. */
export interface Setting {
  /** World ranks of the communicator, in its order. */
  readonly ranks: readonly number[]
  /** The caller's world rank. */
  readonly mine: number
  /** World rank of the root. */
  readonly owner: number
  /** Tells calls apart. */
  readonly serial: number
  /** Elements of a block. */
  readonly count: number
}

const empty = (length: number): Float64Array => new Float64Array(length).fill(-1)
/** What a rank gives: small integers, so that sums are exact. */
const given = ({ serial, count }: Setting, rank: number, blocks = 1): Float64Array =>
  Float64Array.from(range(count * blocks), (i) => ((serial * 31 + rank * 7 + i * 3) % 101) - 50)
const added = (s: Setting, ranks: readonly number[], blocks = 1): Float64Array =>
  ranks.map((rank) => given(s, rank, blocks)).reduce((a, b) => a.map((x, i) => x + (b[i] as number)))
const block = (array: Float64Array, { count }: Setting, i: number): number[] => [
  ...array.subarray(i * count, (i + 1) * count),
]
const upTo = ({ ranks, mine }: Setting): readonly number[] => ranks.slice(0, ranks.indexOf(mine) + 1)
const concat = (lower: string, upper: string): string => lower + upper

/** A call that fills a buffer; `expected` undefined: the buffer stays as it is. */
function filling(
  name: string,
  length: number,
  args: (buffer: Float64Array) => unknown[],
  expected?: ArrayLike<number>,
): Call {
  const result = empty(length)
  return { name, args: args(result), result, expected: Array.from(expected ?? empty(length)) }
}

export const WITHIN: readonly ((s: Setting) => Call)[] = [
  () => ({ name: 'barrier', args: [], expected: undefined }),
  (s) => {
    const data = s.mine === s.owner ? given(s, s.owner) : empty(s.count)
    return {
      name: 'bcast',
      args: [data, { root: s.ranks.indexOf(s.owner) }],
      result: data,
      expected: [...given(s, s.owner)],
    }
  },
  (s) => {
    const isRoot = s.mine === s.owner
    const all = isRoot ? s.ranks.flatMap((rank) => [...given(s, rank)]) : undefined
    const root = s.ranks.indexOf(s.owner)
    return filling(
      'gather',
      s.count * s.ranks.length,
      (recv) => [given(s, s.mine), isRoot ? recv : undefined, { root }],
      all,
    )
  },
  (s) => {
    const root = s.ranks.indexOf(s.owner)
    const dealt = given(s, s.owner, s.ranks.length)
    const send = s.mine === s.owner ? dealt : undefined
    return filling('scatter', s.count, (recv) => [send, recv, { root }], block(dealt, s, s.ranks.indexOf(s.mine)))
  },
  (s) => {
    // The rank at place i gives i elements.
    const place = s.ranks.indexOf(s.mine)
    const counts = s.ranks.map((_, i) => i)
    const all = s.ranks.flatMap((rank, i) => range(i).map(() => rank))
    return filling('allgatherv', all.length, (recv) => [new Float64Array(place).fill(s.mine), recv, { counts }], all)
  },
  (s) => {
    const all = s.ranks.flatMap((rank) => [...given(s, rank)])
    return filling('allgather', all.length, (recv) => [given(s, s.mine), recv], all)
  },
  (s) => {
    const place = s.ranks.indexOf(s.mine)
    const sent = given(s, s.mine, s.ranks.length)
    const all = s.ranks.flatMap((rank) => block(given(s, rank, s.ranks.length), s, place))
    return filling('alltoall', all.length, (recv) => [sent, recv], all)
  },
  (s) => {
    // As many elements as the places of sender and receiver differ.
    const place = s.ranks.indexOf(s.mine)
    const sendCounts = s.ranks.map((_, i) => Math.abs(i - place))
    const sent = Float64Array.from(sendCounts.flatMap((n, i) => range(n).map(() => 100 * place + i)))
    const all = sendCounts.flatMap((n, i) => range(n).map(() => 100 * i + place))
    return filling('alltoallv', all.length, (recv) => [sent, recv, { sendCounts, recvCounts: sendCounts }], all)
  },
  (s) => {
    const isRoot = s.mine === s.owner
    const options = { op: SUM, root: s.ranks.indexOf(s.owner) }
    const total = isRoot ? added(s, s.ranks) : undefined
    return filling('reduce', s.count, (recv) => [given(s, s.mine), isRoot ? recv : undefined, options], total)
  },
  (s) => filling('allreduce', s.count, (recv) => [given(s, s.mine), recv, { op: SUM }], added(s, s.ranks)),
  (s) => {
    const most = s.ranks.map((rank) => given(s, rank)).reduce((a, b) => a.map((x, i) => Math.max(x, b[i] as number)))
    return filling('allreduce', s.count, (recv) => [given(s, s.mine), recv, { op: MAX }], most)
  },
  (s) => filling('scan', s.count, (recv) => [given(s, s.mine), recv, { op: SUM }], added(s, upTo(s))),
  (s) => {
    const below = upTo(s).slice(0, -1)
    const sum = below.length === 0 ? given(s, s.mine) : added(s, below)
    const result = empty(s.count)
    // Of rank 0 the standard says nothing.
    const expected = below.length === 0 ? result : [...sum]
    return { name: 'exscan', args: [given(s, s.mine), result, { op: SUM }], result, expected }
  },
  (s) => {
    const p = s.ranks.length
    const sum = added(s, s.ranks, p)
    const sent = given(s, s.mine, p)
    const mine = block(sum, s, s.ranks.indexOf(s.mine))
    return filling('reduceScatterBlock', s.count, (recv) => [sent, recv, { op: SUM }], mine)
  },
  (s) => {
    const value = s.mine === s.owner ? { from: s.owner } : undefined
    return { name: 'bcastObject', args: [value, { root: s.ranks.indexOf(s.owner) }], expected: { from: s.owner } }
  },
  (s) => ({ name: 'allgatherObject', args: [[s.mine]], expected: s.ranks.map((rank) => [rank]) }),
  (s) => ({ name: 'scanObject', args: [String(s.mine), concat], expected: upTo(s).join('') }),
]
