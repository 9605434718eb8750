/**
 * What a rank waits in for long is shown to who reads its record: a job that ends has the calls in it that did not return.
 *
 * Invariant: it is done by a rank that has nothing else to do, and the others hardly wait for it. Lines of the program that
 * there was no time to find in the call are found now, from who waits, which costs 20 to 50 us each: PLACE_SHARE of the
 * wait at most. Without that bound, and after waits of 100 us, the lines of sixteen receives made the peer wait so long that
 * it looked for its own, and so on: windows of 1 KiB took 13 us a message instead of 1.3.
 */
import { awaitingStack } from '../base/awaiting-stack.ts'
import type { Operation } from '../engine/operation.ts'
import type { WaitingRank } from '../engine/recorder.ts'
import type { TraceMemory, TraceRecord } from './trace-memory.ts'

/** Less than the records that a job loses anyway when its agent is killed. */
const LONG_MS = 10
/** Part of a wait that may be spent on finding lines. */
const PLACE_SHARE = 0.02

/** Looks between two questions whether a wait is long: 2 us of a rank that has a core to itself, 2 ms of one that sleeps. */
const LOOKS_A_QUESTION = 64
/** Those of a rank that sleeps between any two looks. */
const SLEEPS_A_QUESTION = 2

/** Looks for messages after which to ask again whether a wait is long, a power of two. */
export function questionInterval(spins: boolean): number {
  return spins ? LOOKS_A_QUESTION : SLEEPS_A_QUESTION
}

export interface Wait {
  readonly operation: Operation
  readonly record: TraceRecord
}

export class LongWait {
  readonly #memory: TraceMemory
  /** The number of a line of the program in a stack trace, in a call. */
  readonly #placeIn: (call: string, stack: string) => number | undefined
  #shown: readonly Wait[] | undefined
  /** How many of them have a line, or none that could be found. */
  #placed = 0
  #placingMs = 0
  /** Waits that had begun and ended when the rank was asked last, and since when there have been no more. */
  #turns = -1
  #since = 0

  constructor(memory: TraceMemory, placeIn: (call: string, stack: string) => number | undefined) {
    this.#memory = memory
    this.#placeIn = placeIn
  }

  get isShown(): boolean {
    return this.#shown !== undefined
  }

  /** How long a rank has waited for the same, if that is long. */
  lastsMs({ waitTurns }: WaitingRank): number | undefined {
    const now = performance.now()
    if (waitTurns !== this.#turns) {
      this.#turns = waitTurns
      this.#since = now
    }
    const ms = now - this.#since
    return ms < LONG_MS ? undefined : ms
  }

  show(waits: readonly Wait[]): void {
    this.#shown = waits
    this.#placed = 0
    this.#placingMs = 0
    this.#tell(waits)
  }

  /** Finds the line of one more call, if that does not take too much of a wait of so many milliseconds. */
  placeOne(ms: number): void {
    const shown = this.#shown ?? []
    while (this.#placed < shown.length && shown[this.#placed]?.record.place !== 0) this.#placed++
    const wait = shown[this.#placed]
    if (wait === undefined || this.#placingMs > PLACE_SHARE * ms) return
    this.#placed++
    void this.#place(wait, shown)
  }

  async #place({ operation: { awaited, call }, record }: Wait, shown: readonly Wait[]): Promise<void> {
    if (awaited === undefined) return
    const before = performance.now()
    const place = this.#placeIn(call, await awaitingStack(awaited))
    this.#placingMs += performance.now() - before
    if (place === undefined || this.#shown !== shown) return
    record.place = place
    this.#tell(shown)
  }

  #tell(waits: readonly Wait[]): void {
    this.#memory.showWaits(waits.map(({ record }) => record))
  }

  over(): void {
    this.#shown = undefined
    this.#memory.hideWaits()
  }
}
