/**
 * Random nonblocking collectives in a window, on several communicators, mixed with point to point, each compared with a line
 * of serial code. All ranks draw the same calls from one seed; each completes its own in an order of its own.
 */
import { SUM, type Intracomm, type Request } from '../../index.ts'

/** Numbers in 0..2^32-1 from a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
}

interface Started {
  readonly request: Request
  /** What this rank has sent, if it is not part of the request. */
  readonly sent?: Request
  readonly what: string
  readonly data: ArrayLike<number>
  readonly expected: readonly number[]
}

interface Drawn {
  readonly comm: Intracomm
  readonly serial: number
  readonly n: number
  readonly root: number
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
/** Element i of what a rank contributes to call number `serial`. */
const element = (serial: number, rank: number, i: number): number => ((serial * 31 + rank * 7 + i * 3) % 101) - 50
const vector = (serial: number, rank: number, n: number): number[] => range(n).map((i) => element(serial, rank, i))
const sums = (serial: number, ranks: number[], n: number, from = 0): number[] =>
  range(n).map((i) => ranks.reduce((sum, rank) => sum + element(serial, rank, from + i), 0))

const KINDS: Readonly<Record<string, (drawn: Drawn) => Omit<Started, 'what'>>> = {
  ibarrier: ({ comm }) => ({ request: comm.ibarrier(), data: [], expected: [] }),
  ibcast: ({ comm, serial, n, root }) => {
    const expected = vector(serial, root, n)
    const data = comm.rank === root ? Float64Array.from(expected) : new Float64Array(n)
    return { request: comm.ibcast(data, { root }), data, expected }
  },
  iallreduce: ({ comm, serial, n }) => {
    const data = new Float64Array(n)
    const request = comm.iallreduce(Float64Array.from(vector(serial, comm.rank, n)), data, { op: SUM })
    return { request, data, expected: sums(serial, range(comm.size), n) }
  },
  ireduce: ({ comm, serial, n, root }) => {
    const data = new Float64Array(comm.rank === root ? n : 0)
    const mine = Float64Array.from(vector(serial, comm.rank, n))
    const request = comm.ireduce(mine, comm.rank === root ? data : undefined, { op: SUM, root })
    return { request, data, expected: comm.rank === root ? sums(serial, range(comm.size), n) : [] }
  },
  iallgather: ({ comm, serial, n }) => {
    const data = new Int32Array(n * comm.size)
    const request = comm.iallgather(Int32Array.from(vector(serial, comm.rank, n)), data)
    return { request, data, expected: range(comm.size).flatMap((rank) => vector(serial, rank, n)) }
  },
  igather: ({ comm, serial, n, root }) => {
    const isRoot = comm.rank === root
    const data = new Int32Array(isRoot ? n * comm.size : 0)
    const mine = Int32Array.from(vector(serial, comm.rank, n))
    const request = comm.igather(mine, isRoot ? data : undefined, { root })
    return { request, data, expected: isRoot ? range(comm.size).flatMap((rank) => vector(serial, rank, n)) : [] }
  },
  iscatter: ({ comm, serial, n, root }) => {
    const data = new Int32Array(n)
    const all = Int32Array.from(range(comm.size).flatMap((rank) => vector(serial, rank, n)))
    const request = comm.iscatter(comm.rank === root ? all : undefined, data, { root })
    return { request, data, expected: vector(serial, comm.rank, n) }
  },
  ialltoall: ({ comm, serial, n }) => {
    const { rank, size } = comm
    const blocks = (of: (other: number) => number[]): number[] => range(size).flatMap(of)
    const data = new Int32Array(n * size)
    const sent = Int32Array.from(blocks((dest) => vector(serial + dest, rank, n)))
    const expected = blocks((source) => vector(serial + rank, source, n))
    return { request: comm.ialltoall(sent, data), data, expected }
  },
  iscan: ({ comm, serial, n }) => {
    const data = new Float64Array(n)
    const request = comm.iscan(Float64Array.from(vector(serial, comm.rank, n)), data, { op: SUM })
    return { request, data, expected: sums(serial, range(comm.rank + 1), n) }
  },
  ireduceScatterBlock: ({ comm, serial, n }) => {
    const data = new Float64Array(n)
    const mine = Float64Array.from(vector(serial, comm.rank, n * comm.size))
    const request = comm.ireduceScatterBlock(mine, data, { op: SUM })
    return { request, data, expected: sums(serial, range(comm.size), n, comm.rank * n) }
  },
  'point to point': ({ comm, serial, n }) => {
    const { rank, size } = comm
    const [next, previous] = [(rank + 1) % size, (rank - 1 + size) % size]
    const data = new Float64Array(n)
    const request = comm.irecv(data, { source: previous, tag: serial % 1000 })
    const sent = comm.isend(Float64Array.from(vector(serial, rank, n)), { dest: next, tag: serial % 1000 })
    return { request, sent, data, expected: vector(serial, previous, n) }
  },
}
const NAMES = Object.keys(KINDS)

/** Most calls under way at a time. */
const WINDOW = 20

/**
 * Makes `count` calls; what went wrong on this rank, as sentences. Collective.
 *
 * @param longest most elements of a block
 */
export async function checkWindows(world: Intracomm, seed: number, count: number, longest = 40): Promise<string[]> {
  const halves = (await world.split(world.rank % 2)) as Intracomm
  const reversed = (await world.split(0, -world.rank)) as Intracomm
  const comms = [world, await world.dup(), halves, reversed]
  const draw = randomNumbers(seed)
  const choose = randomNumbers(seed + 1 + world.rank)
  const failures: string[] = []
  const window: Started[] = []
  const finish = async (): Promise<void> => {
    const [{ request, sent, what, data, expected }] = window.splice(choose() % window.length, 1) as [Started]
    if (choose() % 4 !== 0 || request.test() === undefined) await request.wait()
    await sent?.wait()
    if (!expected.every((value, i) => data[i] === value))
      failures.push(`rank ${world.rank}: ${what} gave ${String(data)}, expected ${String(expected)}`)
  }
  for (let serial = 0; serial < count; serial++) {
    const comm = comms[draw() % comms.length] as Intracomm
    const drawn = { comm, serial, n: draw() % longest, root: draw() % comm.size }
    const name = NAMES[draw() % NAMES.length] as string
    const start = KINDS[name] as (typeof KINDS)[string]
    window.push({ ...start(drawn), what: `${name} number ${serial} of seed ${seed}` })
    if (window.length === WINDOW) await finish()
  }
  while (window.length > 0) await finish()
  for (const comm of comms.slice(1)) comm.free()
  return failures
}
