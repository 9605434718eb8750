/**
 * A sweep from its options to its table. Invariant: every test that has ended is in the file before the next begins, and
 * a test that is in the file is not run again; failed jobs are. Layer below: the other files of this folder.
 */
import { encodeVariant } from '../../hpl/output.ts'
import { shellQuote } from '../../runtime/base/shell-quote.ts'
import { exitCodeOf } from '../../runtime/launcher/job.ts'
import type { ResultLine } from '../../hpl/results/schema.ts'
import { checkWritable } from '../writable.ts'
import { ResultsFile } from './results-file.ts'
import { runJob } from './job.ts'
import { planTests, type PlannedTest } from './plan.ts'
import { nameOf, outcomeOf } from './progress.ts'
import { showProgress, type Progress } from '../progress.ts'
import { checkSpecification, commandLineSource } from './specification.ts'
import { formatTable, type Row } from './table.ts'
import { TimeLeft, type Work } from './time-left.ts'
import { yamlSource } from './yaml-file.ts'

/**
 * Runs a sweep; prints its progress on standard error and its table on standard output.
 *
 * @param options as yargs gives them
 * @returns the exit code: 0 if every test has passed, 1 if not, 128+n after signal n
 * @throws UsageError for every mistake in the options, the file and the results file
 */
export async function runSweep(options: Readonly<Record<string, unknown>>): Promise<number> {
  const { file, dryRun } = options
  const specification = checkSpecification([
    ...(file === undefined ? [] : [yamlSource(String(file))]),
    commandLineSource(options),
  ])
  const tests = planTests(specification)
  const results = new ResultsFile(specification.output)
  const waiting = tests.filter((test) => !isFinished(results, test))
  if (dryRun === true) {
    process.stdout.write(describePlan(tests, waiting))
    return 0
  }
  checkWritable({ '--output': results.path })
  tell(results, tests, waiting)
  results.repair()
  const signal = await runAll(waiting, tests.length, results)
  const rows = rowsOf(tests, results)
  process.stdout.write(formatTable(rows, { bold: process.stdout.isTTY && process.stdout.hasColors() }))
  process.stdout.write(describeFailures(rows) + `results: ${results.path}\n`)
  if (signal !== undefined) {
    const left = tests.filter((test) => results.of(test) === undefined).length
    process.stderr.write(
      `interrupted with ${left} of ${tests.length} tests to go; the same command goes on from here\n`,
    )
    return exitCodeOf(signal)
  }
  return rows.every(({ lines }) => lines.every(isGood)) ? 0 : 1
}

/** Whether a result is there, and is one to count on. */
export function isGood(line: ResultLine | undefined): boolean {
  return line?.kind === 'test' && ['passed', 'unchecked'].includes(line.test.outcome)
}

/** Whether a test need not be run. */
export function isFinished(results: ResultsFile, test: PlannedTest): boolean {
  return results.of(test)?.kind === 'test'
}

/** Runs what waits, of `total` tests. Returns the signal that interrupted it, if one did. */
export async function runAll(
  waiting: readonly PlannedTest[],
  total: number,
  results: ResultsFile,
): Promise<NodeJS.Signals | undefined> {
  const interrupt = new AbortController()
  const stop = (signal: NodeJS.Signals): void => interrupt.abort(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, stop)
  const progress = showProgress(process.stderr, { done: total - waiting.length, total })
  try {
    await runEach(waiting, { results, progress, interrupt: interrupt.signal })
  } finally {
    progress.stop()
    for (const signal of signals) process.off(signal, stop)
  }
  return interrupt.signal.reason as NodeJS.Signals | undefined
}

interface Surroundings {
  readonly results: ResultsFile
  readonly progress: Progress
  readonly interrupt: AbortSignal
}

async function runEach(waiting: readonly PlannedTest[], { results, progress, interrupt }: Surroundings): Promise<void> {
  const timeLeft = new TimeLeft()
  const work = waiting.map(({ point, ranks }): Work => ({ n: point.n, ranks }))
  for (const [index, test] of waiting.entries()) {
    progress.begin(nameOf(test))
    const line = await runJob(test, interrupt)
    if (line === undefined) return
    results.append(line)
    const solveSeconds = line.kind === 'test' ? (line.test.seconds ?? undefined) : undefined
    timeLeft.add(work[index] as Work, line.sweep?.wallSeconds ?? 0, solveSeconds)
    progress.end(outcomeOf(line), timeLeft.of(work.slice(index + 1)))
  }
}

/** Says what is there already, before the first test. */
export function tell(results: ResultsFile, tests: readonly PlannedTest[], waiting: readonly PlannedTest[]): void {
  const { path, tornBytes } = results
  const notes: string[] = []
  if (tornBytes > 0)
    notes.push(`${path}: the last line is torn (${tornBytes} bytes of a test that was interrupted) and is cut off`)
  const finished = tests.length - waiting.length
  if (finished > 0) notes.push(`${finished} of ${tests.length} tests are finished in ${path} and are not run again`)
  const failed = waiting.filter((test) => results.of(test) !== undefined).length
  if (failed > 0) notes.push(`${failed} of ${tests.length} tests have failed in ${path} and are tried again`)
  process.stderr.write(notes.map((note) => `${note}\n`).join(''))
}

function rowsOf(tests: readonly PlannedTest[], results: ResultsFile): Row[] {
  const first = tests.filter(({ repeat }) => repeat === 1)
  return first.map((test) => ({
    test,
    lines: tests.filter(({ id }) => id === test.id).flatMap((one) => results.of(one) ?? []),
  }))
}

function describeFailures(rows: readonly Row[]): string {
  const reasons = rows.flatMap(({ lines }) =>
    lines.flatMap((line) => {
      const reason = line.kind === 'failure' ? line.reason : line.test.reason
      const { n, nb, p, q } = line.test
      return reason === undefined ? [] : [`N=${n} NB=${nb} ${p}x${q}: ${reason}\n`]
    }),
  )
  return reasons.join('')
}

/** The commands, for --dry-run. */
export function describePlan(tests: readonly PlannedTest[], waiting: readonly PlannedTest[]): string {
  const lines = waiting.map(({ args, point, repeat }) => {
    const name = `N=${point.n} NB=${point.nb} ${point.p}x${point.q} ${encodeVariant(point)} repeat ${repeat}`
    return `${name}: tsmpirun ${args.map(shellQuote).join(' ')}\n`
  })
  return `${lines.join('')}${waiting.length} of ${tests.length} tests would run; nothing was started\n`
}
