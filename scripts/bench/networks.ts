/**
 * An emulated network beside a real one at the same rate: the same traffic through `--emulate` and through the network
 * namespaces of scripts/netlab, in turns. Shown are medians and ranges of all repeats, what the rate allows, and the
 * ratio of the lower quartiles: both without what held them up, and without what happened to be lucky once. Ping-pong, ring
 * shift, incast and Linpack have to agree: the exit code is 1 if one of their ratios is further than --tolerance from 1.
 *
 * Namespaces shape rate, not delay: so the emulation has no latency of its own here either. The comparison holds as long as
 * the processor keeps up with the link: two cores do at 100 Mbit/s, and at 1 Gbit/s only if they are idle otherwise.
 *
 * Usage, after `npm run build`: npm run bench:networks -- [--rate 100mbe] [--hosts 3] [--mib 2] [--n 1000] [--rounds 3]
 * [--tolerance 0.1] [--json FILE]. Needs what scripts/netlab needs.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { max, median, min } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'

const options = yargs(hideBin(process.argv))
  .usage('$0\n\nThe same traffic through --emulate and through network namespaces')
  .option('rate', {
    choices: ['100mbe', '1gbe', '2.5gbe', '5gbe', '10gbe'],
    default: '100mbe',
    describe: 'link of each host',
  })
  .option('hosts', { type: 'number', default: 3, describe: 'hosts, at least 3' })
  .option('mib', { type: 'number', default: 2, describe: 'size of large messages in MiB' })
  .option('n', { type: 'number', default: 1000, describe: 'order of the matrix for HPL' })
  .option('rounds', { type: 'number', default: 3, describe: 'turns of each network' })
  .option('repeats', { type: 'number', default: 5, describe: 'repeats in a turn' })
  .option('tolerance', { type: 'number', default: 0.1, describe: 'largest difference that counts as agreement' })
  .option('json', { type: 'string', describe: 'file for the results' })
  .strict()
  .parseSync()

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const NETLAB = root('scripts/netlab')
const TSMPIRUN = root('dist/runtime/launcher/tsmpirun.js')
const TRAFFIC = root('scripts/bench/programs/networks.ts')
const LARGE = options.mib << 20
const BYTES_PER_MS: Readonly<Record<string, number>> = {
  '100mbe': 12_500,
  '1gbe': 125_000,
  '2.5gbe': 312_500,
  '5gbe': 625_000,
  '10gbe': 1_250_000,
}
const PAYLOAD_BYTES_PER_MS = (BYTES_PER_MS[options.rate] as number) * (1448 / 1538)

interface Row {
  readonly name: string
  /** Arguments of tsmpirun after the hosts. */
  readonly args: readonly string[]
  /** The least that the rate allows, in ms; undefined if it says nothing. */
  readonly leastMs: number | undefined
  /** False: shown, but need not agree. */
  readonly judged: boolean
  readonly emulated: number[]
  readonly namespaces: number[]
}

// Inside `netlab run`, so that nothing stays behind whatever becomes of us.
if (process.env.TSMPI_NETLAB === undefined) {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const { status } = spawnSync(NETLAB, ['run', String(options.hosts), options.rate, '--', ...command], {
    stdio: 'inherit',
    env: { ...process.env, TSMPI_NETLAB: '1' },
  })
  process.exit(status ?? 1)
}

const folder = mkdtempSync(join(os.tmpdir(), 'tsmpi-networks-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'HPL.dat'), inputOf(options.n, options.hosts))

const hosts = Array.from({ length: options.hosts }, (_, i) => `n${i + 1}:1`).join(',')
const NETWORKS = {
  emulated: ['--emulate-hosts', String(options.hosts), '--emulate', `${options.rate},latency=0 us`],
  namespaces: ['-H', hosts, '--agent-command', `${NETLAB} exec {host}`],
} as const

const machine = { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version }
console.log(
  `networks: ${options.hosts} hosts at ${options.rate}; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`,
)
const rows = [
  row('16 KiB, half round trip', ['ping-pong', 16 << 10], (16 << 10) / PAYLOAD_BYTES_PER_MS),
  row(`${options.mib} MiB, one way`, ['ping-pong', LARGE], LARGE / PAYLOAD_BYTES_PER_MS),
  row(`${options.mib} MiB ring shift`, ['shift', LARGE], LARGE / PAYLOAD_BYTES_PER_MS),
  row(`${options.mib} MiB incast`, ['incast', LARGE], ((options.hosts - 1) * LARGE) / PAYLOAD_BYTES_PER_MS),
  { ...row(`HPL N=${options.n}, 1 x ${options.hosts}`, ['hpl', 0], undefined), args: ['hpl'] },
  { ...row(`(1 B, half round trip)`, ['ping-pong', 1], undefined), judged: false },
  { ...row(`(${options.mib} MiB both ways)`, ['exchange', LARGE], LARGE / PAYLOAD_BYTES_PER_MS), judged: false },
  { ...row('(1 B beside bulk, half round trip)', ['under-load', 3 * LARGE], undefined), judged: false },
]
const progress = showProgress(process.stderr, { total: options.rounds * rows.length * 2, terminalOnly: true })
for (let round = 0; round < options.rounds; round++)
  for (const each of rows)
    for (const network of ['emulated', 'namespaces'] as const) {
      progress.begin(`${each.name}, ${network}`)
      each[network].push(...measure(NETWORKS[network], each.args))
      progress.end()
    }
progress.stop()
report()

function row(name: string, [pattern, nbytes]: readonly [string, number], leastMs: number | undefined): Row {
  return {
    name,
    args: [TRAFFIC, pattern, String(nbytes), String(options.repeats)],
    leastMs,
    judged: true,
    emulated: [],
    namespaces: [],
  }
}

/** Times of one job in ms. @throws Error with what it said if it fails */
function measure(network: readonly string[], args: readonly string[]): number[] {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [TSMPIRUN, '-n', String(options.hosts), ...network, ...args],
    { encoding: 'utf8', cwd: folder },
  )
  if (status !== 0) throw new Error(`tsmpirun ${network.join(' ')} ${args.join(' ')} ended with ${status}:\n${stderr}`)
  if (args[0] !== 'hpl') return (JSON.parse(stdout) as { ms: number[] }).ms
  return [...stdout.matchAll(/^W\S+ +\d+ +\d+ +\d+ +\d+ +([\d.]+)/gm)].map(([, seconds]) => Number(seconds) * 1000)
}

function report(): void {
  const table = new Table({
    head: [options.rate, 'emulated, ms', 'namespaces, ms', 'ratio', 'least, ms'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  })
  for (const each of rows) {
    const least = each.leastMs === undefined ? '' : digits(each.leastMs)
    table.push([each.name, cell(each.emulated), cell(each.namespaces), ratio(each).toFixed(2), least])
  }
  console.log(table.toString())
  const far = rows
    .filter((each) => each.judged && Math.abs(ratio(each) - 1) > options.tolerance)
    .map(({ name }) => name)
  console.log(
    far.length === 0
      ? `Ping-pong, ring shift, incast and HPL agree within ${options.tolerance * 100} %.`
      : `Further apart than ${options.tolerance * 100} %: ${far.join('; ')}.`,
  )
  process.exitCode = far.length === 0 ? 0 : 1
  if (options.json === undefined) return
  const results = rows.map(({ args: _, ...rest }) => ({ ...rest, ratio: ratio(rest) }))
  const { rate, hosts: count, tolerance } = options
  writeFileSync(
    options.json,
    `${JSON.stringify({ benchmark: 'networks', rate, hosts: count, tolerance, machine, date: new Date().toISOString(), results }, null, 2)}\n`,
  )
}

function ratio({ emulated, namespaces }: Pick<Row, 'emulated' | 'namespaces'>): number {
  return lowerQuartile(emulated) / lowerQuartile(namespaces)
}

/** A quarter of the values are less; of three or fewer it is the least. */
function lowerQuartile(ms: readonly number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.floor((ms.length - 1) / 4)] as number
}

function cell(ms: readonly number[]): string {
  return `${digits(median([...ms]))} (${digits(min([...ms]))}-${digits(max([...ms]))})`
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** HPL.dat of one test: columns dealt over the hosts, so that panels cross the network. */
function inputOf(n: number, count: number): string {
  const grid = [1, n, 1, 128, 0, 1, 1, count]
  const variant = [1, 1, 1, 4, 1, 2, 1, 1, 1, 1, 1, 1, 2, 64, 0, 0, 1, 8]
  return `HPLinpack benchmark input file\nnetworks\nHPL.out\n${[6, ...grid, '16.0', ...variant].join('\n')}\n`
}
