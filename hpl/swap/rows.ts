/**
 * Moving rows between the matrix, stored by rows, and message buffers: row r of a buffer of n columns is
 * buffer[r n .. r n + n). Kernels: they do not check and do not allocate.
 */

/** buffer row r := row rows[r] of A, for r in 0..count-1; `a` is the offset of A's row 0 in the first column. */
export function gatherRows(
  memory: Float64Array,
  a: number,
  lda: number,
  rows: ArrayLike<number>,
  count: number,
  n: number,
  buffer: number,
): void {
  for (let r = 0; r < count; r++) {
    const from = a + (rows[r] as number) * lda
    memory.copyWithin(buffer + r * n, from, from + n)
  }
}

/** Row rows[r] of A := buffer row r, for r in 0..count-1. */
export function scatterRows(
  memory: Float64Array,
  a: number,
  lda: number,
  rows: ArrayLike<number>,
  count: number,
  n: number,
  buffer: number,
): void {
  for (let r = 0; r < count; r++) {
    memory.copyWithin(a + (rows[r] as number) * lda, buffer + r * n, buffer + (r + 1) * n)
  }
}

/** Row into[r] of A := row from[r] of A. No row may be in both lists. */
export function moveRows(
  memory: Float64Array,
  a: number,
  lda: number,
  from: readonly number[],
  into: readonly number[],
  n: number,
): void {
  for (let r = 0; r < from.length; r++) {
    const row = a + (from[r] as number) * lda
    memory.copyWithin(a + (into[r] as number) * lda, row, row + n)
  }
}

/** `count` rows of n values, `ldfrom` apart, to rows that are `ldinto` apart. */
export function copyRows(
  memory: Float64Array,
  count: number,
  n: number,
  from: number,
  ldfrom: number,
  into: number,
  ldinto: number,
): void {
  for (let r = 0; r < count; r++) memory.copyWithin(into + r * ldinto, from + r * ldfrom, from + r * ldfrom + n)
}

const TILE = 32

/** Buffer rows into a jb x n column-major block with leading dimension jb: slot slots[r] := buffer row r. */
export function unpackTransposed(
  memory: Float64Array,
  buffer: number,
  n: number,
  slots: ArrayLike<number>,
  jb: number,
  block: number,
): void {
  for (let j = 0; j < n; j += TILE) {
    const end = Math.min(j + TILE, n)
    for (let r = 0; r < jb; r++) {
      const from = buffer + r * n
      const into = block + (slots[r] as number)
      for (let jj = j; jj < end; jj++) memory[into + jj * jb] = memory[from + jj]
    }
  }
}

/** Buffer rows into another buffer: its row slots[r] := row first + r. */
export function placeRows(
  memory: Float64Array,
  buffer: number,
  n: number,
  slots: ArrayLike<number>,
  first: number,
  count: number,
  target: number,
): void {
  for (let r = first; r < first + count; r++) {
    memory.copyWithin(target + (slots[r] as number) * n, buffer + r * n, buffer + (r + 1) * n)
  }
}
