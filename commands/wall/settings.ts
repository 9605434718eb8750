/**
 * What `tsmpi wall` measures if nobody says: orders and links that fit the rate of this machine's kernels, so that the
 * wall stands within what is measured and all of it takes a few minutes. Layer below: hpl/advice/rate.ts.
 */
import { availableParallelism } from 'node:os'
import { measureRate } from '../../hpl/advice/rate.ts'
import { createBlas, type BlasChoice } from '../../hpl/blas/select.ts'
import { LINK_PROFILES, parseLink } from '../../runtime/launcher/emulation.ts'
import { readHosts, type Host } from '../../runtime/launcher/hosts.ts'
import { UsageError } from '../../runtime/launcher/usage-error.ts'
import type { NamedLink, WallSettings } from './plan.ts'

/** As yargs gives them: texts, lists as texts with commas. */
export interface WallOptions {
  readonly n: string | undefined
  readonly nb: string
  readonly hostfile: string | undefined
  readonly hosts: string | undefined
  readonly 'ranks-per-host': string | undefined
  readonly grid: string | undefined
  readonly rate: string | undefined
  readonly link: readonly string[] | undefined
  readonly 'grids-n': string | undefined
  readonly repeat: string
  readonly blas: BlasChoice
  readonly 'blas-library': string | undefined
}

/** What was chosen and not given: kept in the results file, since a second measurement would choose otherwise. */
export interface Chosen {
  /** Gflops of a rank; 0: no limit. */
  readonly rate: number
  readonly n: readonly number[]
  readonly links: readonly string[]
}

/** The largest default order takes one host about so long. */
const LONGEST_SECONDS = 4
/** Part of the rate of dgemm that a whole run reaches, roughly. */
const EFFICIENCY = 0.8
/** Part of the cores that the kernels of all ranks together take; the rest is for the emulated networks. */
const LOAD = 0.4
/** The default orders, as parts of the largest. */
const STEPS = [0.12, 0.22, 0.35, 0.5, 0.7, 1]
const DEFAULT_LINKS = ['100mbe', '1gbe', '2.5gbe', '10gbe', '25gbe', '100gbe']
const LINK_COUNT = 3
/** What joins real hosts if nobody says. */
const USUAL_LINK = '1gbe'

/**
 * Checks what was given and fills in what was not; measures the kernels if it must.
 *
 * @param passed options for each test, which it checks itself
 * @param before what was chosen when the results file was begun
 * @throws UsageError with a line for every mistake
 */
export async function completeSettings(
  options: WallOptions,
  passed: Readonly<Record<string, unknown>>,
  before: Chosen | undefined,
): Promise<{ readonly settings: WallSettings; readonly chosen: Chosen }> {
  const problems: string[] = []
  const whole = (name: string, text: string, least: number): number => wholeNumber(name, text, least, problems)
  const nb = whole('--nb', options.nb, 1)
  const file = options.hostfile === undefined ? undefined : readHosts({ hostfile: options.hostfile })
  const hosts = file?.length ?? whole('--hosts', options.hosts ?? '2', 2)
  const ranksPerHost = whole('--ranks-per-host', options['ranks-per-host'] ?? slotsOf(file, problems), 1)
  const repeat = whole('--repeat', options.repeat, 1)
  const orders = options.n?.split(',').map((text) => whole('--n', text.trim(), 1))
  const gridsN = options['grids-n'] === undefined ? undefined : whole('--grids-n', options['grids-n'], 0)
  const rate = options.rate === undefined ? undefined : rateOf(options.rate, problems)
  const grid = gridOf(options.grid, hosts * ranksPerHost, problems)
  const given = await linksOf(options.link ?? (file && [USUAL_LINK]), problems)
  if (file !== undefined) checkRealHosts(options, hosts, given, problems)
  if (problems.length > 0) throw new UsageError(problems)

  const ranks = hosts * ranksPerHost
  const perRank = rate ?? before?.rate ?? (file && 0) ?? defaultRate(await measure(options, nb), ranks)
  const perHost = async (): Promise<number> =>
    1e9 * ranksPerHost * (perRank === 0 ? await measure(options, nb) : perRank)
  const n = sorted(orders ?? before?.n ?? defaultOrders(await perHost(), nb))
  const names = before?.links ?? (given === undefined ? defaultLinks(await perHost(), hosts, n.at(-1) as number) : [])
  const links = given ?? (await linksOf(names, problems)) ?? []
  const middle = n[Math.floor((n.length - 1) * 0.6)] as number
  return {
    settings: {
      n,
      nb,
      hostfile: options.hostfile,
      hosts,
      ranksPerHost,
      grid,
      rate: perRank === 0 ? undefined : perRank,
      links,
      gridsN: gridsN === 0 ? undefined : (gridsN ?? middle),
      repeat,
      passed,
    },
    chosen: { rate: perRank, n, links: links.map(({ name }) => name) },
  }
}

/** Slots that every host has; alike hosts have alike numbers of ranks. */
function slotsOf(hosts: readonly Host[] | undefined, problems: string[]): string {
  if (hosts === undefined) return '2'
  const slots = [...new Set(hosts.map((host) => host.slots ?? 0))]
  if (slots.length === 1 && slots[0] !== 0) return String(slots[0])
  const list = hosts.map(({ name, slots = '?' }) => `${name} ${slots}`).join(', ')
  problems.push(`--ranks-per-host: the hostfile has no slots that are the same for all hosts (${list}); say how many`)
  return '1'
}

/** The hosts and the network are there: what would describe emulated ones has no place. */
function checkRealHosts(
  { hostfile, hosts }: WallOptions,
  count: number,
  links: readonly NamedLink[] | undefined,
  problems: string[],
): void {
  if (hosts !== undefined)
    problems.push(`--hosts: read "${hosts}"; it counts emulated hosts, ${hostfile} names real ones`)
  if (count < 2) problems.push(`--hostfile ${hostfile}: one host; expected two or more`)
  if ((links?.length ?? 1) > 1)
    problems.push('--link: with --hostfile it says what network the hosts have; expected one link')
}

/** Flat if nothing is said: on a slow network only panels should cross it. */
function gridOf(text: string | undefined, ranks: number, problems: string[]): { p: number; q: number } {
  if (text === undefined) return { p: 1, q: ranks }
  const [p = 0, q = 0] = /^[1-9]\d*x[1-9]\d*$/.test(text) ? text.split('x').map(Number) : []
  const wanted = ranks > 0 ? `${ranks} ranks, such as 1x${ranks}` : 'the ranks of all hosts'
  if (p * q !== ranks) problems.push(`--grid: read "${text}", expected P x Q = ${wanted}`)
  return { p, q }
}

function sorted(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b)
}

/** A rate at which the kernels of all ranks leave most of the cores free, with two digits. Local. */
export function defaultRate(measuredGflops: number, ranks: number, cores = availableParallelism()): number {
  return Number(((LOAD * cores * measuredGflops) / ranks).toPrecision(2))
}

function rateOf(text: string, problems: string[]): number {
  if (!/^\d+(\.\d+)?$/.test(text)) problems.push(`--rate: read "${text}", expected Gflops of a rank, or 0 for no limit`)
  return Number(text)
}

/** Links by their names, or undefined if none are given; a link may contain commas, so each is a word of its own. */
async function linksOf(names: readonly string[] | undefined, problems: string[]): Promise<NamedLink[] | undefined> {
  if (names === undefined) return undefined
  const links: NamedLink[] = []
  for (const name of new Set(names.flatMap(splitLinks)))
    try {
      links.push({ name, profile: await parseLink(name) })
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push(error.message.replace('--emulate', '--link'))
    }
  return links
}

/** "1gbe,10gbe" are two links, "bandwidth=1 Gbit/s,latency=50 us" is one. */
function splitLinks(text: string): string[] {
  return text.includes('=') ? [text] : text.split(',').map((name) => name.trim())
}

function wholeNumber(name: string, text: string, least: number, problems: string[]): number {
  if (!/^\d+$/.test(text) || Number(text) < least)
    problems.push(`${name}: read "${text}", expected a whole number >= ${least}`)
  return Number(text)
}

/** Gflops of a rank that has a core to itself. */
async function measure({ blas, 'blas-library': library }: WallOptions, nb: number): Promise<number> {
  const memory = { alloc: (n: number) => new Float64Array(new SharedArrayBuffer(8 * n)), free: () => undefined }
  return measureRate(await createBlas(blas, memory, library === undefined ? {} : { library }), nb)
}

/** Orders up to the one that takes one host a few seconds, multiples of NB. Local. */
export function defaultOrders(flopsPerSecond: number, nb: number): number[] {
  const largest = Math.cbrt(1.5 * LONGEST_SECONDS * EFFICIENCY * flopsPerSecond)
  return STEPS.map((step) => Math.max(1, Math.round((step * largest) / nb)) * nb)
}

/**
 * Three links: the slowest at which K hosts can win at the largest order, and the next faster ones. On a flat grid the
 * panels are 4 N^2 bytes on the wire. If all of that is hidden, K hosts win when it takes less time than one host's
 * 2/3 N^3 flops: from N = 6 rate / bandwidth on. Local.
 */
export function defaultLinks(flopsPerSecond: number, hosts: number, largest: number): string[] {
  const wins = (name: string): boolean => {
    const { bytesPerMs } = LINK_PROFILES[name] as (typeof LINK_PROFILES)[string]
    return (6 * flopsPerSecond) / (1000 * bytesPerMs) / (1 - 1 / (2 * hosts)) <= largest
  }
  const first = DEFAULT_LINKS.findIndex(wins)
  const from = Math.min(first < 0 ? DEFAULT_LINKS.length : first, DEFAULT_LINKS.length - LINK_COUNT)
  return DEFAULT_LINKS.slice(from, from + LINK_COUNT)
}
