/**
 * How far a whole HPL.dat is, for those who look at the job. A test counts by its operations, and so does what has been done
 * of it: the last columns of a matrix take much less than the first. Layer below: the tests' names as the report has them.
 */
import type { TestPoint, TestRecord } from './driver.ts'
import { encodeVariant, type Progress } from './output.ts'
import type { HplParameters } from './parameters.ts'

/** What is told: the test, the share of the run that is done, 10^9 flops a second of the test so far. */
export interface RunShare {
  readonly label: string
  readonly share: number
  readonly gflops: number
}

export class RunProgress {
  readonly #show: (share: RunShare) => void
  readonly #total: number
  #done = 0

  constructor(parameters: HplParameters, show: (share: RunShare) => void) {
    const { n, grids, nb, depth, bcast, rfact, pfact, nbmin, ndiv } = parameters
    const times = [grids, nb, depth, bcast, rfact, pfact, nbmin, ndiv].reduce((count, { length }) => count * length, 1)
    this.#total = times * n.reduce((sum, order) => sum + workOf(order), 0)
    this.#show = show
  }

  /** A test is under way. */
  at(test: TestPoint, { column, gflops }: Progress): void {
    this.#tell(test, 1 - (1 - column / test.n) ** 3, gflops)
  }

  ended(test: TestRecord): void {
    if (test.gflops !== undefined) this.#tell(test, 1, test.gflops)
    this.#done += workOf(test.n)
  }

  #tell(test: TestPoint, part: number, gflops: number): void {
    const label = `${encodeVariant(test)} N=${test.n} NB=${test.nb} ${test.p} x ${test.q}`
    this.#show({ label, share: Math.min((this.#done + part * workOf(test.n)) / this.#total, 1), gflops })
  }
}

/** A system of order 0 is a test as well. */
function workOf(order: number): number {
  return order ** 3 + 1
}
