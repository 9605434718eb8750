/**
 * How long the other side of a channel has been silent, in time that this process itself was running. Pure: the clock is
 * handed in.
 *
 * Invariant: time in which nobody here looked counts at most one step. A laptop that was shut, a job stopped with Ctrl-Z
 * and a process that was busy find the other side as alive as they left it, and then have the rest of the lease to hear
 * of it.
 */

/** How often each side of a channel says that it is there, and looks whether the other side does. */
export const BEAT_MS = 500
/**
 * Silence after which the other side counts as lost. Ten beats: an overloaded machine may hold back a process that
 * computes nothing for some of them.
 */
export const LEASE_MS = 5000
/** What one look may count at most: a look that is late by more than a beat was late for reasons of its own. */
const STEP_MS = 2 * BEAT_MS

export class Lease {
  readonly #leaseMs: number
  #lookedMs: number
  #silentMs = 0

  /**
   * @param nowMs the clock, now; monotonic
   * @param leaseMs silence that ends the lease
   */
  constructor(nowMs: number, leaseMs: number = LEASE_MS) {
    this.#lookedMs = nowMs
    this.#leaseMs = leaseMs
  }

  /** The other side has said something. */
  heard(): void {
    this.#silentMs = 0
  }

  /** Looks at the clock; true if the lease is over. */
  look(nowMs: number): boolean {
    this.#silentMs += Math.min(nowMs - this.#lookedMs, STEP_MS)
    this.#lookedMs = nowMs
    return this.#silentMs >= this.#leaseMs
  }
}
