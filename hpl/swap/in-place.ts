/**
 * Row interchanges where they are: in the memory of a process column whose processes all share it, or of the one process
 * that holds whole columns. Rows change places one after the other, as LAPACK's dlaswp does them; each element moves once
 * and nothing is sent. The top jb rows of A become U in place, for all process rows to read.
 */
import { indxg2l, indxg2p } from '../block-cyclic.ts'

/** A column of processes as one matrix: the memory of each process row, with A laid out alike in all. */
export interface ColumnMemory {
  readonly memories: readonly Float64Array[]
  /** Distance of neighbouring rows. */
  readonly lda: number
  /** (global) block size. */
  readonly nb: number
}

/**
 * Applies interchanges to `n` columns: row top+k and row pivots[k] change places, k ascending.
 *
 * @param a offset of local row 0 in the first of the columns
 * @param top (global) first row of the panel
 * @param pivots (global) rows
 */
export function interchange(
  { memories, lda, nb }: ColumnMemory,
  a: number,
  top: number,
  pivots: Float64Array,
  n: number,
): void {
  const nprow = memories.length
  const upper = memories[indxg2p(top, nb, 0, nprow)] as Float64Array
  const first = a + indxg2l(top, nb, nprow) * lda
  for (let k = 0; k < pivots.length; k++) {
    const pivot = pivots[k]
    if (pivot === top + k) continue
    const lower = memories[indxg2p(pivot, nb, 0, nprow)] as Float64Array
    swapElements(upper, first + k * lda, lower, a + indxg2l(pivot, nb, nprow) * lda, n)
  }
}

/** `n` elements from p on and from q on change places. */
function swapElements(upper: Float64Array, p: number, lower: Float64Array, q: number, n: number): void {
  for (const end = p + n; p < end; p++, q++) {
    const value = upper[p]
    upper[p] = lower[q]
    lower[q] = value
  }
}
