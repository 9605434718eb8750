/**
 * What recording costs: a message between two ranks of one host without it, with `--profile` and with `--trace`, in jobs
 * that take turns. Shown are the best and the median of all times; and the cost, by the median of each job beside that of
 * the job without which ran just before: the median of these pairs, and their quartiles.
 *
 * Usage, after `npm run build`: npm run bench:recording -- [--sizes 1024] [--repeats 11]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { min, quantileSeq } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'

/** Times that one job takes of each size. */
const TIMES = 10

const options = yargs(hideBin(process.argv))
  .option('sizes', { type: 'number', array: true, default: [1024], describe: 'message sizes in bytes' })
  .option('repeats', { type: 'number', default: 11, describe: 'jobs of each kind' })
  .strict()
  .parseSync()

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const folder = mkdtempSync(join(os.tmpdir(), 'tsmpi-recording-'))
const kinds = [
  { name: 'without', flags: [] },
  { name: '--profile', flags: ['--profile'] },
  { name: '--trace', flags: ['--trace', join(folder, 'trace.json')] },
]

console.log(`recording: ${os.cpus()[0]?.model ?? 'unknown'}, ${os.cpus().length} cores, Node ${process.version}`)
try {
  for (const nbytes of options.sizes) report(nbytes)
} finally {
  rmSync(folder, { recursive: true })
}

function report(nbytes: number): void {
  /** By kind and job. */
  const times = kinds.map((): number[][] => [])
  const progress = showProgress(process.stderr, { total: options.repeats * kinds.length, terminalOnly: true })
  for (let job = 0; job < options.repeats; job++)
    for (const [kind, { name, flags }] of kinds.entries()) {
      progress.begin(`${nbytes} B, ${name}`)
      times[kind]?.push(measure(nbytes, flags))
      progress.end()
    }
  progress.stop()
  const table = new Table({
    head: [`${nbytes} B one way`, 'best', 'median', 'cost in pairs', 'quartiles'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  })
  const [without = []] = times
  for (const [kind, { name }] of kinds.entries()) {
    const all = times[kind]?.flat() ?? []
    table.push([
      name,
      us(min(all)),
      us(quantile(all, 0.5)),
      ...(kind === 0 ? ['', ''] : costs(times[kind] ?? [], without)),
    ])
  }
  console.log(table.toString())
}

/** The cost of recording in pairs of jobs: median and quartiles. */
function costs(jobs: readonly number[][], without: readonly number[][]): [string, string] {
  const pairs = jobs.map((job, pair) => quantile(job, 0.5) / quantile(without[pair] ?? [], 0.5) - 1)
  const [lower, median, upper] = [0.25, 0.5, 0.75].map((share) => (100 * quantile(pairs, share)).toFixed(1))
  return [`${median} %`, `${lower} to ${upper} %`]
}

function quantile(values: number[], share: number): number {
  return Number(quantileSeq(values, share))
}

function us(value: number): string {
  return `${value.toFixed(3)} us`
}

/** Microseconds of a message, as often as one job finds out. @throws Error with what the job said if it fails */
function measure(nbytes: number, flags: readonly string[]): number[] {
  const sizes = Array.from({ length: TIMES }, () => nbytes).join(',')
  const launcher = [root('dist/runtime/launcher/tsmpirun.js'), '-n', '2', ...flags]
  const program = [root('scripts/bench/programs/messages.ts'), 'latency', sizes, 'plain']
  const { status, stdout, stderr } = spawnSync(process.execPath, [...launcher, ...program], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tsmpirun ${flags.join(' ')} ended with ${status}:\n${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => (JSON.parse(line) as { us: number }).us)
}
