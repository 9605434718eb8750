/**
 * Comparisons with what netlib HPL 2.3 printed when linked with the reference BLAS, by equality. They run in one thread
 * and in any job: the way to solve is a parameter. Each returns what differs, as sentences.
 */
import { readdirSync } from 'node:fs'
import { BROADCASTS, FACTORISATIONS, STORAGE_FORMS, SWAPS } from '../../hpl/parameters.ts'
import { sprintf } from '../../hpl/printf.ts'
import type { Variant } from '../../hpl/solver.ts'
import { readFixture, type GridProblem, type GridSolution } from './hpl-problems.ts'

interface Recorded {
  N: number
  NB: number
  P: number
  Q: number
  pmap: 0 | 1
  depth: number
  bcast: number
  rfact: number
  ndiv: number
  pfact: number
  nbmin: number
  swap: number
  swapthr: number
  L1notran: 0 | 1
  Unotran: 0 | 1
  equil: 0 | 1
  info: number
  pivots: number[]
  Anorm1: number
  AnormI: number
  XnormI: number
  Xnorm1: number
  BnormI: number
  resid0: number
  resid1: number
  x: number[]
  y: number[]
  stored_after_factorisation?: number[][]
}

/** Solves a problem; undefined on ranks that do not learn the result. */
export type Solve = (problem: GridProblem) => Promise<GridSolution | undefined>

/** Factorisations printed by netlib HPL with the reference BLAS. */
export const FACTORISATION_FILES = readdirSync(new URL('../fixtures/hpl/lu/', import.meta.url)).filter((file) =>
  file.startsWith('lu_refblas'),
)

function variantOf(recorded: Recorded): Variant {
  const { depth, ndiv, nbmin, swapthr } = recorded
  const choose = <T>(names: readonly T[], code: number): T => names[code] as T
  return {
    depth,
    ndiv,
    nbmin,
    swapThreshold: swapthr,
    bcast: choose(BROADCASTS, recorded.bcast),
    rfact: choose(FACTORISATIONS, recorded.rfact),
    pfact: choose(FACTORISATIONS, recorded.pfact),
    swap: choose(SWAPS, recorded.swap),
    l1: choose(STORAGE_FORMS, recorded.L1notran),
    u: choose(STORAGE_FORMS, recorded.Unotran),
    equilibrate: recorded.equil === 1,
  }
}

/** Pivots, factors, y, x and norms of one recorded factorisation. */
export async function compareFactorisation(file: string, solve: Solve): Promise<string[]> {
  const recorded = readFixture<Recorded>(`lu/${file}`)
  const { N: n, NB: nb, P: p, Q: q } = recorded
  const order = recorded.pmap === 0 ? 'row' : 'column'
  const solution = await solve({ n, nb, p, q, order, variant: variantOf(recorded) })
  if (solution === undefined) return []
  const { info, pivots, x, stored, verification } = solution
  const {
    AnormI: aInf,
    Anorm1: a1,
    XnormI: xInf,
    Xnorm1: x1,
    BnormI: bInf,
    resid0: residual,
    resid1: scaled,
  } = recorded
  const pairs: [string, unknown, unknown][] = [
    ['info', info, recorded.info],
    ['pivots', pivots, recorded.pivots],
    ['x', x, recorded.x],
    ['y', stored.map((row) => row[n]), recorded.y],
    ['factors', recorded.stored_after_factorisation && stored, recorded.stored_after_factorisation],
    ['norms', sorted(verification), sorted({ aInf, a1, xInf, x1, bInf, residual, scaled })],
  ]
  return pairs
    .filter(([, ours, theirs]) => JSON.stringify(ours) !== JSON.stringify(theirs))
    .map(([what, ours, theirs]) => `${file}: ${what}: ${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`)
}

function sorted(numbers: object | undefined): unknown {
  return Object.entries(numbers ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}

export interface ExpectedResidual {
  readonly N: number
  readonly NB: number
  readonly P: number
  readonly Q: number
  readonly resid: string
}

/** One residual for each (N, NB, P, Q), whatever the variant. */
export const EXPECTED_RESIDUALS = readFixture<{ cases: ExpectedResidual[] }>('expected_residuals_ordered.json').cases

/** The residual of one case, as HPL prints it. */
export async function compareResidual(
  { N: n, NB: nb, P: p, Q: q, resid }: ExpectedResidual,
  variant: Partial<Variant>,
  solve: Solve,
): Promise<string[]> {
  const solution = await solve({ n, nb, p, q, variant })
  const printed = sprintf('%.8e', solution?.verification?.scaled ?? NaN)
  if (solution === undefined || printed === resid) return []
  return [`n=${n} nb=${nb} ${p}x${q} ${JSON.stringify(variant)}: residual ${printed} instead of ${resid}`]
}
