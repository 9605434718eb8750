/**
 * What limits a run on several hosts, in plain words: the time of a process divided into computing, the network's
 * bandwidth, its latency, and waiting for others. Pure. Layer below: hpl/analysis.ts.
 *
 * A run records for each process how long it exchanges pivots, panels and rows, and how many messages and bytes it sends
 * for them, but not which of that time the network is to blame for. That is estimated: the messages that leave a host
 * need bytes / bandwidth on its link and a latency each. As much of the measured time as they need is the network's, the
 * rest is waiting for a process that was not ready. Look-ahead hides traffic behind the update; what is hidden is in no
 * measured time and limits nothing.
 */
import { ACTIVITIES, type Activity } from '../../hpl/activities.ts'
import { analyse } from '../../hpl/analysis.ts'
import type { RankProfile } from '../../hpl/profile.ts'

/** What a link can do. */
export interface Link {
  /** Payload, in bytes a second. */
  readonly bandwidth: number
  /** Seconds. */
  readonly latency: number
}

/** Who sits where. */
export interface Layout {
  /** By rank in the grid, row by row: the number of its host. */
  readonly hostOf: readonly number[]
  readonly p: number
  readonly q: number
  readonly depth: number
}

/** Parts of the time of all processes; they add up to 1. */
export interface Shares {
  /** The update and the back-substitution. */
  readonly compute: number
  /** Factoring panels. */
  readonly panel: number
  readonly bandwidth: number
  readonly latency: number
  /** For processes that are not ready. */
  readonly waiting: number
}

export type Limit = keyof Shares

export interface Limits {
  readonly shares: Shares
  readonly limit: Limit
  /** Part of the time in which processes exchange data or wait for it, 0..1. */
  readonly communication: number
  /** What leaves a host. */
  readonly bytesPerHost: number
  /** What a rank sends, wherever it goes. */
  readonly messagesPerRank: number
}

/** Activities that talk, and along which side of the grid. */
const TALKING = { pivots: 'column', rows: 'column', broadcast: 'row', wait: 'row' } as const
type Talking = keyof typeof TALKING

/** From this share on computing is the limit, whatever else there is. */
const COMPUTE_BOUND = 0.75

/**
 * Divides the time of a run up. Local.
 *
 * @param ranks by rank in the grid
 */
export function limitsOf(ranks: readonly RankProfile[], link: Link, layout: Layout): Limits {
  const { activities, seconds, communication } = analyse({ ranks, exchanges: [] }, layout.p, layout.depth)
  const mean = Object.fromEntries(activities.map((one) => [one.activity, one.mean])) as Record<Activity, number>
  const hosts = new Set(layout.hostOf).size
  const talk = (Object.keys(TALKING) as Talking[]).map((activity) => {
    const { messages, bytes } = activities[ACTIVITIES.indexOf(activity)] as (typeof activities)[number]
    const leaving = leavingShare(layout, TALKING[activity])
    return { activity, seconds: mean[activity], messages, leaving: messages * leaving, bytes: bytes * leaving }
  })
  const network = PARTS.map((names) => {
    const parts = talk.filter(({ activity }) => names.includes(activity))
    const volume = sum(parts, ({ bytes }) => bytes) / hosts / link.bandwidth
    const delay = (sum(parts, ({ leaving }) => leaving) / ranks.length) * link.latency
    const measured = sum(parts, ({ seconds }) => seconds)
    return names.includes('pivots') ? lockstepTime(measured, volume) : networkTime(measured, volume, delay)
  })
  const [bandwidth, latency] = [sum(network, (one) => one.bandwidth), sum(network, (one) => one.latency)]
  const alone = layout.p === 1 ? mean.rows : 0 // one process row moves rows in memory only
  const computing = mean.gemm + mean.trsm + mean.solve + mean.other + alone
  const waiting = Math.max(0, sum(talk, (one) => one.seconds) - alone - bandwidth - latency)
  const shares = { compute: computing, panel: mean.panel, bandwidth, latency, waiting }
  const parts = Object.fromEntries(Object.entries(shares).map(([key, value]) => [key, value / seconds])) as unknown as Shares // prettier-ignore
  return {
    shares: parts,
    limit: largest(parts),
    communication,
    bytesPerHost: sum(talk, (one) => one.bytes) / hosts,
    messagesPerRank: sum(talk, (one) => one.messages) / ranks.length,
  }
}

/** The exchanges that are looked at together. A panel is sent in one activity and waited for in another. */
const PARTS: readonly (readonly Talking[])[] = [['pivots'], ['rows'], ['broadcast', 'wait']]

/**
 * The processes of a column find a pivot together for each column of the matrix, with equal work between: nobody is late,
 * and what their bytes do not need is the latency of the exchange, software and all.
 */
function lockstepTime(measured: number, volume: number): { bandwidth: number; latency: number } {
  const bandwidth = Math.min(measured, volume)
  return { bandwidth, latency: measured - bandwidth }
}

/** As much of the measured time as the network needs, divided as it needs it. */
function networkTime(measured: number, volume: number, delay: number): { bandwidth: number; latency: number } {
  const needed = volume + delay
  if (needed === 0) return { bandwidth: 0, latency: 0 }
  const part = Math.min(1, measured / needed)
  return { bandwidth: volume * part, latency: delay * part }
}

/** Part of the messages along rows, or columns, of the grid that go from one host to another: of neighbours in the ring. */
function leavingShare({ hostOf, p, q }: Layout, side: 'row' | 'column'): number {
  const length = side === 'row' ? q : p
  if (length === 1) return 0
  const pairs = Array.from({ length: p * q }, (_, rank) => {
    const [row, col] = [Math.floor(rank / q), rank % q]
    const next = side === 'row' ? row * q + ((col + 1) % q) : ((row + 1) % p) * q + col
    return hostOf[rank] !== hostOf[next]
  })
  return pairs.filter((leaves) => leaves).length / pairs.length
}

function largest(shares: Shares): Limit {
  if (shares.compute >= COMPUTE_BOUND) return 'compute'
  const losses = (Object.keys(shares) as Limit[]).filter((limit) => limit !== 'compute')
  return losses.reduce((most, limit) => (shares[limit] > shares[most] ? limit : most))
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

/** In a few words, at most 36 characters, for a column of a table. Local. */
export function describeLimit({ limit, shares, bytesPerHost, messagesPerRank }: Limits): string {
  const part = `${Math.round(100 * shares[limit])} %`
  switch (limit) {
    case 'compute':
      return `compute: ${part} in the kernels`
    case 'panel':
      return `panels: ${part} in factoring them`
    case 'bandwidth':
      return `bandwidth: ${part} for ${megabytes(bytesPerHost)} a host`
    case 'latency':
      return `latency: ${part} for ${Math.round(messagesPerRank)} messages a rank`
    case 'waiting':
      return `imbalance: ${part} waiting for others`
  }
}

function megabytes(bytes: number): string {
  return `${Number((bytes / 1e6).toPrecision(2))} MB`
}
