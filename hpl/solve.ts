/**
 * Back-substitution U x = y, from the last block of columns to the first.
 *
 * Each process column keeps a partial right-hand side over its rows; a row's true right-hand
 * side is the sum of them. When block k+1 is solved, its process column first updates a window of Q-1 blocks of rows
 * above it and hands the window to the column of block k, which adds it to its own: after that nobody needs those rows
 * of the old column again, since they are solved before it is its turn. The rest of the column is updated while others
 * go on. x of a block goes up the process column as a ring, to its next user first.
 * Two messages of at most max(window / P, NB) doubles a block are on the critical path.
 */
import type { Request } from '../runtime/comm/request.ts'
import { ACTIVITY } from './activities.ts'
import { numroc } from './block-cyclic.ts'
import { solveWindow, takeRightHandSide } from './local-system.ts'
import { complete, Outstanding, TAG } from './messaging.ts'
import type { Solver } from './solver.ts'

/** Solves for x, after `factorise`: each process ends with the x of its local columns. Collective over the grid. */
export async function backSubstitute(solver: Solver): Promise<void> {
  if (solver.system.n === 0) return
  const { timers, activities } = solver
  const began = timers.now()
  const before = activities.enter(ACTIVITY.solve)
  const substitution = new BackSubstitution(solver)
  await substitution.run()
  activities.enter(before)
  timers.upTrSv += timers.now() - began
}

/** A block of columns, and the rows of the same numbers. */
interface Block {
  /** (global) first row, number of rows, coordinates of the process that owns the diagonal block. */
  readonly lo: number
  readonly width: number
  readonly row: number
  readonly col: number
}

class BackSubstitution {
  readonly #solver: Solver
  readonly #memory: Float64Array
  /** Offset of the partial right-hand side. */
  readonly #rhs: number
  readonly #window: number
  readonly #sends = new Outstanding()

  constructor(solver: Solver) {
    const { system, grid } = solver
    this.#solver = solver
    this.#memory = system.memory
    this.#rhs = system.rhs
    this.#window = solveWindow(system.nb, grid.npcol)
  }

  async run(): Promise<void> {
    const { n, nb } = this.#solver.system
    const last = Math.ceil(n / nb) - 1
    takeRightHandSide(this.#solver.system)
    await this.#moveRightHandSide()
    let solved: Block | undefined
    for (let k = last; k >= 0; k--) {
      const block = this.#block(k)
      if (solved !== undefined) await this.#passWindow(solved, block)
      const isMine = this.#solver.grid.mycol === block.col
      if (isMine && this.#solver.grid.myrow === block.row) this.#solveDiagonal(block)
      if (solved !== undefined) this.#subtract(solved, 0, this.#windowStart(solved))
      if (isMine) await this.#raise(block)
      solved = block
    }
    await this.#sends.drain()
  }

  #block(k: number): Block {
    const { n, nb } = this.#solver.system
    const { nprow, npcol } = this.#solver.grid
    return { lo: k * nb, width: Math.min(nb, n - k * nb), row: k % nprow, col: k % npcol }
  }

  /** y goes from the column of b to that of the last block; everybody else starts from zero. */
  async #moveRightHandSide(): Promise<void> {
    const { system, grid } = this.#solver
    const { n, nb, mp } = system
    const holder = Math.floor(n / nb) % grid.npcol
    const first = Math.floor((n - 1) / nb) % grid.npcol
    const rhs = this.#memory.subarray(this.#rhs, this.#rhs + mp)
    if (holder !== first && mp > 0) {
      if (grid.mycol === holder) await complete(this.#send(rhs, first))
      if (grid.mycol === first) await complete(this.#receive(rhs, holder))
    }
    if (grid.mycol !== first) rhs.fill(0)
  }

  /** (global) first row of the window above a block. */
  #windowStart(block: Block): number {
    return Math.max(0, block.lo - this.#window)
  }

  /** The column of `solved` updates its window and hands it to the column of `next`. */
  async #passWindow(solved: Block, next: Block): Promise<void> {
    const { mycol, npcol } = this.#solver.grid
    const start = this.#windowStart(solved)
    this.#subtract(solved, start, solved.lo)
    if (npcol === 1) return
    const from = this.#localRow(start)
    const count = this.#localRow(solved.lo) - from
    if (count === 0) return
    const rows = this.#rhs + from
    if (mycol === solved.col) this.#sends.add(this.#send(this.#memory.subarray(rows, rows + count), next.col))
    if (mycol === next.col) await this.#addWindow(rows, count, solved.col)
  }

  async #addWindow(rows: number, count: number, source: number): Promise<void> {
    const memory = this.#memory
    const { window } = this.#solver.system
    await complete(this.#receive(memory.subarray(window, window + count), source))
    for (let i = 0; i < count; i++) memory[rows + i] = memory[rows + i] + memory[window + i]
  }

  /** The column of `block` subtracts its share from the right-hand side of rows from..to-1 (global). */
  #subtract(block: Block, from: number, to: number): void {
    const { blas, system, grid } = this.#solver
    if (grid.mycol !== block.col) return
    const first = this.#localRow(from)
    const m = this.#localRow(to) - first
    if (m === 0) return
    const memory = this.#memory
    const { a, lda } = system
    const rows = a + first * lda + this.#localColumn(block.lo)
    const right = this.#rhs + first
    blas.dgemv('T', block.width, m, -1, memory, rows, lda, memory, this.#x(block), 1, 1, memory, right, 1)
  }

  #solveDiagonal(block: Block): void {
    const { blas, system } = this.#solver
    const memory = this.#memory
    const row = this.#localRow(block.lo)
    const triangle = system.a + row * system.lda + this.#localColumn(block.lo)
    const right = this.#rhs + row
    blas.dtrsv('L', 'T', 'N', block.width, memory, triangle, system.lda, memory, right, 1)
    memory.copyWithin(this.#x(block), right, right + block.width)
  }

  /** x of a block goes from its owner to the process row above, and so on around. */
  async #raise(block: Block): Promise<void> {
    const { column, myrow, nprow } = this.#solver.grid
    if (nprow === 1) return
    const x = this.#memory.subarray(this.#x(block), this.#x(block) + block.width)
    const tag = TAG.solve
    const above = (myrow - 1 + nprow) % nprow
    if (myrow !== block.row) await complete(column.irecv(x, { source: (myrow + 1) % nprow, tag }))
    if (above !== block.row) this.#sends.add(column.isend(x, { dest: above, tag }))
  }

  #send(data: Float64Array, dest: number): Request {
    return this.#solver.grid.row.isend(data, { dest, tag: TAG.solve })
  }

  #receive(data: Float64Array, source: number): Request {
    return this.#solver.grid.row.irecv(data, { source, tag: TAG.solve })
  }

  /** First local row at or after a global one; the same for columns. */
  #localRow(i: number): number {
    return numroc(i, this.#solver.system.nb, this.#solver.grid.myrow, 0, this.#solver.grid.nprow)
  }

  #localColumn(j: number): number {
    return numroc(j, this.#solver.system.nb, this.#solver.grid.mycol, 0, this.#solver.grid.npcol)
  }

  /** Offset of the x of a block, in the process column that owns it. */
  #x(block: Block): number {
    return this.#solver.system.x + this.#localColumn(block.lo)
  }
}
