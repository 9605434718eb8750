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
  readonly #leases = new Map<A, Lease>()
  readonly #timer: NodeJS.Timeout
  #lookedMs = performance.now()
  #stoodStillMs = 0

  /** @param onLost called with the agents that have not been heard of for the length of a lease */
  constructor(agents: readonly A[], onLost: (lost: readonly A[]) => void) {
    this.#agents = agents
    this.#timer = setInterval(() => this.#look(onLost), BEAT_MS)
  }

  /** Anything has come from an agent. */
  heard(agent: A): void {
    const lease = this.#leases.get(agent)
    if (lease === undefined) this.#leases.set(agent, new Lease(performance.now()))
    else lease.heard()
  }

  /** Seconds that the launcher itself did not run since agents were last heard of without a break; 0 if it always did. */
  get stoodStillSeconds(): number {
    return Math.round(this.#stoodStillMs / 1000)
  }

  /** Leaves the agents to themselves. */
  end(): void {
    clearInterval(this.#timer)
  }

  #look(onLost: (lost: readonly A[]) => void): void {
    const now = performance.now()
    this.#stoodStillMs = Math.max(0, now - this.#lookedMs - BEAT_MS)
    this.#lookedMs = now
    const here = this.#agents.filter(({ gone }) => !gone)
    for (const agent of here) agent.beat()
    const lost = here.filter((agent) => this.#leases.get(agent)?.look(now))
    if (lost.length > 0) onLost(lost)
  }
}
