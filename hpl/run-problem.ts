/**
 * One problem from generation to residual: what a test of HPL.dat does, without its output.
 */
import { ActivityLog, loggedBlas, loggedGrid } from './activities.ts'
import type { Blas } from './blas/blas.ts'
import type { CrossCheck } from './cross-check.ts'
import { layOut, type Arena, type ProblemSize } from './local-system.ts'
import { factorise } from './lookahead.ts'
import type { DetailedTimes } from './output.ts'
import type { FactoredPanel } from './panel-record.ts'
import type { ProcessGrid } from './process-grid.ts'
import { gatherProfile, type RunProfile } from './profile.ts'
import { allMax, allReduce, broadcast, max } from './reductions.ts'
import { backSubstitute } from './solve.ts'
import { createSolver, type Solver, type Variant } from './solver.ts'
import { PHASES, Timers } from './timers.ts'
import { fillSystem, verify, type Generate, type Verification } from './verify.ts'

/** Everything (global) but the grid, the kernels and the memory. */
export interface Problem {
  readonly grid: ProcessGrid
  readonly blas: Blas
  readonly arena: Arena
  readonly size: ProblemSize
  readonly variant: Variant
  /** Whether to check the solution. */
  readonly check: boolean
  /** Whether to compare x with that of another solver, if N is not too large. */
  readonly crossCheck?: boolean
  /** Order of problems to solve first, untimed, in the same memory; 0 or undefined: none. */
  readonly warmUp?: number
  /** Another matrix than HPL's. */
  readonly generate?: Generate
  /** Clock in seconds; default the process's. */
  readonly now?: () => number
  /** Wall clock; default the system's. */
  readonly date?: () => Date
  /** Looks at the local system: 'factored' after the factorisation, 'solved' after back-substitution. For tests. */
  readonly inspect?: (stage: 'factored' | 'solved', solver: Solver) => void
  /** Called when a panel has been factored and received. For tests. */
  readonly onPanel?: (panel: FactoredPanel, solver: Solver) => void
  /**
   * Gives the arrays of all processes of my column, by process row, if they can reach each other's: then rows change
   * places there, without messages. Collective over the process column.
   */
  readonly shareColumn?: (memory: Float64Array) => Promise<readonly Float64Array[]>
  /** Told, while the clock runs, how many columns are factored after how many seconds. */
  readonly onProgress?: (column: number, seconds: number) => void
}

export interface Solution {
  /** 0, or the 1-based column of the first zero pivot: then there is no x. */
  readonly info: number
  /** Wall time of factorisation and back-substitution, the maximum over the grid. */
  readonly seconds: number
  readonly started: Date
  readonly ended: Date
  /** Time by phase, each the maximum over the grid. */
  readonly phases: DetailedTimes
  /** Where the time of every process went; in process 0 of the grid only. */
  readonly profile: RunProfile | undefined
  /** Undefined if the solution was not checked or there is none. */
  readonly verification: Verification | undefined
  /** In process 0 of the grid, if it was asked for and done. */
  readonly crossCheck: CrossCheck | undefined
}

/** A process of the grid could not allocate its part: the largest row and column that failed. */
export interface NoMemory {
  readonly row: number
  readonly col: number
}

/**
 * Generates, factors, solves and checks. Collective over the grid, and all processes get the same numbers.
 *
 * @returns where memory was short if it was, else the solution
 */
export async function runProblem(problem: Problem): Promise<Solution | NoMemory> {
  const prepared = await prepare(problem)
  if ('row' in prepared) return prepared
  const { memory } = prepared.system
  const shared = await problem.shareColumn?.(memory)
  // This process reaches its own part by the array it knows; kernels remember addresses by array.
  const memories = shared?.with(problem.grid.myrow, memory)
  if (problem.warmUp) await warmUp(problem, problem.warmUp, memories)
  const solver = problem.warmUp || memories ? newSolver(problem, problem.size, memories) : prepared
  const { grid, timers, activities } = solver
  fillSystem(solver, problem.generate)
  // Nobody starts the clock before all have got this far; as in netlib, a broadcast rather than a barrier.
  await broadcast(grid.all, new Float64Array(1))

  const date = problem.date ?? (() => new Date())
  const started = date()
  const began = timers.now()
  activities.start(began)
  const info = await factorise(solver)
  problem.inspect?.('factored', solver)
  if (info === 0) await backSubstitute(solver)
  const stopped = timers.now()
  activities.stop(stopped)
  const seconds = stopped - began
  const ended = date()
  problem.inspect?.('solved', solver)

  const times = Float64Array.of(seconds, ...PHASES.map((phase) => timers[phase]))
  await allReduce(grid.all, times, max)
  const phases = Object.fromEntries(PHASES.map((phase, k) => [phase, times[k + 1]])) as unknown as DetailedTimes
  const profile = await gatherProfile(solver)
  const verification = problem.check && info === 0 ? await verify(solver, problem.generate) : undefined
  const crossCheck = problem.crossCheck && info === 0 ? await compared(solver, problem.generate) : undefined
  return { info, seconds: times[0], started, ended, phases, profile, verification, crossCheck }
}

/** The comparison with another solver, which is loaded only here. Collective. */
async function compared(solver: Solver, generate?: Generate): Promise<CrossCheck | undefined> {
  const { n } = solver.system
  const { crossCheck, CROSS_CHECK_MOST } = await import('./cross-check.ts')
  return n === 0 || n > CROSS_CHECK_MOST ? undefined : crossCheck(solver, generate)
}

/** Warming up ends when it has taken so many seconds and the quickest solve is so many ago; at the latest after so many. */
const WARM_UP_SECONDS = 2
const SOLVES_WITHOUT_GAIN = 4
const MOST_SOLVES = 32

/**
 * Solves small problems until they get no quicker, so that the engine has compiled the solver before the clock starts: its
 * compiler threads take their time from the ranks. N = 8000 on a 2 x 2 grid of two cores: after 3 solves of order 1000 it
 * compiled for 0.39 s of the 5.5 s of processor time of the test, after 20 for 0.10 s. On a noisy machine the quickest of
 * a few is an accident, hence the seconds. Collective over the grid.
 */
async function warmUp(problem: Problem, n: number, memories: readonly Float64Array[] | undefined): Promise<void> {
  let best = Infinity
  let quickest = 0
  let elapsed = 0
  for (let k = 1; k <= MOST_SOLVES; k++) {
    const seconds = await warmUpSolve(problem, n, memories)
    if (seconds < 0.97 * best) quickest = k
    best = Math.min(best, seconds)
    elapsed += seconds
    if (elapsed >= WARM_UP_SECONDS && k - quickest >= SOLVES_WITHOUT_GAIN) break
  }
}

/** Seconds that a small problem took, the same in all processes. */
async function warmUpSolve(problem: Problem, n: number, memories?: readonly Float64Array[]): Promise<number> {
  const solver = { ...newSolver(problem, { ...problem.size, n }, memories), onPanel: undefined, onProgress: undefined }
  fillSystem(solver, problem.generate)
  const began = solver.timers.now()
  if ((await factorise(solver)) === 0) await backSubstitute(solver)
  return allMax(solver.grid.all, solver.timers.now() - began)
}

function newSolver(problem: Problem, size: ProblemSize, memories?: readonly Float64Array[]): Solver {
  const { grid, blas, arena, variant, now, onPanel, onProgress } = problem
  const timers = new Timers(now)
  const activities = new ActivityLog(timers.now)
  const system = layOut(size, grid, arena, { inPlace: problem.shareColumn !== undefined })
  return createSolver({
    grid: loggedGrid(grid, activities),
    blas: loggedBlas(blas, activities),
    system,
    ...(memories && { columnMemory: { memories, lda: system.lda, nb: system.nb } }),
    variant,
    timers,
    activities,
    onPanel,
    onProgress: onProgress && ((column) => onProgress(column, activities.elapsed)),
  })
}

/** Allocates, and agrees with the others on whether all could. */
async function prepare(problem: Problem): Promise<Solver | NoMemory> {
  const { grid, arena, size } = problem
  const failed = new Float64Array(3)
  let solver: Solver | undefined
  try {
    solver = newSolver(problem, size)
  } catch {
    // Whatever the reason that memory gives: the test is skipped, and the report says where.
    failed.set([1, grid.myrow, grid.mycol])
  }
  await allReduce(grid.all, failed, max)
  if (solver !== undefined && failed[0] === 0) return solver
  arena.release()
  return { row: failed[1], col: failed[2] }
}
