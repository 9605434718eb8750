/**
 * The numbers of an explanation: what the activities of all processes amount to. Pure functions of a profile.
 * Layer below: activities.ts, profile.ts.
 */
import { ACTIVITIES, type Activity } from './activities.ts'
import type { RankProfile, RunProfile } from './profile.ts'

/** One activity over all processes. */
export interface ActivitySummary {
  readonly activity: Activity
  /** Seconds of a process. */
  readonly mean: number
  readonly min: number
  readonly max: number
  /** Part of the time of all processes, 0..1. */
  readonly share: number
  /** Of all processes together. */
  readonly messages: number
  readonly bytes: number
}

export interface Analysis {
  /** In the order of ACTIVITIES. */
  readonly activities: readonly ActivitySummary[]
  /** Seconds of a process, of all activities. */
  readonly seconds: number
  readonly messages: number
  readonly bytes: number
  /** Rate of one process within gemm and within trsm, 10^9 flops a second; NaN if it did none. */
  readonly gemmGflops: number
  readonly trsmGflops: number
  /** Part of the time that goes into exchange with others and waiting for them, 0..1; back-substitution not counted. */
  readonly communication: number
  /** How much longer the busiest process computes than the mean: 0.1 is ten percent. */
  readonly imbalance: number
  /**
   * Of the time that panel broadcasts were under way, the part in which processes did something else than wait for them,
   * 0..1; undefined if there is no look-ahead.
   */
  readonly overlap: number | undefined
}

/**
 * Sums a profile up. Local.
 *
 * @param nprow (global) process rows; with one, row interchanges are no communication
 * @param depth (global) look-ahead
 */
export function analyse({ ranks }: RunProfile, nprow: number, depth: number): Analysis {
  const all = sum(ranks, ({ seconds }) => seconds)
  const activities = ACTIVITIES.map((activity) => summarise(ranks, activity, all))
  const share = Object.fromEntries(activities.map(({ activity, share }) => [activity, share])) as Record<
    Activity,
    number
  >
  const busy = ranks.map(({ activities: { panel, trsm, gemm } }) => panel.seconds + trsm.seconds + gemm.seconds)
  const npcol = ranks.length / nprow
  return {
    activities,
    seconds: all / ranks.length,
    messages: sum(activities, ({ messages }) => messages),
    bytes: sum(activities, ({ bytes }) => bytes),
    gemmGflops: rate(ranks, 'gemm'),
    trsmGflops: rate(ranks, 'trsm'),
    communication: share.pivots + share.broadcast + share.wait + (nprow > 1 ? share.rows : 0),
    imbalance: (Math.max(...busy) * busy.length) / sum(busy, (seconds) => seconds) - 1,
    overlap: npcol > 1 && depth > 0 ? overlapOf(ranks) : undefined,
  }
}

function summarise(ranks: readonly RankProfile[], activity: Activity, all: number): ActivitySummary {
  const totals = ranks.map(({ activities }) => activities[activity])
  const seconds = totals.map((total) => total.seconds)
  const together = sum(seconds, (part) => part)
  return {
    activity,
    mean: together / ranks.length,
    min: Math.min(...seconds),
    max: Math.max(...seconds),
    share: all > 0 ? together / all : 0,
    messages: sum(totals, ({ messages }) => messages),
    bytes: sum(totals, ({ bytes }) => bytes),
  }
}

function rate(ranks: readonly RankProfile[], activity: 'gemm' | 'trsm'): number {
  const flops = sum(ranks, ({ activities }) => activities[activity].flops)
  const seconds = sum(ranks, ({ activities }) => activities[activity].seconds)
  return flops > 0 && seconds > 0 ? flops / seconds / 1e9 : NaN
}

function overlapOf(ranks: readonly RankProfile[]): number {
  const waited = sum(ranks, ({ activities }) => activities.wait.seconds)
  const underWay = sum(ranks, ({ broadcastSeconds }) => broadcastSeconds)
  return underWay > 0 ? Math.max(0, 1 - waited / underWay) : 0
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
