/**
 * Watches over a job with the eyes of its agents: finds out that nothing can move any more, and collects what every rank
 * is doing when somebody wants to know.
 *
 * A deadlock is told when every host stands still, two rounds of looks at all of them find the same marks, and no frame is
 * on the wire between them; runtime/agent/host-watch.ts says why that is proof, if only messages can wake a rank. Of work
 * that Node does not list a rank knows only when it looks closely: so the ranks are asked then what they do. If all answer,
 * as a rank does whose event loop turns, and name nothing that could wake them, and a third look finds the marks
 * unchanged, they said so while nothing moved.
 */
import type { AgentEvent, Command } from '../agent/job-description.ts'
import type { HostLook } from '../agent/host-watch.ts'
import { leftoversReport } from '../diagnosis/report.ts'
import { hasEnded } from '../diagnosis/wait-graph.ts'
import type { LateMessages, Leftovers, RankReport } from '../diagnosis/picture.ts'

/** Between two looks, if frames were still on the wire. */
const AGAIN_MS = 100
/** Between two looks, if something that cannot be watched may still wake a rank. */
const PATIENCE_MS = 1000
/** How long the agents may take to report; one that does not is left out. */
const REPORTS_MS = 3000

/** An agent as far as it matters here. */
export interface Watched {
  readonly gone: boolean
  send(command: Command): void
}

type DiagnosisEvent = Extract<AgentEvent, { readonly event: 'quiet' | 'looked' | 'reports' | 'leftovers' | 'late' }>

export class Diagnosis<A extends Watched> {
  readonly #agents: readonly A[]
  readonly #onStuck: (reports: readonly RankReport[]) => void
  readonly #quiet = new Set<A>()
  readonly #leftovers = new Map<number, Leftovers>()
  readonly #late = new Map<number, LateMessages>()
  #looks = new Map<A, HostLook>()
  #before: string | undefined
  #looking = false
  /** What the ranks said when they had stood still, and that nothing but messages could wake them. */
  #testimony: readonly RankReport[] | undefined
  #reports: { readonly missing: Set<A>; readonly found: RankReport[]; readonly resolve: () => void } | undefined
  #report: Promise<RankReport[]> | undefined
  /** Agents that did not report in time when they were last asked. */
  #unheard = 0

  /** @param onStuck called once, with what the ranks do, when none of the job can ever be woken again */
  constructor(agents: readonly A[], onStuck: (reports: readonly RankReport[]) => void) {
    this.#agents = agents
    this.#onStuck = onStuck
  }

  /** Takes note of an event; true if it was one for here. */
  hear(agent: A, rank: number, event: AgentEvent): event is DiagnosisEvent {
    switch (event.event) {
      case 'quiet':
        if (event.quiet) this.#quiet.add(agent)
        else this.#quiet.delete(agent)
        this.#lookAtAll()
        return true
      case 'looked':
        this.#looks.set(agent, event)
        if (this.#looks.size === this.#agents.length) this.#compare()
        return true
      case 'reports':
        this.#reported(agent, event.reports)
        return true
      case 'leftovers':
        this.#leftovers.set(rank, event.leftovers)
        return true
      case 'late':
        this.#late.set(rank, event.messages)
        return true
      default:
        return false
    }
  }

  /** What every rank is doing, by rank. */
  report(): Promise<RankReport[]> {
    this.#report ??= this.#collect().finally(() => (this.#report = undefined))
    return this.#report
  }

  /** What the ranks have left behind; empty if that is nothing. */
  leftovers(): string {
    return leftoversReport(this.#leftovers, this.#late)
  }

  #lookAtAll(): void {
    if (this.#looking || this.#quiet.size < this.#agents.length) return
    this.#looking = true
    this.#looks = new Map()
    for (const agent of this.#agents) agent.send({ command: 'look' })
  }

  /** All agents have looked after all had looked before. */
  #compare(): void {
    const looks = this.#agents.map((agent) => this.#looks.get(agent) as HostLook)
    const sum = (count: (look: HostLook) => number): number => looks.reduce((total, look) => total + count(look), 0)
    const onTheWire = sum(({ sent }) => sent) - sum(({ received }) => received)
    const settled = looks.every(({ quiet }) => quiet) && onTheWire === 0
    const marks = settled ? JSON.stringify(looks.map(({ mark }) => mark)) : undefined
    const same = marks !== undefined && marks === this.#before
    this.#before = marks
    if (!same) this.#testimony = undefined
    if (same && this.#testimony === undefined) void this.#hearAll()
    else if (same) this.#onStuck(this.#testimony as readonly RankReport[])
    else this.#lookAgain(settled ? 0 : AGAIN_MS)
  }

  /** Ranks look closely at themselves only now: it costs too much to be done while they wait. */
  async #hearAll(): Promise<void> {
    const reports = await this.report()
    const stuck = this.#unheard === 0 && reports.every(isStuck)
    if (stuck) this.#testimony = reports
    this.#lookAgain(stuck ? 0 : PATIENCE_MS)
  }

  #lookAgain(afterMs: number): void {
    this.#looking = false
    if (afterMs === 0) this.#lookAtAll()
    else setTimeout(() => this.#lookAtAll(), afterMs).unref()
  }

  async #collect(): Promise<RankReport[]> {
    const found: RankReport[] = []
    const missing = new Set(this.#agents.filter(({ gone }) => !gone))
    await new Promise<void>((resolve) => {
      // A job that has ended meanwhile does not wait for agents that cannot answer any more.
      const limit = setTimeout(resolve, REPORTS_MS).unref()
      const done = (): void => {
        clearTimeout(limit)
        resolve()
      }
      this.#reports = { missing, found, resolve: done }
      if (missing.size === 0) done()
      for (const agent of missing) agent.send({ command: 'report' })
    })
    this.#reports = undefined
    this.#unheard = missing.size
    return found.sort((a, b) => a.rank - b.rank)
  }

  #reported(agent: A, reports: readonly RankReport[]): void {
    if (this.#reports === undefined || !this.#reports.missing.delete(agent)) return
    this.#reports.found.push(...reports)
    if (this.#reports.missing.size === 0) this.#reports.resolve()
  }
}

/** True of a rank that says that nothing but messages can wake it; one that computes does not answer. */
function isStuck(report: RankReport): boolean {
  return hasEnded(report) || report.picture?.resources.length === 0
}
