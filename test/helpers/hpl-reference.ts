/**
 * Comparisons with what netlib HPL 2.3 printed when linked with the reference BLAS, by equality. They run in one thread
 * and in any job: the way to solve is a parameter. Each returns what differs, as sentences.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { Intracomm } from '../../collectives/intracomm.ts'
import { Grid } from '../../collectives/topology/grid.ts'
import type { Blas } from '../../hpl/blas/blas.ts'
import type { TestRecord } from '../../hpl/driver.ts'
import { parseHplDat } from '../../hpl/input.ts'
import { Arena, layOut } from '../../hpl/local-system.ts'
import { encodeVariant } from '../../hpl/output.ts'
import { BROADCASTS, FACTORISATIONS, STORAGE_FORMS, SWAPS, type HplParameters } from '../../hpl/parameters.ts'
import { sprintf } from '../../hpl/printf.ts'
import { createSolver, type Variant } from '../../hpl/solver.ts'
import { Timers } from '../../hpl/timers.ts'
import { fillSystem } from '../../hpl/verify.ts'
import { DEFAULT_VARIANT, readFixture, type GridProblem, type GridSolution } from './hpl-problems.ts'

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

const fixtures = new URL('../fixtures/hpl/', import.meta.url)
const filesOf = (folder: string, prefix: string): string[] =>
  readdirSync(new URL(folder, fixtures)).filter((file) => file.startsWith(prefix))

/** Factorisations printed by netlib HPL with the reference BLAS. */
export const FACTORISATION_FILES = filesOf('lu/', 'lu_refblas')
/** Factorisations printed by netlib HPL with OpenBLAS, and solutions in quadruple precision rounded to double. */
export const ROUNDED_FILES = [...filesOf('lu/', 'lu_openblas'), ...filesOf('lu/', 'exact')]
/** Local arrays of netlib HPL before the factorisation. */
export const LOCAL_FILES = filesOf('local/', 'local')
/** Sweeps over grids, broadcasts and depths, a file for each way to exchange rows and store factors. */
export const SWEEPS = filesOf('refblas_variants/', 'sw')

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

/** What is left of a sweep where time is short. */
export const PART_OF_SWEEP: Readonly<Record<string, Partial<HplParameters>>> = {
  sw0_L11_U1_EQ0: { nb: [3], n: [7, 40] },
  sw1_L10_U0_EQ1: { nb: [8], n: [1, 97] },
  sw2_L10_U1_EQ1: { nb: [3], n: [40] },
}

/** Runs the tests of an HPL.dat; undefined on ranks that do not know all results. */
export type RunTests = (parameters: HplParameters) => Promise<readonly TestRecord[] | undefined>

/** The residuals of a sweep, or of a part of it. */
export async function compareSweep(
  sweep: string,
  part: Partial<HplParameters> | undefined,
  run: RunTests,
): Promise<string[]> {
  const folder = `refblas_variants/${sweep}/`
  const key = (tv: string, n: number, nb: number, p: number, q: number): string => [tv, n, nb, p, q].join(' ')
  const recorded = new Map(
    readFixture<(ExpectedResidual & { tv: string })[]>(`${folder}residuals.json.gz`).map((test) => [
      key(test.tv, test.N, test.NB, test.P, test.Q),
      test.resid,
    ]),
  )
  const parsed = parseHplDat(readFileSync(new URL(`${folder}HPL.dat`, fixtures), 'utf8'), 7)
  if (!parsed.ok) return [`${folder}HPL.dat: ${parsed.error.text}`]
  const tests = await run({ ...parsed.parameters, ...part })
  if (tests === undefined) return []
  const wrong = tests.flatMap((test) => {
    const name = key(encodeVariant(test), test.n, test.nb, test.p, test.q)
    const printed = sprintf('%.8e', test.verification?.scaled ?? NaN)
    const expected = recorded.get(name) ?? 'none'
    return printed === expected ? [] : [`${sweep} ${name}: residual ${printed} instead of ${expected}`]
  })
  const least = part === undefined ? recorded.size : 190
  return tests.length >= least ? wrong : [...wrong, `${sweep}: ${tests.length} tests, expected ${least} at least`]
}

interface LocalArrays {
  N: number
  NB: number
  P: number
  Q: number
  pmap: 0 | 1
  align: number
  procs: { rank: number; mp: number; nq_incl_b: number; cols: number[][] }[]
}

/** This rank's part of [A|b] as the solver generates it in the memory of its kernels. Collective. */
export async function compareLocalArray(file: string, world: Intracomm, blas: Blas): Promise<string[]> {
  const { N: n, NB: nb, P: nprow, Q: npcol, pmap, align, procs } = readFixture<LocalArrays>(`local/${file}`)
  const grid = await Grid.create(world, { nprow, npcol, order: pmap === 0 ? 'row' : 'column' })
  if (grid === undefined) return []
  const arena = new Arena(blas)
  const system = layOut({ n, nb, depth: 0, align }, grid, arena)
  fillSystem(createSolver({ grid, blas, system, variant: DEFAULT_VARIANT, timers: new Timers() }))
  const { memory, a, mp, nqb, lda } = system
  const column = (j: number): number[] => Array.from({ length: mp }, (_, i) => memory[a + i * lda + j] ?? NaN)
  const ours = { mp, nqb, cols: Array.from({ length: nqb }, (_, j) => column(j)) }
  arena.release()
  grid.free()
  const theirs = procs.find(({ rank }) => rank === world.rank)
  const expected = theirs && { mp: theirs.mp, nqb: theirs.nq_incl_b, cols: theirs.cols }
  return JSON.stringify(ours) === JSON.stringify(expected) ? [] : [`${file}: rank ${world.rank} has other elements`]
}

/**
 * Eight ranks, of which netlib's runs that are recorded had none: pivots, U and y are those of any grid, and x is that of
 * any grid with as many process columns.
 */
export async function compareEightRanks(solve: Solve): Promise<string[]> {
  const grids = [
    { p: 8, q: 1, like: '4x1' },
    { p: 4, q: 2, like: '2x2' },
    { p: 2, q: 4, like: '1x4' },
    { p: 1, q: 8, like: undefined },
  ]
  const differences: string[] = []
  for (const size of ['N29_NB4', 'N100_NB8'])
    for (const { p, q, like } of grids) {
      const { N: n, NB: nb, pivots, y, x } = readFixture<Recorded>(`lu/lu_refblas_${size}_${like ?? '1x1'}.json.gz`)
      const variant = { depth: 1, bcast: '2ringM', swap: 'spread-roll' } as const
      const solution = await solve({ n, nb, p, q, variant })
      if (solution === undefined) continue
      const ours = { pivots: solution.pivots, y: solution.stored.map((row) => row[n]), x: like && solution.x }
      if (JSON.stringify(ours) !== JSON.stringify({ pivots, y, x: like && x })) differences.push(`${size} on ${p}x${q}`)
    }
  return differences
}

/** Largest distance relative to max|x| that OpenBLAS was seen to have from the exact solution, with a margin. */
const TOLERANCE = 1e-13

/** Pivots, x and norms of a run whose kernels round as they like; `problem` tells the kernels, the grid and the variant. */
export async function compareRounded(
  file: string,
  problem: Omit<GridProblem, 'n' | 'nb'>,
  solve: Solve,
): Promise<string[]> {
  const {
    N: n,
    NB: nb = 8,
    pivots,
    x,
  } = readFixture<Pick<Recorded, 'N' | 'pivots' | 'x'> & { NB?: number }>(`lu/${file}`)
  const solution = await solve({ ...problem, n, nb })
  if (solution === undefined) return []
  const scale = Math.max(...x.map(Math.abs))
  const error = Math.max(...x.map((value, i) => Math.abs(value - (solution.x[i] ?? NaN)))) / scale
  const where = `${file} on ${problem.p}x${problem.q}`
  const differences: string[] = []
  if (JSON.stringify(solution.pivots) !== JSON.stringify(pivots)) differences.push(`${where}: other pivots`)
  if (!(error < TOLERANCE)) differences.push(`${where}: x is off by ${error}`)
  if (!((solution.verification?.scaled ?? NaN) < 1))
    differences.push(`${where}: residual ${solution.verification?.scaled}`)
  return differences
}
