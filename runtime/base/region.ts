/**
 * Memory of any size: a part of a buffer. Node 20 ends a Uint8Array at 4 GiB, while buffers, and typed arrays of wider
 * elements, go on. A region that fits is a Uint8Array, so that ordinary messages pay nothing; a larger one is only
 * looked at in slices.
 */
import { constants } from 'node:buffer'
import { copyBytes } from './native-calls.ts'

/** Bytes from `byteOffset` of a buffer on. Every typed array is one. */
export interface Region {
  readonly buffer: ArrayBufferLike
  readonly byteOffset: number
  readonly byteLength: number
}

/** Longest Uint8Array of this Node. */
export const MAX_BYTES: number = constants.MAX_LENGTH
/** Larger regions are copied in slices of this size. */
const SLICE_BYTES = 2 ** 30

/** A part of a buffer, as a Uint8Array if it can be one. */
export function regionOver(buffer: ArrayBufferLike, byteOffset: number, byteLength: number): Region {
  return byteLength <= MAX_BYTES ? new Uint8Array(buffer, byteOffset, byteLength) : { buffer, byteOffset, byteLength }
}

/** Up to `nbytes` bytes of a region from `at` on. */
export function sliceOf({ buffer, byteOffset, byteLength }: Region, at: number, nbytes: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + at, Math.min(nbytes, byteLength - at))
}

/** Copies `source` to the start of `target`, which is as large or larger. */
export function copyRegion(target: Region, source: Region): void {
  for (let at = 0; at < source.byteLength; at += SLICE_BYTES)
    copyBytes(sliceOf(target, at, SLICE_BYTES), sliceOf(source, at, SLICE_BYTES))
}

/** Sets all bytes to 0. */
export function clearRegion(region: Region): void {
  for (const slice of slicesOf(region)) slice.fill(0)
}

/** All bytes of a region, in order. */
export function* slicesOf(region: Region): Generator<Uint8Array> {
  for (let at = 0; at < region.byteLength; at += SLICE_BYTES) yield sliceOf(region, at, SLICE_BYTES)
}
