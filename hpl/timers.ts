/**
 * Seconds that this process has spent in the parts of a solve. Parts nest (pfact lies within rfact, mxswp within pfact,
 * laswp within update), so the numbers do not add up. The clock is handed in.
 */
import type { DetailedTimes } from './output.ts'

export type Phase = keyof DetailedTimes

export const PHASES = ['rfact', 'pfact', 'mxswp', 'update', 'laswp', 'upTrSv'] as const satisfies readonly Phase[]

export class Timers implements DetailedTimes {
  /** The whole panel factorisation. */
  rfact = 0
  /** The non-recursive kernels. */
  pfact = 0
  /** Search for the pivot and exchange of rows, once a column. */
  mxswp = 0
  /** The whole trailing update, with probing and waiting. */
  update = 0
  /** Row interchanges of the update. */
  laswp = 0
  /** Back-substitution. */
  upTrSv = 0
  /** Seconds since some fixed moment. */
  readonly now: () => number

  constructor(now: () => number = () => performance.now() / 1000) {
    this.now = now
  }

  reset(): void {
    for (const phase of PHASES) this[phase] = 0
  }

  /** A copy of the numbers. */
  snapshot(): DetailedTimes {
    const { rfact, pfact, mxswp, update, laswp, upTrSv } = this
    return { rfact, pfact, mxswp, update, laswp, upTrSv }
  }
}
