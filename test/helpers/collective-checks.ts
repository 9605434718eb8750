/**
 * Checks of the collective calls that run in any job: in one thread, over shared memory, over ZeroMQ. Every call is
 * made with every root, with lengths around every switch point and with every algorithm, on integers, so that sums are
 * exact, and compared with a line of serial code. Each check is collective over its communicator, leaves it clean, and
 * adds what went wrong, as sentences.
 */
import {
  BAND,
  BOR,
  dimsCreate,
  Grid,
  IN_PLACE,
  MAX,
  MINLOC,
  SUM,
  UNDEFINED,
  type Intracomm,
  type Op,
} from '../../index.ts'
import { ALGORITHM_NAMES, type Algorithms, type Selectable } from '../../runtime/base/tuning.ts'
import { Failures, range, type Check } from './failures.ts'
import {
  allgathers,
  alltoalls,
  barriers,
  broadcasts,
  gathersAndScatters,
  ndarrayViews,
  objects,
  vectorCalls,
} from './movement-checks.ts'
import { locations, operations, rankOrder, reductions, reduceScatters, sameBits, scans } from './reduction-checks.ts'

/** Every algorithm of every call that has a choice: the first of each, the second of each, … */
export const FORCED: readonly Algorithms[] = Array.from(
  { length: Math.max(...Object.values(ALGORITHM_NAMES).map(({ length }) => length)) },
  (_, index) =>
    Object.fromEntries(
      Object.entries(ALGORITHM_NAMES).flatMap(([call, names]) => (index < names.length ? [[call, names[index]]] : [])),
    ),
)

/** Calls that are under way at the same time keep apart. */
async function manyAtOnce(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const other = await comm.dup()
  const large = new Float64Array(20_000).fill(rank)
  const buffers = range(20).map((i) => Float64Array.of(rank === i % size ? i : -1))
  const [sums, total] = await Promise.all([
    Promise.all(range(20).map((i) => (i % 2 === 0 ? comm : other).allreduce(rank * i, { op: SUM }))),
    comm.allreduce(rank, { op: MAX }),
    comm.allreduce(IN_PLACE, large, { op: SUM }),
    other.barrier(),
    ...buffers.map((buffer, i) => comm.bcast(buffer, { root: i % size })),
  ])
  const ranks = (size * (size - 1)) / 2
  failures.same(
    '20 allreduces at once',
    sums,
    range(20).map((i) => ranks * i),
  )
  failures.same('an allreduce among others', [total, large[0], large[19_999]], [size - 1, ranks, ranks])
  failures.same(
    '20 broadcasts at once',
    buffers.map(([x]) => x),
    range(20),
  )
  other.free()
}

async function communicators(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const dup = await comm.dup()
  // A message of the parent is invisible in the duplicate.
  const note = comm.isend(Int32Array.of(1), { dest: rank, tag: 1 })
  failures.same('a message seen through a duplicate', dup.iprobe({ source: rank, tag: 1 }), undefined)
  await comm.recv(new Int32Array(1), { source: rank, tag: 1 })
  await note.wait()

  const halves = await dup.split(rank % 2, -rank)
  const members = range(size)
    .filter((r) => r % 2 === rank % 2)
    .reverse()
  failures.same('split by parity, order', await halves?.allgatherObject(rank), members)
  const ties = await dup.split(0, rank % 3 === 0 ? 5 : 1)
  const stable = [...range(size).filter((r) => r % 3 !== 0), ...range(size).filter((r) => r % 3 === 0)]
  failures.same('split with equal keys', await ties?.allgatherObject(rank), stable)
  const some = await dup.split(rank === 0 ? UNDEFINED : 3)
  failures.same('split without a colour', some?.size, rank === 0 ? undefined : size - 1)
  // Founded at the same time, and again of one another.
  const [a, b] = await Promise.all([dup.dup(), dup.split(0)])
  const [x, y] = await Promise.all([a.allreduce(1, { op: SUM }), b?.allreduce(2, { op: SUM })])
  failures.same('communicators founded at once', [x, y], [size, 2 * size])

  dup.free()
  const error: unknown = await dup.barrier().catch((reason: unknown) => reason)
  failures.same('a call on a freed communicator', (error as { code?: string }).code, 'MPI_ERR_COMM')
  failures.same('a child of a freed communicator', await ties?.allreduce(1, { op: SUM }), size)
  for (const made of [halves, ties, some, a, b]) made?.free()
}

async function grids(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const order of ['row', 'column'] as const)
    for (let nprow = 1; nprow <= size; nprow++) {
      const npcol = Math.floor(size / nprow)
      const grid = await Grid.create(comm, { nprow, npcol, order })
      const where = `grid ${nprow} x ${npcol} by ${order}`
      failures.same(`${where}: membership`, grid !== undefined, rank < nprow * npcol)
      if (grid === undefined) continue
      const { myrow, mycol } = grid
      const expected =
        order === 'row' ? [Math.floor(rank / npcol), rank % npcol] : [rank % nprow, Math.floor(rank / nprow)]
      failures.same(`${where}: coordinates`, [myrow, mycol], expected)
      failures.same(`${where}: rankOf`, grid.rankOf(myrow, mycol), grid.all.rank)
      const inRow = await grid.row.allgatherObject([myrow, mycol])
      failures.same(
        `${where}: row`,
        inRow,
        range(npcol).map((column) => [myrow, column]),
      )
      const inColumn = await grid.column.allgatherObject([myrow, mycol])
      failures.same(
        `${where}: column`,
        inColumn,
        range(nprow).map((row) => [row, mycol]),
      )
      grid.free()
    }
  failures.same(
    'dimsCreate',
    dimsCreate(size, 2).reduce((a, b) => a * b),
    size,
  )
}

/** Wrong arguments on all ranks: each throws what it should, and the communicator can still be used. */
async function refusals(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const two = new Float64Array(2)
  const cases: [string, string, () => Promise<unknown>][] = [
    ['MPI_ERR_ROOT', 'a root beyond the ranks', () => comm.bcast(two, { root: size })],
    ['MPI_ERR_ROOT', 'a negative root', () => comm.gather(two, two, { root: -1 })],
    ['MPI_ERR_OP', 'no operation', () => comm.allreduce(two, new Float64Array(2), {} as { op: Op })],
    ['MPI_ERR_OP', 'a bitwise operation on floats', () => comm.allreduce(IN_PLACE, two, { op: BAND })],
    ['MPI_ERR_TYPE', 'a bitwise operation on a fraction', () => comm.allreduce(0.5, { op: BOR })],
    ['MPI_ERR_COUNT', 'pairs in an odd array', () => comm.allreduce(IN_PLACE, new Float64Array(3), { op: MINLOC })],
    ['MPI_ERR_TYPE', 'two types', () => comm.allreduce(new Int32Array(2), two, { op: SUM })],
    ['MPI_ERR_COUNT', 'two lengths', () => comm.scan(new Float64Array(3), two, { op: SUM })],
    ['MPI_ERR_BUFFER', 'one array twice', () => comm.allreduce(two, two, { op: SUM })],
    ['MPI_ERR_COUNT', 'no room for all', () => comm.allgather(two, new Float64Array(2 * size + 1))],
    ['MPI_ERR_BUFFER', 'text', () => comm.bcast('text' as unknown as Float64Array)],
    [
      'MPI_ERR_BUFFER',
      'no receive buffer',
      () => comm.allreduce(two, undefined as unknown as Float64Array, { op: SUM }),
    ],
    ['MPI_ERR_ARG', 'a negative colour', () => comm.split(-5)],
    ['MPI_ERR_ARG', 'a fractional key', () => comm.split(0, 0.5)],
    ['MPI_ERR_ARG', 'an unknown algorithm', () => comm.dup({ algorithms: { bcast: 'x' } as unknown as Algorithms })],
    ['MPI_ERR_ARG', 'too many counts', () => comm.allgatherv(two, two, { counts: range(size + 1) })],
    ['MPI_ERR_DIMS', 'a grid too large', () => Grid.create(comm, { nprow: size, npcol: 2 })],
    ['MPI_ERR_TYPE', 'a function', () => comm.allgatherObject(() => rank)],
  ]
  for (const [code, what, call] of cases) {
    const error: unknown = await call().catch((reason: unknown) => reason)
    failures.same(`the error for ${what}`, (error as { code?: string } | undefined)?.code, code)
  }
  failures.same('a sum after errors', await comm.allreduce(1, { op: SUM }), size)
}

/** Checks that depend on the algorithm of a collective. */
const BY_ALGORITHM: Readonly<Record<Selectable, readonly Check[]>> = {
  barrier: [barriers],
  bcast: [broadcasts],
  allreduce: [reductions, rankOrder, sameBits, locations],
  allgather: [allgathers],
  alltoall: [alltoalls],
  gather: [gathersAndScatters],
  scatter: [gathersAndScatters],
  reduce: [reductions, rankOrder],
  reduceScatter: [reduceScatters, rankOrder],
  scan: [scans, rankOrder],
}
/** Checks that do not. */
const ONCE: readonly Check[] = [
  broadcasts,
  allgathers,
  alltoalls,
  reductions,
  reduceScatters,
  rankOrder,
  sameBits,
  gathersAndScatters,
  scans,
  vectorCalls,
  operations,
  objects,
  ndarrayViews,
  manyAtOnce,
  communicators,
  grids,
  refusals,
]

/** Runs all checks; what went wrong on this rank, as sentences. Collective. */
export async function checkCollectives(world: Intracomm): Promise<string[]> {
  const failures: string[] = []
  for (const check of ONCE) failures.push(...(await checked(check, world, '')))
  for (const algorithms of FORCED) {
    const comm = await world.dup({ algorithms })
    const checks = new Set(Object.keys(algorithms).flatMap((call) => BY_ALGORITHM[call as Selectable]))
    for (const check of checks) failures.push(...(await checked(check, comm, JSON.stringify(algorithms))))
    comm.free()
  }
  return failures
}

async function checked(check: Check, comm: Intracomm, where: string): Promise<string[]> {
  const failures = new Failures(`rank ${comm.rank} of ${comm.size} ${where}`)
  await check(comm, failures)
  return failures.list
}
