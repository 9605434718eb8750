/**
 * Row interchanges when one process holds whole columns (one process row): one after the other, as LAPACK's dlaswp does
 * them, over 32 columns at a time. The top jb rows of A become U in place.
 *
 * Measured on a cold matrix, N = 4000, jb = 128, per element: 9 ns like this, 11 ns column by column, 14 ns with the net
 * permutation through a buffer, whose loads do not depend on one another but which passes over everything three times.
 */

const TILE = 32

/**
 * Applies jb interchanges to `n` columns: row top+k and row pivots[k] change places, k ascending.
 *
 * @param a offset of row 0 in the first of the columns
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
  for (let j = 0; j < n; j += TILE) {
    const width = Math.min(TILE, n - j)
    const tile = a + j * lda
    for (let k = 0; k < jb; k++) {
      const row = top + k
      const pivot = memory[pivots + k]
      if (pivot === row) continue
      for (let c = 0, p = tile + row, q = tile + pivot; c < width; c++, p += lda, q += lda) {
        const value = memory[p]
        memory[p] = memory[q]
        memory[q] = value
      }
    }
  }
}
