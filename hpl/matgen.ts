/**
 * The test matrix of HPL: element (i, j) of the n x (n+1) matrix [A|b] is value number 1 + i + j n of a linear
 * congruential sequence modulo 2^64, so it depends on the seed and on n alone, never on the block size or the
 * grid, and any process can produce its own part by jumping ahead. Invariant: every value is bit for bit that of
 * HPL 2.3 (HPL_pdmatgen). Layer below: block-cyclic.ts.
 *
 * A state X is kept as two 32-bit halves; a jump by k is the affine map X -> a X + c with a = A^k and
 * c = 1 + A + ... + A^(k-1) modulo 2^64. Products of halves are built from 16-bit limbs, because a double holds
 * 53 bits; this makes 300 million values a second in Node 20 where BigInt.asUintN makes 33 million.
 */

import { indxl2g, numroc } from './block-cyclic.ts'

/** A number modulo 2^64 as two signed or unsigned 32-bit halves (only the bits count). */
export type Word64 = readonly [hi: number, lo: number]

/** The affine map X -> a X + c modulo 2^64 that advances the sequence by a fixed number of values. */
export interface Jump {
  readonly a: Word64
  readonly c: Word64
}

/** Which part of which matrix: the order, the block size, the grid and this process's place in it. */
export interface MatrixPart {
  /** (global) order of A; [A|b] has n rows and n + 1 columns. */
  readonly n: number
  /** (global) block size in both dimensions. */
  readonly nb: number
  readonly nprow: number
  readonly npcol: number
  readonly myrow: number
  readonly mycol: number
  /** (global) 32-bit start of the sequence; HPL uses HPL_SEED. */
  readonly seed: number
}

/** The seed of every HPL run. */
export const HPL_SEED = 100

// A = 6364136223846793005 and C = 1: Knuth's multiplier for 2^64, the same as in HPL 2.x.
const ONE_STEP: Jump = { a: [1481765933, 1284865837], c: [0, 1] }
const IDENTITY: Jump = { a: [0, 1], c: [0, 0] }
const TWO_TO_MINUS_32 = 2 ** -32

/** Upper half of the 64-bit product of two unsigned 32-bit numbers. No partial sum exceeds 32 bits. */
function multiplyHigh(x: number, y: number): number {
  const x0 = x & 0xffff
  const x1 = x >>> 16
  const y0 = y & 0xffff
  const y1 = y >>> 16
  const middle = (Math.imul(x1, y0) + (Math.imul(x0, y0) >>> 16)) | 0
  const low = (Math.imul(x0, y1) + (middle & 0xffff)) | 0
  return (Math.imul(x1, y1) + (middle >>> 16) + (low >>> 16)) | 0
}

function multiply(x: Word64, y: Word64): Word64 {
  const high = multiplyHigh(x[1], y[1]) + Math.imul(x[0], y[1]) + Math.imul(x[1], y[0])
  return [high | 0, Math.imul(x[1], y[1])]
}

function add(x: Word64, y: Word64): Word64 {
  const low = (x[1] + y[1]) | 0
  const carry = low >>> 0 < x[1] >>> 0 ? 1 : 0
  return [(x[0] + y[0] + carry) | 0, low]
}

/** The state `jump` further on. Local. */
export function advance(x: Word64, jump: Jump): Word64 {
  return add(multiply(jump.a, x), jump.c)
}

/** First `first`, then `second`. */
function compose(first: Jump, second: Jump): Jump {
  return { a: multiply(second.a, first.a), c: advance(first.c, second) }
}

/**
 * The jump over `k` values, in log2(k) steps of binary powering. Local.
 *
 * @param k values to skip, an integer in 0 .. 2^53
 */
export function jumpAhead(k: number): Jump {
  let result = IDENTITY
  let power = ONE_STEP
  for (let left = k; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = compose(result, power)
    power = compose(power, power)
  }
  return result
}

/**
 * The matrix element that a state stands for: 0.5 - X / 2^64 in [-0.5, 0.5], X rounded to 53 bits first. Local.
 */
export function valueOf(x: Word64): number {
  return 0.5 - ((x[0] >>> 0) + (x[1] >>> 0) * TWO_TO_MINUS_32) * TWO_TO_MINUS_32
}

/**
 * Generates local columns of [A|b], by columns: `numroc(n)` rows of at most `numroc(n + 1)` columns, column n (b) dealt
 * like any other. Nothing else of `a` is written. Local.
 *
 * @param part which matrix, which grid, which process
 * @param a (local) receives the values
 * @param a0 (local) index in `a` of the first element
 * @param lda (local) leading dimension, >= max(1, local rows)
 * @param first (local) first column, a multiple of nb; default 0
 * @param count (local) columns; default all from there
 * @throws {RangeError} if the columns do not fit into `a`
 */
export function generateLocal(
  part: MatrixPart,
  a: Float64Array,
  a0: number,
  lda: number,
  first = 0,
  count = numroc(part.n + 1, part.nb, part.mycol, 0, part.npcol) - first,
): void {
  const { n, nb, nprow, npcol, myrow, mycol, seed } = part
  const mp = numroc(n, nb, myrow, 0, nprow)
  checkFits(a, a0, lda, mp, count)
  if (mp === 0 || count === 0) return

  const nextColumn = jumpAhead(n)
  // From the first column of one of our column blocks to the first of the next.
  const nextColumnBlock = jumpAhead(n * nb * npcol)
  const nextRowBlock = jumpAhead(nb * nprow)
  const firstIndex = 1 + indxl2g(0, nb, myrow, 0, nprow) + indxl2g(first, nb, mycol, 0, npcol) * n

  let blockStart = advance([0, seed], jumpAhead(firstIndex))
  for (let jBlock = 0; jBlock < count; jBlock += nb) {
    let columnStart = blockStart
    for (let jj = jBlock; jj < Math.min(jBlock + nb, count); jj++) {
      fillColumn(columnStart, nextRowBlock, nb, a, a0 + jj * lda, mp)
      columnStart = advance(columnStart, nextColumn)
    }
    blockStart = advance(blockStart, nextColumnBlock)
  }
}

function checkFits(a: Float64Array, a0: number, lda: number, mp: number, nq: number): void {
  if (lda < Math.max(1, mp)) throw new RangeError(`generateLocal: lda is ${lda}, expected at least ${Math.max(1, mp)}`)
  const end = nq === 0 ? a0 : a0 + (nq - 1) * lda + mp
  if (a0 < 0 || end > a.length) {
    throw new RangeError(`generateLocal: ${mp} x ${nq} values from ${a0} on end at ${end}, the array at ${a.length}`)
  }
}

/** One local column: runs of `nb` consecutive values, from run to run the jump `nextRun`. */
function fillColumn(start: Word64, nextRun: Jump, nb: number, a: Float64Array, first: number, mp: number): void {
  let runStart = start
  for (let ii = 0; ii < mp; ii += nb) {
    fillRun(runStart[0] | 0, runStart[1] | 0, a, first + ii, Math.min(nb, mp - ii))
    runStart = advance(runStart, nextRun)
  }
}

/**
 * a[first .. first+count-1] = the `count` consecutive values from state (hi, lo) on. The hot loop: one 64-bit
 * multiplication by the constant A in six 32-bit ones, written out so that nothing is allocated.
 */
function fillRun(hi: number, lo: number, a: Float64Array, first: number, count: number): void {
  const aHi = ONE_STEP.a[0] | 0
  const aLo = ONE_STEP.a[1] | 0
  const a0 = aLo & 0xffff
  const a1 = aLo >>> 16
  for (let k = first, end = first + count; k < end; k++) {
    a[k] = 0.5 - ((hi >>> 0) + (lo >>> 0) * TWO_TO_MINUS_32) * TWO_TO_MINUS_32
    const x0 = lo & 0xffff
    const x1 = lo >>> 16
    const middle = (Math.imul(x1, a0) + (Math.imul(x0, a0) >>> 16)) | 0
    const low = (Math.imul(x0, a1) + (middle & 0xffff)) | 0
    hi = (Math.imul(hi, aLo) + Math.imul(lo, aHi) + Math.imul(x1, a1) + (middle >>> 16) + (low >>> 16)) | 0
    lo = (Math.imul(lo, aLo) + 1) | 0
    if (lo === 0) hi = (hi + 1) | 0
  }
}
