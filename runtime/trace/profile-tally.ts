/** Adds up, in a `TraceMemory`, what a profile shows: calls, bytes and times by call and by line. */
import type { Place } from '../engine/recorder.ts'
import { CALL_SUMS, PLACE_SUMS, TOTAL, type TraceMemory } from './trace-memory.ts'

export class ProfileTally {
  readonly #totals: Float64Array
  readonly #calls: Float64Array
  readonly #places: Float64Array
  readonly #sent: Float64Array
  /** Until when communication has been counted. Doubles from the start. */
  #accounted = 0.5
  /** Until when waits have been counted. */
  #waited = 0.5

  constructor({ totals, calls, places, sent }: TraceMemory) {
    this.#totals = totals
    this.#calls = calls
    this.#places = places
    this.#sent = sent
  }

  call(call: number, place: Place | undefined, ms: number): void {
    const calls = this.#calls
    add(calls, call * CALL_SUMS, 1)
    add(calls, call * CALL_SUMS + 2, ms)
    if (place === undefined) return
    const places = this.#places
    add(places, place.number * PLACE_SUMS, place.weight)
    add(places, place.number * PLACE_SUMS + 2, ms * place.weight)
  }

  bytes(call: number, place: Place | undefined, nbytes: number): void {
    add(this.#calls, call * CALL_SUMS + 1, nbytes)
    if (place !== undefined) add(this.#places, place.number * PLACE_SUMS + 1, nbytes * place.weight)
  }

  /** Several calls whose lines are not known, with their bytes. */
  calls(call: number, count: number, ms: number, nbytes: number): void {
    const calls = this.#calls
    add(calls, call * CALL_SUMS, count)
    add(calls, call * CALL_SUMS + 1, nbytes)
    add(calls, call * CALL_SUMS + 2, ms)
  }

  /** Milliseconds of a wait that count: `waitAll` waits for many at once, and no time counts twice. */
  waited(begun: number, ended: number): number {
    const since = Math.max(begun, this.#waited)
    if (ended <= since) return 0
    this.#waited = ended
    return ended - since
  }

  sent(dest: number, nbytes: number): void {
    add(this.#sent, dest, nbytes)
  }

  /**
   * Calls overlap (a sendrecv is two): no time counts twice. They come in the order of their ends. While the rank waits all
   * is part of the wait.
   */
  communicated(begun: number, ended: number): void {
    if (this.waitingSince > 0) return
    const ms = ended - Math.max(begun, this.#accounted)
    if (ms <= 0) return
    add(this.#totals, TOTAL.COMMUNICATION, ms)
    this.#accounted = ended
  }

  /** Since when the rank waits; 0 if it does not. */
  get waitingSince(): number {
    return this.#totals[TOTAL.WAITING_SINCE] as number
  }

  waitsSince(begun: number): void {
    this.#totals[TOTAL.WAITING_SINCE] = Math.max(begun, this.#accounted)
  }

  waitedUntil(ended: number): void {
    const since = this.waitingSince
    this.#totals[TOTAL.WAITING_SINCE] = 0
    this.communicated(since, ended)
  }
}

function add(sums: Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] as number) + value
}
