/**
 * What operations wait for that no message brings: whoever brings it about nudges this rank, which then asks.
 *
 * Invariant: an operation ends at the first question after its condition is met, or can never be met.
 */
import type { Operation } from './operation.ts'
import type { Pending } from './pending.ts'

/** Something other than a message that ranks of this host bring about, and that this rank waits for. */
export interface Condition {
  /** Asked whenever this rank looks for messages. Throws if it can never be. */
  isMet(): boolean
  /** World rank of one who has to do something for it. */
  awaited(): number
}

export class Conditions {
  readonly #conditions = new Map<Operation, Condition>()

  /** The operation ends, now or later, when the condition is met. */
  add(operation: Operation, condition: Condition): void {
    this.#conditions.set(operation, condition)
    this.ask()
  }

  get isEmpty(): boolean {
    return this.#conditions.size === 0
  }

  ask(): void {
    for (const [operation, condition] of this.#conditions) {
      try {
        if (!condition.isMet()) continue
        operation.complete()
      } catch (error) {
        operation.fail(error as Error)
      }
      this.#conditions.delete(operation)
    }
  }

  pending(): Pending[] {
    return Array.from(this.#conditions, ([operation, condition]) => {
      operation.source = condition.awaited()
      return { operation, kind: 'receive', nbytes: undefined }
    })
  }
}
