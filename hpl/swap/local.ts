/**
 * Row interchanges when one process holds whole columns (one process row): the net permutation is applied column by
 * column, so each column is brought into the cache once. Loads do not depend on one another, unlike those of
 * interchanges in sequence, and the top jb rows of A become U in place.
 */
import type { Permutation } from './permutation.ts'

/**
 * Applies the permutation to `n` columns of A.
 *
 * @param a offset of row `ia` (the first row of the panel) in the first of the columns
 * @param scratch jb doubles
 */
export function interchangeLocally(
  memory: Float64Array,
  a: number,
  lda: number,
  ia: number,
  permutation: Permutation,
  n: number,
  scratch: Float64Array,
): void {
  const { jb, source, replacement } = permutation
  for (let j = 0, top = a; j < n; j++, top += lda) {
    const column = top - ia
    for (let k = 0; k < jb; k++) scratch[k] = memory[column + source[k]]
    for (let k = 0; k < jb; k++) {
      const row = replacement[k]
      if (row >= 0) memory[column + source[k]] = memory[top + row]
    }
    for (let k = 0; k < jb; k++) memory[top + k] = scratch[k]
  }
}
