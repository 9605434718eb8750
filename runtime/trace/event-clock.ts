/**
 * Times for events, some of which follow each other in less than it takes to read a clock: 30 to 100 ns, a tenth of a
 * small message.
 *
 * Invariant: times never go back. While events follow each other at microseconds, and have done so for a while, one
 * reading serves STRETCH of them, and the times between are dealt out at half their pace, behind the clock rather than
 * ahead of it. Whoever is going to wait for long calls `read`, which costs nothing then and begins a new stretch, and
 * `readAfterWait` when that is over.
 */
import { machineMs } from '../base/machine-clock.ts'

/** Events that follow each other quicker than this may share readings. */
const HURRY_MS = 0.002
/** Events that share a reading. */
const STRETCH = 128
/** Readings in a row that find a hurry before any is spared: a program that computes between its messages rarely has so many. */
const HASTY_READINGS = 32

export class EventClock {
  readonly #onReading: (passedMs: number) => void
  // Doubles from the start: what V8 has compiled for integers would be compiled again.
  /** The latest time told. */
  #time = 0.5
  /** The latest reading. */
  #latest = 0.5
  #pace = 0.5
  #hasty = 0
  /** Events that the latest reading is good for, itself included, and those of them that are left. */
  #stretch = 1
  #left = 0

  /** @param onReading told after each reading how much time has passed since the one before */
  constructor(onReading: (passedMs: number) => void) {
    this.#onReading = onReading
  }

  /** The time of an event in milliseconds of the machine's clock, read or estimated. */
  now(): number {
    return this.after(1)
  }

  /** The time of the last of several events. */
  after(events: number): number {
    this.#left -= events
    if (this.#left < 0) return this.read()
    return (this.#time += events * this.#pace)
  }

  /** The same, read. */
  read(): number {
    const time = machineMs()
    const passedMs = time - this.#latest
    const pace = passedMs / Math.max(this.#stretch - this.#left, 1)
    this.#hasty = pace < HURRY_MS ? this.#hasty + 1 : 0
    const spares = this.#hasty > HASTY_READINGS
    this.#pace = spares ? pace / 2 : 0
    this.#stretch = spares ? STRETCH : 1
    return this.#begin(time, passedMs)
  }

  /** The same, after this rank has waited: that it took long does not mean that events come slowly. */
  readAfterWait(): number {
    const time = machineMs()
    return this.#begin(time, time - this.#latest)
  }

  /** A stretch begins. */
  #begin(time: number, passedMs: number): number {
    this.#latest = time
    this.#left = this.#stretch - 1
    // What was dealt out since the last reading may still have run ahead of the clock.
    if (time > this.#time) this.#time = time
    this.#onReading(passedMs)
    return this.#time
  }

  /** Whether the next time will be estimated. */
  get isEstimating(): boolean {
    return this.#left > 0
  }

  /** The latest time told. */
  get latest(): number {
    return this.#time
  }
}

/**
 * When calls began that may have begun at an estimated time: they are quick, and long waits have their own readings, so that
 * the rest was spent between calls.
 */
export function begunInHurry(begun: number, ended: number): number {
  return Math.max(begun, ended - STRETCH * HURRY_MS)
}
