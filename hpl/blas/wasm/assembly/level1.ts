/**
 * Vector operations. Increments are in doubles and positive; unit increments take the SIMD loops.
 */

import { madd } from './micro-kernel'

/** C := beta C, and beta = 0 wipes out NaN. */
export function scaleMatrix(m: i32, n: i32, beta: f64, c: usize, ldc: i32): void {
  for (let j = 0; j < n; j++) {
    if (beta === 0.0) memory.fill(c, 0, <usize>(8 * m))
    else dscal(m, beta, c, 1)
    c += <usize>(8 * ldc)
  }
}

export function dscal(n: i32, alpha: f64, x: usize, incx: i32): void {
  if (incx !== 1) {
    for (; n > 0; n--) {
      store<f64>(x, alpha * load<f64>(x))
      x += <usize>(8 * incx)
    }
    return
  }
  const factor = f64x2.splat(alpha)
  for (; n > 3; n -= 4) {
    v128.store(x, f64x2.mul(factor, v128.load(x)))
    v128.store(x, f64x2.mul(factor, v128.load(x, 16)), 16)
    x += 32
  }
  for (; n > 0; n--) {
    store<f64>(x, alpha * load<f64>(x))
    x += 8
  }
}

export function daxpy(n: i32, alpha: f64, x: usize, incx: i32, y: usize, incy: i32): void {
  if (incx === 1 && incy === 1) return addMultiple(n, alpha, x, y)
  for (; n > 0; n--) {
    store<f64>(y, alpha * load<f64>(x) + load<f64>(y))
    x += <usize>(8 * incx)
    y += <usize>(8 * incy)
  }
}

/** y += alpha x for contiguous vectors. */
export function addMultiple(n: i32, alpha: f64, x: usize, y: usize): void {
  const factor = f64x2.splat(alpha)
  for (; n > 3; n -= 4) {
    v128.store(y, madd(factor, v128.load(x), v128.load(y)))
    v128.store(y, madd(factor, v128.load(x, 16), v128.load(y, 16)), 16)
    x += 32
    y += 32
  }
  for (; n > 0; n--) {
    store<f64>(y, alpha * load<f64>(x) + load<f64>(y))
    x += 8
    y += 8
  }
}

export function dcopy(n: i32, x: usize, incx: i32, y: usize, incy: i32): void {
  if (incx === 1 && incy === 1) {
    if (n > 0) memory.copy(y, x, <usize>(8 * n))
    return
  }
  for (; n > 0; n--) {
    store<f64>(y, load<f64>(x))
    x += <usize>(8 * incx)
    y += <usize>(8 * incy)
  }
}

export function dswap(n: i32, x: usize, incx: i32, y: usize, incy: i32): void {
  for (; n > 0; n--) {
    const t = load<f64>(x)
    store<f64>(x, load<f64>(y))
    store<f64>(y, t)
    x += <usize>(8 * incx)
    y += <usize>(8 * incy)
  }
}

/** Elements that are searched for their maximum before it is looked up which one it was. */
const CHUNK: i32 = 256

/**
 * First index of the largest absolute value. NaN in front wins, other NaNs never do, as in the reference code: every
 * comparison with NaN is false.
 */
export function idamax(n: i32, x: usize, incx: i32): i32 {
  if (n <= 0) return -1
  let largest = abs(load<f64>(x))
  if (incx !== 1 || n < 16) return idamaxFrom(0, 0, largest, n, x, incx)
  let best = 0
  let done = 0
  for (; done + CHUNK <= n; done += CHUNK) {
    const start = x + <usize>(8 * done)
    const most = largestOf(CHUNK, start, largest)
    if (!(most > largest)) continue
    largest = most
    best = done
    for (let p = start; abs(load<f64>(p)) !== most; p += 8) best++
  }
  return idamaxFrom(done, best, largest, n, x, 1)
}

function idamaxFrom(from: i32, best: i32, largest: f64, n: i32, x: usize, incx: i32): i32 {
  x += <usize>(8 * from * incx)
  for (let i = from; i < n; i++) {
    const value = abs(load<f64>(x))
    if (value > largest) {
      largest = value
      best = i
    }
    x += <usize>(8 * incx)
  }
  return best
}

/** max(floor, |x_i|); pmax(a, b) is a < b ? b : a, so NaN in x is passed over. n is a multiple of 8. */
function largestOf(n: i32, x: usize, floor: f64): f64 {
  const magnitude = i64x2.splat(0x7fff_ffff_ffff_ffff) // without the sign; f64x2.abs makes V8 build it each time
  let m0 = f64x2.splat(floor)
  let m1 = m0
  let m2 = m0
  let m3 = m0
  for (; n > 0; n -= 8) {
    m0 = f64x2.pmax(m0, v128.and(magnitude, v128.load(x)))
    m1 = f64x2.pmax(m1, v128.and(magnitude, v128.load(x, 16)))
    m2 = f64x2.pmax(m2, v128.and(magnitude, v128.load(x, 32)))
    m3 = f64x2.pmax(m3, v128.and(magnitude, v128.load(x, 48)))
    x += 64
  }
  m0 = f64x2.pmax(f64x2.pmax(m0, m1), f64x2.pmax(m2, m3))
  const low = f64x2.extract_lane(m0, 0)
  const high = f64x2.extract_lane(m0, 1)
  return low < high ? high : low
}
