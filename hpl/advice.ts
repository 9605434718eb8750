/**
 * What limits a run and what to try, in plain words, from its numbers. Pure functions; every sentence names the number
 * that it follows from.
 */
import { ACTIVITIES, type Activity } from './activities.ts'
import type { Analysis } from './analysis.ts'
import type { ModelPoint, NetworkFit } from './cost-model.ts'

export interface AdvicePoint extends ModelPoint {
  readonly depth: number
  /** Kernels in use, as --blas calls them. */
  readonly blas: string
}

/** From this share on, the matrix product itself is the limit. */
const KERNEL_BOUND = 0.85
/** The busiest process may compute so much longer than the mean before it is worth a sentence. */
const UNEVEN = 0.15
/** Seconds; a message in shared memory takes a few microseconds. */
const SLOW = 50e-6

/** Two to five sentences. Local. */
export function advise(analysis: Analysis, fit: NetworkFit, point: AdvicePoint): string {
  const share = (activity: Activity): number => analysis.activities.find((row) => row.activity === activity)?.share ?? 0
  const main = share('gemm') >= KERNEL_BOUND ? aboutKernels(share('gemm'), point) : aboutLoss(share, analysis, point)
  return main + aboutImbalance(analysis, point) + aboutLatency(fit)
}

function aboutKernels(gemm: number, { blas }: AdvicePoint): string {
  const faster = blas === 'openblas' ? 'more cores' : 'faster kernels (--blas openblas) or more cores'
  return (
    `The matrix product takes ${percent(gemm)} of the time: the kernels limit this run. ` +
    `All else together is ${percent(1 - gemm)}, which is the most that N, NB and the grid can still gain; ${faster} gain more.`
  )
}

/** The activity, other than gemm, that takes most. */
function aboutLoss(share: (activity: Activity) => number, analysis: Analysis, point: AdvicePoint): string {
  const others = ACTIVITIES.filter((activity) => activity !== 'gemm')
  const worst = others.reduce((most, activity) => (share(activity) > share(most) ? activity : most))
  const { what, attempts } = LOSSES[worst](point, analysis)
  return (
    `The matrix product gets ${percent(share('gemm'))} of the time. Most of the rest, ${percent(share(worst))}, is ` +
    `${what}. Try ${listed(attempts)}.`
  )
}

interface Loss {
  readonly what: string
  /** What to try, best first. */
  readonly attempts: readonly string[]
}

const LOSSES: Record<Activity, (point: AdvicePoint, analysis: Analysis) => Loss> = {
  panel: (point) => ({
    what: `the factorisation of panels, ${point.q > 1 ? 'in which one process column works' : 'small operations'}`,
    attempts: [...lookAhead(point), ...smallerNb(point), largerN(point)],
  }),
  pivots: (point) => ({
    what: `the exchange of pivots, ${String(point.n)} times between ${String(point.p)} process rows`,
    attempts: [...flatter(point), ...lookAhead(point), largerN(point)],
  }),
  broadcast: (point) => ({
    what: 'packing and sending panels',
    attempts: ['another BCAST', ...steeper(point), largerN(point)],
  }),
  wait: (point, { overlap }) => ({
    what:
      overlap === undefined
        ? 'waiting for panels that others factor and send'
        : `waiting for panels, of whose way look-ahead hides ${percent(overlap)}`,
    attempts: [...lookAhead(point), ...smallerNb(point), largerN(point)],
  }),
  rows: (point) => ({
    what: point.p > 1 ? `the exchange of rows between ${String(point.p)} process rows` : 'moving rows in memory',
    attempts: [...flatter(point), largerN(point)],
  }),
  trsm: (point) => ({ what: 'the triangular solve', attempts: [...smallerNb(point), largerN(point)] }),
  gemm: (point) => ({ what: 'the matrix product', attempts: [largerN(point)] }),
  solve: (point) => ({ what: 'back-substitution', attempts: [largerN(point)] }),
  other: (point) => ({ what: 'what belongs to no phase', attempts: [largerN(point)] }),
}

function largerN({ n }: ModelPoint): string {
  return `a larger N than ${String(n)} (all but the matrix product grows more slowly than N^3)`
}

/** A hint only where the point leaves room for it. */
function smallerNb({ nb }: ModelPoint): string[] {
  return nb > 64 ? [`a smaller NB than ${String(nb)}`] : []
}

function lookAhead({ q, depth }: AdvicePoint): string[] {
  return q > 1 && depth === 0 ? ['DEPTH 1, which hides panels behind the update'] : []
}

/** Fewer process rows. */
function flatter({ p, q }: ModelPoint): string[] {
  if (p === 1) return []
  const fewer = largestDivisor(p)
  return [`a flatter grid (${String(fewer)} x ${String((p / fewer) * q)})`]
}

/** Fewer process columns. */
function steeper({ p, q }: ModelPoint): string[] {
  if (q === 1) return []
  const fewer = largestDivisor(q)
  return [`a grid with fewer columns (${String((q / fewer) * p)} x ${String(fewer)})`]
}

/** Largest divisor of n that is smaller than n > 1. */
function largestDivisor(n: number): number {
  let d = n - 1
  while (n % d !== 0) d--
  return d
}

function aboutImbalance({ imbalance }: Analysis, { n, nb, p, q }: AdvicePoint): string {
  if (p * q === 1 || !(imbalance > UNEVEN)) return ''
  return (
    ` The busiest process computes ${percent(imbalance)} longer than the mean: ${String(Math.ceil(n / nb))} blocks ` +
    `of ${String(nb)} over ${String(p)} x ${String(q)} processes deal work unevenly or cores are shared.`
  )
}

function aboutLatency({ alpha }: NetworkFit): string {
  if (!(alpha > SLOW)) return ''
  return ` A message costs ${(alpha * 1e6).toFixed(0)} us with the wait for it: ranks wait for each other or for cores, or the network is slow.`
}

/** "a, b or c". */
function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${String(items.at(-1))}`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
}
