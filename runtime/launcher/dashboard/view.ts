/**
 * What the dashboard knows of a job, and how it puts that for its page: plain data. The agents' answers come one by one; a
 * picture is of the newest of each. Layer below: the reports of runtime/diagnosis.
 */
import type { ProgressReport, RankTraffic } from '../../agent/job-description.ts'
import type { RankReport } from '../../diagnosis/picture.ts'
import { deadlockReport, doing } from '../../diagnosis/report.ts'
import { isOver, reasonOf } from '../../diagnosis/wait-graph.ts'
import { waitText } from '../../diagnosis/wording.ts'
import type { AgentPlan } from '../placement.ts'

/** Links shown, those with the most bytes: of many hosts there are too many for a page. */
const MOST_LINKS = 200
/** Points of a curve that are kept; with more, every other one is dropped, and of those to come as well. */
const MOST_POINTS = 1200

/** A rank as the page shows it. */
export interface RankView {
  readonly rank: number
  readonly state: 'unknown' | 'starting' | 'computes' | 'waits' | 'over'
  /** What it does, in words. */
  readonly text: string
  /** World ranks that have to act before it can go on. */
  readonly waitsFor: readonly number[]
  /** Part of the time since the picture before that it spent in calls of the runtime; null if that is not known. */
  readonly communication: number | null
}

/** Bytes that the ranks of one host have sent to those of another, or of their own. */
export interface LinkView {
  readonly from: string
  readonly to: string
  readonly bytes: number
  readonly bytesPerSecond: number
}

export interface PictureView {
  /** Since the job began. */
  readonly seconds: number
  readonly hosts: readonly { readonly name: string; readonly ranks: readonly RankView[] }[]
  readonly links: readonly LinkView[]
}

/** Why nothing moves any more. */
export interface DeadlockView {
  readonly kind: 'cycle' | 'ended' | 'unknown'
  /** Ranks on the way, each with what it waits for, in full and in short; the last leads to `end`. */
  readonly steps: readonly { readonly rank: number; readonly text: string; readonly call: string }[]
  readonly end: number | null
  /** The report as the terminal shows it. */
  readonly report: string
}

/** Traffic of a rank as it was seen: at a time, and at the picture before. */
interface Seen {
  readonly now: RankTraffic
  readonly before: RankTraffic | undefined
}

export class JobView {
  readonly #hosts: readonly { readonly name: string; readonly ranks: readonly number[] }[]
  /** Host of each rank, by number. */
  readonly #hostOf: readonly number[]
  readonly #reports = new Map<number, RankReport>()
  readonly #traffic = new Map<number, Seen>()
  /** Seconds and 10^9 flops a second. */
  #rates: (readonly [number, number])[] = []
  #stride = 1
  #told = 0

  constructor(plans: readonly AgentPlan[]) {
    const names = [...new Set(plans.map(({ host }) => host))]
    this.#hosts = names.map((name) => ({
      name,
      ranks: plans
        .filter(({ host }) => host === name)
        .flatMap(({ ranks }) => ranks)
        .sort((a, b) => a - b),
    }))
    const hostOf: number[] = []
    for (const [index, { ranks }] of this.#hosts.entries()) for (const rank of ranks) hostOf[rank] = index
    this.#hostOf = hostOf
  }

  /** Curve so far, for a page that is opened late. */
  get rates(): readonly (readonly [number, number])[] {
    return this.#rates
  }

  reports(reports: readonly RankReport[]): void {
    for (const report of reports) this.#reports.set(report.rank, report)
  }

  ended(rank: number): void {
    this.#reports.set(rank, { rank, state: 'ended', picture: undefined, stack: [], silentSeconds: 0 })
  }

  traffic(ranks: readonly RankTraffic[]): void {
    for (const now of ranks) this.#traffic.set(now.rank, { now, before: this.#traffic.get(now.rank)?.now })
  }

  progress(seconds: number, { gflops }: ProgressReport): void {
    if (gflops === undefined || this.#told++ % this.#stride > 0) return
    this.#rates.push([seconds, gflops])
    if (this.#rates.length < MOST_POINTS) return
    this.#rates = this.#rates.filter((_, index) => index % 2 === 0)
    this.#stride *= 2
  }

  /** The newest of everything. @param nowMs since the job began */
  picture(nowMs: number): PictureView {
    const hosts = this.#hosts.map(({ name, ranks }) => ({ name, ranks: ranks.map((rank) => this.#rank(rank)) }))
    return { seconds: nowMs / 1000, hosts, links: this.#links() }
  }

  #rank(rank: number): RankView {
    const report = this.#reports.get(rank)
    const communication = communicationOf(this.#traffic.get(rank))
    if (report === undefined) return { rank, state: 'unknown', text: 'not heard of yet', waitsFor: [], communication }
    const peers = report.picture?.waits.flatMap(({ peer }) => peer ?? []) ?? []
    const waitsFor = isOver(report) ? [] : [...new Set(peers)]
    return { rank, state: stateOf(report), text: doing(report), waitsFor, communication }
  }

  #links(): LinkView[] {
    const links = new Map<string, { from: string; to: string; bytes: number; bytesPerSecond: number }>()
    const hostOf = (rank: number): string => this.#hosts[this.#hostOf[rank] as number]?.name as string
    for (const [rank, { now, before }] of this.#traffic) {
      const earlier = new Map(before?.sent)
      const seconds = isOver(this.#reports.get(rank)) ? Infinity : (now.totalMs - (before?.totalMs ?? 0)) / 1000
      for (const [peer, bytes] of now.sent) {
        const [from, to] = [hostOf(rank), hostOf(peer)]
        const key = `${from} ${to}`
        const link = links.get(key) ?? { from, to, bytes: 0, bytesPerSecond: 0 }
        links.set(key, link)
        link.bytes += bytes
        if (seconds > 0) link.bytesPerSecond += (bytes - (earlier.get(peer) ?? 0)) / seconds
      }
    }
    return [...links.values()].sort((a, b) => b.bytes - a.bytes).slice(0, MOST_LINKS)
  }
}

/** The deadlock that these reports show. */
export function deadlockView(reports: readonly RankReport[]): DeadlockView {
  const reason = reasonOf(reports)
  const report = deadlockReport(reports)
  if (reason === undefined) return { kind: 'unknown', steps: [], end: null, report }
  const byRank = new Map(reports.map((one) => [one.rank, one]))
  const steps = reason.steps.map(({ rank, wait }) => ({
    rank,
    text: waitText(wait, byRank.get(rank)?.picture),
    call: wait.collective ?? `${wait.call}, tag ${wait.tag ?? 'ANY_TAG'}`,
  }))
  return { kind: reason.kind, steps, end: reason.steps.at(-1)?.next ?? null, report }
}

function stateOf(report: RankReport): RankView['state'] {
  if (isOver(report)) return 'over'
  if (report.state === 'starting') return 'starting'
  return report.picture !== undefined && report.picture.waits.length > 0 ? 'waits' : 'computes'
}

function communicationOf(seen: Seen | undefined): number | null {
  if (seen === undefined) return null
  const { now, before = { totalMs: 0, communicationMs: 0 } } = seen
  const ms = now.totalMs - before.totalMs
  return ms > 0 ? Math.min(1, Math.max(0, (now.communicationMs - before.communicationMs) / ms)) : null
}
