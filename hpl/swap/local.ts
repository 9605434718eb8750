/**
 * Row interchanges when one process holds whole columns (one process row): one after the other, as LAPACK's dlaswp does
 * them. The top jb rows of A become U in place.
 */

/**
 * Applies jb interchanges to `n` columns: row top+k and row pivots[k] change places, k ascending.
 *
 * @param a offset of row 0 in the first of the columns; rows are lda apart
 * @param top (global) first row of the panel
 * @param pivots offset of the jb pivot rows in the same memory
 */
export function interchangeLocally(
  memory: Float64Array,
  a: number,
  lda: number,
  top: number,
  pivots: number,
  jb: number,
  n: number,
): void {
  for (let k = 0; k < jb; k++) {
    const pivot = memory[pivots + k]
    if (pivot === top + k) continue
    const end = a + (top + k) * lda + n
    for (let p = end - n, q = a + pivot * lda; p < end; p++, q++) {
      const value = memory[p]
      memory[p] = memory[q]
      memory[q] = value
    }
  }
}
