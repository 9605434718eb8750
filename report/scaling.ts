/**
 * Which runs tell of speed-up: one problem on several numbers of processes, or a problem that grows with them. Invariant:
 * within a study nothing differs but processes, grid, and hosts joined by one link; of the grids and variants for a number
 * of processes the one with the fastest median counts, with all its repeats. Layer below: runs.ts, fit/laws.ts.
 */
import { best, groupBy, median } from './figure.ts'
import {
  fitAmdahl,
  fitGustafson,
  fitUniversal,
  karpFlatt,
  type KarpFlatt,
  type Law,
  type ScaledRun,
  type Timing,
} from './fit/laws.ts'
import { gridOf, type Run } from './runs.ts'

/** One problem on several numbers of processes. */
export interface StrongStudy {
  readonly name: string
  readonly timings: readonly Timing[]
  /** Seconds of one process, to which speed-up refers: measured if there is such a run, else what Amdahl's law says. */
  readonly single: number
  readonly measuredSingle: boolean
  readonly amdahl: Law<'serial'> | undefined
  readonly universal: Law<'contention' | 'coherency'> | undefined
  readonly karpFlatt: KarpFlatt | undefined
}

/** A problem that grows with the processes. */
export interface WeakStudy {
  readonly name: string
  /** Rates in Gflops. */
  readonly runs: readonly (ScaledRun & { readonly n: number })[]
  readonly gustafson: Law<'serial'>
}

/** The problems that were run on at least two numbers of processes; those on the most first, of these the largest. Local. */
export function strongStudies(runs: readonly Run[]): StrongStudy[] {
  const studies = placesOf(runs).flatMap(({ place, members }) =>
    [...groupBy(members, ({ n }) => n)].flatMap(([n, same]) => {
      const timings = fastestBy(same).map(({ ranks, seconds }) => ({ p: ranks, seconds }))
      const study = studyOf(`N = ${n}, ${place}`, timings)
      return study === undefined ? [] : [{ n, study, counts: new Set(timings.map(({ p }) => p)).size }]
    }),
  )
  return studies.sort((a, b) => b.counts - a.counts || b.n - a.n).map(({ study }) => study)
}

function studyOf(name: string, timings: readonly Timing[]): StrongStudy | undefined {
  const amdahl = fitAmdahl(timings)
  if (amdahl === undefined) return undefined
  const alone = timings.filter(({ p }) => p === 1).map(({ seconds }) => seconds)
  // From two numbers of processes a third, the first, cannot be told: any two times lie on some curve.
  const counts = new Set(timings.map(({ p }) => p)).size
  if (alone.length === 0 && (counts < 3 || amdahl.single <= 0)) return undefined
  const single = alone.length > 0 ? median(alone) : amdahl.single
  return {
    name,
    timings,
    single,
    measuredSingle: alone.length > 0,
    amdahl,
    universal: fitUniversal(timings),
    karpFlatt: karpFlatt(timings),
  }
}

/** Which powers of N over p are held: flops, or memory, of a process. */
const RULES = [
  { power: 3, what: 'Equal work' },
  { power: 2, what: 'Equal memory' },
] as const
/** How far an order may be from the one that the rule asks for. */
const NEAR = 0.04

/** For each place the longest chain of runs in which N grows with p by a rule, with at least three members. Local. */
export function weakStudies(runs: readonly Run[]): WeakStudy[] {
  return placesOf(runs).flatMap(({ place, members }) => {
    const fastest = [...groupBy(members, ({ n }) => n).values()].flatMap(fastestBy)
    const least = Math.min(...members.map(({ ranks }) => ranks))
    const starts = [...new Set(fastest.filter(({ ranks }) => ranks === least).map(({ n }) => n))]
    const chains = RULES.flatMap(({ power, what }) =>
      starts.map((n0) => {
        const chain = fastest.filter(({ n, ranks }) => Math.abs(n / (n0 * (ranks / least) ** (1 / power)) - 1) < NEAR)
        return { chain, n0, what, counts: new Set(chain.map(({ ranks }) => ranks)).size }
      }),
    )
    if (chains.length === 0) return []
    const { chain, n0, what, counts } = best(chains, (one) => one.counts + one.n0 / 1e9)
    const points = chain.map(({ ranks, gflops, n }) => ({ p: ranks, rate: gflops, n }))
    const gustafson = counts < 3 ? undefined : fitGustafson(points)
    const name = `${what} for each process, from N = ${n0}, ${place}`
    return gustafson === undefined ? [] : [{ name, runs: points, gustafson }]
  })
}

/** Each place, with the runs on one host beside each network: those are where its speed-up begins. */
function placesOf(runs: readonly Run[]): { place: string; members: Run[] }[] {
  const networks = groupBy(runs.filter(({ hosts }) => hosts > 1), networkOf) // prettier-ignore
  const single = groupBy(runs.filter(({ hosts }) => hosts === 1), ({ place }) => place) // prettier-ignore
  const within = [...single].map(([place, members]) => ({ place, members }))
  const across = [...networks].map(([place, members]) => {
    const kernels = kernelsOf(members[0] as Run)
    return { place, members: [...runs.filter((run) => run.hosts === 1 && kernelsOf(run) === kernels), ...members] }
  })
  return [...within, ...across]
}

/** The place without the number of hosts, and what of it is about kernels. */
function networkOf({ place, link }: Run): string {
  return place.replace(/^\d+ hosts(, )?/, link === undefined ? 'several hosts$1' : '')
}

function kernelsOf({ place, link }: Run): string {
  const rest = place.replace(/^(one host|\d+ hosts)(, )?/, '')
  return link === undefined ? rest : rest.slice(link.length).replace(/^, /, '')
}

/** For each number of processes the repeats of the fastest grid and variant. */
function fastestBy(runs: readonly Run[]): Run[] {
  return [...groupBy(runs, ({ ranks }) => ranks).values()].flatMap((same) => {
    const ways = groupBy(same, (run) => `${gridOf(run)} ${run.nb} ${run.variant} ${run.hosts}`)
    return best([...ways.values()], (repeats) => -median(repeats.map(({ seconds }) => seconds)))
  })
}
