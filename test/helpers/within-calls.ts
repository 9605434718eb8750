/**
 * The collective calls of communicators with one group, each with arguments and what must come of them: every call, with
 * and without IN_PLACE, blocks of one length and of several with gaps between, elements and objects.
 */
import { IN_PLACE, MAX, Op, SUM } from '../../index.ts'
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

type Make = (s: Setting) => Call

export const empty = (length: number): Float64Array => new Float64Array(length).fill(-1)
/** What a rank gives: small integers, so that sums are exact, which `composed` can tell apart. */
export const given = ({ serial, count }: Setting, rank: number, blocks = 1): Float64Array =>
  Float64Array.from(range(count * blocks), (i) => 102 + ((serial * 31 + rank * 7 + i * 3) % 101) * 100)
export const block = (array: Float64Array, { count }: Setting, i: number): Float64Array =>
  array.slice(i * count, (i + 1) * count)
const placeOf = ({ ranks, mine }: Setting): number => ranks.indexOf(mine)
const rootOf = ({ ranks, owner }: Setting): number => ranks.indexOf(owner)
const isRoot = ({ mine, owner }: Setting): boolean => mine === owner
const upTo = ({ ranks, mine }: Setting): readonly number[] => ranks.slice(0, ranks.indexOf(mine) + 1)
const below = (s: Setting): readonly number[] => upTo(s).slice(0, -1)
const concat = (lower: string, upper: string): string => lower + upper

/** A call that leaves `expected` in `buffer`. */
const leaves = (name: string, buffer: Float64Array, args: unknown[], expected: ArrayLike<number>): Call => ({
  name,
  args,
  result: buffer,
  expected,
})
/** A call that fills a new buffer; `expected` undefined: it stays as it is. */
export function fills(
  name: string,
  length: number,
  args: (buffer: Float64Array) => unknown[],
  expected?: Float64Array,
): Call {
  const buffer = empty(length)
  return leaves(name, buffer, args(buffer), expected ?? empty(length))
}

// ---- blocks of one length --------------------------------------------------------------------------------------

const gathered = (s: Setting): Float64Array => Float64Array.from(s.ranks.flatMap((rank) => [...given(s, rank)]))
/** The gathered blocks before the others have come. */
const ownBlock = (s: Setting): Float64Array => {
  const all = empty(s.count * s.ranks.length)
  all.set(given(s, s.mine), s.count * placeOf(s))
  return all
}
const transposed = (s: Setting): Float64Array =>
  Float64Array.from(s.ranks.flatMap((rank) => [...block(given(s, rank, s.ranks.length), s, placeOf(s))]))

const MOVEMENTS: readonly Make[] = [
  () => ({ name: 'barrier', args: [], expected: undefined }),
  (s) => {
    const data = isRoot(s) ? given(s, s.owner) : empty(s.count)
    return leaves('bcast', data, [data, { root: rootOf(s) }], given(s, s.owner))
  },
  (s) =>
    fills(
      'gather',
      s.count * s.ranks.length,
      (recv) => [given(s, s.mine), isRoot(s) ? recv : undefined, { root: rootOf(s) }],
      isRoot(s) ? gathered(s) : undefined,
    ),
  (s) => {
    const [sent, all] = [given(s, s.mine), ownBlock(s)]
    return isRoot(s)
      ? leaves('gather', all, [IN_PLACE, all, { root: rootOf(s) }], gathered(s))
      : leaves('gather', sent, [sent, undefined, { root: rootOf(s) }], given(s, s.mine))
  },
  ...[false, true].map((inPlace) => (s: Setting) => {
    const dealt = given(s, s.owner, s.ranks.length)
    const options = { root: rootOf(s) }
    if (inPlace && isRoot(s)) return leaves('scatter', dealt, [dealt, IN_PLACE, options], dealt.slice())
    const send = isRoot(s) ? dealt : undefined
    return fills('scatter', s.count, (recv) => [send, recv, options], block(dealt, s, placeOf(s)))
  }),
  (s) => fills('allgather', s.count * s.ranks.length, (recv) => [given(s, s.mine), recv], gathered(s)),
  (s) => {
    const all = ownBlock(s)
    return leaves('allgather', all, [IN_PLACE, all], gathered(s))
  },
  (s) => {
    const sent = given(s, s.mine, s.ranks.length)
    return fills('alltoall', sent.length, (recv) => [sent, recv], transposed(s))
  },
  (s) => {
    const all = given(s, s.mine, s.ranks.length)
    return leaves('alltoall', all, [IN_PLACE, all], transposed(s))
  },
]

// ---- blocks of several lengths ---------------------------------------------------------------------------------

/** The rank at place i gives i elements; a gap of one element comes before each block. */
const vector = ({ ranks }: Setting): { counts: number[]; displs: number[] } => {
  const counts = ranks.map((_, i) => i)
  return { counts, displs: counts.map((_, i) => 1 + i + (i * (i - 1)) / 2) }
}
/** The blocks of these ranks with the gaps, as they lie where all have come. */
const rows = (s: Setting, filled: readonly number[]): Float64Array =>
  Float64Array.from([-1, ...s.ranks.flatMap((rank, i) => [...range(i).map(() => (filled.includes(rank) ? rank : -1)), -1])]) // prettier-ignore
const ownRow = (s: Setting): Float64Array => new Float64Array(placeOf(s)).fill(s.mine)

/** As many elements as the places of sender and receiver differ, in reverse order, with a gap before each. */
function crossing(s: Setting): { counts: number[]; displs: number[]; lay: (value: (i: number) => number) => number[] } {
  const counts = s.ranks.map((_, i) => Math.abs(i - placeOf(s)))
  const reversed = counts.map((_, i) => counts.length - 1 - i)
  const lay = (value: (i: number) => number): number[] =>
    reversed.flatMap((i) => [-1, ...range(counts[i] as number).map(() => value(i))])
  const displs = counts.map((_, i) => counts.slice(i + 1).reduce((sum, n) => sum + n + 1, 1))
  return { counts, displs, lay }
}

const VECTORS: readonly Make[] = [
  ...[false, true].map((inPlace) => (s: Setting) => {
    const [send, all] = [ownRow(s), rows(s, inPlace ? [s.mine] : [])]
    const options = { root: rootOf(s), ...vector(s) }
    if (!isRoot(s)) return leaves('gatherv', all, [send, undefined, options], all.slice())
    return leaves('gatherv', all, [inPlace ? IN_PLACE : send, all, options], rows(s, s.ranks))
  }),
  ...[false, true].map((inPlace) => (s: Setting) => {
    const [recv, all] = [empty(placeOf(s)), rows(s, s.ranks)]
    const options = { root: rootOf(s), ...vector(s) }
    if (isRoot(s) && inPlace) return leaves('scatterv', all, [all, IN_PLACE, options], all.slice())
    return leaves('scatterv', recv, [isRoot(s) ? all : undefined, recv, options], ownRow(s))
  }),
  ...[false, true].map((inPlace) => (s: Setting) => {
    const all = rows(s, inPlace ? [s.mine] : [])
    return leaves('allgatherv', all, [inPlace ? IN_PLACE : ownRow(s), all, vector(s)], rows(s, s.ranks))
  }),
  (s) => {
    const { counts, displs, lay } = crossing(s)
    const place = placeOf(s)
    const sent = Float64Array.from(lay((i) => 100 * place + i))
    const all = Float64Array.from(lay((i) => 100 * i + place))
    const options = { sendCounts: counts, recvCounts: counts, sendDispls: displs, recvDispls: displs }
    return fills('alltoallv', sent.length, (recv) => [sent, recv, options], all)
  },
  (s) => {
    const { counts, displs, lay } = crossing(s)
    const place = placeOf(s)
    const all = Float64Array.from(lay((i) => 100 * place + i))
    const options = { sendCounts: [], recvCounts: counts, recvDispls: displs }
    return leaves('alltoallv', all, [IN_PLACE, all, options], lay((i) => 100 * i + place)) // prettier-ignore
  },
]

// ---- reductions ------------------------------------------------------------------------------------------------

/** x -> a x + b modulo 101, as 101 a + b: one after the other, which does not commute. */
const composed = (first: number, second: number): number => {
  const [a, b, c, d] = [Math.floor(first / 101), first % 101, Math.floor(second / 101), second % 101]
  return 101 * ((a * c) % 101) + ((a * d + b) % 101)
}
const COMPOSITION = Op.create(
  (incoming, accumulator) => {
    const [first, both] = [incoming as Float64Array, accumulator as Float64Array]
    for (let i = 0; i < both.length; i++) both[i] = composed(first[i] as number, both[i] as number)
  },
  { commutative: false, name: 'composition' },
)
/** An operation, and the same in serial code. */
type Operation = readonly [Op, (a: number, b: number) => number]
const OPERATIONS: readonly Operation[] = [
  [SUM, (a, b) => a + b],
  [MAX, Math.max],
  [COMPOSITION, composed],
]
/** What these ranks, one at least, give together. */
function reduced(s: Setting, [, combine]: Operation, ranks: readonly number[], blocks = 1): Float64Array {
  const arrays = ranks.map((rank) => given(s, rank, blocks))
  return arrays.reduce((lower, upper) => lower.map((x, i) => combine(x, upper[i] as number)))
}

/** A call that reduces what all, or some, give, and leaves the result, or nothing, here. */
function reducing(name: string, operation: Operation, ranksOf: (s: Setting) => readonly number[]): readonly Make[] {
  const [op] = operation
  const expected = (s: Setting, otherwise: Float64Array): Float64Array =>
    ranksOf(s).length === 0 ? otherwise : reduced(s, operation, ranksOf(s))
  return [
    (s) => {
      const result = empty(s.count)
      return leaves(name, result, [given(s, s.mine), result, { op }], expected(s, result))
    },
    (s) => {
      const data = given(s, s.mine)
      return leaves(name, data, [IN_PLACE, data, { op }], expected(s, data))
    },
  ]
}

const everyone = ({ ranks }: Setting): readonly number[] => ranks
const REDUCTIONS: readonly Make[] = OPERATIONS.flatMap((operation) => {
  const [op] = operation
  const toRoot = (inPlace: boolean) => (s: Setting) => {
    const options = { op, root: rootOf(s) }
    const [sent, result] = [given(s, s.mine), inPlace ? given(s, s.mine) : empty(s.count)]
    if (!isRoot(s)) return leaves('reduce', sent, [sent, undefined, options], given(s, s.mine))
    return leaves('reduce', result, [inPlace ? IN_PLACE : sent, result, options], reduced(s, operation, s.ranks))
  }
  const equalShares = (inPlace: boolean) => (s: Setting) => {
    const [sent, recv] = [given(s, s.mine, s.ranks.length), empty(s.count)]
    const all = reduced(s, operation, s.ranks, s.ranks.length)
    const args = inPlace ? [IN_PLACE, sent, { op }] : [sent, recv, { op }]
    const result = inPlace ? sent.subarray(0, s.count) : recv
    return leaves('reduceScatterBlock', result, args, block(all, s, placeOf(s)))
  }
  const shares = (inPlace: boolean) => (s: Setting) => {
    // Twice as many elements for a rank as its place says.
    const counts = s.ranks.map((_, i) => 2 * i)
    const one = { ...s, count: counts.reduce((sum, n) => sum + n, 0) }
    const [sent, place] = [given(one, s.mine), placeOf(s)]
    const result = inPlace ? sent.subarray(0, 2 * place) : empty(2 * place)
    const mine = reduced(one, operation, s.ranks).subarray(place * (place - 1), place * (place + 1))
    const options = { op, counts }
    return leaves('reduceScatter', result, inPlace ? [IN_PLACE, sent, options] : [sent, result, options], mine)
  }
  return [
    ...reducing('allreduce', operation, everyone),
    ...reducing('scan', operation, upTo),
    // Of rank 0 the standard says nothing.
    ...reducing('exscan', operation, below),
    ...[toRoot, equalShares, shares].flatMap((call) => [call(false), call(true)]),
  ]
})

// ---- objects ---------------------------------------------------------------------------------------------------

const ofRoot = <T>(s: Setting, value: T): T | undefined => (isRoot(s) ? value : undefined)
const OBJECTS: readonly Make[] = [
  (s) => ({
    name: 'bcastObject',
    args: [ofRoot(s, { from: s.owner }), { root: rootOf(s) }],
    expected: { from: s.owner },
  }),
  (s) => ({
    name: 'gatherObject',
    args: [[s.mine], { root: rootOf(s) }],
    expected: ofRoot(
      s,
      s.ranks.map((rank) => [rank]),
    ),
  }),
  (s) => ({
    name: 'scatterObject',
    args: [
      ofRoot(
        s,
        s.ranks.map((rank) => ({ to: rank })),
      ),
      { root: rootOf(s) },
    ],
    expected: { to: s.mine },
  }),
  (s) => ({ name: 'allgatherObject', args: [[s.mine]], expected: s.ranks.map((rank) => [rank]) }),
  (s) => ({
    name: 'alltoallObject',
    args: [s.ranks.map((rank) => `${s.mine}>${rank}`)],
    expected: s.ranks.map((rank) => `${rank}>${s.mine}`),
  }),
  (s) => ({
    name: 'reduceObject',
    args: [String(s.mine), concat, { root: rootOf(s) }],
    expected: ofRoot(s, s.ranks.join('')),
  }),
  (s) => ({ name: 'allreduceObject', args: [String(s.mine), concat], expected: s.ranks.join('') }),
  (s) => ({ name: 'scanObject', args: [String(s.mine), concat], expected: upTo(s).join('') }),
  (s) => ({
    name: 'exscanObject',
    args: [String(s.mine), concat],
    expected: below(s).length === 0 ? undefined : below(s).join(''),
  }),
]

export const WITHIN: readonly Make[] = [...MOVEMENTS, ...VECTORS, ...REDUCTIONS, ...OBJECTS]
