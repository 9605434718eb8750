/**
 * Matrix-vector operations. They are bound by memory, so four columns share one pass over the vector. The strided core
 * `gemvInOrder` also serves matrix products of one row or column. Strides in bytes inside, in doubles in the exports.
 */

import { madd } from './micro-kernel'
import { addMultiple, dscal } from './level1'

/** y := alpha op(A) x + beta y, A m x n. */
export function dgemv(
  trans: i32,
  m: i32,
  n: i32,
  alpha: f64,
  a: usize,
  lda: i32,
  x: usize,
  incx: i32,
  beta: f64,
  y: usize,
  incy: i32,
): void {
  const rows = trans ? n : m
  const columns = trans ? m : n
  if (beta === 0.0) wipe(rows, y, 8 * incy)
  else if (beta !== 1.0) dscal(rows, beta, y, incy)
  gemv(rows, columns, alpha, a, trans ? 8 * lda : 8, trans ? 8 : 8 * lda, x, 8 * incx, y, 8 * incy)
}

function wipe(n: i32, y: usize, incy: usize): void {
  for (; n > 0; n--) {
    store<f64>(y, 0.0)
    y += incy
  }
}

/** y += alpha A x, A m x n with strides (ra, ca); contiguous rows are taken as inner products, which split the sums. */
export function gemv(
  m: i32,
  n: i32,
  alpha: f64,
  a: usize,
  ra: usize,
  ca: usize,
  x: usize,
  incx: usize,
  y: usize,
  incy: usize,
): void {
  if (ca === 8 && incx === 8 && ra !== 8) byRows(m, n, alpha, a, ra, x, y, incy)
  else gemvInOrder(m, n, alpha, a, ra, ca, x, incx, y, incy)
}

/** The same, where without FMA every element of y receives its products one by one in ascending order. */
export function gemvInOrder(
  m: i32,
  n: i32,
  alpha: f64,
  a: usize,
  ra: usize,
  ca: usize,
  x: usize,
  incx: usize,
  y: usize,
  incy: usize,
): void {
  if (ra === 8 && incy === 8) return byColumns(m, n, alpha, a, ca, x, incx, y)
  for (let i = 0; i < m; i++) {
    let sum = load<f64>(y)
    let p = a
    let q = x
    for (let j = 0; j < n; j++) {
      sum += alpha * load<f64>(q) * load<f64>(p)
      p += ca
      q += incx
    }
    store<f64>(y, sum)
    a += ra
    y += incy
  }
}

function byColumns(m: i32, n: i32, alpha: f64, a: usize, lda: usize, x: usize, incx: usize, y: usize): void {
  for (; n > 3; n -= 4) {
    const x1 = x + incx
    const x2 = x1 + incx
    const x3 = x2 + incx
    const t0 = alpha * load<f64>(x)
    const t1 = alpha * load<f64>(x1)
    const t2 = alpha * load<f64>(x2)
    const t3 = alpha * load<f64>(x3)
    addFourMultiples(m, t0, t1, t2, t3, a, lda, y)
    a += 4 * lda
    x = x3 + incx
  }
  for (; n > 0; n--) {
    addMultiple(m, alpha * load<f64>(x), a, y)
    a += lda
    x += incx
  }
}

function addFourMultiples(m: i32, t0: f64, t1: f64, t2: f64, t3: f64, a: usize, lda: usize, y: usize): void {
  let a1 = a + lda
  let a2 = a1 + lda
  let a3 = a2 + lda
  const s0 = f64x2.splat(t0)
  const s1 = f64x2.splat(t1)
  const s2 = f64x2.splat(t2)
  const s3 = f64x2.splat(t3)
  for (; m > 1; m -= 2) {
    const first = madd(s1, v128.load(a1), madd(s0, v128.load(a), v128.load(y)))
    v128.store(y, madd(s3, v128.load(a3), madd(s2, v128.load(a2), first)))
    a += 16
    a1 += 16
    a2 += 16
    a3 += 16
    y += 16
  }
  if (m > 0) {
    const first = load<f64>(y) + t0 * load<f64>(a) + t1 * load<f64>(a1)
    store<f64>(y, first + t2 * load<f64>(a2) + t3 * load<f64>(a3))
  }
}

function byRows(m: i32, n: i32, alpha: f64, a: usize, lda: usize, x: usize, y: usize, incy: usize): void {
  for (; m > 3; m -= 4) {
    let p0 = a
    let p1 = p0 + lda
    let p2 = p1 + lda
    let p3 = p2 + lda
    let s0 = f64x2.splat(0.0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    let q = x
    let j = n
    for (; j > 1; j -= 2) {
      const v = v128.load(q)
      s0 = madd(v128.load(p0), v, s0)
      s1 = madd(v128.load(p1), v, s1)
      s2 = madd(v128.load(p2), v, s2)
      s3 = madd(v128.load(p3), v, s3)
      q += 16
      p0 += 16
      p1 += 16
      p2 += 16
      p3 += 16
    }
    const last = j > 0 ? load<f64>(q) : 0.0
    y = addTo(y, incy, alpha, s0, j > 0 ? last * load<f64>(p0) : 0.0)
    y = addTo(y, incy, alpha, s1, j > 0 ? last * load<f64>(p1) : 0.0)
    y = addTo(y, incy, alpha, s2, j > 0 ? last * load<f64>(p2) : 0.0)
    y = addTo(y, incy, alpha, s3, j > 0 ? last * load<f64>(p3) : 0.0)
    a += 4 * lda
  }
  for (; m > 0; m--) {
    store<f64>(y, load<f64>(y) + alpha * dot(n, a, x))
    a += lda
    y += incy
  }
}

/** y += alpha (both lanes of `sums` + rest); returns the address of the next element. */
// @ts-ignore: decorator
@inline
function addTo(y: usize, incy: usize, alpha: f64, sums: v128, rest: f64): usize {
  const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1) + rest
  store<f64>(y, load<f64>(y) + alpha * sum)
  return y + incy
}

/** x'y for contiguous vectors. */
function dot(n: i32, x: usize, y: usize): f64 {
  let s0 = f64x2.splat(0.0)
  let s1 = s0
  for (; n > 3; n -= 4) {
    s0 = madd(v128.load(x), v128.load(y), s0)
    s1 = madd(v128.load(x, 16), v128.load(y, 16), s1)
    x += 32
    y += 32
  }
  s0 = f64x2.add(s0, s1)
  let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1)
  for (; n > 0; n--) {
    sum += load<f64>(x) * load<f64>(y)
    x += 8
    y += 8
  }
  return sum
}

/** A := alpha x y' + A. */
export function dger(m: i32, n: i32, alpha: f64, x: usize, incx: i32, y: usize, incy: i32, a: usize, lda: i32): void {
  for (let j = 0; j < n; j++) {
    const t = alpha * load<f64>(y)
    if (incx === 1) addMultiple(m, t, x, a)
    else addStrided(m, t, x, 8 * incx, a)
    y += <usize>(8 * incy)
    a += <usize>(8 * lda)
  }
}

function addStrided(n: i32, alpha: f64, x: usize, incx: usize, y: usize): void {
  for (; n > 0; n--) {
    store<f64>(y, alpha * load<f64>(x) + load<f64>(y))
    x += incx
    y += 8
  }
}

/** x := op(A)^-1 x. Column by column if A's columns are the ones that op(A) subtracts, else row by row. */
export function dtrsv(lower: i32, trans: i32, unit: i32, n: i32, a: usize, lda: i32, x: usize, incx: i32): void {
  const ra: usize = trans ? 8 * lda : 8
  const ca: usize = trans ? 8 : 8 * lda
  const inc: usize = 8 * incx
  const forward = lower !== trans // op(A) is lower triangular
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step
    const xi = x + <usize>i * inc
    const diagonal = a + <usize>i * (ra + ca)
    const rest = n - 1 - step
    if (trans) {
      // Row form: x_i -= (row i of op(A), contiguous) . (the unknowns already found).
      const known = forward ? 0 : i + 1
      gemv(1, step, -1.0, a + <usize>i * ra + <usize>known * ca, ra, ca, x + <usize>known * inc, inc, xi, inc)
      if (!unit) store<f64>(xi, load<f64>(xi) / load<f64>(diagonal))
    } else {
      if (!unit) store<f64>(xi, load<f64>(xi) / load<f64>(diagonal))
      const next = forward ? i + 1 : 0
      daxpyStrided(rest, -load<f64>(xi), a + <usize>next * 8 + <usize>i * ca, x + <usize>next * inc, inc)
    }
  }
}

function daxpyStrided(n: i32, alpha: f64, a: usize, y: usize, incy: usize): void {
  if (incy === 8) return addMultiple(n, alpha, a, y)
  for (; n > 0; n--) {
    store<f64>(y, alpha * load<f64>(a) + load<f64>(y))
    a += 8
    y += incy
  }
}
