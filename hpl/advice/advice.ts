/**
 * Proposes the parameters of a measurement, and says why. Pure: from a description of the machines to numbers and
 * sentences. Invariant: what is proposed fits into the memory, N is a multiple of NB, P x Q is the number of ranks, and
 * P <= Q. Layer below: block-cyclic.ts, parameters.ts, output.ts.
 */
import { leadingDimension, numroc } from '../block-cyclic.ts'
import type { HplParameters, Mapping } from '../parameters.ts'
import { RECOMMENDED, singleTest } from '../single-test.ts'

/** What the proposal is for. */
export interface Machines {
  /** Ranks by host, each >= 1; ranks are numbered host by host. */
  readonly hosts: readonly { readonly name: string; readonly ranks: number }[]
  /** Memory of each host in bytes. */
  readonly memoryBytes: number
  /** Part of it that the matrix shall fill, 0..1. */
  readonly fraction: number
  /** Kernels, as `--blas` calls them. */
  readonly blas: string
}

/** What limits N. */
export type Limit = 'fraction' | 'work space' | 'wasm'

export interface Advice {
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
  readonly pmap: Mapping
  readonly ranks: number
  readonly limit: Limit
  /** Bytes of the matrix, over all ranks. */
  readonly matrixBytes: number
  /** Why, in a sentence or two each. */
  readonly why: { readonly n: string; readonly nb: string; readonly grid: string; readonly pmap: string }
}

/**
 * NB by kernels: what to propose, and what to try beside it. A kernel reaches its rate from some depth of the update on;
 * beyond that NB only unbalances the load.
 */
const BLOCK_SIZES: Readonly<Record<string, readonly [proposed: number, ...alike: number[]]>> = {
  openblas: [192, 128, 256],
  wasm: [128, 64, 192],
  ordered: [64, 32, 128],
}

function blockSizes(blas: string): readonly [proposed: number, ...alike: number[]] {
  return BLOCK_SIZES[blas] ?? [128, 64, 192]
}
const { depth: DEPTH } = RECOMMENDED.variant
const { align: ALIGN } = RECOMMENDED.settings
/** Blocks that each process column should have, so that all have work nearly to the end. */
const BLOCKS_PER_PROCESS = 8
/** Part of the memory that a job can reserve for its ranks; the runtime's own limit. */
const RESERVABLE = 0.9
/** Address space of the wasm kernels of a rank, less their work space. */
const WASM_BYTES = 2 ** 32 - 2 ** 26

/**
 * The proposal. Local.
 *
 * @throws RangeError if the memory does not hold a matrix of one block for each process
 */
export function advise(machines: Machines): Advice {
  const ranks = machines.hosts.reduce((sum, host) => sum + host.ranks, 0)
  const grid = chooseGrid(machines.hosts.map((host) => host.ranks))
  const { nb, shrunk } = chooseBlockSize(machines, ranks, grid.q)
  const { n, limit } = chooseOrder(machines, { ranks, nb, ...grid })
  if (n < nb * grid.q)
    throw new RangeError(
      `${formatBytes(machines.memoryBytes)} a host are too little for ${ranks} ranks: a matrix needs ${formatBytes(8 * (nb * grid.q) ** 2)} and work space at least`,
    )
  const facts: Facts = { ...machines, ...grid, n, nb, ranks, limit, shrunk }
  return {
    n,
    nb,
    p: grid.p,
    q: grid.q,
    pmap: grid.pmap,
    ranks,
    limit,
    matrixBytes: 8 * n * n,
    why: { n: whyOrder(facts), nb: whyBlockSize(facts), grid: whyGrid(facts), pmap: whyMapping(facts) },
  }
}

/** An HPL.dat with one test: the proposal, with the variants that this project recommends. Local. */
export function adviceParameters({ n, nb, p, q, pmap }: Advice): HplParameters {
  return singleTest({ n, nb, p, q, pmap, ...RECOMMENDED.variant }, RECOMMENDED.settings)
}

interface Facts extends Machines {
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
  readonly pmap: Mapping
  readonly ranks: number
  readonly limit: Limit
  readonly shrunk: boolean
}

/**
 * P, the largest divisor of the ranks with P <= Q. On several hosts it also divides the ranks of each: then, column by
 * column, no process column leaves its host.
 */
function chooseGrid(perHost: readonly number[]): { p: number; q: number; pmap: Mapping } {
  const ranks = perHost.reduce((sum, count) => sum + count, 0)
  const unit = perHost.length > 1 ? perHost.reduce(greatestCommonDivisor) : ranks
  let p = 1
  for (let d = 2; d * d <= ranks; d++) if (unit % d === 0 && ranks % d === 0) p = d
  return { p, q: ranks / p, pmap: perHost.length > 1 ? 'column' : 'row' }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** The kernels' own, halved while the process columns would have too few blocks. */
function chooseBlockSize(machines: Machines, ranks: number, q: number): { nb: number; shrunk: boolean } {
  const [best] = blockSizes(machines.blas)
  const order = largestOrder(machines, ranks).n
  let nb = best
  while (nb > 8 && order < BLOCKS_PER_PROCESS * q * nb) nb /= 2
  return { nb, shrunk: nb < best }
}

/** The order whose matrix fills its fraction of the fullest host, or a rank's wasm memory if that is less. */
function largestOrder({ hosts, memoryBytes, fraction, blas }: Machines, ranks: number): { n: number; limit: Limit } {
  const fullest = Math.max(...hosts.map((host) => host.ranks))
  const byMemory = Math.sqrt((fraction * memoryBytes * ranks) / fullest / 8)
  const byWasm = blas === 'wasm' ? Math.sqrt((WASM_BYTES * ranks) / 8) : Infinity
  return byMemory <= byWasm ? { n: byMemory, limit: 'fraction' } : { n: byWasm, limit: 'wasm' }
}

interface Shape {
  readonly ranks: number
  readonly nb: number
  readonly p: number
  readonly q: number
}

/** The largest multiple of NB that fits with its work space. */
function chooseOrder(machines: Machines, shape: Shape): { n: number; limit: Limit } {
  const { nb, ranks } = shape
  const fullest = Math.max(...machines.hosts.map((host) => host.ranks))
  const wasm = machines.blas === 'wasm' ? WASM_BYTES : Infinity
  const share = Math.min((RESERVABLE * machines.memoryBytes) / fullest, wasm)
  const largest = largestOrder(machines, ranks)
  let n = Math.floor(largest.n / nb) * nb
  const { limit } = largest
  if (n <= 0 || rankBytes(n, shape) <= share) return { n, limit }
  while (n > 0 && rankBytes(n, shape) > share) n -= nb
  return { n, limit: limit === 'fraction' ? 'work space' : limit }
}

/**
 * What the process with the largest part allocates: its part of [A|b], a panel for each that can be under way, U and the
 * buffer of the row exchange, vectors. Never less than the solver takes; a test compares.
 */
function rankBytes(n: number, { nb, p, q }: Shape): number {
  const mp = numroc(n, nb, 0, 0, p)
  const nq = numroc(n, nb, 0, 0, q) + 1
  const matrix = Math.max(leadingDimension(nq, ALIGN) * mp, leadingDimension(mp, ALIGN) * nq)
  const panel = (mp + nb + 2) * nb + 8
  return 8 * (matrix + (DEPTH + 2) * panel + 2 * nb * nq + 2 * mp + nq + 4 * nb) + 1024
}

function whyOrder({ n, nb, fraction, memoryBytes, hosts, limit, ranks }: Facts): string {
  const what = `8 N^2 = ${formatBytes(8 * n * n)}`
  const rounded = `N is a multiple of NB = ${nb}, so that no block is cut.`
  if (limit === 'wasm')
    return `${what}: the wasm kernels address 4 GiB a rank, and ${ranks} ranks have no more. openblas has no such limit. ${rounded}`
  const larger = 'The rate grows with N, since N^3 flops stand against N^2 data'
  if (limit === 'work space')
    return `${what}. ${larger}; but beside so small a matrix the panels and buffers take much of the ${formatBytes(memoryBytes)}. ${rounded}`
  const percent = Math.round(100 * fraction)
  const where = hosts.length === 1 ? 'of the memory' : `of the memory of the host with most ranks`
  return `${what}, ${percent} % ${where}. ${larger}; the rest is for panels, buffers and the system, for a machine that swaps loses far more than a smaller N. ${rounded}`
}

function whyBlockSize({ blas, shrunk }: Facts): string {
  if (shrunk)
    return `Smaller than the ${blockSizes(blas)[0]} that ${blas} likes best: with so small an N the process columns would have too few blocks each to share the work evenly.`
  return `Deep enough for ${blas} to reach its rate in the update (K = NB), and not deeper: the panel's work grows with NB and is done by one process column alone. Worth a sweep with ${blockSizes(blas).slice(1).join(' and ')} beside it.`
}

function whyGrid({ p, ranks, hosts }: Facts): string {
  if (ranks === 1) return 'One rank is a grid of its own.'
  const flat = `A flatter grid (1 x ${ranks}) spares pivot messages at the price of longer panels`
  if (hosts.length > 1 && p > 1)
    return `P divides the ranks of each host, so that a process column stays within one: pivots and row swaps, which come for every column of the matrix, use shared memory, and only panels cross the network. ${flat}; on a slow network it is worth a test.`
  if (hosts.length > 1)
    return `The hosts' ranks have no common divisor with P <= Q, so all processes form one row: pivots and row swaps stay within a process, and only panels cross the network, where look-ahead hides them.`
  if (p === 1)
    return `${ranks} has no divisor but 1 that gives P <= Q. Flat is no harm on few ranks: pivots are found and rows are swapped within a process.`
  return `As square as ${ranks} ranks allow: a process then holds and sends least, 2 N^2 / sqrt(P Q) words. P <= Q, since the column direction has more messages: a pivot search for each column of the matrix. On a slow network flatter is better: each of those messages costs its latency.`
}

function whyMapping({ hosts, pmap, p }: Facts): string {
  if (hosts.length === 1) return `All ranks are on one host, where all are equally near: ${pmap}-major, as HPL has it.`
  if (p === 1) return `With one process row both orders are the same; ${pmap}-major.`
  return `Ranks are numbered host by host; column-major puts neighbours in rank into one process column, hence onto one host.`
}

/** In binary units with three digits: "12.3 GiB". Local. */
export function formatBytes(bytes: number): string {
  const power = Math.min(Math.max(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 0), 5)
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][power]}`
}
