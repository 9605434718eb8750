/**
 * All tests of an HPL.dat, in netlib's order, with netlib's output. The input is checked already; the text goes to the
 * one process that prints. Layer below: run-problem.ts, output.ts.
 */
import { Grid } from '../collectives/topology/grid.ts'
import type { Intracomm } from '../collectives/intracomm.ts'
import { invariant } from '../runtime/base/errors.ts'
import type { Blas } from './blas/blas.ts'
import type { CrossCheck } from './cross-check.ts'
import { explain } from './explain.ts'
import { Arena } from './local-system.ts'
import { hplError, memoryAllocationFailed, solveFailed } from './messages.ts'
import * as output from './output.ts'
import type { BroadcastTopology, Factorisation, GridShape, HplParameters, Mapping } from './parameters.ts'
import type { RankProfile } from './profile.ts'
import { runProblem, type NoMemory, type Problem, type Solution } from './run-problem.ts'
import type { Variant } from './solver.ts'
import type { Verification } from './verify.ts'

export interface HplRun {
  readonly world: Intracomm
  /** (global) what HPL.dat asks for. */
  readonly parameters: HplParameters
  readonly blas: Blas
  /** Writes a piece of the report; called on world rank 0 only, as soon as the piece is known. */
  readonly print: (text: string) => void | Promise<void>
  /** Whether the report says where the time went; default false. */
  readonly detailedTiming?: boolean
  /** Whether a table of where the time went follows each test; default false. */
  readonly explain?: boolean
  /** Whether tests of every order are preceded by solves that are not timed; default: from N = 2000 on. */
  readonly warmUp?: boolean
  /** Whether x is compared with the solution of another solver; default false. */
  readonly crossCheck?: boolean
  /** Takes netlib's lines of progress while a test runs; called on world rank 0 only. */
  readonly progress?: (line: string) => void
  /** Told how far a test is, and how many 10^9 flops a second it has done so far; called on world rank 0 only. */
  readonly onStep?: (point: TestPoint, step: output.Progress) => void
  /** Told of each test when it has ended and its report is printed; called on world rank 0 only. */
  readonly onTest?: (test: TestRecord) => void
  /** Lets processes of a host reach each other's matrix, so that row interchanges need no messages; default: they do not. */
  readonly sharedArrays?: SharedArrays
  /** Whether rows are exchanged in sections, each while the one before is worked on; default false. */
  readonly split?: boolean
  /** Text that follows the head of the report. */
  readonly note?: string
  /** Clock in seconds, wall clock; default those of the process. */
  readonly now?: () => number
  readonly date?: () => Date
}

/** The arrays of all ranks of a communicator, in memory that all of them reach; undefined if they do not. */
export type SharedArrays = (comm: Intracomm, array: Float64Array) => Promise<readonly Float64Array[] | undefined>

/** One point of the sweep. */
export interface TestPoint {
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
  readonly pmap: Mapping
  readonly depth: number
  readonly bcast: BroadcastTopology
  readonly rfact: Factorisation
  readonly pfact: Factorisation
  readonly nbmin: number
  readonly ndiv: number
}

/** How a test ended, with its numbers if it got that far. */
export interface TestRecord extends TestPoint {
  readonly outcome: 'passed' | 'failed' | 'unchecked' | 'skipped'
  /** Why a test was skipped. */
  readonly reason?: string
  readonly seconds?: number
  readonly gflops?: number
  /** Seconds by phase, each the maximum over the grid. */
  readonly phases?: output.DetailedTimes
  /** Where the time of each process of the grid went; on world rank 0 only. */
  readonly ranks?: readonly RankProfile[]
  /** How x compares with that of another solver; on world rank 0 only, if it was asked for and done. */
  readonly crossCheck?: CrossCheck
  /** Scaled residual and the norms behind it. */
  readonly verification?: Verification
}

export interface HplReport extends output.Tally {
  /** The tests that this process took part in, in order; world rank 0 has all. */
  readonly tests: readonly TestRecord[]
}

/** From this order on, the first test on a grid is preceded by solves of the other order, which are not timed. */
const WARM_UP_FROM = 2000
const WARM_UP_ORDER = 1000

/** Runs all tests. Collective over the world. */
export async function runHpl(run: HplRun): Promise<HplReport> {
  const { world, parameters } = run
  const tests: TestRecord[] = []
  const arena = new Arena(run.blas)
  if (world.rank === 0) await run.print(output.header(parameters) + (run.note ?? ''))
  for (const shape of parameters.grids) {
    const grid = await Grid.create(world, { nprow: shape.p, npcol: shape.q, order: parameters.pmap })
    if (grid === undefined) continue
    let warm = false
    for (const point of testsOn(shape, parameters)) {
      const cold: boolean = !warm && (point.n >= WARM_UP_FROM || run.warmUp === true)
      const warmUp: number = cold ? Math.min(WARM_UP_ORDER, point.n) : 0
      tests.push(await runTest(run, grid, arena, point, { done: tests.length, warmUp }))
      warm ||= warmUp > 0
    }
    grid.free()
  }
  arena.release()
  const tally = count(tests)
  if (world.rank === 0) await run.print(output.summary(parameters.threshold, tally, run.detailedTiming))
  return { ...tally, tests }
}

/** All tests on one grid: N outermost, then NB, DEPTH, BCAST, RFACT, PFACT, NBMIN, NDIV. */
function* testsOn({ p, q }: GridShape, parameters: HplParameters): Generator<TestPoint> {
  const { pmap } = parameters
  for (const n of parameters.n)
    for (const nb of parameters.nb)
      for (const depth of parameters.depth)
        for (const bcast of parameters.bcast)
          for (const rfact of parameters.rfact)
            for (const pfact of parameters.pfact)
              for (const nbmin of parameters.nbmin)
                for (const ndiv of parameters.ndiv) yield { n, nb, p, q, pmap, depth, bcast, rfact, pfact, nbmin, ndiv }
}

interface Before {
  /** Tests before this one. */
  readonly done: number
  /** Order of the problems to warm up with, 0 for none. */
  readonly warmUp: number
}

async function runTest(
  run: HplRun,
  grid: Grid,
  arena: Arena,
  point: TestPoint,
  { done, warmUp }: Before,
): Promise<TestRecord> {
  const { blas, parameters, sharedArrays, split = false, now, date } = run
  const { swap, swapThreshold, l1, u, equilibrate, align, threshold } = parameters
  const { n, nb, depth, bcast, rfact, ndiv, pfact, nbmin } = point
  const variant: Variant = { depth, bcast, rfact, ndiv, pfact, nbmin, swap, swapThreshold, l1, u, equilibrate, split }
  const result = await runProblem({
    grid,
    blas,
    arena,
    size: { n, nb, depth, align },
    variant,
    warmUp,
    check: threshold > 0,
    crossCheck: run.crossCheck === true,
    ...progressOf(run, point),
    ...(sharedArrays && grid.column.hosts.count === 1 && { shareColumn: sharing(grid.column, sharedArrays) }),
    ...(now && { now }),
    ...(date && { date }),
  })
  const record = 'row' in result ? skippedForMemory(point, result) : recordOf(point, result, threshold)
  if (run.world.rank === 0) {
    await run.print(reportOf(run, record, result, done))
    if (!('row' in result)) await printExtras(run, record, result)
    run.onTest?.(record)
  }
  return record
}

/** All processes of the column are on one host, so the arrays that its kernels allocate are shared. */
function sharing(
  column: Intracomm,
  sharedArrays: SharedArrays,
): (memory: Float64Array) => Promise<readonly Float64Array[]> {
  return async (memory) => {
    const memories = await sharedArrays(column, memory)
    invariant(memories !== undefined, 'ranks of one host do not share the memory of their matrices')
    return memories
  }
}

function skippedForMemory(point: TestPoint, { row, col }: NoMemory): TestRecord {
  return { ...point, outcome: 'skipped', reason: memoryAllocationFailed(row, col).text }
}

function recordOf(point: TestPoint, solution: Solution, threshold: number): TestRecord {
  const { info, seconds, phases, verification, profile, crossCheck } = solution
  const extras = { ...(profile && { ranks: profile.ranks }), ...(crossCheck && { crossCheck }) }
  const numbers = { ...point, seconds, gflops: output.gflops(point.n, seconds), phases, ...extras }
  if (!(threshold > 0)) return { ...numbers, outcome: 'unchecked' }
  if (verification === undefined) return { ...numbers, outcome: 'skipped', reason: solveFailed(info).text }
  const outcome = output.passes(verification.scaled, threshold) ? 'passed' : 'failed'
  return { ...numbers, outcome, verification }
}

/** Tells how far a test is, netlib's lines among others, if somebody wants to know. */
function progressOf({ world, progress, onStep }: HplRun, point: TestPoint): Pick<Problem, 'onProgress'> {
  if ((progress === undefined && onStep === undefined) || world.rank !== 0) return {}
  const { n } = point
  return {
    onProgress: (column, seconds) => {
      const step = { column, n, gflops: output.progressGflops(n, column, seconds) }
      progress?.(output.progressLine(step))
      onStep?.(point, step)
    },
  }
}

/** What netlib does not have, after what it prints of a test. */
async function printExtras(run: HplRun, record: TestRecord, { crossCheck, profile }: Solution): Promise<void> {
  if (run.crossCheck === true) {
    const { crossCheckLines } = await import('./cross-check.ts')
    await run.print(crossCheckLines(record.n, crossCheck))
  }
  if (run.explain === true && profile !== undefined)
    await run.print(await explain(profile, { ...record, blas: run.blas.kind }))
}

/** What is printed of a test. */
function reportOf(run: HplRun, record: TestRecord, result: Solution | NoMemory, done: number): string {
  const { threshold } = run.parameters
  if ('row' in result) return hplError({ rank: 0, ...memoryAllocationFailed(result.row, result.col) })
  const { seconds, started, ended, phases, info, verification } = result
  let text = threshold > 0 || done === 0 ? output.tableHead() : ''
  if (seconds > 0) text += output.resultLine({ ...record, seconds, gflops: output.gflops(record.n, seconds) })
  text += output.startEndTime('start', started) + output.startEndTime('end', ended)
  if (run.detailedTiming === true) text += output.detailedTiming(phases, threshold)
  if (!(threshold > 0)) return text
  if (verification === undefined) return text + hplError({ rank: 0, ...solveFailed(info) })
  return text + output.residualLines(verification.scaled, threshold, verification)
}

function count(tests: readonly TestRecord[]): output.Tally {
  const ended = (...outcomes: TestRecord['outcome'][]): number =>
    tests.filter(({ outcome }) => outcomes.includes(outcome)).length
  return { passed: ended('passed', 'unchecked'), failed: ended('failed'), skipped: ended('skipped') }
}
