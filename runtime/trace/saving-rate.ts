/**
 * How many records of a rank its agent saves in each period: a long burst at once, then as many as can be written beside
 * the ranks, and few while the rank makes calls by the hundred thousand: whatever is saved, a trace only shows a sample of
 * these, and agent and launcher leave them the cores. Pure.
 */

/** Records a rank can keep until they are saved, a power of two: the longest burst that is recorded without a gap. */
export const CAPACITY = 8192
/** On the average: writing one takes 2 us, of a core that the ranks may want. */
const RECORDS = 1000
/** The same of a rank that is quicker than can be shown. */
const SAMPLED_RECORDS = 200
/** Calls in a period of a rank that is: what it does is lost for the most part anyway. */
const FLOOD = 10 * RECORDS

export class SavingRate {
  /** What is not used is saved for a burst. */
  #allowance = CAPACITY
  #calls = 0

  /** A period is over. @param calls that the rank has made so far @returns how many of its records may be saved now */
  next(calls: number): number {
    const floods = calls - this.#calls > FLOOD
    this.#calls = calls
    this.#allowance = Math.min(this.#allowance + (floods ? SAMPLED_RECORDS : RECORDS), CAPACITY)
    return this.#allowance
  }

  saved(records: number): void {
    this.#allowance -= records
  }
}
