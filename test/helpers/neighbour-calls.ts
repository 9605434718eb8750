/**
 * The collective calls among neighbours, on a grid and on a graph, each with arguments and what must come of them. Who
 * the neighbours are is said here once more, by rank and size alone, so that the communicators are compared with it.
 */
import { dimsCreate, PROC_NULL } from '../../index.ts'
import { range } from './failures.ts'
import type { Call } from './forms.ts'
import { block, empty, fills, given, type Setting } from './within-calls.ts'

export type Topology = 'grid' | 'graph'

/** Of one rank; the ranks are those of a communicator of all, in the order of the world. */
interface Edges {
  readonly sources: readonly number[]
  readonly destinations: readonly number[]
}

/** A grid of two dimensions, the first a ring. */
export const gridOf = (size: number): { dims: number[]; periods: boolean[] } => {
  return { dims: dimsCreate(size, 2), periods: [true, false] }
}

function gridEdges(rank: number, size: number): Edges {
  const [rows, columns] = gridOf(size).dims as [number, number]
  const [row, column] = [Math.floor(rank / columns), rank % columns]
  const above = ((row + rows - 1) % rows) * columns + column
  const below = ((row + 1) % rows) * columns + column
  const neighbours = [above, below, column > 0 ? rank - 1 : PROC_NULL, column < columns - 1 ? rank + 1 : PROC_NULL]
  return { sources: neighbours, destinations: neighbours }
}

/** Some ranks name another twice, some themselves; who sends to a rank does not hear from it as a rule. */
const named = (rank: number, size: number): number[] =>
  [rank * rank + 1, rank + 1, rank + 1, ...(rank % 2 === 0 ? [rank] : [])].map((dest) => dest % size)

export function graphEdges(rank: number, size: number): Edges {
  const sources = range(size).flatMap((source) => named(source, size).flatMap((dest) => (dest === rank ? source : [])))
  return { sources: sources.reverse(), destinations: named(rank, size) }
}

const edgesOf = (on: Topology, rank: number, size: number): Edges =>
  on === 'grid' ? gridEdges(rank, size) : graphEdges(rank, size)

/** Which block of its source comes in block `slot` here: on a grid that of the opposite way, else of several the next. */
function origin(on: Topology, rank: number, size: number, slot: number): number {
  if (on === 'grid') return slot ^ 1
  const { sources } = graphEdges(rank, size)
  const before = sources.slice(0, slot).filter((source) => source === sources[slot]).length
  const { destinations } = graphEdges(sources[slot] as number, size)
  return destinations.flatMap((dest, i) => (dest === rank ? i : []))[before] as number
}

/** Where the caller is, and what comes to it: of each source its rank and the number of its block. */
interface Here {
  readonly s: Setting
  readonly incoming: readonly { readonly source: number; readonly slot: number }[]
  readonly outgoing: readonly number[]
}

/** Blocks of any lengths, the last first, with a gap of one element before each. */
function laid(counts: readonly number[]): { displs: number[]; length: number } {
  const displs = counts.map((_, i) => counts.slice(i + 1).reduce((sum, n) => sum + n + 1, 1))
  return { displs, length: counts.reduce((sum, n) => sum + n + 1, 0) }
}

/** An array of -1 with these blocks laid so; none from where nobody is. */
function spread(blocks: readonly (readonly number[] | undefined)[], counts: readonly number[]): Float64Array {
  const { displs, length } = laid(counts)
  const all = empty(length)
  for (const [i, some] of blocks.entries()) if (some !== undefined) all.set(some, displs[i] as number)
  return all
}

/** Elements that block `slot` of a rank has; as many are left free for a neighbour that is not there. */
const lengthOf = (rank: number, slot: number): number => (rank < 0 ? 2 : (rank + slot) % 4)
const elements = ({ serial }: Setting, rank: number, slot: number): number[] =>
  range(lengthOf(rank, slot)).map((i) => 1000 * serial + 100 * rank + 10 * slot + i)

const CALLS: readonly ((here: Here) => Call)[] = [
  ({ s, incoming }) => {
    const expected = incoming.map(({ source }) => (source === PROC_NULL ? empty(s.count) : given(s, source)))
    return fills('neighborAllgather', s.count * incoming.length, (recv) => [given(s, s.mine), recv], joined(expected))
  },
  ({ s, incoming }) => {
    const counts = incoming.map(({ source }) => lengthOf(source, 1))
    const blocks = incoming.map(({ source }) => (source === PROC_NULL ? undefined : elements(s, source, 1)))
    const { displs, length } = laid(counts)
    const sent = Float64Array.from(elements(s, s.mine, 1))
    return fills('neighborAllgatherv', length, (recv) => [sent, recv, { counts, displs }], spread(blocks, counts))
  },
  ({ s, incoming, outgoing }) => {
    const sent = given(s, s.mine, outgoing.length)
    const expected = incoming.map(({ source, slot }) =>
      source === PROC_NULL ? empty(s.count) : block(given(s, source, slot + 1), s, slot),
    )
    return fills('neighborAlltoall', s.count * incoming.length, (recv) => [sent, recv], joined(expected))
  },
  ({ s, incoming, outgoing }) => {
    const sendCounts = outgoing.map((_, slot) => lengthOf(s.mine, slot))
    const sent = spread(
      outgoing.map((_, slot) => elements(s, s.mine, slot)),
      sendCounts,
    )
    const recvCounts = incoming.map(({ source, slot }) => lengthOf(source, slot))
    const blocks = incoming.map(({ source, slot }) => (source === PROC_NULL ? undefined : elements(s, source, slot)))
    const [sendDispls, { displs: recvDispls, length }] = [laid(sendCounts).displs, laid(recvCounts)]
    const options = { sendCounts, sendDispls, recvCounts, recvDispls }
    return fills('neighborAlltoallv', length, (recv) => [sent, recv, options], spread(blocks, recvCounts))
  },
  ({ s, incoming }) => ({
    name: 'neighborAllgatherObject',
    args: [{ from: s.mine }],
    expected: incoming.map(({ source }) => (source === PROC_NULL ? undefined : { from: source })),
  }),
  ({ s, incoming, outgoing }) => ({
    name: 'neighborAlltoallObject',
    args: [outgoing.map((_, slot) => `${s.mine}.${slot}`)],
    expected: incoming.map(({ source, slot }) => (source === PROC_NULL ? undefined : `${source}.${slot}`)),
  }),
]

function joined(blocks: readonly Float64Array[]): Float64Array {
  return Float64Array.from(blocks.flatMap((block) => [...block]))
}

/** One of the calls by its number, any. */
export function amongNeighbours(on: Topology, s: Setting, call: number): Call {
  const size = s.ranks.length
  const { sources, destinations } = edgesOf(on, s.mine, size)
  const incoming = sources.map((source, slot) => ({ source, slot: origin(on, s.mine, size, slot) }))
  return (CALLS[call % CALLS.length] as (typeof CALLS)[number])({ s, incoming, outgoing: destinations })
}
