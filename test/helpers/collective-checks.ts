/**
 * Checks of the collective calls that run in any job: in one thread, over shared memory, over ZeroMQ. Every call is
 * made with every root, with lengths around every switch point and with every algorithm, on integers, so that sums are
 * exact, and compared with a line of serial code. Each check is collective over its communicator, leaves it clean, and
 * adds what went wrong, as sentences.
 */
import ndarray from 'ndarray'
import {
  BAND,
  BOR,
  BXOR,
  dimsCreate,
  Grid,
  IN_PLACE,
  LAND,
  LOR,
  LXOR,
  MAX,
  MAXLOC,
  MIN,
  MINLOC,
  Op,
  PROD,
  SUM,
  UNDEFINED,
  type Intracomm,
} from '../../index.ts'
import { ALGORITHM_NAMES, type Algorithms, type Selectable } from '../../runtime/base/tuning.ts'

/** Elements: none, one, fewer than ranks, odd, several segments of a pipeline of doubles. */
const LENGTHS = [0, 1, 3, 64, 1001]
const LONG = 33_001

/** Every algorithm of every call that has a choice: the first of each, the second of each, … */
export const FORCED: readonly Algorithms[] = Array.from(
  { length: Math.max(...Object.values(ALGORITHM_NAMES).map(({ length }) => length)) },
  (_, index) =>
    Object.fromEntries(
      Object.entries(ALGORITHM_NAMES).flatMap(([call, names]) => (index < names.length ? [[call, names[index]]] : [])),
    ),
)

/** What has gone wrong, as sentences. */
class Failures {
  readonly list: string[] = []
  readonly #where: string

  constructor(where: string) {
    this.#where = where
  }

  /** Two values must print alike; of two arrays only the first difference is told. */
  same(what: string, actual: unknown, expected: unknown): void {
    if (ArrayBuffer.isView(actual) && (ArrayBuffer.isView(expected) || Array.isArray(expected))) {
      const [got, want] = [actual as Float64Array, expected as Float64Array]
      if (got.length === want.length) {
        const at = firstDifference(got, want)
        if (at >= 0) this.#add(`${what}, element ${at}`, text(got[at]), text(want[at]))
        return
      }
    }
    const [got, want] = [text(actual), text(expected)]
    if (got !== want) this.#add(what, short(got), short(want))
  }

  #add(what: string, got: string, want: string): void {
    this.list.push(`${this.#where}: ${what} is ${got}, expected ${want}`)
  }
}

function firstDifference(a: Float64Array, b: Float64Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return i
  return -1
}

function text(value: unknown): string {
  const plain = ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value
  return JSON.stringify(plain, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item)) ?? 'undefined'
}

function short(value: string): string {
  return value.length > 120 ? `${value.slice(0, 120)}…` : value
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
/** Element i of what `rank` contributes: small integers, so that all sums and products are exact. */
const element = (rank: number, i: number): number => ((rank * 7 + i * 3) % 11) - 5
function contribution(rank: number, n: number): Float64Array {
  const array = new Float64Array(n)
  for (let i = 0; i < n; i++) array[i] = element(rank, i)
  return array
}
function concatenated(size: number, n: number): Float64Array {
  const array = new Float64Array(size * n)
  for (let rank = 0; rank < size; rank++) array.set(contribution(rank, n), rank * n)
  return array
}
function reduced(ranks: number[], n: number): Float64Array {
  const array = new Float64Array(n)
  for (const rank of ranks) for (let i = 0; i < n; i++) array[i] = (array[i] as number) + element(rank, i)
  return array
}
const sum = (a: number, b: number): number => a + b

type Check = (comm: Intracomm, failures: Failures) => Promise<void>

/** Nobody leaves a barrier before the last has come: until then, the last one hears from nobody. */
async function barriers(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (let last = 0; last < size; last++) {
    if (rank === last) {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      failures.same(`a note to rank ${last} before it came to the barrier`, comm.iprobe({ tag: 9 }), undefined)
    }
    await comm.barrier()
    const note = comm.isend(Int32Array.of(rank), { dest: last, tag: 9 })
    if (rank === last)
      for (let source = 0; source < size; source++) await comm.recv(new Int32Array(1), { source, tag: 9 })
    await note.wait()
  }
}

async function broadcasts(comm: Intracomm, failures: Failures): Promise<void> {
  for (const n of [...LENGTHS, LONG])
    for (let root = 0; root < comm.size; root++) {
      const data = comm.rank === root ? contribution(root, n) : new Float64Array(n)
      await comm.bcast(data, { root })
      failures.same(`bcast of ${n} from ${root}`, data, contribution(root, n))
    }
}

async function gathersAndScatters(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const n of LENGTHS) {
    const all = concatenated(size, n)
    for (let root = 0; root < size; root++) {
      const gathered = rank === root ? new Float64Array(n * size) : undefined
      await comm.gather(contribution(rank, n), gathered, { root })
      if (gathered !== undefined) failures.same(`gather of ${n} at ${root}`, gathered, all)

      const block = new Float64Array(n)
      await comm.scatter(rank === root ? all : undefined, block, { root })
      failures.same(`scatter of ${n} from ${root}`, block, contribution(rank, n))

      const place =
        rank === root ? all.map((value, i) => (Math.floor(i / n) === root ? value : 0)) : new Float64Array(0)
      await comm.gather(rank === root ? IN_PLACE : contribution(rank, n), place, { root })
      if (rank === root) failures.same(`gather in place of ${n} at ${root}`, place, all)

      await comm.scatter(rank === root ? all : undefined, rank === root ? IN_PLACE : block.fill(0), { root })
      failures.same(
        `scatter in place of ${n} from ${root}`,
        rank === root ? all.slice(root * n, root * n + n) : block,
        contribution(rank, n),
      )
    }
  }
}

async function allgathers(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const n of [...LENGTHS, 16_384]) {
    const all = concatenated(size, n)
    const gathered = new Float64Array(n * size)
    await comm.allgather(contribution(rank, n), gathered)
    failures.same(`allgather of ${n}`, gathered, all)
    gathered.fill(0)
    gathered.set(contribution(rank, n), rank * n)
    await comm.allgather(IN_PLACE, gathered)
    failures.same(`allgather in place of ${n}`, gathered, all)
  }
}

async function alltoalls(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const value = (source: number, dest: number, i: number): number => source * 1000 + dest * 10 + i
  for (const n of [0, 1, 5, 3000]) {
    const blocks = (of: (other: number, i: number) => number): Int32Array =>
      Int32Array.from(range(size).flatMap((other) => range(n).map((i) => of(other, i))))
    const sent = blocks((dest, i) => value(rank, dest, i))
    const expected = blocks((source, i) => value(source, rank, i))
    const received = new Int32Array(n * size)
    await comm.alltoall(sent, received)
    failures.same(`alltoall of ${n}`, received, expected)
    await comm.alltoall(IN_PLACE, sent)
    failures.same(`alltoall in place of ${n}`, sent, expected)
  }
}

async function reductions(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const n of [...LENGTHS, 12_289]) {
    const mine = contribution(rank, n)
    const expected = reduced(range(size), n)
    const result = new Float64Array(n)
    await comm.allreduce(mine, result, { op: SUM })
    failures.same(`allreduce of ${n}`, result, expected)
    const place = mine.slice()
    await comm.allreduce(IN_PLACE, place, { op: SUM })
    failures.same(`allreduce in place of ${n}`, place, expected)
    for (let root = 0; root < size; root++) {
      result.fill(0)
      await comm.reduce(mine, rank === root ? result : undefined, { op: SUM, root })
      if (rank === root) failures.same(`reduce of ${n} to ${root}`, result, expected)
      const own = mine.slice()
      await comm.reduce(rank === root ? IN_PLACE : mine, own, { op: SUM, root })
      failures.same(`reduce in place of ${n} to ${root}`, own, rank === root ? expected : mine)
    }
    failures.same(`the send buffer of reductions of ${n}`, mine, contribution(rank, n))
  }
}

async function scans(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank } = comm
  for (const n of LENGTHS) {
    const result = new Float64Array(n)
    await comm.scan(contribution(rank, n), result, { op: SUM })
    failures.same(`scan of ${n}`, result, reduced(range(rank + 1), n))
    await comm.exscan(contribution(rank, n), result, { op: SUM })
    if (rank > 0) failures.same(`exscan of ${n}`, result, reduced(range(rank), n))
    const place = contribution(rank, n)
    await comm.scan(IN_PLACE, place, { op: SUM })
    failures.same(`scan in place of ${n}`, place, reduced(range(rank + 1), n))
  }
  failures.same('scan of a number', await comm.scan(rank + 1, { op: SUM }), ((rank + 1) * (rank + 2)) / 2)
  failures.same('exscan of a number', await comm.exscan(2, { op: PROD }), rank === 0 ? undefined : 2 ** rank)
}

async function reduceScatters(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const n of [0, 1, 5, 2000]) {
    const expected = reduced(range(size), n * size).slice(rank * n, (rank + 1) * n)
    const block = new Float64Array(n)
    await comm.reduceScatter(contribution(rank, n * size), block, { op: SUM })
    failures.same(`reduceScatter of ${n}`, block, expected)
    const place = contribution(rank, n * size)
    await comm.reduceScatter(IN_PLACE, place, { op: SUM })
    failures.same(`reduceScatter in place of ${n}`, place.subarray(0, n), expected)
  }
  const counts = range(size).map((r) => (r * 3) % 5)
  const start = counts.slice(0, rank).reduce(sum, 0)
  const total = counts.reduce(sum, 0)
  const block = new Float64Array(counts[rank] as number)
  await comm.reduceScatter(contribution(rank, total), block, { op: SUM, counts })
  const expected = reduced(range(size), total).slice(start, start + block.length)
  failures.same(`reduceScatter with counts ${text(counts)}`, block, expected)
}

async function vectorCalls(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const counts = range(size).map((r) => (r * 3 + 1) % 4)
  // Gaps between the blocks, which nothing may write to.
  const displs = counts.map((_, r) => counts.slice(0, r).reduce(sum, 0) + 2 * r)
  const total = counts.reduce(sum, 0) + 2 * size
  const mine = contribution(rank, counts[rank] as number)
  const all = new Float64Array(total).fill(-99)
  for (let r = 0; r < size; r++) all.set(contribution(r, counts[r] as number), displs[r])
  for (let root = 0; root < size; root++) {
    const gathered = new Float64Array(total).fill(-99)
    await comm.gatherv(mine, rank === root ? gathered : undefined, rank === root ? { root, counts, displs } : { root })
    if (rank === root) failures.same(`gatherv at ${root}`, gathered, all)
    const block = new Float64Array(mine.length)
    await comm.scatterv(rank === root ? all : undefined, block, rank === root ? { root, counts, displs } : { root })
    failures.same(`scatterv from ${root}`, block, mine)
  }
  const everywhere = new Float64Array(total).fill(-99)
  await comm.allgatherv(mine, everywhere, { counts, displs })
  failures.same('allgatherv', everywhere, all)

  // Rank s has s + 2 d + 1 elements mod 4 for rank d.
  const length = (s: number, d: number): number => (s + 2 * d + 1) % 4
  const sendCounts = range(size).map((d) => length(rank, d))
  const recvCounts = range(size).map((s) => length(s, rank))
  const sent = Int32Array.from(sendCounts.flatMap((n, d) => range(n).map((i) => rank * 100 + d * 10 + i)))
  const received = new Int32Array(recvCounts.reduce(sum, 0))
  await comm.alltoallv(sent, received, { sendCounts, recvCounts })
  failures.same(
    'alltoallv',
    received,
    recvCounts.flatMap((n, s) => range(n).map((i) => s * 100 + rank * 10 + i)),
  )
}

/** Every built-in operation on every kind of element, against the language's own operator. */
async function operations(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const of = (r: number): number[] => [r % 3, (r * 5) % 4, 1, 0, r]
  const cases: [Op, (a: number, b: number) => number][] = [
    [SUM, sum],
    [PROD, (a, b) => a * b],
    [MIN, Math.min],
    [MAX, Math.max],
    [LAND, (a, b) => Number(Boolean(a) && Boolean(b))],
    [LOR, (a, b) => Number(Boolean(a) || Boolean(b))],
    [LXOR, (a, b) => Number(Boolean(a) !== Boolean(b))],
    [BAND, (a, b) => a & b],
    [BOR, (a, b) => a | b],
    [BXOR, (a, b) => a ^ b],
  ]
  for (const [op, serial] of cases) {
    // Logical results are 0 or 1 only if at least one operation was applied.
    const expected = of(0).map((_, i) =>
      range(size)
        .map((r) => of(r)[i] as number)
        .reduce((a, b) => serial(a, b)),
    )
    for (const type of [Int8Array, Uint16Array, Int32Array, Float32Array, Float64Array]) {
      if (op.bitwise && type.name.startsWith('Float')) continue
      const data = type.from(of(rank))
      await comm.allreduce(IN_PLACE, data, { op })
      failures.same(`${op.name} of ${type.name}`, data, type.from(expected))
    }
    const big = BigInt64Array.from(of(rank).map(BigInt))
    await comm.allreduce(IN_PLACE, big, { op })
    failures.same(`${op.name} of BigInt64Array`, big, expected.map(BigInt))
    const scalar = await comm.allreduce(of(rank)[1] as number, { op })
    failures.same(`${op.name} of numbers`, scalar, expected[1])
  }
  await locations(comm, failures)
}

/** MINLOC and MAXLOC: the lowest index of equal values, also when long arrays of pairs are cut in blocks. */
async function locations(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const pairs of [1, 3, 2001]) {
    const value = (r: number, i: number): number => (r * 5 + i) % 3
    const mine = Float64Array.from(range(pairs).flatMap((i) => [value(rank, i), rank]))
    for (const [op, better] of [
      [MINLOC, (a: number, b: number) => a < b],
      [MAXLOC, (a: number, b: number) => a > b],
    ] as const) {
      const best = (i: number): number => range(size).reduce((b, r) => (better(value(r, i), value(b, i)) ? r : b), 0)
      const result = new Float64Array(2 * pairs)
      await comm.allreduce(mine, result, { op })
      failures.same(
        `${op.name} of ${pairs} pairs`,
        result,
        range(pairs).flatMap((i) => [value(best(i), i), best(i)]),
      )
    }
  }
}

/** Operands are combined in rank order, whatever the root, if the operation is not commutative. */
async function rankOrder(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  // Linear functions x -> a x + b modulo a prime, as pairs (a, b); composing them is associative, not commutative.
  const prime = 10_007
  const compose = Op.create(
    (incoming, accumulator) => {
      const [x, y] = [incoming as Float64Array, accumulator as Float64Array]
      for (let i = 0; i < x.length; i += 2) {
        const [a, b, c, d] = [x[i], x[i + 1], y[i], y[i + 1]] as [number, number, number, number]
        y[i] = (a * c) % prime
        y[i + 1] = (c * b + d) % prime
      }
    },
    { name: 'composition', unit: 2 },
  )
  const of = (r: number): number[] => range(300).flatMap((i) => [r + 2 + i, 3 * r + i])
  const composed = (ranks: number[]): number[] =>
    ranks.map(of).reduce((x, y) =>
      range(300).flatMap((i) => {
        const [a, b, c, d] = [x[2 * i], x[2 * i + 1], y[2 * i], y[2 * i + 1]] as [number, number, number, number]
        return [(a * c) % prime, (c * b + d) % prime]
      }),
    )
  const mine = Float64Array.from(of(rank))
  const result = new Float64Array(mine.length)
  for (let root = 0; root < size; root++) {
    await comm.reduce(mine, result, { op: compose, root })
    if (rank === root) failures.same(`non-commutative reduce to ${root}`, result, composed(range(size)))
  }
  await comm.allreduce(mine, result, { op: compose })
  failures.same('non-commutative allreduce', result, composed(range(size)))
  await comm.scan(mine, result, { op: compose })
  failures.same('non-commutative scan', result, composed(range(rank + 1)))
  await comm.exscan(mine, result, { op: compose })
  if (rank > 0) failures.same('non-commutative exscan', result, composed(range(rank)))
  const counts = range(size).map((r) => (r === 0 ? 600 - 4 * (size - 1) : 4))
  const block = new Float64Array(counts[rank] as number)
  await comm.reduceScatter(mine, block, { op: compose, counts })
  const start = counts.slice(0, rank).reduce(sum, 0)
  failures.same('non-commutative reduceScatter', block, composed(range(size)).slice(start, start + block.length))
}

/** Rounded sums have the same bits on all ranks. */
async function sameBits(comm: Intracomm, failures: Failures): Promise<void> {
  for (const n of [1, 257, 9001]) {
    const data = Float64Array.from({ length: n }, (_, i) => Math.sin(comm.rank * 1000 + i) * 10 ** (i % 30))
    await comm.allreduce(IN_PLACE, data, { op: SUM })
    const all = await comm.allgatherObject(new BigInt64Array(data.buffer))
    failures.same(`the bits of a sum of ${n}`, all.filter((other) => bitsDiffer(other, all[0])).length, 0)
  }
}

function bitsDiffer(a: BigInt64Array, b: BigInt64Array | undefined): boolean {
  return a.some((bits, i) => bits !== b?.[i])
}

async function objects(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const of = (r: number): unknown => ({ rank: r, list: range(r * 50), name: 'ä'.repeat(r) })
  for (let root = 0; root < size; root++) {
    failures.same(
      `bcastObject from ${root}`,
      await comm.bcastObject(rank === root ? of(root) : undefined, { root }),
      of(root),
    )
    const gathered = await comm.gatherObject(of(rank), { root })
    failures.same(`gatherObject at ${root}`, gathered, rank === root ? range(size).map(of) : undefined)
    const scattered = await comm.scatterObject(rank === root ? range(size).map(of) : undefined, { root })
    failures.same(`scatterObject from ${root}`, scattered, of(rank))
  }
  failures.same('allgatherObject', await comm.allgatherObject(of(rank)), range(size).map(of))
  failures.same('bcastObject of undefined', await comm.bcastObject(undefined), undefined)
}

/** Columns and blocks of matrices, to and from contiguous memory. */
async function ndarrayViews(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const matrix = ndarray(
    Float64Array.from(range(20), (i) => (rank === 0 ? i : -1)),
    [4, 5],
  )
  await comm.bcast(matrix.pick(null, 2))
  const column = [2, 7, 12, 17]
  const expected = range(20).map((i) => (rank === 0 || column.includes(i) ? i : -1))
  failures.same('bcast of a column', matrix.data, expected)
  const columns = ndarray(new Float64Array(3 * size), [3, size])
  await comm.allgather(Float64Array.of(rank, rank + 0.5, -rank), columns.transpose(1, 0))
  failures.same(
    'allgather into columns',
    columns.data,
    [0, 0.5, 0].flatMap((f, row) => range(size).map((r) => (row === 2 ? -r : r + f))),
  )
  const every = ndarray(Float64Array.from(range(10)), [5], [2], 1)
  await comm.allreduce(IN_PLACE, every, { op: SUM })
  failures.same(
    'allreduce of every second element',
    every.data,
    range(10).map((i) => (i % 2 === 1 ? i * size : i)),
  )
  const block = ndarray(Float64Array.from(range(12)), [3, 4])
    .hi(3, 3)
    .lo(1, 1)
  const sums = new Float64Array(4)
  await comm.reduce(block, sums, { op: SUM, root: size - 1 })
  if (rank === size - 1)
    failures.same(
      'reduce of a block',
      sums,
      [5, 6, 9, 10].map((x) => x * size),
    )
}

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
  reduce: [reductions, rankOrder],
  reduceScatter: [reduceScatters, rankOrder],
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
