/**
 * Parts of an array, as the algorithms cut it: equal blocks by rank, or runs of unequal blocks by their displacements.
 * All parts are views; nothing here copies but `copyElements`.
 */
import type { TypedArray } from '../runtime/base/element-type.ts'

/** Block `index` of blocks of `length` elements; the last blocks of an array may be short or empty. */
export function block(array: TypedArray, index: number, length: number): TypedArray {
  return run(array, index, index + 1, length)
}

/** Blocks `first` to `end - 1` together. */
export function run(array: TypedArray, first: number, end: number, length: number): TypedArray {
  return array.subarray(Math.min(first * length, array.length), Math.min(end * length, array.length))
}

/** Copies `source` to the start of `target`, which is of the same type and long enough. */
export function copyElements(target: TypedArray, source: TypedArray): void {
  // One numeric type stands for all: `set` moves elements between arrays of the same type whatever the type.
  ;(target as Float64Array).set(source as Float64Array)
}

/** Length of the blocks when `count` elements in groups of `unit` are dealt to `parts` ranks. */
export function blockLength(count: number, parts: number, unit = 1): number {
  return Math.ceil(count / unit / parts) * unit
}
