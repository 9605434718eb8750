/**
 * Tests of HPL as figures need them: where each ran, how fast, and where its time went. Layer below: hpl/results/,
 * hpl/analysis.ts.
 */
import { analyse } from '../hpl/analysis.ts'
import { encodeVariant } from '../hpl/output.ts'
import type { RankProfile } from '../hpl/profile.ts'
import type { Result, ResultLine } from '../hpl/results/schema.ts'
import { groupBy } from './figure.ts'

/** A test that passed, or was not checked. */
export interface Run {
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
  readonly pmap: 'row' | 'column'
  /** T/V, such as WR11R2R8. */
  readonly variant: string
  readonly ranks: number
  readonly hosts: number
  /** As given with --emulate; undefined if there is no emulated network. */
  readonly link: string | undefined
  /** Where it ran, in words: `2 hosts, 1gbe`, with the settings that not all runs had the same. */
  readonly place: string
  readonly seconds: number
  readonly gflops: number
  /** By rank in the grid; undefined if the file has none. */
  readonly profile: readonly RankProfile[] | undefined
  /** Part of the time in which processes exchange data or wait for it, 0..1. */
  readonly communication: number | undefined
  /** What dgemm reached within the run, on all ranks together. */
  readonly dgemmGflops: number | undefined
}

/** Runs without the names of their places, and what may be part of those. */
type Facts = Omit<Run, 'place'> & { readonly settings: readonly string[] }

/** The tests of result files that have a rate. Local. */
export function runsOf(lines: readonly ResultLine[]): Run[] {
  const facts = lines.flatMap((line) =>
    line.kind === 'test' && ['passed', 'unchecked'].includes(line.test.outcome) ? factsOf(line) : [],
  )
  // Of kernels, limit, tuning and encryption is said what differs between the runs.
  const differs = [0, 1, 2, 3].map((part) => new Set(facts.map(({ settings }) => settings[part])).size > 1)
  return facts.map(({ settings, ...run }) => {
    const told = settings.filter((text, part) => differs[part] && text !== '').join(' ')
    return { ...run, place: [hostsText(run.hosts), run.link, told].filter(Boolean).join(', ') }
  })
}

function factsOf(result: Result): Facts[] {
  const { test, hosts, blas, sweep, arguments: args } = result
  const { n, nb, p, q, pmap, gflops, seconds } = test
  if (gflops == null || seconds == null) return []
  const launcher = sweep?.command ?? []
  const limit = after(args, '--rate-limit')
  const settings = [
    blas.kind,
    limit === undefined ? '' : `${limit} Gflops a rank`,
    args.includes('--tuned') ? 'tuned' : '',
    hosts.length > 1 && after(launcher, '--encryption') === 'off' ? 'in the clear' : '',
  ]
  const place = { ranks: p * q, hosts: hosts.length, link: hosts.length > 1 ? after(launcher, '--emulate') : undefined }
  const [variant, base] = [encodeVariant(test), { n, nb, p, q, pmap, gflops, seconds, settings }]
  return [{ ...base, ...place, variant, ...profileOf(test) }]
}

function after(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option)
  return at < 0 ? undefined : words[at + 1]
}

function profileOf({ ranks, p, depth }: Result['test']): Pick<Run, 'profile' | 'communication' | 'dgemmGflops'> {
  if (ranks === undefined || ranks.length === 0)
    return { profile: undefined, communication: undefined, dgemmGflops: undefined }
  // The file's schema leaves open which activities there are; ours has them all.
  const profile = ranks as unknown as RankProfile[]
  const rates = profile.map(({ activities: { gemm } }) => (gemm.seconds > 0 ? gemm.flops / gemm.seconds / 1e9 : 0))
  const { communication } = analyse({ ranks: profile, exchanges: [] }, p, depth)
  return { profile, communication, dgemmGflops: rates.reduce((sum, rate) => sum + rate, 0) }
}

function hostsText(hosts: number): string {
  return hosts === 1 ? 'one host' : `${hosts} hosts`
}

/** `2x2 column`; where P or Q is one both mappings are the same. Local. */
export function gridOf({ p, q, pmap }: Run): string {
  return p === 1 || q === 1 ? `${p}x${q}` : `${p}x${q} ${pmap}`
}

/** Runs on one grid at one place, over N; of the runs at one N the fastest counts. */
export interface Series {
  readonly name: string
  /** By ascending N. */
  readonly runs: readonly Run[]
}

/** A curve for each grid and place. Local. */
export function seriesOf(runs: readonly Run[]): Series[] {
  const groups = groupBy(runs, (run) => `${gridOf(run)}, ${run.place}`)
  return [...groups].map(([name, all]) => ({
    name,
    runs: [...groupBy(all, ({ n }) => n).values()]
      .map((same) => same.reduce((most, run) => (run.gflops > most.gflops ? run : most)))
      .sort((a, b) => a.n - b.n),
  }))
}
