/**
 * What this process does when during a solve. Every moment belongs to exactly one activity, so the times add up to the
 * whole, unlike those of timers.ts, which nest as netlib's do; messages and flops count for the activity of the moment.
 *
 * Entering an activity is one look at the clock, a few dozen times a panel and twice a pivot. The kernels and the
 * communicators of the solver are wrapped, so that whatever multiplies or sends is counted where it happens.
 * Layer below: blas/, process-grid.ts.
 */
import type { Blas } from './blas/blas.ts'
import type { Messenger, ProcessGrid } from './process-grid.ts'

/** Activities and their numbers; IDLE comes after them. */
export const ACTIVITY = {
  /** Panel factorisation without the exchange of pivots. */
  panel: 0,
  /** Exchange of pivot rows, with waiting for the others; one process row has none. */
  pivots: 1,
  /** Packing a panel, starting its sends and waiting for them to leave. */
  broadcast: 2,
  /** Waiting for a panel to arrive. */
  wait: 3,
  /** Row interchanges of the update and all other moves of U, with waiting for the others. */
  rows: 4,
  trsm: 5,
  gemm: 6,
  /** Back-substitution, with waiting. */
  solve: 7,
  other: 8,
} as const

export type Activity = keyof typeof ACTIVITY

export const ACTIVITIES = Object.keys(ACTIVITY) as readonly Activity[]
const COUNT = ACTIVITIES.length
const IDLE = COUNT

/** What one activity took of one process. */
export interface ActivityTotals {
  readonly seconds: number
  /** Messages sent, and their bytes. */
  readonly messages: number
  readonly bytes: number
  /** Counted in gemm and trsm only. */
  readonly flops: number
}

/** An activity from one panel to the next: its time, and what was sent or received, whichever is more. */
export interface Exchange {
  readonly seconds: number
  readonly messages: number
  readonly bytes: number
}

/** What `mark` keeps by panel, in the order of its numbers; a broadcast with the wait for it. */
const MARKED = ['panel', 'pivots', 'broadcast', 'rows'] as const satisfies readonly Activity[]
export type MarkedActivity = (typeof MARKED)[number]
const PER_ACTIVITY = 5
const PER_PANEL = MARKED.length * PER_ACTIVITY
const TOTALS = 4 * COUNT + 1

/** The record of one process for one solve. Local. */
export class ActivityLog {
  readonly #now: () => number
  readonly #seconds = new Float64Array(COUNT + 1)
  readonly #sent = new Float64Array(COUNT + 1)
  readonly #sentBytes = new Float64Array(COUNT + 1)
  readonly #received = new Float64Array(COUNT + 1)
  readonly #receivedBytes = new Float64Array(COUNT + 1)
  readonly #flops = new Float64Array(COUNT + 1)
  #current: number = IDLE
  #since = 0
  #began = 0
  /** Seconds from the start of a broadcast to its end, of all broadcasts. */
  #underWay = 0
  readonly #marks: number[] = []

  /** @param now clock in seconds */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now
  }

  /** The solve begins at `now`, with activity `other`. */
  start(now: number): void {
    this.#began = now
    this.#since = now
    this.#current = ACTIVITY.other
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return this.#now() - this.#began
  }

  /** The solve has ended at `now`: nothing counts any more. */
  stop(now: number): void {
    this.#seconds[this.#current] += now - this.#since
    this.#current = IDLE
  }

  /** From now on another activity; returns the one before, to be entered again. */
  enter(activity: number): number {
    const before = this.#current
    if (before === IDLE) return before
    const now = this.#now()
    this.#seconds[before] += now - this.#since
    this.#since = now
    this.#current = activity
    return before
  }

  /** The moment at which a broadcast begins, for `broadcastEnded`. */
  get moment(): number {
    return this.#now()
  }

  /** A broadcast that began at `moment` is over here. */
  broadcastEnded(moment: number): void {
    this.#underWay += this.#now() - moment
  }

  sent(nbytes: number): void {
    this.#sent[this.#current]++
    this.#sentBytes[this.#current] += nbytes
  }

  received(nbytes: number): void {
    this.#received[this.#current]++
    this.#receivedBytes[this.#current] += nbytes
  }

  /** Does a piece of work of a kernel; within the panel factorisation it belongs there. */
  compute(activity: number, flops: number, work: () => void): void {
    if (this.#current === ACTIVITY.panel) return work()
    const before = this.enter(activity)
    work()
    this.enter(before)
    this.#flops[before === IDLE ? IDLE : activity] += flops
  }

  /** A panel has arrived: keeps the sums up to here of what is compared panel by panel. */
  mark(): void {
    // The activity under way counts up to here.
    this.enter(this.#current)
    for (const activity of MARKED) {
      const k = ACTIVITY[activity]
      const seconds = this.#seconds[k] + (activity === 'broadcast' ? this.#seconds[ACTIVITY.wait] : 0)
      this.#marks.push(seconds, this.#sent[k], this.#received[k], this.#sentBytes[k], this.#receivedBytes[k])
    }
  }

  /** Everything as numbers, for a message: the totals, then the marks. */
  toArray(): Float64Array {
    const totals = [this.#seconds, this.#sent, this.#sentBytes, this.#flops].flatMap((sums) => [
      ...sums.subarray(0, COUNT),
    ])
    return Float64Array.from([...totals, this.#underWay, ...this.#marks])
  }
}

/** Length of what `toArray` gives after `panels` marks. */
export function logLength(panels: number): number {
  return TOTALS + panels * PER_PANEL
}

/** The totals in what `toArray` gave. Local. */
export function totalsOf(log: Float64Array): Record<Activity, ActivityTotals> {
  const entries = ACTIVITIES.map((activity, k) => {
    const at = (row: number): number => log[row * COUNT + k]
    return [activity, { seconds: at(0), messages: at(1), bytes: at(2), flops: at(3) }] as const
  })
  return Object.fromEntries(entries) as Record<Activity, ActivityTotals>
}

/** Seconds that broadcasts were under way, in what `toArray` gave. Local. */
export function underWayOf(log: Float64Array): number {
  return log[TOTALS - 1]
}

/** What an activity took from one panel to the next, in what `toArray` gave. Local. */
export function exchangeOf(log: Float64Array, panel: number, activity: MarkedActivity): Exchange {
  const column = MARKED.indexOf(activity) * PER_ACTIVITY
  const at = TOTALS + panel * PER_PANEL + column
  const since = (k: number): number => log[at + k] - (panel === 0 ? 0 : log[at - PER_PANEL + k])
  return { seconds: since(0), messages: Math.max(since(1), since(2)), bytes: Math.max(since(3), since(4)) }
}

/** Kernels that tell the log what they do. */
export function loggedBlas(blas: Blas, log: ActivityLog): Blas {
  return {
    ...blas,
    dgemm(transA, transB, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc) {
      log.compute(ACTIVITY.gemm, 2 * m * n * k, () =>
        blas.dgemm(transA, transB, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc),
      )
    },
    dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb) {
      log.compute(ACTIVITY.trsm, m * n * (side === 'L' ? m : n), () =>
        blas.dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb),
      )
    },
  }
}

/** A grid whose communicators tell the log what they send and receive. */
export function loggedGrid(grid: ProcessGrid, log: ActivityLog): ProcessGrid {
  const { nprow, npcol, myrow, mycol, all, row, column } = grid
  return { nprow, npcol, myrow, mycol, all: logged(all, log), row: logged(row, log), column: logged(column, log) }
}

function logged(comm: Messenger, log: ActivityLog): Messenger {
  const { rank, size } = comm
  return {
    rank,
    size,
    send(buffer, options) {
      log.sent(buffer.byteLength)
      return comm.send(buffer, options)
    },
    recv(buffer, options) {
      log.received(buffer.byteLength)
      return comm.recv(buffer, options)
    },
    isend(buffer, options) {
      log.sent(buffer.byteLength)
      return comm.isend(buffer, options)
    },
    irecv(buffer, options) {
      log.received(buffer.byteLength)
      return comm.irecv(buffer, options)
    },
  }
}
