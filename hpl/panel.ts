/**
 * The panel record: jb columns that are factored, broadcast along the process rows and applied to the trailing matrix.
 *
 * In memory a panel is what its broadcast sends: L1 (the jb x jb diagonal block, L\U, the same in all processes), the jb
 * global pivot rows, 0 or the 1-based column of the first zero pivot, and L2 (ml2 x jb by columns, the local rows below
 * the diagonal block). Invariant: all processes of a process row agree on this layout. The owners factor the panel in
 * their record, where L2 will be; process row `prow` has jb more rows there, which L1 replaces. L2 does not go back into
 * A: nobody reads it again.
 *
 * Each panel has its own cursor over the local columns it has not been applied to, which is what look-ahead needs.
 */
import { numroc } from './block-cyclic.ts'
import { Outstanding } from './messaging.ts'
import { headLength, type FactoredPanel } from './panel-record.ts'
import { createPermutation, type Permutation } from './swap/permutation.ts'
import type { Solver } from './solver.ts'

export class Panel implements FactoredPanel {
  /** (global) first row and column. */
  ia = 0
  /** (global) number of columns. */
  jb = 0
  /** (global) coordinates of the process that owns the diagonal block. */
  prow = 0
  pcol = 0
  /** (local) first row of A in or below the panel, and rows from there. */
  ii = 0
  mp = 0
  /** (local) first column of A in or right of the panel. */
  jj = 0
  /** (local) first column of A that this panel has not been applied to, and columns from there, b included. */
  column = 0
  remaining = 0
  /** (local) rows of L2. */
  ml2 = 0
  /** Offsets into the system's memory. */
  l1 = 0
  pivots = 0
  info = 0
  /** Where the owners factor the panel: mp x jb by columns, leading dimension mp. */
  work = 0
  l2 = 0
  ldl2 = 1
  /** Doubles that the broadcast sends, from `base`. */
  readonly base: number
  length = 0
  /** Sends of this panel that have not left yet. */
  readonly onTheWay = new Outstanding()
  #permutation: Permutation | undefined = undefined

  /** @param base where the record begins in the system's memory */
  constructor(base: number) {
    this.base = base
  }

  /** Makes this the panel whose first column is `ia`. Sends of its last use must have left. Local. */
  place({ system, grid }: Solver, ia: number): void {
    const { n, nb, mp, nqb } = system
    const { nprow, npcol, myrow, mycol } = grid
    this.ia = ia
    this.jb = Math.min(nb, n - ia)
    this.prow = Math.floor(ia / nb) % nprow
    this.pcol = Math.floor(ia / nb) % npcol
    this.ii = numroc(ia, nb, myrow, 0, nprow)
    this.jj = numroc(ia, nb, mycol, 0, npcol)
    this.mp = mp - this.ii
    this.ml2 = this.mp - (myrow === this.prow ? this.jb : 0)
    this.column = this.jj + (mycol === this.pcol ? this.jb : 0)
    this.remaining = nqb - this.column
    this.#permutation = undefined

    this.l1 = this.base
    this.pivots = this.l1 + this.jb * this.jb
    this.info = this.pivots + this.jb
    this.work = this.base + headLength(this.jb)
    this.l2 = this.work
    this.ldl2 = Math.max(1, this.ml2)
    this.length = this.work - this.base + this.ml2 * this.jb
  }

  /** The factored panel takes the form in which it is sent and applied. Process column `pcol` only. Local. */
  pack({ system, grid }: Solver): void {
    const { memory } = system
    const { jb, ml2, mp, work } = this
    const above = mp - ml2
    if (above === 0) return
    if (grid.npcol === 1) {
      this.l2 = work + above
      this.ldl2 = mp
      return
    }
    for (let j = 0; j < jb; j++) memory.copyWithin(work + j * ml2, work + above + j * mp, work + (j + 1) * mp)
  }

  /** What the row interchanges of the panel amount to; computed once. Local. */
  permutation({ system, grid }: Solver): Permutation {
    this.#permutation ??= createPermutation(
      system.memory.subarray(this.pivots, this.pivots + this.jb),
      this.ia,
      system.nb,
      grid.nprow,
    )
    return this.#permutation
  }

  /** Moves the cursor over `n` columns that the panel has been applied to. */
  advance(n: number): void {
    this.column += n
    this.remaining -= n
  }
}
