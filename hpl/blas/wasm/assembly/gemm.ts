/**
 * The matrix product after BLIS: op(B) is packed in blocks of KC x NC, op(A) in blocks of MC x KC, and the micro-kernel
 * updates one tile of C in registers. This file owns loops, blocking and edges; micro-kernel and packing know nothing
 * of each other. Invariant: without FMA every element of C receives its products one by one in ascending k.
 *
 * Internally a matrix is (address, row stride, column stride) in bytes, so that transposition is no case of its own.
 * Reference: Van Zee and van de Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality", ACM TOMS 41,
 * 2015; Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34, 2008.
 */

import { tile6x1, tile6x2, tile6x3 } from './micro-kernel'
import { packRows, packSliver } from './pack'
import { KC, MC, NC, packedA, packedB, tile } from './work'
import { scaleMatrix } from './level1'
import { gemvInOrder } from './level2'

const MR: i32 = 6
const NR: i32 = 3

/** Up to this width of C, op(A) is read in place: packing it would cost more than its poor locality. */
const IN_PLACE_COLUMNS: i32 = 24

/** C := alpha op(A) op(B) + beta C. */
export function dgemm(
  transA: i32,
  transB: i32,
  m: i32,
  n: i32,
  k: i32,
  alpha: f64,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  beta: f64,
  c: usize,
  ldc: i32,
): void {
  if (beta !== 1.0) scaleMatrix(m, n, beta, c, ldc)
  const ra = transA ? 8 * lda : 8
  const ca = transA ? 8 : 8 * lda
  const rb = transB ? 8 * ldb : 8
  const cb = transB ? 8 : 8 * ldb
  multiply(m, n, k, alpha, a, ra, ca, b, rb, cb, c, 8 * ldc)
}

/** C += alpha A B, all strides in bytes, C column-major. */
export function multiply(
  m: i32,
  n: i32,
  k: i32,
  alpha: f64,
  a: usize,
  ra: usize,
  ca: usize,
  b: usize,
  rb: usize,
  cb: usize,
  c: usize,
  ldc: usize,
): void {
  if (m <= 0 || n <= 0 || k <= 0 || alpha === 0.0) return
  if (n === 1) return gemvInOrder(m, k, alpha, a, ra, ca, b, rb, c, 8)
  if (m === 1) return gemvInOrder(n, k, alpha, b, cb, rb, a, ca, c, ldc)
  const inPlace = n <= IN_PLACE_COLUMNS && ra === 8
  const depth = evenBlock(k, KC)
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(n - jc, NC)
    const cj = c + <usize>jc * ldc
    for (let pc = 0; pc < k; pc += depth) {
      const kc = min(k - pc, depth)
      packColumns(nc, kc, alpha, b + <usize>pc * rb + <usize>jc * cb, rb, cb)
      const ap = a + <usize>pc * ca
      if (inPlace) {
        multiplyInPlace(m, nc, kc, ap, ca, cj, ldc)
        continue
      }
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(m - ic, MC)
        packBlock(mc, kc, ap + <usize>ic * ra, ra, ca)
        multiplyBlock(mc, nc, kc, cj + <usize>(8 * ic), ldc)
      }
    }
  }
}

/** Cuts `total` in equal blocks of at most `most`. */
function evenBlock(total: i32, most: i32): i32 {
  const blocks = (total + most - 1) / most
  return (total + blocks - 1) / blocks
}

/** Width of the next sliver when `left` columns remain: 3, but 4 are left as 2 + 2, since a single column is slow. */
// @ts-ignore: decorator
@inline
function sliverWidth(left: i32): i32 {
  return left === 4 ? 2 : min(left, NR)
}

function packColumns(n: i32, k: i32, alpha: f64, b: usize, rb: usize, cb: usize): void {
  let to = packedB
  for (let j = 0, width = 0; j < n; j += width) {
    width = sliverWidth(n - j)
    packSliver(to, b + <usize>j * cb, width, k, cb, rb, alpha)
    to += <usize>(8 * width * k)
  }
}

function packBlock(m: i32, k: i32, a: usize, ra: usize, ca: usize): void {
  let to = packedA
  for (let i = 0; i < m; i += MR) {
    packRows(to, a + <usize>i * ra, min(m - i, MR), k, ra, ca)
    to += <usize>(8 * MR * k)
  }
}

/** C += packed A times packed B; a sliver of B stays in the first-level cache while A's pass by. */
function multiplyBlock(m: i32, n: i32, k: i32, c: usize, ldc: usize): void {
  let b = packedB
  for (let j = 0, width = 0; j < n; j += width) {
    width = sliverWidth(n - j)
    let a = packedA
    for (let i = 0; i < m; i += MR) {
      updateTile(min(m - i, MR), width, k, a, 48, b, c + <usize>(8 * i), ldc)
      a += <usize>(48 * k)
    }
    b += <usize>(8 * width * k)
    c += <usize>width * ldc
  }
}

/** C += A times packed B for few columns: six rows of A meet all of B before the next six are read. */
function multiplyInPlace(m: i32, n: i32, k: i32, a: usize, lda: usize, c: usize, ldc: usize): void {
  for (let i = 0; i < m; i += MR) {
    const rows = min(m - i, MR)
    let from = a + <usize>(8 * i)
    let step = lda
    if (rows < MR) {
      packRows(packedA, from, rows, k, 8, lda)
      from = packedA
      step = 48
    }
    let b = packedB
    let cj = c + <usize>(8 * i)
    for (let j = 0, width = 0; j < n; j += width) {
      width = sliverWidth(n - j)
      updateTile(rows, width, k, from, step, b, cj, ldc)
      b += <usize>(8 * width * k)
      cj += <usize>width * ldc
    }
  }
}

/** One tile of C; a tile with fewer than six rows takes the way over a whole one in the work space. */
// @ts-ignore: decorator
@inline
function updateTile(rows: i32, width: i32, k: i32, a: usize, aStep: usize, b: usize, c: usize, ldc: usize): void {
  if (rows === MR) return wholeTile(width, k, a, aStep, b, c, ldc)
  copyTile(rows, width, tile, 48, c, ldc)
  wholeTile(width, k, a, aStep, b, tile, 48)
  copyTile(rows, width, c, ldc, tile, 48)
}

// @ts-ignore: decorator
@inline
function wholeTile(width: i32, k: i32, a: usize, aStep: usize, b: usize, c: usize, ldc: usize): void {
  if (width === 3) tile6x3(k, a, aStep, b, c, ldc)
  else if (width === 2) tile6x2(k, a, aStep, b, c, ldc)
  else tile6x1(k, a, aStep, b, c, ldc)
}

function copyTile(rows: i32, width: i32, to: usize, ldTo: usize, from: usize, ldFrom: usize): void {
  for (let j = 0; j < width; j++) {
    for (let i = 0; i < rows; i++) store<f64>(to + <usize>(8 * i), load<f64>(from + <usize>(8 * i)))
    to += ldTo
    from += ldFrom
  }
}

/** Runs the micro-kernel `times` times on packed slivers in cache: its rate is the bound of every product above. */
export function microKernelLoop(times: i32, k: i32): void {
  memory.fill(tile, 0, 144)
  memory.fill(packedA, 0, <usize>(48 * k))
  memory.fill(packedB, 0, <usize>(24 * k))
  for (let i = 0; i < times; i++) tile6x3(k, packedA, 48, packedB, tile, 48)
}
