/**
 * How long the rest of a sweep will take, from the tests that have ended: what a job costs beside its solve, and the
 * rate of a rank. Rough for tests unlike those before them, and better with each one. Layer below: none.
 */

/** What decides how long a test takes. */
export interface Work {
  readonly n: number
  readonly ranks: number
}

export class TimeLeft {
  #jobs = 0
  #besideSeconds = 0
  #flopsPerRank = 0
  #solveSeconds = 0

  /** A test has ended; `solveSeconds` undefined if it has failed. */
  add(work: Work, wallSeconds: number, solveSeconds: number | undefined): void {
    this.#jobs++
    this.#besideSeconds += Math.max(wallSeconds - (solveSeconds ?? 0), 0)
    if (solveSeconds === undefined) return
    this.#flopsPerRank += flopsPerRank(work)
    this.#solveSeconds += solveSeconds
  }

  /** Seconds for these tests. Call after the first test has ended. */
  of(tests: readonly Work[]): number {
    const secondsPerFlop = this.#flopsPerRank > 0 ? this.#solveSeconds / this.#flopsPerRank : 0
    const solves = tests.reduce((sum, work) => sum + flopsPerRank(work) * secondsPerFlop, 0)
    return solves + (this.#besideSeconds / this.#jobs) * tests.length
  }
}

function flopsPerRank({ n, ranks }: Work): number {
  return ((2 / 3) * n ** 3 + (3 / 2) * n ** 2) / ranks
}
