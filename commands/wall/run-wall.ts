/**
 * The wall from its options to its report. Invariant: as in a sweep, every test that has ended is in the file before the
 * next begins, and what is in the file is not run again. Layer below: the other files of this folder, sweep/.
 */
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { ResultLine } from '../../hpl/results/schema.ts'
import { exitCodeOf } from '../../runtime/launcher/job.ts'
import { ResultsFile } from '../sweep/results-file.ts'
import { describePlan, isFinished, isGood, runAll, tell } from '../sweep/run-sweep.ts'
import { checkWritable } from '../writable.ts'
import { findingsOf } from './findings.ts'
import { planWall, runOrder } from './plan.ts'
import { formatReport } from './report.ts'
import { completeSettings, type Chosen, type WallOptions } from './settings.ts'

/** Options of a test that go on as they are. */
export const PASSED = [
  'blas',
  'blas-library',
  'timeout',
  'agent-command',
  'ssh-command',
  'interface',
  'ports',
  'encryption',
] as const

export interface WallCommandOptions extends WallOptions {
  readonly output: string
  /** '' for none. */
  readonly svg: string
  readonly dryRun: boolean
}

/**
 * Measures, prints and draws the wall: progress on standard error, the report on standard output.
 *
 * @returns the exit code: 0 if every test has passed, 1 if not, 128+n after signal n
 * @throws UsageError for every mistake in the options and the results file
 */
export async function runWall(options: Readonly<Record<string, unknown>> & WallCommandOptions): Promise<number> {
  const { output, svg, dryRun } = options
  const passed = Object.fromEntries(PASSED.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])))
  const results = new WallFile(output)
  const { settings, chosen } = await completeSettings(options, passed, results.chosen)
  results.chosen = chosen
  const questions = planWall(settings)
  const tests = runOrder(questions)
  const waiting = tests.filter((test) => !isFinished(results, test))
  if (dryRun) {
    process.stdout.write(describePlan(tests, waiting))
    return 0
  }
  checkWritable({ '--output': output, '--svg': svg })
  tell(results, tests, waiting)
  results.repair()
  const signal = await runAll(waiting, tests.length, results)
  if (tests.some((test) => results.of(test) !== undefined)) {
    const findings = findingsOf(settings, questions, (test) => results.of(test))
    process.stdout.write(formatReport(settings, findings))
    process.stdout.write(`\nresults: ${output}\n`)
    if (svg !== '') {
      const { drawSvg } = await import('./svg.ts')
      writeFileSync(svg, drawSvg(settings, tests.flatMap((test) => results.of(test) ?? []))) // prettier-ignore
      process.stdout.write(`drawing: ${svg}\n`)
    }
  }
  if (signal === undefined) return tests.every((test) => isGood(results.of(test))) ? 0 : 1
  const left = tests.filter((test) => results.of(test) === undefined).length
  process.stderr.write(`interrupted with ${left} of ${tests.length} tests to go; the same command goes on from here\n`)
  return exitCodeOf(signal)
}

/** Results with what was chosen when the file was begun, so that the same command asks the same questions again. */
class WallFile extends ResultsFile {
  chosen: Chosen | undefined

  constructor(path: string) {
    super(path)
    this.chosen = chosenSchema.safeParse(this.last?.['wall']).data
  }

  override append(line: ResultLine): void {
    super.append({ ...line, wall: this.chosen })
  }
}

const chosenSchema = z.object({ rate: z.number(), n: z.array(z.number()).min(1), links: z.array(z.string()).min(1) })
