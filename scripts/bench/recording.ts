/**
 * What recording costs: messages between two ranks of one host without it, with `--profile` and with `--trace`. A job of
 * each kind runs, and they take turns: while one exchanges messages for half a second, the others wait for their standard
 * input. Noise of the machine that lasts longer than a turn meets all alike, so it cancels in the pairs that are shown:
 * a turn with and the turn without beside it. A turn has fifty parts. Their median tells what a message costs; their mean
 * has also what agents and launcher do for the record, and all else that takes the ranks' cores meanwhile.
 *
 * Two ways of exchanging: `send` and `recv` in turn, and windows of `irecv` and `isend` in both directions.
 *
 * Usage, after `npm run build`: npm run bench:recording -- [--size 1024] [--jobs 3] [--turns 7] [--turn-ms 500]
 * [--modes blocking] [--json FILE]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { quantileSeq } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'
import { JSON_FILE } from './json-file.ts'

const MODES = ['blocking', 'nonblocking'] as const

const options = yargs(hideBin(process.argv))
  .option('size', { type: 'number', default: 1024, describe: 'bytes of a message' })
  .option('jobs', { type: 'number', default: 3, describe: 'jobs of each kind, one after the other' })
  .option('turns', { type: 'number', default: 7, describe: 'turns of each job' })
  .option('turn-ms', { type: 'number', default: 500, describe: 'length of a turn; warming up takes three' })
  .option('modes', { array: true, choices: MODES, default: MODES, describe: 'how messages are exchanged' })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const folder = mkdtempSync(join(os.tmpdir(), 'tsmpi-recording-'))
const kinds = [
  { name: 'without', flags: [] },
  { name: '--profile', flags: ['--profile'] },
  { name: '--trace', flags: ['--trace', join(folder, 'trace.json')] },
]

/** Microseconds of a message. */
interface Turn {
  readonly median: number
  readonly mean: number
}

/** A job that waits for its next turn. */
interface Job {
  /** Makes so many rounds. */
  turn(rounds: number): Promise<Turn>
  end(): Promise<void>
}

console.log(`recording: ${os.cpus()[0]?.model ?? 'unknown'}, ${os.cpus().length} cores, Node ${process.version}`)
try {
  const rows: unknown[] = []
  for (const mode of options.modes) {
    const turns = await measure(mode)
    const of = (kind: number, what: keyof Turn) => turns[kind]?.map((turn) => turn[what])
    for (const [kind, { name }] of kinds.entries())
      rows.push({ group: titleOf(mode), name, values: of(kind, 'median'), means: of(kind, 'mean') })
  }
  const { json, ...rest } = options
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ benchmark: 'recording', unit: 'us', options: rest, rows }, undefined, 2)}\n`) // prettier-ignore
} finally {
  rmSync(folder, { recursive: true })
}

function titleOf(mode: string): string {
  return `${options.size} B, ${mode}`
}

/** @returns by kind the turns of all jobs, one job after the other */
async function measure(mode: string): Promise<Turn[][]> {
  const turns = kinds.map((): Turn[] => [])
  const progress = showProgress(process.stderr, { total: options.jobs, terminalOnly: true })
  for (let job = 0; job < options.jobs; job++) {
    progress.begin(`${mode}, jobs ${job + 1}`)
    for (const [kind, some] of (await measureJobs(mode)).entries()) turns[kind]?.push(...some)
    progress.end()
  }
  progress.stop()
  const table = new Table({
    head: [titleOf(mode), 'us a message', 'cost in pairs', 'quartiles', 'mean', 'cost', 'quartiles', 'pairs'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
  })
  for (const [kind, { name }] of kinds.entries())
    table.push([
      name,
      ...(['median', 'mean'] as const).flatMap((what) => columns(turns, kind, what)),
      turns[kind]?.length,
    ])
  console.log(table.toString())
  return turns
}

/** The middle of all turns; and the cost of recording in pairs of turns: median and quartiles. */
function columns(turns: readonly (readonly Turn[])[], kind: number, what: keyof Turn): string[] {
  const [without = [], times = []] = [turns[0], turns[kind]].map((some) => some?.map((turn) => turn[what]))
  const us = quantile(times, 0.5).toFixed(3)
  if (kind === 0) return [us, '', '']
  const pairs = times.map((time, turn) => time / (without[turn] as number) - 1)
  const [lower, median, upper] = [0.25, 0.5, 0.75].map((share) => (100 * quantile(pairs, share)).toFixed(1))
  return [us, `${median} %`, `${lower} to ${upper} %`]
}

function quantile(values: number[], share: number): number {
  return Number(quantileSeq(values, share))
}

/** By kind and turn. */
async function measureJobs(mode: string): Promise<Turn[][]> {
  const jobs: Job[] = []
  try {
    const rounds: number[] = []
    for (const { flags } of kinds) {
      const job = start(mode, flags)
      jobs.push(job)
      rounds.push(await warmUp(job))
    }
    const turns = kinds.map((): Turn[] => [])
    for (let turn = 0; turn < options.turns; turn++)
      // Forwards and backwards in turn: a machine that gets slower favours nobody.
      for (const kind of turn % 2 === 0 ? [0, 1, 2] : [2, 1, 0])
        turns[kind]?.push(await (jobs[kind] as Job).turn(rounds[kind] as number))
    return turns
  } finally {
    for (const job of jobs) await job.end()
  }
}

/** @returns rounds of a turn */
async function warmUp(job: Job): Promise<number> {
  const turnMs = options['turn-ms']
  const rounds = 40 * turnMs
  const end = performance.now() + 3 * turnMs
  let tookMs = 0
  while (performance.now() < end) {
    const begin = performance.now()
    await job.turn(rounds)
    tookMs = performance.now() - begin
  }
  return Math.ceil((rounds * turnMs) / tookMs)
}

function start(mode: string, flags: readonly string[]): Job {
  const launcher = [root('dist/runtime/launcher/tsmpirun.js'), '-n', '2', ...flags]
  const program = [root('scripts/bench/programs/recorded.ts'), mode, String(options.size)]
  const child = spawn(process.execPath, [...launcher, ...program], { stdio: ['pipe', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    turn: async (rounds) => {
      child.stdin.write(`${rounds}\n`)
      const { value, done } = await answers.next()
      if (done === true) throw new Error(`tsmpirun ${flags.join(' ')} ended:\n${complaint}`)
      const [median = NaN, mean = NaN] = value.split(' ').map(Number)
      return { median, mean }
    },
    end: async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined
      child.stdin.end()
      await ended
    },
  }
}
