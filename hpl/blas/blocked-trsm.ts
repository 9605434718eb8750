/**
 * Triangular solves made of a backend's own small solves and its matrix product: the triangle is halved until its order
 * is at most a base, everything off the diagonal blocks is dgemm.
 *
 * OpenBLAS's dtrsm is far behind its dgemm on recent cores, and HPL spends an NB/N-th part of its time here. Measured
 * with OpenBLAS 0.3.21 (SkylakeX kernels, one thread, 2000 right-hand sides, unit triangle of order NB, Gflop/s):
 *   left, lower    NB = 128: 14 alone, 22 blocked    NB = 256: 18 alone, 32 blocked
 *   right, upper   NB = 128: 26 alone, 36 blocked    NB = 256: 27 alone, 48 blocked
 */

import type { Blas } from './blas.ts'

/** Order of the solves left to the library. On the left 16 and 32 were a quarter slower; on the right they are alike. */
const LEFT_BASE = 8
const RIGHT_BASE = 16

/** Columns that pass through the recursion together on the left; rows on the right do best all at once. */
const LEFT_CHUNK = 256

/** Below this many right-hand sides the calls cost more than they save. */
const FEW = 32

/** A dtrsm for the backend whose own `dtrsm` and `dgemm` are given. */
export function blockedTrsm({ dtrsm, dgemm }: Pick<Blas, 'dtrsm' | 'dgemm'>): Blas['dtrsm'] {
  const left: Blas['dtrsm'] = (side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb) => {
    if (m <= LEFT_BASE) return dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb)
    const first = cut(m, LEFT_BASE)
    const second = m - first
    const below = b0 + first
    const corner = a0 + first * (1 + lda)
    const off = uplo === 'L' ? a0 + first : a0 + first * lda
    if ((uplo === 'L') === (trans === 'N')) {
      left(side, uplo, trans, diag, first, n, alpha, a, a0, lda, b, b0, ldb)
      dgemm(trans, 'N', second, n, first, -1, a, off, lda, b, b0, ldb, alpha, b, below, ldb)
      left(side, uplo, trans, diag, second, n, 1, a, corner, lda, b, below, ldb)
    } else {
      left(side, uplo, trans, diag, second, n, alpha, a, corner, lda, b, below, ldb)
      dgemm(trans, 'N', first, n, second, -1, a, off, lda, b, below, ldb, alpha, b, b0, ldb)
      left(side, uplo, trans, diag, first, n, 1, a, a0, lda, b, b0, ldb)
    }
  }

  const right: Blas['dtrsm'] = (side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb) => {
    if (n <= RIGHT_BASE) return dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb)
    const first = cut(n, RIGHT_BASE)
    const second = n - first
    const beside = b0 + first * ldb
    const corner = a0 + first * (1 + lda)
    const off = uplo === 'L' ? a0 + first : a0 + first * lda
    if ((uplo === 'U') === (trans === 'N')) {
      right(side, uplo, trans, diag, m, first, alpha, a, a0, lda, b, b0, ldb)
      dgemm('N', trans, m, second, first, -1, b, b0, ldb, a, off, lda, alpha, b, beside, ldb)
      right(side, uplo, trans, diag, m, second, 1, a, corner, lda, b, beside, ldb)
    } else {
      right(side, uplo, trans, diag, m, second, alpha, a, corner, lda, b, beside, ldb)
      dgemm('N', trans, m, first, second, -1, b, beside, ldb, a, off, lda, alpha, b, b0, ldb)
      right(side, uplo, trans, diag, m, first, 1, a, a0, lda, b, b0, ldb)
    }
  }

  return (side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb) => {
    if (m < FEW && side === 'R') return dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb)
    if (n < FEW && side === 'L') return dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb)
    if (side === 'R') return right(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb)
    for (let j = 0; j < n; j += LEFT_CHUNK) {
      left(side, uplo, trans, diag, m, Math.min(n - j, LEFT_CHUNK), alpha, a, a0, lda, b, b0 + j * ldb, ldb)
    }
  }
}

/** About half of n, a multiple of the base. */
function cut(n: number, base: number): number {
  return Math.ceil(n / 2 / base) * base
}
