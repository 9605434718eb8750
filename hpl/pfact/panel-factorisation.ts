/**
 * One panel while it is being factored: the operations that all variants are made of.
 *
 * Invariant: after `c` columns rows 0..c-1 of L1 are the pivot rows chosen so far, and the rows of the panel that are
 * still active are all local ones, in process row `prow` without the first c, which stand for the chosen ones. Every
 * process row keeps the same L1, so what concerns L1 alone is computed by all and sent by none.
 * Layer below: l1.ts, pivot-exchange.ts, blas/.
 */
import { ACTIVITY } from '../activities.ts'
import type { Panel } from '../panel.ts'
import type { Solver } from '../solver.ts'
import { rowsToColumns } from '../transpose.ts'
import { DiagonalBlock } from './l1.ts'
import { PivotExchange } from './pivot-exchange.ts'

export class PanelFactorisation {
  readonly solver: Solver
  readonly panel: Panel
  readonly l1: DiagonalBlock
  readonly #memory: Float64Array
  readonly #lda: number
  /** Offset in memory of the panel's first local row and column. */
  readonly #corner: number
  readonly #onTop: boolean
  readonly #pivots: PivotExchange | undefined

  constructor(solver: Solver, panel: Panel) {
    const { system, grid, blas, variant } = solver
    this.solver = solver
    this.panel = panel
    this.#memory = system.memory
    this.#lda = Math.max(1, panel.mp)
    this.#corner = panel.work
    this.#onTop = grid.myrow === panel.prow
    this.l1 = new DiagonalBlock(blas, system.memory, panel.l1, panel.jb, variant.l1 === 'transposed')
    this.#pivots = grid.nprow > 1 ? new PivotExchange(solver, panel) : undefined
    system.memory[panel.info] = 0
  }

  /** (local) active rows after `c` columns. */
  rows(c: number): number {
    return this.#onTop ? this.panel.mp - c : this.panel.mp
  }

  /** Offset of the first active row after `c` columns, in column j of the panel. */
  at(c: number, j: number): number {
    return this.#corner + (this.#onTop ? c : 0) + j * this.#lda
  }

  /** Active rows after `c` columns, columns j..j+n-1, -= their columns p..p+k-1 times block (p, j) of L1. */
  subtractProduct(c: number, j: number, n: number, p: number, k: number): void {
    const m = this.rows(c)
    if (m === 0 || n === 0) return
    const memory = this.#memory
    const lda = this.#lda
    const { jb, transposed } = this.l1
    const from = this.at(c, p)
    const block = this.l1.at(p, j)
    const trans = transposed ? 'T' : 'N'
    this.solver.blas.dgemm('N', trans, m, n, k, -1, memory, from, lda, memory, block, jb, 1, memory, this.at(c, j), lda)
  }

  /** The same for the one column j. */
  subtractProductFromColumn(c: number, j: number, p: number, k: number): void {
    const m = this.rows(c)
    if (m === 0) return
    const memory = this.#memory
    const x = this.l1.at(p, j)
    const { rowStride } = this.l1
    this.solver.blas.dgemv(
      'N',
      m,
      k,
      -1,
      memory,
      this.at(c, p),
      this.#lda,
      memory,
      x,
      rowStride,
      1,
      memory,
      this.at(c, j),
      1,
    )
  }

  /** Active rows after `c` columns, columns j..j+n-1, -= column p times row p of L1. */
  subtractOuterProduct(c: number, j: number, n: number, p: number): void {
    const m = this.rows(c)
    if (m === 0) return
    const memory = this.#memory
    const y = this.l1.at(p, j)
    const { columnStride } = this.l1
    this.solver.blas.dger(m, n, -1, memory, this.at(c, p), 1, memory, y, columnStride, memory, this.at(c, j), this.#lda)
  }

  /**
   * Chooses the pivot of column j, makes its row row j of L1, puts the row it displaces in its place, and divides the
   * column below by it. Collective over the process column; a promise only if there is somebody to talk to.
   */
  eliminate(j: number): void | Promise<void> {
    if (this.#pivots !== undefined) return this.#eliminateTogether(j, this.#pivots)
    const { timers } = this.solver
    const began = timers.now()
    this.#chooseLocally(j)
    timers.mxswp += timers.now() - began
    this.#scale(j)
  }

  async #eliminateTogether(j: number, pivots: PivotExchange): Promise<void> {
    const { timers, activities } = this.solver
    const began = timers.now()
    const row = this.#largest(j)
    const before = activities.enter(ACTIVITY.pivots)
    await pivots.choose(j, row, this.l1)
    activities.enter(before)
    timers.mxswp += timers.now() - began
    this.#scale(j)
  }

  /** (local) panel row of the first entry of largest absolute value in column j, or -1 if there are no rows. */
  #largest(j: number): number {
    const found = this.solver.blas.idamax(this.rows(j), this.#memory, this.at(j, j), 1)
    return found < 0 || !this.#onTop ? found : found + j
  }

  #chooseLocally(j: number): void {
    const { panel, l1 } = this
    const memory = this.#memory
    const lda = this.#lda
    const row = this.#largest(j)
    const chosen = memory[this.at(0, j) + row] === 0 ? j : row
    memory[panel.pivots + j] = panel.ia + chosen
    let from = this.#corner + chosen
    let top = this.#corner + j
    let into = l1.at(j, 0)
    for (let k = 0; k < panel.jb; k++, from += lda, top += lda, into += l1.columnStride) {
      memory[into] = memory[from]
      memory[from] = memory[top]
    }
  }

  #scale(j: number): void {
    const memory = this.#memory
    const pivot = memory[this.l1.at(j, j)]
    if (pivot !== 0) this.solver.blas.dscal(this.rows(j + 1), 1 / pivot, memory, this.at(j + 1, j), 1)
    else if (memory[this.panel.info] === 0) memory[this.panel.info] = this.panel.ia + j + 1
  }

  /** Copies the panel from A to where it is factored. Local. */
  begin(): void {
    const { solver, panel } = this
    const { memory, a, lda } = solver.system
    rowsToColumns(memory, panel.mp, panel.jb, a + panel.ii * lda + panel.jj, lda, panel.work, this.#lda)
  }

  /** Writes L1 into the top rows of A, which process row `prow` keeps: its upper part is needed to solve for x. Local. */
  finish(): void {
    if (!this.#onTop) return
    const { l1, panel, solver } = this
    const { memory, a, lda } = solver.system
    const { jb } = panel
    const top = a + panel.ii * lda + panel.jj
    for (let i = 0; i < jb; i++) {
      for (let j = 0, from = l1.at(i, 0); j < jb; j++, from += l1.columnStride) memory[top + i * lda + j] = memory[from]
    }
  }
}
