/**
 * Heartbeats between the agents of a job, over the sockets that carry its messages: a network may fail between two hosts
 * that the launcher still reaches. What this host finds is no more than a claim; the launcher, which hears all hosts,
 * decides.
 */
import { BEAT_MS, Lease } from '../base/lease.ts'

/** What an agent knows of its link to another. */
export type LinkState = 'silent' | 'alive' | 'broken'

export class LinkWatch {
  readonly #peers: ReadonlySet<number>
  /** From the first word of each: connecting has a limit of its own. */
  readonly #leases = new Map<number, Lease>()
  readonly #silent = new Set<number>()
  readonly #broken = new Set<number>()
  readonly #tell: (peer: number, state: LinkState) => void

  /**
   * @param peers the other agents, by number
   * @param beat called with each of them every BEAT_MS
   * @param tell called when nothing has come from one for the length of a lease, when something does again, and when a
   *   connection has broken
   */
  constructor(peers: readonly number[], beat: (peer: number) => void, tell: (peer: number, state: LinkState) => void) {
    this.#tell = tell
    this.#peers = new Set(peers)
    setInterval(() => {
      for (const peer of peers) beat(peer)
      this.#look(performance.now())
    }, BEAT_MS)
  }

  /** Anything has come from an agent. */
  heard(peer: number): void {
    const lease = this.#leases.get(peer)
    if (lease !== undefined) lease.heard()
    else if (this.#peers.has(peer)) this.#leases.set(peer, new Lease(performance.now()))
    if (this.#silent.size > 0 && this.#silent.delete(peer)) this.#tell(peer, 'alive')
  }

  /** The connection to an agent has broken: what was under way may be lost, even if the next one holds. */
  broken(peer: number): void {
    if (this.#broken.has(peer)) return
    this.#broken.add(peer)
    this.#tell(peer, 'broken')
  }

  #look(now: number): void {
    for (const [peer, lease] of this.#leases) {
      if (!lease.look(now) || this.#silent.has(peer)) continue
      this.#silent.add(peer)
      this.#tell(peer, 'silent')
    }
  }
}

/** Whether no network can fail between two endpoints, `tcp://ADDRESS:PORT`: they have the same address, or one of loopback. */
export function areOnOneMachine(a: string, b: string): boolean {
  const address = (endpoint: string): string => endpoint.slice(0, endpoint.lastIndexOf(':'))
  return address(a) === address(b) || /^tcp:\/\/(127\.|\[::1\])/.test(a)
}
