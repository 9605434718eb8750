/**
 * The launcher's half of the heartbeats: tells every agent that the launcher is here, and notices which of them are not,
 * although their channels are open: a stopped agent, a host without power, a network without an answer.
 *
 * An agent has a lease from the first time it is heard of; before that it is being started, which has a limit of its own.
 */
import { BEAT_MS, LEASE_MS, Lease } from '../base/lease.ts'

/** An agent as far as it matters here. */
export interface Supervised {
  readonly gone: boolean
  beat(): void
}

export class Supervisor<A extends Supervised> {
  readonly #agents: readonly A[]
  readonly #onLost: (lost: readonly A[]) => void
  readonly #now: () => number
  readonly #leases = new Map<A, Lease>()
  #timer: NodeJS.Timeout | undefined
  #lookedMs: number
  /** The longest pause of the launcher's own in the time of one lease, and when it ended. */
  #pause = { ms: 0, endMs: -Infinity }
  #deaf = false

  /**
   * @param onLost called with the agents that have not been heard of for the length of a lease
   * @param now the clock, in milliseconds; monotonic
   */
  constructor(agents: readonly A[], onLost: (lost: readonly A[]) => void, now = () => performance.now()) {
    this.#agents = agents
    this.#onLost = onLost
    this.#now = now
    this.#lookedMs = now()
    this.resume()
  }

  /** Anything has come from an agent. */
  heard(agent: A): void {
    const lease = this.#leases.get(agent)
    if (lease === undefined) this.#leases.set(agent, new Lease(this.#now()))
    else lease.heard()
  }

  /** Whether the launcher does not listen: then silence means nothing. */
  set deaf(deaf: boolean) {
    this.#deaf = deaf
    this.#renew()
  }

  get deaf(): boolean {
    return this.#deaf
  }

  /**
   * Seconds that the launcher itself did not run lately; 0 if it did. What the agents said meanwhile may be read before
   * the first look after the pause, or after the second.
   */
  get stoodStillSeconds(): number {
    this.#notePause(this.#now())
    return Math.round(this.#pause.ms / 1000)
  }

  /** Says nothing and looks at nothing, for the time of a suspension or for good. */
  end(): void {
    clearInterval(this.#timer)
  }

  /** Goes on after `end`: first of all every agent hears a beat. */
  resume(): void {
    this.#renew()
    this.#lookedMs = this.#now()
    for (const agent of this.#agents) if (!agent.gone) agent.beat()
    this.#timer = setInterval(() => this.#look(), BEAT_MS)
  }

  #renew(): void {
    for (const agent of this.#leases.keys()) this.#leases.set(agent, new Lease(this.#now()))
  }

  #look(): void {
    const now = this.#now()
    this.#notePause(now)
    this.#lookedMs = now
    const here = this.#agents.filter(({ gone }) => !gone)
    for (const agent of here) agent.beat()
    if (this.#deaf) return
    const lost = here.filter((agent) => this.#leases.get(agent)?.look(now))
    if (lost.length > 0) this.#onLost(lost)
  }

  #notePause(now: number): void {
    const ms = Math.max(0, now - this.#lookedMs - BEAT_MS)
    if (ms >= this.#pause.ms || now - this.#pause.endMs > LEASE_MS) this.#pause = { ms, endMs: now }
  }
}
