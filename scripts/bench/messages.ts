/**
 * What messages and collective calls cost: ours beside the same program in C on Open MPI, and between two hosts beside
 * libzmq in C, plain and with the encryption that our agents use, if they do. The contenders take turns, `--repeats`
 * times, so that a machine whose clock or neighbours change hits all alike. Shown are medians, the range, the ratio of
 * medians, and a line for each contender over the sizes.
 *
 * Usage, after `npm run build`: npm run bench:latency (bench:bandwidth, bench:bidirectional, bench:message-rate,
 * bench:overlap, bench:collectives) -- [--sizes 8 1024] [--repeats 5] [--rounds 10000] [--ranks 4] [--calls bcast]
 * [--hosts 2 [--encryption off]] [--json FILE]
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { max, median, min } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'
import { drawChart } from '../../commands/wall/chart.ts'
import { JSON_FILE } from './json-file.ts'
import { compileMpiPeer, compileZmqPeer, mpirunArguments } from './peers.ts'

const KIB = 1024
const MIB = KIB * KIB
const UP_TO_64_MIB = [1, 8, 64, 512, 4 * KIB, 32 * KIB, 256 * KIB, 2 * MIB, 16 * MIB, 64 * MIB]
/** What each benchmark measures unless told otherwise. */
const KINDS: Readonly<
  Record<string, { readonly mode: string; readonly sizes: readonly number[]; readonly unit: Unit }>
> = {
  latency: { mode: 'latency', sizes: [8, 64, 512, 4 * KIB, 32 * KIB, 256 * KIB, MIB], unit: 'us' },
  bandwidth: { mode: 'bandwidth', sizes: [KIB, 16 * KIB, 128 * KIB, MIB, 16 * MIB], unit: 'GB/s' },
  bidirectional: { mode: 'bidirectional', sizes: [KIB, 16 * KIB, 128 * KIB, MIB, 16 * MIB], unit: 'GB/s' },
  'message-rate': { mode: 'bandwidth', sizes: [8, 64, 512], unit: 'messages/us' },
  overlap: { mode: 'overlap', sizes: [KIB, 32 * KIB, MIB, 16 * MIB], unit: '% hidden' },
  collectives: { mode: '', sizes: UP_TO_64_MIB, unit: 'us' },
}
const CALLS = [
  ...['barrier', 'bcast', 'reduce', 'allreduce', 'gather', 'scatter', 'allgather', 'alltoall'],
  ...['scan', 'exscan', 'reduceScatterBlock', 'reduceScatter', 'gatherv', 'scatterv', 'allgatherv', 'alltoallv'],
  ...['neighborAllgather', 'neighborAlltoall'],
]

type Unit = 'us' | 'GB/s' | 'messages/us' | '% hidden'

const options = yargs(hideBin(process.argv))
  .option('sizes', { type: 'number', array: true, requiresArg: true, describe: 'message sizes in bytes' })
  .option('repeats', { type: 'number', default: 5, describe: 'runs of each contender' })
  .option('rounds', { type: 'number', default: 10_000, describe: 'most rounds of a size in a run' })
  .option('ranks', { type: 'number', default: 4, describe: 'ranks of collective calls' })
  .option('calls', {
    type: 'string',
    array: true,
    requiresArg: true,
    choices: CALLS,
    default: CALLS,
    describe: 'collective calls',
  })
  .option('hosts', { type: 'number', default: 1, describe: 'emulated hosts; with 2, libzmq is the peer' })
  .option('encryption', { choices: ['on', 'off'], default: 'on', describe: 'of messages between hosts' })
  .option('json', JSON_FILE)
  .command('$0 <kind>', 'Times of messages and collective calls beside their peers in C', (command) =>
    command.positional('kind', { choices: Object.keys(KINDS), demandOption: true, describe: 'what to measure' }),
  )
  .check(({ sizes = [], repeats, rounds, ranks, hosts }) =>
    checkNumbers([
      ...sizes.map((value) => ({ name: 'sizes', value, least: 1 })),
      { name: 'repeats', value: repeats, least: 1 },
      { name: 'rounds', value: rounds, least: 1 },
      { name: 'ranks', value: ranks, least: 1 },
      { name: 'hosts', value: hosts, least: 1 },
    ]),
  )
  .strict()
  .parseSync()

/** All that is wrong, in one message. @throws Error */
function checkNumbers(numbers: readonly { name: string; value: number; least: number }[]): true {
  const wrong = numbers.filter(({ value, least }) => !Number.isSafeInteger(value) || value < least)
  if (wrong.length === 0) return true
  throw new Error(
    wrong.map(({ name, value, least }) => `--${name}: ${value}, expected a whole number >= ${least}`).join('\n'),
  )
}

interface Contender {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Microseconds (or per cent) of each run, by size. */
  readonly values: Map<number, number[]>
}

interface Measurement {
  readonly nbytes: number
  readonly us: number
}

const name = String(options['kind'])
const kind = KINDS[name] as (typeof KINDS)[string]
const { unit } = kind
const sizes = options.sizes ?? kind.sizes
const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const machine = { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version }
const modes = name === 'collectives' ? options.calls : [kind.mode]
const mpi = options.hosts === 1 ? compileMpiPeer('messages') : undefined
const zmq =
  options.hosts > 1 && ['latency', 'bandwidth'].includes(kind.mode) ? compileZmqPeer('zmq-messages') : undefined

console.log(`${name}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${options.repeats} runs`)
if (options.hosts === 1 && mpi === undefined) console.log('No mpicc found: without the peer (Debian: libopenmpi-dev).')
const contendersByMode = modes.map((mode) => ({
  mode,
  contenders: contendersOf(mode, mode === 'barrier' ? [0] : sizes),
}))
const runs = contendersByMode.reduce((sum, { contenders }) => sum + options.repeats * contenders.length, 0)
const progress = showProgress(process.stderr, { total: runs, terminalOnly: true })
const results = contendersByMode.map(({ mode, contenders }) => ({ mode, contenders: measureAll(mode, contenders) }))
progress.stop()
for (const { mode, contenders } of results) report(mode, contenders)
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(asJson(), null, 2)}\n`)

function measureAll(mode: string, contenders: Contender[]): Contender[] {
  for (let run = 0; run < options.repeats; run++)
    for (const contender of contenders) {
      progress.begin(`${mode}, ${contender.name}`)
      for (const { nbytes, us } of measure(contender))
        contender.values.set(nbytes, [...(contender.values.get(nbytes) ?? []), converted(us, nbytes)])
      progress.end()
    }
  return contenders
}

function contendersOf(mode: string, wanted: readonly number[]): Contender[] {
  const [list, rounds] = [wanted.join(','), String(options.rounds)]
  const ranks = name === 'collectives' ? options.ranks : 2
  const hosts = options.hosts > 1 ? ['--emulate-hosts', String(options.hosts), '--encryption', options.encryption] : []
  const launcher = [root('dist/runtime/launcher/tsmpirun.js'), '-n', String(ranks), ...hosts]
  const program = [root('scripts/bench/programs/messages.ts'), mode, list, rounds]
  const contender = (label: string, command: string, args: readonly string[]): Contender => ({
    name: label,
    command,
    args,
    values: new Map(),
  })
  const all = [contender('tsmpi', process.execPath, [...launcher, ...program, 'plain'])]
  if (mode !== 'barrier' && mode !== 'overlap')
    all.push(contender('tsmpi alloc', process.execPath, [...launcher, ...program, 'alloc']))
  if (mpi !== undefined) all.push(contender('Open MPI', 'mpirun', [...mpirunArguments(ranks, mpi), mode, list, rounds]))
  if (zmq !== undefined)
    for (const security of options.encryption === 'on' ? ['plain', 'curve'] : ['plain'])
      all.push(contender(`libzmq ${security}`, zmq, [mode, list, rounds, security]))
  return all
}

/** One run of a contender. @throws Error with what it said if it fails */
function measure({ name: label, command, args }: Contender): Measurement[] {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${label} ended with ${status}:\n${stderr}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Measurement)
}

/** Both directions of a window count as one message each way. */
function converted(us: number, nbytes: number): number {
  const messages = name === 'bidirectional' ? 2 : 1
  if (unit === 'GB/s') return (messages * nbytes) / us / 1000
  return unit === 'messages/us' ? 1 / us : us
}

function report(mode: string, contenders: readonly Contender[]): void {
  const [ours] = contenders
  const peers = contenders.filter((one) => !one.name.startsWith('tsmpi'))
  const table = new Table({
    head: [
      'size',
      ...contenders.map((one) => one.name.replace(' ', '\n')),
      ...peers.map((one) => `to ${one.name}`.replaceAll(' ', '\n')),
      'range\nof ours',
    ],
    style: { head: [], border: [] },
    colAligns: contenders.flatMap((): ['right', 'right'] => ['right', 'right']),
  })
  for (const nbytes of ours?.values.keys() ?? []) {
    const middle = (one: Contender): number => median(one.values.get(nbytes) ?? [NaN])
    const values = ours?.values.get(nbytes) ?? [NaN]
    const ratios = peers.map((one) => digits(middle(ours as Contender) / middle(one)))
    table.push([sizeText(nbytes), ...contenders.map((one) => digits(middle(one))), ...ratios, `${digits(min(values))}-${digits(max(values))}`]) // prettier-ignore
  }
  console.log(`\n${name === 'collectives' ? mode : name}, ${unit}\n${table.toString()}`)
  if (mode !== 'barrier') plot(contenders)
}

/** The medians over the sizes; times and rates as powers of ten, since they span several. */
function plot(contenders: readonly Contender[]): void {
  const points = [...(contenders[0]?.values.keys() ?? [])]
  if (points.length < 2) return
  const logarithmic = unit !== '% hidden'
  const curves = contenders.map(({ name: label, values }) => ({
    name: label,
    points: points.map((nbytes, index): [number, number] => {
      const middle = median(values.get(nbytes) ?? [NaN])
      return [index, logarithmic ? Math.log10(middle) : middle]
    }),
  }))
  const least = Math.min(...curves.flatMap(({ points }) => points.map(([, y]) => y)))
  const yText = (y: number): string => digits(logarithmic ? 10 ** y : y)
  const xText = (x: number): string => sizeText(points[x] ?? 0)
  console.log(
    `${unit} over bytes\n${drawChart(curves, { width: 80, xLabel: '', ticks: [...points.keys()], least, yText, xText })}`,
  )
}

function digits(value: number): string {
  if (!Number.isFinite(value)) return '-' // the peer hides nothing, or has not been run
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function sizeText(nbytes: number): string {
  if (nbytes >= MIB) return `${nbytes / MIB} MiB`
  return nbytes >= KIB ? `${nbytes / KIB} KiB` : `${nbytes} B`
}

function asJson(): object {
  const rows = results.flatMap(({ mode, contenders }) =>
    contenders.map((one) => ({ mode, contender: one.name, values: Object.fromEntries(one.values) })),
  )
  const { hosts, encryption } = options
  return { benchmark: name, unit, hosts, encryption, machine, date: new Date().toISOString(), results: rows }
}
