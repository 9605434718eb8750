/**
 * What the live view costs: HPL without it, with `--dashboard` while nobody looks, and with a client that reads its stream
 * of events, in jobs that take turns. Each job is compared with the one without in its turn, since a machine is not equally
 * busy all the time.
 *
 * Usage, after `npm run build`: npm run bench:dashboard -- [--n 4000] [--nb 128] [--grid 1x2] [--hosts 1] [--repeats 5]
 * [--json FILE]
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import os from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { max, median, min } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { formatHplDat } from '../../hpl/input.ts'
import { RECOMMENDED, singleTest } from '../../hpl/single-test.ts'
import { JSON_FILE } from './json-file.ts'

const options = yargs(hideBin(process.argv))
  .option('n', { type: 'number', default: 4000, describe: 'order of the matrix' })
  .option('nb', { type: 'number', default: 128, describe: 'block size' })
  .option('grid', { type: 'string', default: '1x2', describe: 'grid, P x Q' })
  .option('hosts', { type: 'number', default: 1, describe: 'emulated hosts' })
  .option('repeats', { type: 'number', default: 5, describe: 'jobs of each kind' })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

const KINDS = ['without', '--dashboard', '--dashboard, watched'] as const
type Kind = (typeof KINDS)[number]

const [p, q] = gridOf(options.grid)
const folder = mkdtempSync(join(os.tmpdir(), 'tsmpi-dashboard-'))
const dat = join(folder, 'HPL.dat')
const seconds = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]))

console.log(`dashboard under HPL, N = ${options.n}: ${os.cpus()[0]?.model ?? 'unknown'}, ${os.cpus().length} cores, Node ${process.version}`) // prettier-ignore
try {
  const point = { ...RECOMMENDED.variant, n: options.n, nb: options.nb, p, q, pmap: 'row' } as const
  writeFileSync(dat, formatHplDat(singleTest(point, RECOMMENDED.settings)))
  for (let turn = 0; turn < options.repeats; turn++) for (const kind of KINDS) seconds.get(kind)?.push(await measure(kind)) // prettier-ignore
} finally {
  rmSync(folder, { recursive: true })
}
console.log(report())
const { json, ...rest } = options
if (json !== undefined) {
  const group = `N = ${options.n}, ${options.grid}`
  const rows = Array.from(seconds, ([name, values]) => ({ group, name, values }))
  writeFileSync(json, `${JSON.stringify({ benchmark: 'dashboard under HPL', unit: 's', options: rest, rows })}\n`)
}

function gridOf(read: string): [number, number] {
  const [, rows, columns] = /^([1-9]\d*)x([1-9]\d*)$/.exec(read) ?? []
  if (rows === undefined) throw new Error(`--grid: read ${JSON.stringify(read)}, expected P x Q such as 1x2`)
  return [Number(rows), Number(columns)]
}

/** Seconds that HPL says it took. @throws Error with what the job said if it fails */
async function measure(kind: Kind): Promise<number> {
  const launcher = fileURLToPath(new URL('../../dist/runtime/launcher/tsmpirun.js', import.meta.url))
  const hosts = options.hosts === 1 ? [] : ['--emulate-hosts', String(options.hosts)]
  const args = [launcher, '-n', String(p * q), ...hosts, ...(kind === 'without' ? [] : ['--dashboard'])]
  const job = spawn(process.execPath, [...args, 'hpl', '--dat', dat], { stdio: ['ignore', 'pipe', 'pipe'] })
  const read = kind === '--dashboard, watched' ? watch(job) : Promise.resolve(1)
  const [stdout, stderr, code, bytes] = await Promise.all([
    text(job.stdout),
    text(job.stderr),
    new Promise((resolve) => job.on('close', resolve)),
    read,
  ])
  const [, took] = /^W[RC]\S+(?:\s+\d+){4}\s+(\S+)/m.exec(stdout) ?? []
  if (code !== 0 || took === undefined) throw new Error(`${kind} ended with ${String(code)}:\n${stdout}${stderr}`)
  if (bytes === 0) throw new Error('the stream of events was empty: nothing was watched')
  return Number(took)
}

/** Reads the stream of events as soon as its address is printed. @returns the bytes read when it has ended */
function watch(job: ChildProcess): Promise<number> {
  let [told, bytes, found] = ['', 0, false]
  return new Promise((resolve) => {
    job.on('close', () => resolve(bytes))
    job.stderr?.on('data', (piece: Buffer) => {
      const [, url] = /dashboard: (\S+)\n/.exec((told += piece.toString())) ?? []
      if (url === undefined || found) return
      found = true
      get(`${url}events`, (stream) => stream.on('data', (event: Buffer) => (bytes += event.length))).on('error', () => undefined) // prettier-ignore
    })
  })
}

/** Medians and ranges, and how much longer each took than the job without in its turn. */
function report(): string {
  const table = new Table({
    head: ['', 'median', 'range', 'cost, median', 'range'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  })
  const base = seconds.get('without') ?? []
  for (const [kind, all] of seconds) {
    const costs = all.map((took, turn) => 100 * (took / (base[turn] as number) - 1))
    const cost = kind === 'without' ? ['', ''] : [`${median(costs).toFixed(1)} %`, `${min(costs).toFixed(1)} to ${max(costs).toFixed(1)} %`] // prettier-ignore
    table.push([kind, `${median(all).toFixed(2)} s`, `${min(all).toFixed(2)} to ${max(all).toFixed(2)} s`, ...cost])
  }
  return table.toString()
}
