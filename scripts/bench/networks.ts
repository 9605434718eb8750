/**
 * An emulated network beside a real one at the same rate: the same traffic through `--emulate` and through the network
 * namespaces of scripts/netlab, in turns. Shown are medians of all repeats (the JSON has each), what the rate allows, and the
 * ratio of the lower quartiles: both without what held them up, and without what happened to be lucky once.
 *
 * The comparison says something of the emulation as long as the network is what takes the time. So the same job runs
 * without a network too, over the machine's own loopback: a row is judged if that takes half of what the link needs at
 * most, and if its messages are long against what the kernel's filters let pass at once. The exit code is 1 if a row that is
 * judged has a ratio further than --tolerance from 1, unless the cores had hardly a pause in one of the networks: then the
 * row says how much.
 * Namespaces shape rate, not delay: so the emulation has no latency of its own here either.
 *
 * A second table has what the emulation has to reach (emulation-targets.ts).
 *
 * Usage, after `npm run build`: npm run bench:networks -- [--rate 100mbe] [--hosts 3] [--mib 2] [--n 1000] [--rounds 3]
 * [--tolerance 0.1] [--json FILE] [--no-compare] [--no-targets]. To compare needs what scripts/netlab needs.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { median } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'
import { measureTargets, type Target } from './emulation-targets.ts'
import { JSON_FILE } from './json-file.ts'
import { digits, lowerQuartile, PAYLOAD_SHARE, runJob, traffic } from './network-jobs.ts'

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
  .option('rounds', { type: 'number', default: 2, describe: 'turns of each network' })
  .option('repeats', { type: 'number', default: 9, describe: 'repeats in a turn' })
  .option('tolerance', { type: 'number', default: 0.1, describe: 'largest difference that counts as agreement' })
  .option('compare', { type: 'boolean', default: true, describe: 'emulated network and namespaces' })
  .option('targets', { type: 'boolean', default: true, describe: 'what the emulation has to reach' })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

const NETLAB = fileURLToPath(new URL('../../scripts/netlab', import.meta.url))
const LARGE = options.mib << 20
const BYTES_PER_MS: Readonly<Record<string, number>> = {
  '100mbe': 12_500,
  '1gbe': 125_000,
  '2.5gbe': 312_500,
  '5gbe': 625_000,
  '10gbe': 1_250_000,
}
/**
 * Frames that travel together between the namespaces. Few cost much of the processor, a ring shift at 1 Gbit/s more than two cores
 * have; of many, short messages pass at once. So long messages get a group of 144 us, all else what scripts/netlab chooses.
 */
const MBIT = (BYTES_PER_MS[options.rate] as number) / 125
const FEW_FRAMES = MBIT < 500 ? 1 : MBIT < 10_000 ? MBIT / 250 - 1 : 39
const MANY_FRAMES = MBIT < 500 ? 1 : Math.min(39, Math.floor((MBIT * 12) / 1000))
/** Cores that pause less than that are what takes the time. */
const LEAST_IDLE = 0.15
const PAYLOAD_BYTES_PER_MS = (BYTES_PER_MS[options.rate] as number) * PAYLOAD_SHARE

interface Row {
  readonly name: string
  /** Arguments of tsmpirun after the hosts. */
  readonly args: readonly string[]
  /** Standard input. */
  readonly input?: string
  /** Of a message; 0 if they differ. */
  readonly nbytes: number
  /** That travel together between the namespaces. */
  readonly frames: number
  /** The least that the rate allows, in ms; undefined if it says nothing. */
  readonly leastMs: number | undefined
  /** False: shown, but need not agree. */
  readonly promised: boolean
  /** Without a network: what the machine itself takes. */
  readonly machine: number[]
  readonly emulated: number[]
  readonly namespaces: number[]
  /** The least share of a turn that the cores of this machine had nothing to do, in the two networks. */
  idle: number
}

// Inside `netlab run`, so that nothing stays behind whatever becomes of us.
if (options.compare && process.env.TSMPI_NETLAB === undefined) {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const { status } = spawnSync(NETLAB, ['run', String(options.hosts), options.rate, '--', ...command], {
    stdio: 'inherit',
    env: { ...process.env, TSMPI_NETLAB: '1' },
  })
  process.exit(status ?? 1)
}

const hosts = Array.from({ length: options.hosts }, (_, i) => `n${i + 1}:1`).join(',')
const EMULATED_HOSTS = ['--emulate-hosts', String(options.hosts)]
const NETWORKS = {
  emulated: [...EMULATED_HOSTS, '--emulate', `${options.rate},latency=0 us`],
  namespaces: ['-H', hosts, '--agent-command', `${NETLAB} exec {host}`],
  machine: EMULATED_HOSTS,
} as const

const machine = { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version }
console.log(`networks: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`)
const rows = options.compare ? compare() : []
const targets = options.targets ? await measureTargets(options.repeats) : []
if (options.targets) showTargets(targets)
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results(), null, 2)}\n`)

function compare(): Row[] {
  const size = (nbytes: number): number => nbytes / PAYLOAD_BYTES_PER_MS
  const mib = `${options.mib} MiB`
  const all = [
    ...[8, 1 << 10, 16 << 10, 64 << 10].map((nbytes) =>
      row(`${nbytes < 1024 ? `${nbytes} B` : `${nbytes >> 10} KiB`}, half trip`, ['ping-pong', nbytes], size(nbytes)),
    ),
    row('512 KiB, one way', ['ping-pong', 512 << 10], size(512 << 10)),
    row(`${mib}, one way`, ['ping-pong', LARGE], size(LARGE)),
    row(`${mib} ring shift`, ['shift', LARGE], size(LARGE)),
    row(`${mib} incast`, ['incast', LARGE], size((options.hosts - 1) * LARGE)),
    {
      ...row(`HPL N=${options.n}, 1 x ${options.hosts}`, ['hpl', 0], undefined),
      args: ['hpl', '--dat', '-'],
      input: inputOf(options.n, options.hosts),
    },
    // Whoever starts some microseconds later asks for its message behind half a MiB of its own, or does not.
    { ...row(`(${mib} both ways)`, ['exchange', LARGE], size(LARGE)), promised: false },
    { ...row('(1 B beside bulk)', ['under-load', 3 * LARGE], undefined), promised: false },
  ]
  const progress = showProgress(process.stderr, { total: options.rounds * all.length * 3, terminalOnly: true })
  let gathered = FEW_FRAMES
  for (let round = 0; round < options.rounds; round++)
    for (const each of all)
      for (const network of ['emulated', 'namespaces', 'machine'] as const) {
        progress.begin(`${each.name}, ${network}`)
        if (network === 'namespaces' && each.frames !== gathered) gather((gathered = each.frames))
        const { ms, idle = 1 } = runJob(options.hosts, NETWORKS[network], each.args, each.input)
        each[network].push(...ms)
        if (network !== 'machine') each.idle = Math.min(each.idle, idle)
        progress.end()
      }
  progress.stop()
  report(all)
  return all
}

function row(name: string, [pattern, nbytes]: readonly [string, number], leastMs: number | undefined): Row {
  const args = traffic(pattern, nbytes, options.repeats)
  const frames = isLong(nbytes, burstBytes(MANY_FRAMES)) ? MANY_FRAMES : FEW_FRAMES
  return { name, args, nbytes, frames, leastMs, promised: true, emulated: [], namespaces: [], machine: [], idle: 1 }
}

function gather(frames: number): void {
  const { status, stderr } = spawnSync(NETLAB, ['gather', String(frames), options.rate], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`netlab gather: ${stderr}`)
}

/** What each end of a link in scripts/netlab lets pass at once after a pause, a frame more than a group; a real one would not. */
function burstBytes(frames: number): number {
  return Math.max(1600 * (frames + 1), (MBIT * 25) / 8)
}

/** Both ends of a link let a burst pass; that must be little of the message. */
function isLong(nbytes: number, burst: number): boolean {
  return 2 * burst <= options.tolerance * nbytes
}

function report(all: readonly Row[]): void {
  const table = new Table({
    head: ['ms', 'emulated', 'name-\nspaces', 'ratio', 'least', 'this\nmachine', ''],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
  })
  for (const each of all) {
    const { leastMs = 0 } = each
    const least = leastMs < 0.001 ? '' : digits(leastMs)
    const own = digits(lowerQuartile(each.machine))
    table.push([
      each.name,
      cell(each.emulated),
      cell(each.namespaces),
      ratio(each).toFixed(2),
      least,
      own,
      verdict(each),
    ])
  }
  console.log(`${options.hosts} hosts at ${options.rate}; half trip: half a round trip\n${table.toString()}`)
  console.log(
    'short: the filters of the namespaces let it pass at once; slow: this machine alone takes half of the least;\n' +
      'busy: apart, but in one of the two the cores were idle for so little of the time',
  )
  const far = all.filter((each) => verdict(each) === 'apart').map(({ name }) => name)
  console.log(
    far.length === 0
      ? `Where the network is what takes the time, the two agree within ${options.tolerance * 100} %.`
      : `Further apart than ${options.tolerance * 100} %: ${far.join('; ')}.`,
  )
  process.exitCode = far.length === 0 ? 0 : 1
}

/** Whether a row agrees, or why that is not to be told. */
function verdict(each: Row): string {
  if (!each.promised) return ''
  if (each.nbytes > 0 && !isLong(each.nbytes, burstBytes(each.frames))) return 'short'
  // HPL: what the network adds is not known beforehand; both have to compute the same.
  if (each.leastMs !== undefined && lowerQuartile(each.machine) > each.leastMs / 2) return 'slow'
  if (Math.abs(ratio(each) - 1) <= options.tolerance) return 'agree'
  return each.idle < LEAST_IDLE ? `busy ${Math.round(100 * Math.max(0, each.idle))} %` : 'apart'
}

function ratio({ emulated, namespaces }: Pick<Row, 'emulated' | 'namespaces'>): number {
  return lowerQuartile(emulated) / lowerQuartile(namespaces)
}

function showTargets(list: readonly Target[]): void {
  const table = new Table({
    head: ['the emulation alone', 'measured', 'target', ''],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'left'],
  })
  for (const { name, measured, target, met } of list)
    table.push([name, measured, target, met === undefined ? '' : met ? 'met' : 'missed'])
  console.log(table.toString())
}

function results(): object {
  const { rate, hosts: count, tolerance } = options
  const compared = rows.map((each) => {
    const { args: _args, input: _input, ...rest } = each
    return { ...rest, ratio: ratio(each), verdict: verdict(each) }
  })
  const date = new Date().toISOString()
  return { benchmark: 'networks', rate, hosts: count, tolerance, machine, date, results: compared, targets }
}

function cell(ms: readonly number[]): string {
  return digits(median([...ms]))
}

/** HPL.dat of one test: columns dealt over the hosts, so that panels cross the network. */
function inputOf(n: number, count: number): string {
  const grid = [1, n, 1, 128, 0, 1, 1, count]
  const variant = [1, 1, 1, 4, 1, 2, 1, 1, 1, 1, 1, 1, 2, 64, 0, 0, 1, 8]
  return `HPLinpack benchmark input file\nnetworks\nHPL.out\n${[6, ...grid, '16.0', ...variant].join('\n')}\n`
}
