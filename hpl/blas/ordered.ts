/**
 * The ordered backend: plain loops whose results equal those of netlib's reference BLAS bit for bit.
 *
 * Invariant: every element receives its updates one by one in ascending k, each product rounded, then the sum (no
 * FMA, no partial sums). LU built on it gives the same digits for every blocking, variant and process grid, so tests
 * compare by equality. Backward substitutions keep the order of the reference code, which is descending where it
 * works by columns; the table is at `solveLeft`. Below it: the loops of plain-level1.ts.
 */

import type { Blas, HostMemory } from './blas.ts'
import { plainLevel1 } from './plain-level1.ts'

/**
 * The backend for bit-exact tests. Local.
 *
 * @param memory where its arrays live; any memory will do
 */
export function createOrderedBlas(memory: HostMemory): Blas {
  return {
    kind: 'ordered',
    anyMemory: true,
    description: 'ordered reference loops, product and sum rounded, ascending k',
    alloc: (n) => memory.alloc(n),
    free: (array) => memory.free(array),

    dgemm(transA, transB, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc) {
      for (let j = 0; j < n; j++) scale(m, beta, c, c0 + j * ldc, 1)
      const [rsa, csa] = transA === 'N' ? [1, lda] : [lda, 1]
      const [rsb, csb] = transB === 'N' ? [1, ldb] : [ldb, 1]
      update(m, n, k, alpha, a, a0, rsa, csa, b, b0, rsb, csb, c, c0, 1, ldc)
    },

    dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb) {
      for (let j = 0; j < n; j++) scale(m, alpha, b, b0 + j * ldb, 1)
      const [rs, cs] = trans === 'N' ? [1, lda] : [lda, 1]
      const lower = (uplo === 'L') === (trans === 'N') // of op(A)
      const unit = diag === 'U'
      if (side === 'R') return solveRight(lower, trans === 'N', unit, m, n, a, a0, rs, cs, b, b0, ldb)
      const ascending = lower || trans === 'T'
      for (let j = 0; j < n; j++) solveLeft(lower, ascending, unit, m, a, a0, rs, cs, b, b0 + j * ldb, 1)
    },

    dgemv(trans, m, n, alpha, a, a0, lda, x, x0, incx, beta, y, y0, incy) {
      const rows = trans === 'N' ? m : n
      const columns = trans === 'N' ? n : m
      const [rs, cs] = trans === 'N' ? [1, lda] : [lda, 1]
      scale(rows, beta, y, y0, incy)
      update(rows, 1, columns, alpha, a, a0, rs, cs, x, x0, incx, 0, y, y0, incy, 0)
    },

    dger(m, n, alpha, x, x0, incx, y, y0, incy, a, a0, lda) {
      update(m, n, 1, alpha, x, x0, incx, 0, y, y0, 0, incy, a, a0, 1, lda)
    },

    dtrsv(uplo, trans, diag, n, a, a0, lda, x, x0, incx) {
      const [rs, cs] = trans === 'N' ? [1, lda] : [lda, 1]
      const lower = (uplo === 'L') === (trans === 'N')
      solveLeft(lower, lower, diag === 'U', n, a, a0, rs, cs, x, x0, incx)
    },

    ...plainLevel1,
  }
}

/** x := factor x, where a factor of 0 also wipes out NaN, as BLAS has it for beta = 0. */
function scale(n: number, factor: number, x: Float64Array, x0: number, incx: number): void {
  if (factor === 1) return
  for (let i = 0, p = x0; i < n; i++, p += incx) x[p] = factor === 0 ? 0 : factor * x[p]
}

/**
 * C += A (alpha B), A m x k, B k x n; each matrix is (array, offset, row stride, column stride).
 *
 * Four k at a time pass through one load and store of C. That keeps the order: the four updates of an element follow
 * one another. Measured for m = n = k = 200: 2.7 Gflop/s, and 1.1 with one k at a time.
 */
function update(
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: Float64Array,
  a0: number,
  rsa: number,
  csa: number,
  b: Float64Array,
  b0: number,
  rsb: number,
  csb: number,
  c: Float64Array,
  c0: number,
  rsc: number,
  csc: number,
): void {
  for (let j = 0; j < n; j++) {
    const cj = c0 + j * csc
    let l = 0
    for (; l + 3 < k; l += 4) {
      const p = b0 + j * csb + l * rsb
      const t0 = alpha * b[p]
      const t1 = alpha * b[p + rsb]
      const t2 = alpha * b[p + 2 * rsb]
      const t3 = alpha * b[p + 3 * rsb]
      for (let i = 0, q = cj, r = a0 + l * csa; i < m; i++, q += rsc, r += rsa) {
        c[q] = c[q] + t0 * a[r] + t1 * a[r + csa] + t2 * a[r + 2 * csa] + t3 * a[r + 3 * csa]
      }
    }
    for (; l < k; l++) {
      const t = alpha * b[b0 + j * csb + l * rsb]
      for (let i = 0, q = cj, r = a0 + l * csa; i < m; i++, q += rsc, r += rsa) c[q] += t * a[r]
    }
  }
}

/**
 * x := T^-1 x for one vector, T n x n triangular with strides (rs, cs), divisions by the diagonal.
 *
 * Order in which an element receives its updates, as in the reference code (k: the index of the unknown):
 *   lower T: ascending always.
 *   upper T: dtrsv descending; dtrsm descending by columns (A upper), ascending by rows (A lower, transposed).
 */
function solveLeft(
  lower: boolean,
  ascending: boolean,
  unit: boolean,
  n: number,
  t: Float64Array,
  t0: number,
  rs: number,
  cs: number,
  x: Float64Array,
  x0: number,
  incx: number,
): void {
  for (let step = 0; step < n; step++) {
    const i = lower ? step : n - 1 - step
    const row = t0 + i * rs
    let value = x[x0 + i * incx]
    if (lower) for (let k = 0; k < i; k++) value -= t[row + k * cs] * x[x0 + k * incx]
    else if (ascending) for (let k = i + 1; k < n; k++) value -= t[row + k * cs] * x[x0 + k * incx]
    else for (let k = n - 1; k > i; k--) value -= t[row + k * cs] * x[x0 + k * incx]
    x[x0 + i * incx] = unit ? value : value / t[row + i * cs]
  }
}

/**
 * B := B T^-1, column by column; the diagonal enters as a reciprocal, as in the reference code, and updates come in
 * ascending k but for A upper, transposed (the backward solve that works by rows of T there).
 */
function solveRight(
  lower: boolean,
  plain: boolean,
  unit: boolean,
  m: number,
  n: number,
  t: Float64Array,
  t0: number,
  rs: number,
  cs: number,
  b: Float64Array,
  b0: number,
  ldb: number,
): void {
  const subtract = (j: number, k: number, count: number): void =>
    update(m, 1, count, -1, b, b0 + k * ldb, 1, ldb, t, t0 + k * rs + j * cs, rs, 0, b, b0 + j * ldb, 1, 0)
  for (let step = 0; step < n; step++) {
    const j = lower ? n - 1 - step : step
    if (!lower) subtract(j, 0, j)
    else if (plain) subtract(j, j + 1, n - 1 - j)
    else for (let k = n - 1; k > j; k--) subtract(j, k, 1)
    if (!unit) scale(m, 1 / t[t0 + j * (rs + cs)], b, b0 + j * ldb, 1)
  }
}
