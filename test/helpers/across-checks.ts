/**
 * Every collective call of an intercommunicator in all its forms, with every root, as a check that runs in any job. What
 * each rank gives depends on its world rank; what it gets is compared with a serial line of code.
 */
import { MAX, Op, PROC_NULL, ROOT, SUM, type Intercomm, type Intracomm } from '../../index.ts'
import { contribution, type Failures, range, reduced } from './failures.ts'
import { FORMS, make, type Call } from './forms.ts'

/** The ranks of both sides, by their world ranks. */
export interface Sides {
  readonly inter: Intercomm
  readonly mine: number
  readonly here: readonly number[]
  readonly there: readonly number[]
}

/** Elements of a block: none on a rank whose world rank is a multiple of three. */
const lengthOf = (rank: number): number => rank % 3
const blocksOf = (ranks: readonly number[]): { counts: number[]; displs: number[]; length: number } => {
  // A gap of one element before each block.
  const displs: number[] = []
  let at = 1
  for (const rank of ranks) {
    displs.push(at)
    at += lengthOf(rank) + 1
  }
  return { counts: ranks.map(lengthOf), displs, length: at }
}
/** What a buffer of -1 holds when the blocks of these ranks have come. */
function spread(ranks: readonly number[]): number[] {
  return [-1, ...ranks.flatMap((rank) => [...contribution(rank, lengthOf(rank)), -1])]
}
const empty = (length: number): Float64Array => new Float64Array(length).fill(-1)
const concat = (lower: string, upper: string): string => lower + upper
/** Decimal digits one after the other: tells in which order operands were combined. */
const DIGITS = Op.create(
  (incoming, accumulator) => {
    const [a, b] = [incoming as Float64Array, accumulator as Float64Array]
    for (let i = 0; i < b.length; i++) b[i] = (a[i] as number) * 10 ** String(b[i]).length + (b[i] as number)
  },
  { commutative: false, name: 'digits' },
)
const digits = (ranks: readonly number[]): number => Number(ranks.map((rank) => rank + 1).join(''))

/** Calls that one rank of one side is the root of. */
function rooted({ there, mine }: Sides, owner: number): Call[] {
  const [isRoot, gets] = [owner === mine, there.includes(owner)]
  const root = gets ? there.indexOf(owner) : isRoot ? ROOT : PROC_NULL
  const some = <T>(value: T): T | undefined => (gets ? value : undefined)
  const data = isRoot ? contribution(owner, 50) : empty(50)
  const all = empty(2 * there.length)
  const [{ length, ...blocks }, rows] = [blocksOf(there), empty(blocksOf(there).length)]
  const [block, row] = [empty(2), empty(lengthOf(mine))]
  const dealt = Float64Array.from(there.flatMap((rank) => [rank, owner]))
  const packed = Float64Array.from(spread(there))
  const total = empty(50)
  const given = contribution(mine, 50)
  return [
    {
      name: 'bcast',
      args: [data, { root }],
      result: data,
      expected: isRoot || gets ? contribution(owner, 50) : empty(50),
    },
    {
      name: 'gather',
      args: [some(contribution(mine, 2)), isRoot ? all : undefined, { root }],
      result: all,
      expected: isRoot ? there.flatMap((rank) => [...contribution(rank, 2)]) : empty(2 * there.length),
    },
    {
      name: 'gatherv',
      args: [some(contribution(mine, lengthOf(mine))), isRoot ? rows : undefined, { root, ...blocks }],
      result: rows,
      expected: isRoot ? spread(there) : empty(length),
    },
    {
      name: 'scatter',
      args: [isRoot ? dealt : undefined, some(block), { root }],
      result: block,
      expected: gets ? [mine, owner] : [-1, -1],
    },
    {
      name: 'scatterv',
      args: [isRoot ? packed : undefined, some(row), { root, ...blocks }],
      result: row,
      expected: gets ? contribution(mine, lengthOf(mine)) : empty(lengthOf(mine)),
    },
    {
      name: 'reduce',
      args: [some(given), isRoot ? total : undefined, { op: SUM, root }],
      result: total,
      expected: isRoot ? reduced([...there], 50) : empty(50),
    },
    { name: 'bcastObject', args: [isRoot ? { owner } : undefined, { root }], expected: some({ owner }) },
    {
      name: 'gatherObject',
      args: [some(`from ${mine}`), { root }],
      expected: isRoot ? there.map((rank) => `from ${rank}`) : undefined,
    },
    {
      name: 'scatterObject',
      args: [isRoot ? there.map((rank) => `to ${rank}`) : undefined, { root }],
      expected: some(`to ${mine}`),
    },
    {
      name: 'reduceObject',
      args: [some(String(mine)), concat, { root }],
      expected: isRoot ? there.join('') : undefined,
    },
  ]
}

/** Calls in which all ranks give and get. */
function forAll({ here, there, mine }: Sides): Call[] {
  const [all, rows, most, blocks] = [
    empty(2 * there.length),
    empty(blocksOf(there).length),
    empty(9),
    empty(there.length),
  ]
  const { counts, displs } = blocksOf(there)
  // Blocks of alltoallv: as many elements as the ranks of sender and receiver say together.
  const pair = (rank: number): number => lengthOf(mine) + lengthOf(rank)
  const sendCounts = there.map(pair)
  const received = empty(sendCounts.reduce((sum, count) => sum + count, 0))
  const outgoing = Float64Array.from(there.flatMap((rank) => range(pair(rank)).map(() => 10 * mine + rank)))
  // Results of reductions are dealt over this side: two elements for its first rank, one for the others.
  const share = (ranks: readonly number[]): number[] =>
    ranks.map((_, i) => (i === 0 ? 1 + here.length * there.length - ranks.length : 1))
  const elements = here.length * there.length
  const [part, even] = [empty(share(here)[here.indexOf(mine)] as number), empty(there.length)]
  const given = Float64Array.from(range(elements), () => mine + 1)
  return [
    { name: 'barrier', args: [], expected: undefined },
    {
      name: 'allgather',
      args: [contribution(mine, 2), all],
      result: all,
      expected: there.flatMap((rank) => [...contribution(rank, 2)]),
    },
    {
      name: 'allgatherv',
      args: [contribution(mine, lengthOf(mine)), rows, { counts, displs }],
      result: rows,
      expected: spread(there),
    },
    {
      name: 'alltoall',
      args: [Float64Array.from(there, (rank) => 10 * mine + rank), blocks],
      result: blocks,
      expected: there.map((rank) => 10 * rank + mine),
    },
    {
      name: 'alltoallv',
      args: [outgoing, received, { sendCounts, recvCounts: sendCounts }],
      result: received,
      expected: there.flatMap((rank) => range(pair(rank)).map(() => 10 * rank + mine)),
    },
    {
      name: 'allreduce',
      args: [new Float64Array(9).fill(mine), most, { op: MAX }],
      result: most,
      expected: new Float64Array(9).fill(Math.max(...there)),
    },
    {
      name: 'reduceScatter',
      args: [given, part, { op: DIGITS, counts: share(here) }],
      result: part,
      expected: part.map(() => digits(there)),
    },
    {
      name: 'reduceScatterBlock',
      args: [given, even, { op: DIGITS }],
      result: even,
      expected: even.map(() => digits(there)),
    },
    { name: 'allgatherObject', args: [[mine]], expected: there.map((rank) => [rank]) },
    {
      name: 'alltoallObject',
      args: [there.map((rank) => `${mine}>${rank}`)],
      expected: there.map((rank) => `${rank}>${mine}`),
    },
    { name: 'allreduceObject', args: [String(mine), concat], expected: there.join('') },
  ]
}

/** All calls, with their buffers; one rank is the root of those that have one. */
export function across(sides: Sides, owner: number): Call[] {
  return [...rooted(sides, owner), ...forAll(sides)]
}

/** Numbers, which have no persistent form, and what a persistent call on objects takes at each start. */
async function values(sides: Sides, failures: Failures): Promise<void> {
  const { inter, mine, there } = sides
  failures.same('allreduce of numbers across', await inter.allreduce(mine, { op: MAX }), Math.max(...there))
  const started = inter.iallreduce(mine + 1, { op: DIGITS })
  await started.wait()
  failures.same('iallreduce of numbers across', started.value, digits(there))
  for (const owner of [...sides.here, ...there].sort((a, b) => a - b)) {
    const root = there.includes(owner) ? there.indexOf(owner) : owner === mine ? ROOT : PROC_NULL
    const [now, later] = [await inter.reduce(mine, { op: SUM, root }), inter.ireduce(mine, { op: SUM, root })]
    await later.wait()
    const expected = root === ROOT ? there.reduce((sum, rank) => sum + rank, 0) : undefined
    failures.same('reduce of numbers across', [now, later.value], [expected, expected])
  }
  const state = { step: 0 }
  const request = inter.allgatherObjectInit(state)
  for (state.step = 1; state.step < 4; state.step++) {
    request.start()
    await request.wait()
    failures.same(
      'a persistent allgatherObject',
      request.value,
      there.map(() => state),
    )
  }
  request.free()
}

/** Ranks that are a multiple of three on one side, the others on the other side; one rank alone has no other side. */
export async function checkAcross(world: Intracomm, Join: typeof Intercomm, failures: Failures): Promise<void> {
  const { rank: mine, size } = world
  if (size < 2) return
  const side = (rank: number): boolean => rank % 3 === 0
  const here = range(size).filter((rank) => side(rank) === side(mine))
  const there = range(size).filter((rank) => side(rank) !== side(mine))
  const local = (await world.split(Number(side(mine)))) as Intracomm
  const inter = await Join.create(local, { peer: world, remoteLeader: there[0] as number })
  const sides = { inter, mine, here, there }
  for (const form of FORMS) {
    const lists = [...range(size).map((owner) => () => rooted(sides, owner)), () => forAll(sides)]
    for (const list of lists)
      for (const { name, args, result, expected } of list()) {
        const value = await make(inter, form, name, args)
        failures.same(`${form} ${name} across`, result ?? value, expected)
      }
  }
  await values(sides, failures)
  inter.free()
  local.free()
}
