/**
 * Finds the lines of the program that make calls.
 *
 * Invariant: finding one costs microseconds; it takes PLACE_SHARE of the time and no more, but for the first call of each
 * kind. A call that was looked up stands for those of its kind before it that were not.
 */
import type { Place } from '../engine/recorder.ts'
import type { Call, NumberedNames } from './numbered-names.ts'

/** Part of the time that may be spent on finding lines. */
const PLACE_SHARE = 0.005
/** Time for it that can be saved up, so that a burst of calls after a long rest is looked up as a whole. */
const PLACE_SAVINGS_MS = 5

export class PlaceFinder {
  readonly #locate: () => string | undefined
  readonly #names: NumberedNames
  #allowanceMs = PLACE_SAVINGS_MS
  mayFind = true
  /** What finding the latest place took; no part of the call. */
  latestMs = 0

  /** @param locate the file, line and column of the program that is making a call, if there is one */
  constructor(locate: () => string | undefined, names: NumberedNames) {
    this.#locate = locate
    this.#names = names
  }

  /** Where the program makes a call, if there is time for it. Inside of that call. */
  find(name: string, call: Call): Place | undefined {
    this.latestMs = 0
    const weight = ++call.unplaced
    if (!this.mayFind && call.placed) return undefined
    call.placed = true
    const before = performance.now()
    const text = this.#locate()
    const place = text === undefined ? undefined : this.#names.place(`${name}\t${text}`)
    this.latestMs = performance.now() - before
    this.#allowanceMs -= this.latestMs
    this.mayFind = this.#allowanceMs > 0
    if (place === undefined) return undefined
    call.unplaced = 0
    return { number: place, weight }
  }

  timePassed(ms: number): void {
    this.#allowanceMs = Math.min(this.#allowanceMs + ms * PLACE_SHARE, PLACE_SAVINGS_MS)
    this.mayFind = this.#allowanceMs > 0
  }
}
