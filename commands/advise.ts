/** `tsmpi hpl advise`: proposes parameters for a measurement on given machines, and says why. */
import { writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs'
import { adviceParameters, advise, formatBytes, type Advice } from '../hpl/advice/advice.ts'
import { measureRate } from '../hpl/advice/rate.ts'
import type { Blas } from '../hpl/blas/blas.ts'
import { BLAS_CHOICES, createBlas, type BlasChoice } from '../hpl/blas/select.ts'
import { formatHplDat } from '../hpl/input.ts'
import { readHosts } from '../runtime/launcher/hosts.ts'
import { isThisMachine } from '../runtime/launcher/network.ts'
import { placeRanks } from '../runtime/launcher/placement.ts'
import { UsageError } from '../runtime/launcher/usage-error.ts'
import { formatDuration } from '../runtime/base/duration.ts'

interface AdviseOptions {
  readonly memory: string | undefined
  readonly fraction: string
  readonly n: string | undefined
  readonly hostfile: string | undefined
  readonly host: string | undefined
  readonly blas: BlasChoice
  readonly 'blas-library': string | undefined
  readonly rate: string | undefined
  readonly write: string | undefined
  readonly force: boolean
  readonly json: boolean
}

export const adviseCommand: CommandModule<object, AdviseOptions> = {
  command: 'advise',
  describe: 'Propose N, NB, P x Q and the mapping for given machines, and say why',
  builder: describeOptions,
  handler: async (options) => {
    const found = await gather(options)
    if (options.write !== undefined) writeInput(options.write, found.hplDat, options.force)
    if (options.json) console.log(JSON.stringify(found, undefined, 2))
    else await print(found, options)
  },
}

function describeOptions(command: Argv): Argv<AdviseOptions> {
  return command
    .usage('tsmpi hpl advise [options]')
    .options({
      memory: {
        alias: 'm',
        type: 'string',
        requiresArg: true,
        describe: 'Memory of each host: 16GB, "8 GiB" [default: that of this machine]',
      },
      fraction: { type: 'string', requiresArg: true, default: '0.8', describe: 'Part of it for the matrix' },
      n: { alias: 'np', type: 'string', requiresArg: true, describe: 'Number of ranks [default: the slots, or cores]' },
      hostfile: { alias: 'f', type: 'string', requiresArg: true, describe: 'File with a host a line: NAME slots=N' },
      host: { alias: ['H', 'hosts'], type: 'string', requiresArg: true, describe: 'Hosts as a list: a:2,b' },
      blas: { choices: BLAS_CHOICES, default: 'auto' as const, requiresArg: true, describe: 'Kernels' },
      'blas-library': { type: 'string', requiresArg: true, describe: 'CBLAS library for openblas: name or path' },
      rate: {
        type: 'string',
        requiresArg: true,
        describe: 'Gflops of dgemm on one rank [default: measured, if all hosts are this one]',
      },
      write: { alias: 'w', type: 'string', requiresArg: true, describe: 'Write an HPL.dat to this file' },
      force: { type: 'boolean', default: false, describe: 'Overwrite the file of --write' },
      json: { type: 'boolean', default: false, describe: 'Print JSON' },
    })
    .example('$0 hpl advise --memory 16GB -n 4', 'for four ranks on this machine')
    .example('$0 hpl advise --memory 8GiB --hosts a:4,b:4', 'for two hosts') as Argv<AdviseOptions>
}

/** What --json prints. */
interface Proposal extends Advice {
  readonly hosts: readonly { readonly name: string; readonly ranks: number }[]
  readonly memoryBytes: number
  readonly fraction: number
  readonly blas: string
  /** Gflops of one rank's dgemm; undefined if not known. */
  readonly rateGflops: number | undefined
  /** Lowest speed of a host, of which the hostfile says it: ranks have equal parts, and all wait for the slowest. */
  readonly speed: number
  readonly estimate: Estimate | undefined
  readonly hplDat: string
}

interface Estimate {
  /** Ranks that have a core to themselves. */
  readonly busy: number
  readonly leastSeconds: number
  readonly mostSeconds: number
}

/** Shares of the dgemm rate that a run reaches: at best, and on a grid of several ranks with some communication. */
const BEST_SHARE = 0.9
const MODEST_SHARE = 0.6

async function gather(options: ArgumentsCamelCase<AdviseOptions>): Promise<Proposal> {
  const problems: string[] = []
  const size = numberIn('-n', options.n, { least: 1, most: 65_536, whole: true }, problems)
  const fraction = numberIn('--fraction', options.fraction, { least: 0.01, most: 0.9, whole: false }, problems) ?? 0.8
  const given = numberIn('--rate', options.rate, { least: 1e-3, most: 1e6, whole: false }, problems)
  const memoryBytes = options.memory === undefined ? totalmem() : await bytesOf(options.memory, problems)
  if (options.hostfile !== undefined && options.host !== undefined)
    problems.push('--hostfile and --host: give one of the two')
  if (options.write !== undefined && Array.isArray(options.write))
    problems.push('--write is given twice, expected once')
  if (problems.length > 0) throw new UsageError(problems)

  const places = placesOf(options, size)
  const hosts = places.map(({ host, ranks }) => ({ name: host, ranks: ranks.length }))
  const blas = await kernels(options)
  const advice = proposed(() => advise({ hosts, memoryBytes, fraction, blas: blas.kind }))
  const local = places.every((place) => place.local)
  const rateGflops = given ?? (local ? measureRate(blas, advice.nb) : undefined)
  const speed = Math.min(...places.map(({ settings }) => settings.speed ?? 1))
  const estimate = rateGflops === undefined ? undefined : estimated(advice, rateGflops * speed, local)
  const hplDat = formatHplDat(adviceParameters(advice))
  return { ...advice, hosts, memoryBytes, fraction, blas: blas.description, rateGflops, speed, estimate, hplDat }
}

function placesOf({ hostfile, host }: AdviseOptions, size: number | undefined) {
  const hosts = readHosts({ hostfile, host })
  const cores = availableParallelism()
  const slots = hosts.reduce((sum, one) => sum + (one.slots ?? cores), 0)
  return placeRanks({
    size: size ?? slots,
    hosts,
    isLocal: isThisMachine,
    defaultSlots: cores,
    emulateHosts: undefined,
    ranksPerAgent: undefined,
  })
}

async function kernels({ blas, 'blas-library': library }: AdviseOptions): Promise<Blas> {
  const memory = {
    alloc: (n: number) => new Float64Array(new SharedArrayBuffer(8 * n)),
    free: () => undefined,
  }
  try {
    return await createBlas(blas, memory, library === undefined ? {} : { library })
  } catch (error) {
    throw new UsageError([(error as Error).message])
  }
}

function proposed(propose: () => Advice): Advice {
  try {
    return propose()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError([error.message])
  }
}

function estimated({ n, ranks }: Advice, rateGflops: number, local: boolean): Estimate {
  const busy = local ? Math.min(ranks, availableParallelism()) : ranks
  const seconds = ((2 / 3) * n ** 3 + (3 / 2) * n ** 2) / (rateGflops * 1e9 * busy)
  return { busy, leastSeconds: seconds / BEST_SHARE, mostSeconds: seconds / MODEST_SHARE }
}

function numberIn(
  option: string,
  text: string | undefined,
  { least, most, whole }: { readonly least: number; readonly most: number; readonly whole: boolean },
  problems: string[],
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value
  problems.push(
    `${option} is ${JSON.stringify(text)}, expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}`,
  )
  return undefined
}

/** A size of memory with its unit. */
async function bytesOf(text: string, problems: string[]): Promise<number> {
  // Loaded on demand: the library takes longer to load than the rest.
  const { create, unitDependencies, toDependencies } = await import('mathjs')
  try {
    const bytes = create({ ...unitDependencies, ...toDependencies })
      .unit(text)
      .toNumber('B')
    if (bytes > 0 && Number.isFinite(bytes)) return bytes
  } catch {
    // Told below, as a size that is not above 0 is.
  }
  problems.push(`--memory is ${JSON.stringify(text)}, expected a size with its unit, such as 16GB or "8 GiB"`)
  return NaN
}

function writeInput(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new UsageError([
      exists
        ? `--write ${file}: the file exists; --force overwrites it`
        : `--write ${file}: ${(error as Error).message}`,
    ])
  }
}

async function print(proposal: Proposal, { write, host, hostfile }: AdviseOptions): Promise<void> {
  const { n, nb, p, q, pmap, ranks, hosts, memoryBytes, blas, why } = proposal
  const { default: CliTable } = await import('cli-table3')
  const where = hosts.length === 1 ? `one host (${hosts[0]?.name})` : `${hosts.length} hosts`
  console.log(`For ${ranks} ${ranks === 1 ? 'rank' : 'ranks'} on ${where}, ${formatBytes(memoryBytes)} of memory each`)
  console.log(`Kernels: ${blas}\n`)
  const table = new CliTable({ colWidths: [7, 10, 59], wordWrap: true, style: { head: [], border: [] } })
  table.push(['N', n, why.n], ['NB', nb, why.nb], ['P x Q', `${p} x ${q}`, why.grid], ['PMAP', pmap, why.pmap])
  console.log(table.toString())
  console.log(describeTime(proposal))
  const places = hostfile !== undefined ? ` --hostfile ${hostfile}` : host !== undefined ? ` --host ${host}` : ''
  if (write === undefined) console.log('\nTo run it, write its HPL.dat with --write HPL.dat, then:')
  else console.log(`\n${write} is written. To run it:`)
  console.log(`  tsmpirun -n ${ranks}${places} hpl --dat ${write ?? 'HPL.dat'}`)
}

function describeTime({ rateGflops, speed, estimate }: Proposal): string {
  if (rateGflops === undefined || estimate === undefined)
    return 'Run time: not known, since the hosts are not this machine; --rate says the Gflops of a rank.'
  const { busy, leastSeconds, mostSeconds } = estimate
  const percent = (share: number): string => `${100 * share} %`
  return (
    `Run time: ${formatDuration(leastSeconds)} to ${formatDuration(mostSeconds)}, ` +
    `at ${percent(BEST_SHARE)} to ${percent(MODEST_SHARE)} of ${busy} x ${(rateGflops * speed).toPrecision(3)} Gflops.` +
    (speed === 1 ? '' : `\nThat is the rate of the slowest host, of speed ${speed}: all others wait for it.`)
  )
}
