/**
 * Triangular solves with many right-hand sides: halve the triangle until its order is at most BASE, with the matrix
 * product for everything off the diagonal blocks. The small solves run on strips of rows of X in X T = B, where SIMD
 * lanes are independent right-hand sides; T X = B is turned into that form in the work space, BASE rows at a time.
 *
 * Invariant: in forward solves without FMA an element of B receives its products one by one in ascending order.
 * T is given as (address, row stride, column stride) in bytes; `forward` says in which direction unknowns are found.
 */

import { nmadd } from './micro-kernel'
import { multiply } from './gemm'
import { scaleMatrix } from './level1'
import { BASE, STRIP, solveBlock } from './work'

/** Strips of 16 rows keep 8 accumulators in flight; that covers the latency of an addition. */
const WIDE: i32 = 16

/**
 * Right-hand sides that pass through the whole recursion together, so that they stay in the second-level cache. With
 * 2-by-2 turning, chunks and BASE = 16 (before: none, all at once, 32) order 128 went from 14.9 to 18.0 Gflop/s on the
 * left and from 21.6 to 22.7 on the right, 2000 right-hand sides, FMA.
 */
const LEFT_CHUNK: i32 = 192
const RIGHT_CHUNK: i32 = 384

const LD_SOLVE: usize = 8 * STRIP

/** B := alpha op(A)^-1 B (left) or alpha B op(A)^-1, A triangular, B m x n. */
export function dtrsm(
  left: i32,
  lower: i32,
  trans: i32,
  unit: i32,
  m: i32,
  n: i32,
  alpha: f64,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
): void {
  if (alpha !== 1.0) scaleMatrix(m, n, alpha, b, ldb)
  if (m <= 0 || n <= 0) return
  const rows: usize = trans ? 8 * lda : 8
  const columns: usize = trans ? 8 : 8 * lda
  const opLower = lower !== trans
  if (left) {
    for (let j = 0; j < n; j += LEFT_CHUNK) {
      solveLeft(opLower, unit, m, min(n - j, LEFT_CHUNK), a, rows, columns, b + <usize>(8 * j * ldb), 8 * ldb)
    }
  } else {
    for (let i = 0; i < m; i += RIGHT_CHUNK) {
      solveRight(!opLower, unit, min(m - i, RIGHT_CHUNK), n, a, rows, columns, b + <usize>(8 * i), 8 * ldb)
    }
  }
}

/** Where to cut a triangle of order n > BASE: about the middle, at a multiple of 16. */
function half(n: i32): i32 {
  return ((n + 31) >> 5) << 4
}

function solveLeft(
  forward: bool,
  unit: i32,
  m: i32,
  n: i32,
  t: usize,
  rt: usize,
  ct: usize,
  b: usize,
  ldb: usize,
): void {
  if (m <= BASE) return solveLeftBase(forward, unit, m, n, t, rt, ct, b, ldb)
  const m1 = half(m)
  const m2 = m - m1
  const below = b + <usize>(8 * m1)
  const t22 = t + <usize>m1 * (rt + ct)
  if (forward) {
    solveLeft(forward, unit, m1, n, t, rt, ct, b, ldb)
    multiply(m2, n, m1, -1.0, t + <usize>m1 * rt, rt, ct, b, 8, ldb, below, ldb)
    solveLeft(forward, unit, m2, n, t22, rt, ct, below, ldb)
  } else {
    solveLeft(forward, unit, m2, n, t22, rt, ct, below, ldb)
    multiply(m1, n, m2, -1.0, t + <usize>m1 * ct, rt, ct, below, 8, ldb, b, ldb)
    solveLeft(forward, unit, m1, n, t, rt, ct, b, ldb)
  }
}

function solveRight(
  forward: bool,
  unit: i32,
  m: i32,
  n: i32,
  t: usize,
  rt: usize,
  ct: usize,
  b: usize,
  ldb: usize,
): void {
  if (n <= BASE) return solveRightBase(forward, unit, m, n, t, rt, ct, b, ldb)
  const n1 = half(n)
  const n2 = n - n1
  const beside = b + <usize>n1 * ldb
  const t22 = t + <usize>n1 * (rt + ct)
  if (forward) {
    solveRight(forward, unit, m, n1, t, rt, ct, b, ldb)
    multiply(m, n2, n1, -1.0, b, 8, ldb, t + <usize>n1 * ct, rt, ct, beside, ldb)
    solveRight(forward, unit, m, n2, t22, rt, ct, beside, ldb)
  } else {
    solveRight(forward, unit, m, n2, t22, rt, ct, beside, ldb)
    multiply(m, n1, n2, -1.0, beside, 8, ldb, t + <usize>n1 * rt, rt, ct, b, ldb)
    solveRight(forward, unit, m, n1, t, rt, ct, b, ldb)
  }
}

/** T X = B for m <= BASE: columns of B become rows in the work space, where X' T' = B' is solved. */
function solveLeftBase(
  forward: bool,
  unit: i32,
  m: i32,
  n: i32,
  t: usize,
  rt: usize,
  ct: usize,
  b: usize,
  ldb: usize,
): void {
  for (let j = 0; j < n; j += STRIP) {
    const width = min(n - j, STRIP)
    const columns = b + <usize>j * ldb
    transpose(m, width, solveBlock, LD_SOLVE, columns, ldb)
    solveStrips(forward, unit, width, m, t, ct, rt, solveBlock, LD_SOLVE)
    transpose(width, m, columns, ldb, solveBlock, LD_SOLVE)
  }
}

/** X T = B for n <= BASE; rows that do not fill a strip go through the work space. */
function solveRightBase(
  forward: bool,
  unit: i32,
  m: i32,
  n: i32,
  t: usize,
  rt: usize,
  ct: usize,
  b: usize,
  ldb: usize,
): void {
  const whole = m & ~(WIDE - 1)
  if (whole > 0) solveStrips(forward, unit, whole, n, t, rt, ct, b, ldb)
  if (whole === m) return
  const rest = b + <usize>(8 * whole)
  copyRows(m - whole, n, solveBlock, LD_SOLVE, rest, ldb)
  solveStrips(forward, unit, m - whole, n, t, rt, ct, solveBlock, LD_SOLVE)
  copyRows(m - whole, n, rest, ldb, solveBlock, LD_SOLVE)
}

/** X T = B by strips; the last one may reach beyond row m, where the work space holds anything. */
function solveStrips(
  forward: bool,
  unit: i32,
  m: i32,
  n: i32,
  t: usize,
  rt: usize,
  ct: usize,
  x: usize,
  ldx: usize,
): void {
  for (; m > 4; m -= WIDE) {
    solveStrip16(forward, unit, n, t, rt, ct, x, ldx)
    x += 8 * WIDE
  }
  if (m > 0) solveStrip4(forward, unit, n, t, rt, ct, x, ldx)
}

/** x_j := (x_j - sum over the unknowns k before j of t_kj x_k) / t_jj for 16 rows. */
function solveStrip16(forward: bool, unit: i32, n: i32, t: usize, rt: usize, ct: usize, x: usize, ldx: usize): void {
  for (let step = 0; step < n; step++) {
    const j = forward ? step : n - 1 - step
    const first = forward ? 0 : j + 1
    const xj = x + <usize>j * ldx
    let xk = x + <usize>first * ldx
    let tk = t + <usize>first * rt + <usize>j * ct
    let s0 = v128.load(xj)
    let s1 = v128.load(xj, 16)
    let s2 = v128.load(xj, 32)
    let s3 = v128.load(xj, 48)
    let s4 = v128.load(xj, 64)
    let s5 = v128.load(xj, 80)
    let s6 = v128.load(xj, 96)
    let s7 = v128.load(xj, 112)
    for (let k = step; k > 0; k--) {
      const f = v128.load_splat<f64>(tk)
      s0 = nmadd(v128.load(xk), f, s0)
      s1 = nmadd(v128.load(xk, 16), f, s1)
      s2 = nmadd(v128.load(xk, 32), f, s2)
      s3 = nmadd(v128.load(xk, 48), f, s3)
      s4 = nmadd(v128.load(xk, 64), f, s4)
      s5 = nmadd(v128.load(xk, 80), f, s5)
      s6 = nmadd(v128.load(xk, 96), f, s6)
      s7 = nmadd(v128.load(xk, 112), f, s7)
      xk += ldx
      tk += rt
    }
    const r = f64x2.splat(unit ? 1.0 : 1.0 / load<f64>(t + <usize>j * (rt + ct)))
    v128.store(xj, f64x2.mul(s0, r))
    v128.store(xj, f64x2.mul(s1, r), 16)
    v128.store(xj, f64x2.mul(s2, r), 32)
    v128.store(xj, f64x2.mul(s3, r), 48)
    v128.store(xj, f64x2.mul(s4, r), 64)
    v128.store(xj, f64x2.mul(s5, r), 80)
    v128.store(xj, f64x2.mul(s6, r), 96)
    v128.store(xj, f64x2.mul(s7, r), 112)
  }
}

/** The same for 4 rows. */
function solveStrip4(forward: bool, unit: i32, n: i32, t: usize, rt: usize, ct: usize, x: usize, ldx: usize): void {
  for (let step = 0; step < n; step++) {
    const j = forward ? step : n - 1 - step
    const first = forward ? 0 : j + 1
    const xj = x + <usize>j * ldx
    let xk = x + <usize>first * ldx
    let tk = t + <usize>first * rt + <usize>j * ct
    let s0 = v128.load(xj)
    let s1 = v128.load(xj, 16)
    for (let k = step; k > 0; k--) {
      const f = v128.load_splat<f64>(tk)
      s0 = nmadd(v128.load(xk), f, s0)
      s1 = nmadd(v128.load(xk, 16), f, s1)
      xk += ldx
      tk += rt
    }
    const r = f64x2.splat(unit ? 1.0 : 1.0 / load<f64>(t + <usize>j * (rt + ct)))
    v128.store(xj, f64x2.mul(s0, r))
    v128.store(xj, f64x2.mul(s1, r), 16)
  }
}

/** to (n x m) := from' (from m x n), leading dimensions in bytes; 2 x 2 blocks are turned in registers. */
function transpose(m: i32, n: i32, to: usize, ldTo: usize, from: usize, ldFrom: usize): void {
  for (; n > 1; n -= 2) {
    let p = from
    let q = to
    let i = m
    for (; i > 1; i -= 2) {
      const left = v128.load(p)
      const right = v128.load(p + ldFrom)
      v128.store(q, v128.shuffle<f64>(left, right, 0, 2))
      v128.store(q + ldTo, v128.shuffle<f64>(left, right, 1, 3))
      p += 16
      q += 2 * ldTo
    }
    if (i > 0) {
      store<f64>(q, load<f64>(p))
      store<f64>(q, load<f64>(p + ldFrom), 8)
    }
    from += 2 * ldFrom
    to += 16
  }
  if (n === 0) return
  for (; m > 0; m--) {
    store<f64>(to, load<f64>(from))
    from += 8
    to += ldTo
  }
}

function copyRows(m: i32, n: i32, to: usize, ldTo: usize, from: usize, ldFrom: usize): void {
  for (let j = 0; j < n; j++) {
    memory.copy(to, from, <usize>(8 * m))
    to += ldTo
    from += ldFrom
  }
}
