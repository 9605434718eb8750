/**
 * Measures the algorithms of the collectives on the ranks of a communicator: how long each takes for vectors of given
 * lengths. Collective throughout.
 *
 * A time is the slowest rank's mean over a run of calls in a row. Algorithms take turns in every round, so that what else
 * the machine does in a second hits all of them; of the rounds the median counts.
 */
import { ALGORITHM_NAMES, type AlgorithmName, type Selectable } from '../../runtime/base/tuning.ts'
import type { Intracomm } from '../intracomm.ts'
import { MAX, SUM } from '../op.ts'
import { serves } from '../selection.ts'

/** What is measured. */
export interface MeasureOptions {
  /** Bytes of vectors, ascending. */
  readonly nbytes: readonly number[]
  /** Milliseconds that a run of calls shall take, about. */
  readonly runMs: number
  /** Runs of every algorithm. */
  readonly rounds: number
}

/** Times of all algorithms of a collective for one length. */
export interface Point {
  readonly collective: Selectable
  /** Ranks. */
  readonly size: number
  readonly hosts: number
  /** Of the whole vector, as the rules count. */
  readonly nbytes: number
  /** Microseconds by algorithm. */
  readonly us: Readonly<Record<string, number>>
}

/** A call on vectors of about `nbytes` bytes. Roots take turns: one that only sends would run ahead of the others. */
type Call = (comm: Intracomm, root: number) => Promise<void>

const CALLS: { readonly [K in Selectable]: (nbytes: number, size: number) => { call: Call; nbytes: number } } = {
  barrier: () => ({ call: (comm) => comm.barrier(), nbytes: 0 }),
  bcast: (nbytes) => {
    const data = new Float64Array(Math.ceil(nbytes / 8))
    return { call: (comm, root) => comm.bcast(data, { root }), nbytes: data.byteLength }
  },
  allreduce: (nbytes) => {
    const [sent, data] = vectors(nbytes, 1)
    return { call: (comm) => comm.allreduce(sent, data, { op: SUM }), nbytes: data.byteLength }
  },
  reduce: (nbytes) => {
    const [sent, data] = vectors(nbytes, 1)
    return { call: (comm, root) => comm.reduce(sent, data, { op: SUM, root }), nbytes: data.byteLength }
  },
  allgather: (nbytes, size) => {
    const [all] = vectors(nbytes, size)
    const mine = new Float64Array(all.length / size)
    return { call: (comm) => comm.allgather(mine, all), nbytes: all.byteLength }
  },
  alltoall: (nbytes, size) => {
    const [sent, data] = vectors(nbytes, size)
    return { call: (comm) => comm.alltoall(sent, data), nbytes: data.byteLength }
  },
  gather: (nbytes, size) => {
    const [all] = vectors(nbytes, size)
    const mine = new Float64Array(all.length / size)
    return { call: (comm, root) => comm.gather(mine, all, { root }), nbytes: all.byteLength }
  },
  scatter: (nbytes, size) => {
    const [all] = vectors(nbytes, size)
    const mine = new Float64Array(all.length / size)
    return { call: (comm, root) => comm.scatter(all, mine, { root }), nbytes: all.byteLength }
  },
  reduceScatter: (nbytes, size) => {
    const [sent] = vectors(nbytes, size)
    const mine = new Float64Array(sent.length / size)
    return { call: (comm) => comm.reduceScatterBlock(sent, mine, { op: SUM }), nbytes: sent.byteLength }
  },
  scan: (nbytes) => {
    const [sent, data] = vectors(nbytes, 1)
    const told = new Uint8Array(1)
    // Rank 0 only gives: without word from the last rank it would run ahead.
    const call: Call = async (comm) => {
      await comm.scan(sent, data, { op: SUM })
      await comm.bcast(told, { root: comm.size - 1 })
    }
    return { call, nbytes: data.byteLength }
  },
}

/** Two vectors of at least `nbytes` bytes, of a multiple of `unit` elements. */
function vectors(nbytes: number, unit: number): [Float64Array, Float64Array] {
  const length = Math.ceil(nbytes / 8 / unit) * unit
  return [new Float64Array(length), new Float64Array(length)]
}

/** Measures all algorithms of a collective at every length; the same result on all ranks. Collective over `comm`. */
export async function measure(comm: Intracomm, collective: Selectable, options: MeasureOptions): Promise<Point[]> {
  const names = ALGORITHM_NAMES[collective].filter((name) =>
    serves(collective, name as never, { op: SUM, hosts: comm.hosts, size: comm.size }),
  )
  const comms = await Promise.all(names.map((name) => comm.dup({ algorithms: { [collective]: name } })))
  const points: Point[] = []
  for (const wanted of collective === 'barrier' ? [0] : options.nbytes) {
    const { call, nbytes } = CALLS[collective](wanted, comm.size)
    const us = await compare(comm, comms, call, options)
    const times = names.map((name, index): [AlgorithmName, number] => [name, us[index] as number])
    points.push({ collective, size: comm.size, hosts: comm.hosts.count, nbytes, us: Object.fromEntries(times) })
  }
  for (const dup of comms) dup.free()
  return points
}

/** Median microseconds of a call on each of the communicators, which use different algorithms. */
async function compare(
  comm: Intracomm,
  comms: readonly Intracomm[],
  call: Call,
  { runMs, rounds }: MeasureOptions,
): Promise<number[]> {
  const repeats: number[] = []
  for (const one of comms) {
    await time(comm, one, call, 2) // memory and code are warm from here
    repeats.push(Math.max(1, Math.min(5000, Math.round((runMs * 1000) / (await time(comm, one, call, 2))))))
  }
  const us = comms.map((): number[] => [])
  for (let round = 0; round < rounds; round++)
    for (const [index, one] of comms.entries()) us[index]?.push(await time(comm, one, call, repeats[index] as number))
  return us.map((times) => times.sort((a, b) => a - b)[times.length >> 1] as number)
}

/** Microseconds a call, on the slowest rank; the same on all. */
async function time(comm: Intracomm, one: Intracomm, call: Call, repeats: number): Promise<number> {
  await comm.barrier()
  const began = performance.now()
  for (let i = 0; i < repeats; i++) await call(one, i % comm.size)
  return comm.allreduce(((performance.now() - began) * 1000) / repeats, { op: MAX })
}
