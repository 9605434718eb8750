/**
 * Parts of an array, as the algorithms cut it: one block for each rank, equal or not, or the pieces of a pipeline.
 * Invariant: all parts are views of the array they are cut from; nothing here copies but `copyElements` and `copyOf`.
 */
import { newArrayLike, type TypedArray } from '../runtime/base/element-type.ts'

/** An array cut into one block for each rank. */
export interface Blocks {
  readonly array: TypedArray
  countOf(rank: number): number
  of(rank: number): TypedArray
}

/** Blocks of `length` elements one after the other; the last ones are short or empty if the array ends before. */
export function equalBlocks(array: TypedArray, length: number): Blocks {
  const start = (rank: number): number => Math.min(rank * length, array.length)
  return {
    array,
    countOf: (rank) => start(rank + 1) - start(rank),
    of: (rank) => array.subarray(start(rank), start(rank + 1)),
  }
}

/** Blocks of `counts[rank]` elements from `displs[rank]` on, by default one after the other. */
export function blocksAt(
  array: TypedArray,
  counts: readonly number[],
  displs: readonly number[] = displacements(counts),
): Blocks {
  return {
    array,
    countOf: (rank) => counts[rank] as number,
    of: (rank) => array.subarray(displs[rank], (displs[rank] as number) + (counts[rank] as number)),
  }
}

/** For ranks that have one block and need of the others only the length, which is the same. */
export function likeMine(mine: TypedArray): Blocks {
  return { array: mine, countOf: () => mine.length, of: () => mine }
}

/** Where blocks of these counts begin when they lie one after the other. */
export function displacements(counts: readonly number[]): number[] {
  let at = 0
  return counts.map((count) => (at += count) - count)
}

/** Piece `index` of pieces of `length` elements; the last ones are short or empty if the array ends before. */
export function block(array: TypedArray, index: number, length: number): TypedArray {
  return run(array, index, index + 1, length)
}

/** Pieces `first` to `end - 1` together. */
export function run(array: TypedArray, first: number, end: number, length: number): TypedArray {
  return array.subarray(Math.min(first * length, array.length), Math.min(end * length, array.length))
}

/** Below this many elements a loop beats `set`, whose call alone costs 0.3 us. */
const SHORT = 32

/** Copies `source` to the start of `target`, which is of the same type and long enough. */
export function copyElements(target: TypedArray, source: TypedArray): void {
  // One numeric type stands for all: elements move between arrays of the same type whatever the type.
  const [to, from] = [target as Float64Array, source as Float64Array]
  if (from.length > SHORT) to.set(from)
  else if (to.byteOffset <= from.byteOffset) for (let i = 0; i < from.length; i++) to[i] = from[i] as number
  else for (let i = from.length - 1; i >= 0; i--) to[i] = from[i] as number // in case they overlap
}

/** Private memory with the same elements. */
export function copyOf(array: TypedArray): TypedArray {
  const copy = newArrayLike(array, array.length)
  copyElements(copy, array)
  return copy
}

/** Length of the blocks when `count` elements in groups of `unit` are dealt to `parts` ranks. */
export function blockLength(count: number, parts: number, unit = 1): number {
  return Math.ceil(count / unit / parts) * unit
}

/** The same memory as bytes. */
export function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
