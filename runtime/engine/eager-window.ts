/**
 * The bytes of eager messages that a rank may have unmatched at each other rank, and what it owes others of theirs.
 *
 * Invariant: what a rank has sent eagerly and not got back never exceeds EAGER_WINDOW at any peer; every byte spent comes
 * back once, here or in a CREDIT frame.
 */
import { CREDIT_PORTION, EAGER_OVERHEAD, EAGER_WINDOW } from './tunables.ts'

export class EagerWindow {
  /** By world rank. */
  readonly #left: Float64Array
  readonly #owed: Float64Array

  constructor(worldSize: number) {
    this.#left = new Float64Array(worldSize).fill(EAGER_WINDOW)
    this.#owed = new Float64Array(worldSize)
  }

  /** Takes the window for a message; false if there is not enough. */
  spend(dest: number, nbytes: number): boolean {
    const left = (this.#left[dest] as number) - nbytes - EAGER_OVERHEAD
    if (left < 0) return false
    this.#left[dest] = left
    return true
  }

  /** A message was not sent after all, or came from this rank itself and has been taken. */
  giveBack(dest: number, nbytes: number): void {
    this.credit(dest, nbytes + EAGER_OVERHEAD)
  }

  /** `dest` has given window back. */
  credit(dest: number, nbytes: number): void {
    this.#left[dest] = (this.#left[dest] as number) + nbytes
  }

  /** A message of another rank has been taken: what to give back now, which is 0 until it is worth a frame. */
  owe(source: number, nbytes: number): number {
    const owed = (this.#owed[source] as number) + nbytes + EAGER_OVERHEAD
    const due = owed >= CREDIT_PORTION
    this.#owed[source] = due ? 0 : owed
    return due ? owed : 0
  }
}
