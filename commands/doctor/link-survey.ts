/**
 * Measures the links of a cluster although some of its hosts may not be able to connect to each other. A job with two such
 * hosts ends, so hosts are measured in groups whose members all can: all hosts at first, and when some turn out to be apart,
 * as few groups as are easily found.
 *
 * Invariant: a job that fails names a pair that was not known to be apart, or is the last one. Pure but for the jobs.
 */
import { unlinkedPairs, type UnlinkedPair } from '../../runtime/launcher/unlinked.ts'
import type { Links, Matrix } from './facts.ts'

/** What the job of a group came to: its links, in the order of the group, or what it complained of. */
export type GroupOutcome = { readonly links: Links } | { readonly complaint: string }

/** What is known of the links between `hosts`. */
export interface Survey {
  readonly hosts: readonly string[]
  /** In the order of `hosts`; null where nothing was measured. Absent if no job succeeded. */
  readonly links?: Links | undefined
  readonly unlinked: readonly UnlinkedPair[]
  /** What ended it before all was measured that could be. */
  readonly failure?: string | undefined
}

/** Measures all pairs of hosts that can connect. Local. @param measure runs a job with one rank on each host of a group */
export async function surveyLinks(
  hosts: readonly string[],
  measure: (group: readonly string[]) => Promise<GroupOutcome>,
): Promise<Survey> {
  const unlinked: UnlinkedPair[] = []
  let links: Links | undefined
  const isApart = (a: number, b: number): boolean =>
    unlinked.some(({ from, to }) => [a, b].includes(hosts.indexOf(from)) && [a, b].includes(hosts.indexOf(to)))
  const isWanted = (a: number, b: number): boolean => !isApart(a, b) && links?.latencyUs[a]?.[b] == null
  for (;;) {
    const group = nextGroup(hosts.length, isWanted, isApart)
    if (group === undefined) return { hosts, links, unlinked }
    const outcome = await measure(group.map((index) => hosts[index] as string))
    if ('links' in outcome) links = withGroup(links ?? nothingMeasured(hosts.length), group, outcome.links)
    else {
      const found = unlinkedPairs(outcome.complaint).filter(({ from, to }) =>
        [from, to].every((name) => group.includes(hosts.indexOf(name))),
      )
      if (found.length === 0) return { hosts, links, unlinked, failure: outcome.complaint }
      unlinked.push(...found)
    }
  }
}

/** A pair that is wanted, with all others that are apart from nobody in the group. */
function nextGroup(size: number, isWanted: Relation, isApart: Relation): number[] | undefined {
  const all = Array.from({ length: size }, (_, index) => index)
  for (const a of all)
    for (const b of all.slice(a + 1))
      if (isWanted(a, b)) {
        const group = [a, b]
        for (const one of all) if (!group.includes(one) && group.every((other) => !isApart(one, other))) group.push(one)
        return group.sort((x, y) => x - y)
      }
  return undefined
}

type Relation = (a: number, b: number) => boolean

function nothingMeasured(size: number): Links {
  const matrix = (): Matrix => Array.from({ length: size }, () => Array<null>(size).fill(null))
  const [latencyUs, loadedLatencyUs, bandwidthMBps, loadedBandwidthMBps] = [matrix(), matrix(), matrix(), matrix()]
  const clockMs = Array.from({ length: size }, (_, index) => (index === 0 ? 0 : null))
  return { latencyUs, loadedLatencyUs, bandwidthMBps, loadedBandwidthMBps, clockMs } as Links
}

/** What was measured first stays. */
function withGroup(links: Links, group: readonly number[], measured: Links): Links {
  const merged = (of: (one: Links) => Matrix): Matrix =>
    of(links).map((row, a) => row.map((old, b) => old ?? of(measured)[group.indexOf(a)]?.[group.indexOf(b)] ?? null))
  return {
    latencyUs: merged((one) => one.latencyUs),
    loadedLatencyUs: merged((one) => one.loadedLatencyUs),
    bandwidthMBps: merged((one) => one.bandwidthMBps),
    loadedBandwidthMBps: merged((one) => one.loadedBandwidthMBps),
    clockMs: clocks(links.clockMs, group, measured.clockMs),
  }
}

/** Clocks of a group are told against its first host; some host of it must be known against that of the whole. */
function clocks(known: Clocks, group: readonly number[], measured: Clocks): Clocks {
  const bridge = group.findIndex((index) => known[index] != null)
  if (bridge < 0) return known
  const shift = (known[group[bridge] as number] as number) - (measured[bridge] as number)
  return known.map(
    (old, index) => old ?? (group.includes(index) ? (measured[group.indexOf(index)] as number) + shift : null),
  )
}

type Clocks = Links['clockMs']
