/**
 * What the row exchanges have in common: the numbers of one exchange, and the moves within process row `prow`.
 *
 * An exchange turns `n` local columns, from some column on, into U: after it every process row holds the same jb rows
 * of U, and every row that went into U from below the top block has been replaced in A by a row of the top block. The
 * top block itself is stale until the update writes U there.
 */
import { TAG, type Wait } from '../messaging.ts'
import type { Panel } from '../panel.ts'
import { relativeTo } from '../process-grid.ts'
import type { Solver } from '../solver.ts'
import type { Permutation } from './permutation.ts'
import { moveRows } from './rows.ts'
import type { Request } from '../../runtime/comm/request.ts'

/** The local columns that an exchange is about, and where it puts U: room for jb n doubles. */
export interface Section {
  readonly column: number
  readonly n: number
  readonly u: number
}

export class RowExchange {
  readonly solver: Solver
  readonly panel: Panel
  readonly permutation: Permutation
  readonly memory: Float64Array
  /** Columns. */
  readonly n: number
  /** Offset of A's row 0 in the first column. */
  readonly a: number
  readonly lda: number
  /** Distance of my process row from `prow`. */
  readonly d: number
  /** Offset of U. */
  readonly u: number
  /** Hands on the panel broadcast that is under way; to be called between steps. */
  readonly probe: () => void
  /** Waits for a message. */
  readonly complete: Wait

  constructor(solver: Solver, panel: Panel, { column, n, u }: Section, probe: () => void, wait: Wait) {
    const { system, grid } = solver
    this.solver = solver
    this.panel = panel
    this.permutation = panel.permutation(solver)
    this.memory = system.memory
    this.n = n
    this.u = u
    this.a = system.a + column
    this.lda = system.lda
    this.d = relativeTo(panel.prow, grid.myrow, grid.nprow)
    this.probe = probe
    this.complete = wait
  }

  /** Process row at distance d from `prow`. */
  process(d: number): number {
    return (d + this.panel.prow) % this.solver.grid.nprow
  }

  /** Starts a send of `count` rows of a buffer to the process at distance d. */
  isend(d: number, buffer: number, count: number): Request {
    const rows = this.memory.subarray(buffer, buffer + count * this.n)
    return this.solver.grid.column.isend(rows, { dest: this.process(d), tag: TAG.column })
  }

  /** Starts a receive of `count` rows into a buffer from the process at distance d. */
  irecv(d: number, buffer: number, count: number): Request {
    const rows = this.memory.subarray(buffer, buffer + count * this.n)
    return this.solver.grid.column.irecv(rows, { source: this.process(d), tag: TAG.column })
  }

  /** Local row of row k of the top block. Process row `prow` only. */
  topRow(k: number): number {
    return this.panel.ii + k
  }

  /** Rows of the top block that only move down within process row `prow`. To be called when U has their targets. */
  replaceOwnRows(): void {
    const { owner, replacement, localSource, jb } = this.permutation
    const from: number[] = []
    const into: number[] = []
    for (let k = 0; k < jb; k++) {
      if (owner[k] !== this.panel.prow || replacement[k] < 0) continue
      from.push(this.topRow(replacement[k]))
      into.push(localSource[k])
    }
    moveRows(this.memory, this.a, this.lda, from, into, this.n)
  }
}
