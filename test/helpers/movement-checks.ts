/**
 * Checks of the collective calls that move elements or objects and do not change them, with every root and with lengths
 * around every switch point, against a line of serial code.
 */
import ndarray from 'ndarray'
import { IN_PLACE, SUM, waitAll, type Intracomm } from '../../index.ts'
import { concatenated, contribution, LENGTHS, range, sum, type Failures } from './failures.ts'

const LONG = 33_001
/** Whole segments of a chain: the last is empty. */
const SEGMENTS = 32_768

/** Nobody leaves a barrier before the last has come: until then, the last one hears from nobody. */
export async function barriers(comm: Intracomm, failures: Failures): Promise<void> {
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

export async function broadcasts(comm: Intracomm, failures: Failures): Promise<void> {
  for (const n of [...LENGTHS, LONG, SEGMENTS])
    for (let root = 0; root < comm.size; root++) {
      const data = comm.rank === root ? contribution(root, n) : new Float64Array(n)
      await comm.bcast(data, { root })
      failures.same(`bcast of ${n} from ${root}`, data, contribution(root, n))
    }
}

export async function gathersAndScatters(comm: Intracomm, failures: Failures): Promise<void> {
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

export async function allgathers(comm: Intracomm, failures: Failures): Promise<void> {
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

export async function alltoalls(comm: Intracomm, failures: Failures): Promise<void> {
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

export async function vectorCalls(comm: Intracomm, failures: Failures): Promise<void> {
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

export async function objects(comm: Intracomm, failures: Failures): Promise<void> {
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
  const names = range(size).map((r) => `${r} `)
  const join = (lower: string, upper: string): string => lower + upper
  failures.same('scanObject', await comm.scanObject(`${rank} `, join), names.slice(0, rank + 1).join(''))
  const before = rank === 0 ? undefined : names.slice(0, rank).join('')
  failures.same('exscanObject', await comm.exscanObject(`${rank} `, join), before)
  const requests = [
    comm.iscanObject([rank], (a, b) => [...a, ...b]),
    comm.iexscanObject([rank], (a, b) => [...a, ...b]),
  ]
  await waitAll(requests)
  failures.same('iscanObject', requests[0]?.value, range(rank + 1))
  failures.same('iexscanObject', requests[1]?.value, rank === 0 ? undefined : range(rank))
  failures.same('allgatherObject', await comm.allgatherObject(of(rank)), range(size).map(of))
  failures.same('bcastObject of undefined', await comm.bcastObject(undefined), undefined)
}

/** Columns and blocks of matrices, to and from contiguous memory. */
export async function ndarrayViews(comm: Intracomm, failures: Failures): Promise<void> {
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
