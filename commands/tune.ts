/**
 * `tsmpi tune`: measures the collectives of this cluster, by the built-in program of that name, and keeps the table that
 * tsmpirun chooses algorithms by from then on.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CommandModule } from 'yargs'
import type { Point } from '../collectives/tuning/measure.ts'
import { tryToWrite } from '../runtime/base/try-to-write.ts'
import type { TuningFile } from '../runtime/base/tuning.ts'
import { defaultTuningFile } from '../runtime/launcher/selection.ts'
import { textTable } from '../runtime/launcher/text-table.ts'
import { UsageError } from '../runtime/launcher/usage-error.ts'
import { runJsonJob } from './json-job.ts'
import { LAUNCHER_OPTIONS, launcherArguments } from './launcher-options.ts'
import { showProgress, type Pieces, type Progress } from './progress.ts'

type Measured = TuningFile & { readonly points: readonly Point[] }

interface TuneOptions {
  readonly n?: string | undefined
  readonly output?: string | undefined
  readonly nbytes?: string | undefined
  readonly runMs?: number | undefined
}

export const tuneCommand: CommandModule = {
  command: 'tune',
  describe: 'Measure the collectives on this cluster and keep the quickest algorithms',
  builder: (command) =>
    command
      .usage('tsmpi tune [-n N] [options]\n\nMeasures every algorithm of every collective on N ranks.')
      .options({
        n: { alias: 'np', type: 'string', requiresArg: true, describe: 'Number of ranks' },
        output: {
          alias: 'o',
          type: 'string',
          requiresArg: true,
          describe: `File for the table [default: ${defaultTuningFile()}, which tsmpirun uses]`,
        },
        nbytes: { type: 'string', requiresArg: true, describe: 'Lengths to measure: 8,4096,1048576' },
        'run-ms': { type: 'number', requiresArg: true, describe: 'Milliseconds for a run of calls [default: 10]' },
        ...LAUNCHER_OPTIONS,
      })
      .example('$0 tune -n 4', 'this machine, for all later jobs')
      .example('$0 tune -f hosts -o lab.json', 'a cluster; use it with tsmpirun --tuning lab.json'),
  handler: async (options) => {
    process.exitCode = await tune(options as TuneOptions)
  },
}

async function tune(options: TuneOptions): Promise<number> {
  const output = options.output ?? defaultTuningFile()
  const measure = { ...lengths(options.nbytes), ...runMs(options.runMs) }
  const ranks = options.n === undefined ? [] : ['-n', options.n]
  const launcher = launcherArguments(options as Readonly<Record<string, unknown>>)
  makeReady(output)
  // Built-in rules and all algorithms are compared: an older table must not choose.
  const args = [...ranks, ...launcher, '--tuning', 'none', 'tune', JSON.stringify(measure)]
  const { code, file } = await measured(args)
  if (file === undefined) return code === 0 ? 1 : code
  writeFileSync(output, `${JSON.stringify(file, undefined, 2)}\n`)
  process.stdout.write(`${table(file.points)}\nwritten to ${output}\n`)
  return 0
}

/** The measurements take minutes: a table that cannot be written is told before. @throws UsageError that says why */
function makeReady(output: string): void {
  try {
    mkdirSync(dirname(output), { recursive: true })
    tryToWrite(output)
  } catch (error) {
    throw new UsageError([`--output: cannot write ${JSON.stringify(output)}: ${(error as Error).message}`])
  }
}

/** Runs the job, with a bar; without a file if it fails. */
async function measured(args: readonly string[]): Promise<{ code: number; file?: Measured }> {
  let file: Measured | undefined
  let progress: Progress | undefined
  const onLine = (line: Readonly<Record<string, unknown>>): void => {
    if ('file' in line) file = line['file'] as Measured
    if (!('progress' in line)) return progress?.end()
    const { name, ...pieces } = line['progress'] as Pieces & { readonly name: string }
    progress?.end()
    progress ??= showProgress(process.stderr, pieces)
    progress.begin(name)
  }
  const code = await runJsonJob(args, { onLine, onComplaint: (text) => void process.stderr.write(text) })
  progress?.stop()
  return { code, ...(code === 0 && file !== undefined && { file }) }
}

function lengths(list: string | undefined): { nbytes?: number[] } {
  if (list === undefined) return {}
  const nbytes = list.split(',').map(Number)
  if (!nbytes.every((n) => Number.isInteger(n) && n > 0))
    throw new UsageError([`--nbytes is ${JSON.stringify(list)}, expected lengths in bytes such as 8,4096,1048576`])
  return { nbytes: nbytes.sort((a, b) => a - b) }
}

function runMs(value: number | undefined): { runMs?: number } {
  if (value === undefined) return {}
  if (!(value > 0)) throw new UsageError([`--run-ms is ${value}, expected milliseconds above 0`])
  return { runMs: value }
}

/** A row for each point: the times in microseconds, quickest first. */
function table(points: readonly Point[]): string {
  const rows = points.map(({ collective, size, nbytes, us }) => {
    const times = Object.entries(us).sort(([, a], [, b]) => a - b)
    const shown = times.map(([name, time]) => `${name} ${time < 100 ? time.toFixed(1) : Math.round(time)}`)
    return [collective, String(size), String(nbytes), folded(shown)]
  })
  return textTable(['collective', 'ranks', 'bytes', 'microseconds, quickest first'], rows, [14, 5, 9])
}

/** Most characters of the last column, so that a row fits 80. */
const TIMES_WIDTH = 40

/** Items on as many lines as they need. */
function folded(items: readonly string[]): string {
  return items.reduce((text, item) => {
    const fits = text.length - text.lastIndexOf('\n') + item.length < TIMES_WIDTH
    return `${text},${fits ? ' ' : '\n'}${item}`
  })
}
