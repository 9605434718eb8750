/**
 * The panel record: jb columns that are factored, broadcast along the process rows and applied to the trailing matrix.
 *
 * In memory a panel is what its broadcast sends: L2 (ml2 x jb, the local rows below the diagonal block), L1 (the jb x jb
 * diagonal block, L\U, the same in all processes), the jb global pivot rows, and 0 or the 1-based column of the first
 * zero pivot. Invariant: all processes of a process row agree on this layout. With one process column nothing is sent,
 * and L2 stays where it is, in A.
 *
 * Each panel has its own cursor over the local columns it has not been applied to, which is what look-ahead needs.
 */
import { numroc } from './block-cyclic.ts'
import { Outstanding } from './messaging.ts'
import { createPermutation, type Permutation } from './swap/permutation.ts'
import type { Solver } from './solver.ts'

export class Panel {
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
  l2 = 0
  ldl2 = 1
  l1 = 0
  pivots = 0
  info = 0
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
    const { n, nb, lda, a, mp, nqb } = system
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

    const alone = npcol === 1
    this.l2 = alone ? a + (mp - this.ml2) + this.jj * lda : this.base
    this.ldl2 = alone ? lda : Math.max(1, this.ml2)
    this.l1 = alone ? this.base : this.base + this.ml2 * this.jb
    this.pivots = this.l1 + this.jb * this.jb
    this.info = this.pivots + this.jb
    this.length = this.info + 1 - this.base
  }

  /** Copies L2 from A to where the broadcast takes it from. Process column `pcol` only. Local. */
  pack({ system, grid }: Solver): void {
    if (grid.npcol === 1) return
    const { memory, a, lda, mp } = system
    const { jb, ml2, l2 } = this
    for (let j = 0; j < jb; j++) {
      const from = a + (mp - ml2) + (this.jj + j) * lda
      memory.copyWithin(l2 + j * ml2, from, from + ml2)
    }
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
