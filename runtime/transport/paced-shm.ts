/**
 * The transport of a rank whose host shall be slower than it is (`--slow-host`): whenever the rank comes to the runtime, it
 * first sleeps for what its computing would have taken longer there.
 *
 * Invariant: after each call the rank has slept (1 / pace - 1) times the processor time that it has spent computing, within
 * a millisecond. Waiting is not computing: neither sleep nor the looking for messages is stretched.
 */
import { ShmTransport, type Seating } from './shm.ts'
import type { Frame, Inlet, Progress } from './transport.ts'

/** Shorter sleeps are saved up, since each lasts some 50 us longer than asked for. */
const SHORTEST_SLEEP_MS = 0.2
/** A sleep that was too long is made up for, up to this. */
const MOST_CREDIT_MS = 1
/** Less than this between two looks of a waiting rank was spent on looking. */
const BETWEEN_LOOKS_MS = 0.05

/** What a pace reads and does, in milliseconds; replaced in tests. */
export interface PaceClock {
  /** Processor time of this thread. */
  computed(): number
  now(): number
  sleep(ms: number): void
}

/** Keeps a thread at a part of its speed. */
export class Pace {
  readonly #clock: PaceClock
  readonly #longer: number
  /** Processor time that has been settled. */
  #settled: number
  #owed = 0

  /** @param pace speed against that of the machine, above 0 and at most 1 */
  constructor(pace: number, clock: PaceClock) {
    this.#clock = clock
    this.#longer = 1 / pace - 1
    this.#settled = clock.computed()
  }

  /** Sleeps for what has been computed since the last time; no less than `atLeastMs` counts. */
  settle(atLeastMs = 0): void {
    const { computed, now, sleep } = this.#clock
    const before = this.#settled
    this.#settled = computed()
    if (this.#settled - before < atLeastMs) return
    this.#owed += (this.#settled - before) * this.#longer
    if (this.#owed < SHORTEST_SLEEP_MS) return
    const began = now()
    sleep(this.#owed)
    this.#owed = Math.max(this.#owed - (now() - began), -MOST_CREDIT_MS)
    this.forget()
  }

  /** What has been computed since the last time was no work of the program. */
  forget(): void {
    this.#settled = this.#clock.computed()
  }
}

/** The clock of the calling thread; it sleeps on a word that nobody wakes. */
export function paceClock(computed: () => number): PaceClock {
  const word = new Int32Array(new SharedArrayBuffer(4))
  return { computed, now: () => performance.now(), sleep: (ms) => void Atomics.wait(word, 0, 0, ms) }
}

export class PacedShmTransport extends ShmTransport {
  readonly #pace: Pace
  /** Inside of what a waiting rank does to find messages. */
  #looking = false

  constructor(seating: Seating, pace: Pace, progress: Progress, onlyMessagesWake: () => boolean) {
    super(
      seating,
      () => {
        // A rank that waits for one thing may compute another meanwhile.
        pace.settle(BETWEEN_LOOKS_MS)
        this.#looking = true
        const ended = progress()
        this.#looking = false
        pace.forget()
        return ended
      },
      onlyMessagesWake,
    )
    this.#pace = pace
  }

  override trySend(dest: number, frame: Frame, payloadWords?: Int32Array): boolean {
    this.settlePace()
    return super.trySend(dest, frame, payloadWords)
  }

  override poll(deliver: (frame: Frame) => void, except?: Inlet, enough?: () => boolean): void {
    this.settlePace()
    super.poll(deliver, except, enough)
  }

  override inletOf(source: number, idle?: () => void): Inlet | undefined {
    this.settlePace()
    const inlet = super.inletOf(source, idle)
    this.#pace.forget()
    return inlet
  }

  override inletNow(source: number): Inlet | undefined {
    this.settlePace()
    return super.inletNow(source)
  }

  override linger(hasHappened: () => boolean): boolean {
    this.settlePace()
    const happened = super.linger(hasHappened)
    this.#pace.forget()
    return happened
  }

  override setWaiting(waiting: boolean): void {
    if (waiting) this.settlePace()
    super.setWaiting(waiting)
  }

  override finish(finished: boolean): void {
    if (finished) this.settlePace()
    super.finish(finished)
  }

  override settlePace(): void {
    if (!this.#looking) this.#pace.settle()
  }
}
