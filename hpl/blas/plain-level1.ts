/**
 * Level 1 BLAS as plain loops, one element after the other, on any arrays. The ordered backend consists of them; the
 * CBLAS backend uses them for vectors so short that a foreign call costs more than the work.
 */

import type { Blas } from './blas.ts'

export const plainLevel1: Pick<Blas, 'idamax' | 'dscal' | 'daxpy' | 'dcopy' | 'dswap'> = {
  // Comparisons with NaN are false: NaN in front wins, elsewhere it is passed over, as in the reference code.
  idamax(n, x, x0, incx) {
    if (n <= 0) return -1
    let best = 0
    let largest = Math.abs(x[x0])
    for (let i = 1, p = x0 + incx; i < n; i++, p += incx) {
      const value = Math.abs(x[p])
      if (value > largest) {
        largest = value
        best = i
      }
    }
    return best
  },

  dscal(n, alpha, x, x0, incx) {
    for (let i = 0, p = x0; i < n; i++, p += incx) x[p] *= alpha
  },

  daxpy(n, alpha, x, x0, incx, y, y0, incy) {
    for (let i = 0, p = x0, q = y0; i < n; i++, p += incx, q += incy) y[q] += alpha * x[p]
  },

  dcopy(n, x, x0, incx, y, y0, incy) {
    for (let i = 0, p = x0, q = y0; i < n; i++, p += incx, q += incy) y[q] = x[p]
  },

  dswap(n, x, x0, incx, y, y0, incy) {
    for (let i = 0, p = x0, q = y0; i < n; i++, p += incx, q += incy) {
      const t = x[p]
      x[p] = y[q]
      y[q] = t
    }
  },
}
