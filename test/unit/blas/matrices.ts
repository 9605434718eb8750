/**
 * Random operands for the BLAS tests: matrices and vectors inside larger arrays full of guard values, and comparisons
 * that look at the guards too.
 */

import fc from 'fast-check'
import type { Blas, Diag, HostMemory, Side, Trans, Uplo } from '../../../hpl/blas/blas.ts'

export const EPS = 2 ** -53

/** Memory as the runtime gives it: shared. */
export const hostMemory: HostMemory = {
  alloc: (n) => new Float64Array(new SharedArrayBuffer(8 * n)),
  free: () => undefined,
}

export const trans = fc.constantFrom<Trans>('N', 'T')
export const side = fc.constantFrom<Side>('L', 'R')
export const uplo = fc.constantFrom<Uplo>('L', 'U')
export const diag = fc.constantFrom<Diag>('N', 'U')
export const factor = fc.constantFrom(-1, 1, 0, -1, 1, 0.75, -2.5)

/** Mostly small sizes with 0 and 1, now and then one beyond a tile, a strip or a cache block. */
export const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 20 }) },
  { weight: 3, arbitrary: fc.integer({ min: 21, max: 70 }) },
  { weight: 1, arbitrary: fc.integer({ min: 71, max: 300 }) },
)
export const increment = fc.constantFrom(1, 1, 1, 2, 5)
export const offset = fc.integer({ min: 0, max: 9 })
export const padding = fc.constantFrom(0, 0, 1, 3, 8)
export const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 })

/** A reproducible stream of numbers in [-1, 1) (xorshift32). */
export function numbers(start: number): () => number {
  let state = start
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  }
}

/** A column-major matrix (or a vector as a matrix of one row) within `data`, whose other elements are guards. */
export interface Operand {
  readonly data: Float64Array
  readonly start: number
  readonly ld: number
  readonly rows: number
  readonly columns: number
}

/** An operand in plain memory whose every element, guards included, is drawn from `next`. */
export function operand(
  rows: number,
  columns: number,
  place: { start: number; pad: number },
  next: () => number,
): Operand {
  const ld = Math.max(1, rows + place.pad)
  const data = Float64Array.from({ length: place.start + ld * columns + 7 }, next)
  return { data, start: place.start, ld, rows, columns }
}

/** Makes `t` a well conditioned triangle of either kind: small off the diagonal, 1 to 2 on it. */
export function tame(t: Operand): Operand {
  for (let j = 0; j < t.columns; j++) {
    for (let i = 0; i < t.rows; i++) {
      const p = t.start + i + j * t.ld
      t.data[p] = i === j ? 1.5 + t.data[p] / 2 : t.data[p] / t.rows
    }
  }
  return t
}

/** Copies of the operands' arrays in the backend's memory; `use` sees them, and they are freed after it. */
export function withCopies<T>(blas: Blas, operands: readonly Operand[], use: (arrays: Float64Array[]) => T): T {
  const arrays = operands.map(({ data }) => {
    const array = blas.alloc(data.length)
    array.set(data)
    return array
  })
  try {
    return use(arrays)
  } finally {
    for (const array of arrays) blas.free(array)
  }
}

/**
 * What differs between `found` and `expected`, both arrays of operand `o`: an element of the matrix by more than
 * `tolerance`, or a guard at all. Undefined if nothing does. NaN equals NaN.
 */
export function difference(
  o: Operand,
  found: Float64Array,
  expected: Float64Array,
  tolerance: number,
): string | undefined {
  for (let p = 0; p < expected.length; p++) {
    const i = (p - o.start) % o.ld
    const j = Math.floor((p - o.start) / o.ld)
    const inside = p >= o.start && i < o.rows && j < o.columns
    const [x, y] = [found[p], expected[p]]
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue
    if (!inside) return `guard at ${p} changed from ${y} to ${x}`
    if (!(Math.abs(x - y) <= tolerance)) return `element (${i}, ${j}) is ${x}, expected ${y} within ${tolerance}`
  }
  return undefined
}
