/**
 * `tsmpi tune`: measures the collectives of this cluster, by the built-in program of that name, and keeps the table that
 * tsmpirun chooses algorithms by from then on.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { CommandModule } from 'yargs'
import type { Point } from '../collectives/tuning/measure.ts'
import type { TuningFile } from '../runtime/base/tuning.ts'
import { defaultTuningFile } from '../runtime/launcher/selection.ts'
import { EXIT_USAGE, UsageError } from '../runtime/launcher/usage-error.ts'
import { LAUNCHER_OPTIONS, launcherArguments } from './launcher-options.ts'

const TSMPIRUN = fileURLToPath(
  new URL(`../runtime/launcher/tsmpirun.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
)

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
  // Built-in rules and all algorithms are compared: an older table must not choose.
  const args = [...ranks, ...launcher, '--tuning', 'none', 'tune', JSON.stringify(measure)]
  const { code, stdout } = await tsmpirun(args)
  if (code !== 0) return code
  const file = JSON.parse(stdout) as Measured
  mkdirSync(dirname(output), { recursive: true })
  writeFileSync(output, stdout)
  process.stdout.write(`${table(file.points)}\nwritten to ${output}\n`)
  return 0
}

async function tsmpirun(args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const child = spawn(process.execPath, [...process.execArgv, TSMPIRUN, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [code, stdout] = await Promise.all([
    new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? EXIT_USAGE))),
    text(child.stdout),
  ])
  return { code, stdout }
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

/** A line for each point: the times in microseconds, quickest first. */
function table(points: readonly Point[]): string {
  const heading = 'collective     ranks     bytes  microseconds, quickest first'
  const lines = points.map(({ collective, size, nbytes, us }) => {
    const times = Object.entries(us).sort(([, a], [, b]) => a - b)
    const shown = times.map(([name, time]) => `${name} ${time < 100 ? time.toFixed(1) : Math.round(time)}`)
    return `${collective.padEnd(14)} ${String(size).padStart(5)} ${String(nbytes).padStart(9)}  ${shown.join(', ')}`
  })
  return [heading, ...lines].join('\n')
}
