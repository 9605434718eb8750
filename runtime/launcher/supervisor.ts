/**
 * The launcher's half of the heartbeats: tells every agent that the launcher is here, and notices which of them are not,
 * although their channels are open: a stopped agent, a host without power, a network without an answer.
 *
 * An agent has a lease from the first time it is heard of; before that it is being started, which has a limit of its own.
 */
import { BEAT_MS, Lease } from '../base/lease.ts'

/** An agent as far as it matters here. */
export interface Supervised {
  readonly gone: boolean
  beat(): void
}

export class Supervisor<A extends Supervised> {
  readonly #agents: readonly A[]
  readonly #onLost: (lost: readonly A[]) => void
  readonly #leases = new Map<A, Lease>()
  #timer: NodeJS.Timeout | undefined
  #lookedMs = performance.now()
  #stoodStillMs = 0
  #deaf = false

  /** @param onLost called with the agents that have not been heard of for the length of a lease */
  constructor(agents: readonly A[], onLost: (lost: readonly A[]) => void) {
    this.#agents = agents
    this.#onLost = onLost
    this.resume()
  }

  /** Anything has come from an agent. */
  heard(agent: A): void {
    const lease = this.#leases.get(agent)
    if (lease === undefined) this.#leases.set(agent, new Lease(performance.now()))
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

  /** Seconds that the launcher itself did not run before its last look; 0 if it did. */
  get stoodStillSeconds(): number {
    return Math.round(this.#stoodStillMs / 1000)
  }

  /** Says nothing and looks at nothing, for the time of a suspension or for good. */
  end(): void {
    clearInterval(this.#timer)
  }

  /** Goes on after `end`: first of all every agent hears a beat. */
  resume(): void {
    this.#renew()
    this.#lookedMs = performance.now()
    for (const agent of this.#agents) if (!agent.gone) agent.beat()
    this.#timer = setInterval(() => this.#look(), BEAT_MS)
  }

  #renew(): void {
    for (const agent of this.#leases.keys()) this.#leases.set(agent, new Lease(performance.now()))
  }

  #look(): void {
    const now = performance.now()
    this.#stoodStillMs = Math.max(0, now - this.#lookedMs - BEAT_MS)
    this.#lookedMs = now
    const here = this.#agents.filter(({ gone }) => !gone)
    for (const agent of here) agent.beat()
    if (this.#deaf) return
    const lost = here.filter((agent) => this.#leases.get(agent)?.look(now))
    if (lost.length > 0) this.#onLost(lost)
  }
}
