/**
 * The work space of the kernels: one region of the memory that the host sets aside once with `reserve`, cut into the
 * packed blocks of the matrix product and the small buffers. Kernels of one instance run one at a time.
 */

/**
 * Block sizes of the matrix product: op(A) is packed MC x KC, op(B) KC x NC; MC a multiple of 6, NC of 3. On a core
 * with 2 MiB of second-level cache everything from 48 x 256 x 384 to 192 x 256 x 2046 is within 3 % for NB >= 128, so
 * the sizes are those that also suit small caches: 192 KiB for A (L2 of 256 KiB), 1.5 MiB for B (a rank's share of L3).
 */
export const MC: i32 = 96
export const KC: i32 = 256
export const NC: i32 = 768

/** Rows of the buffer in which triangular solves work, and their order; see trsm.ts. */
export const STRIP: i32 = 64
export const BASE: i32 = 16

const LINE: usize = 64
const A_BYTES: usize = 8 * MC * KC
const B_BYTES: usize = 8 * KC * NC
const SOLVE_BYTES: usize = 8 * STRIP * BASE
const TILE_BYTES: usize = 512

/** Bytes that `reserve` needs. */
export const WORK_BYTES: usize = A_BYTES + B_BYTES + SOLVE_BYTES + TILE_BYTES + LINE

export let packedA: usize = 0
export let packedB: usize = 0
export let solveBlock: usize = 0
export let tile: usize = 0

/** Tells the kernels where their work space starts (64-byte aligned). */
export function reserve(start: usize): void {
  packedA = start
  packedB = packedA + A_BYTES
  solveBlock = packedB + B_BYTES
  tile = solveBlock + SOLVE_BYTES
}
