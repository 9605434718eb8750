/**
 * Element types of messages: one for each typed array of the language. The code travels in every envelope, so that
 * sender and receiver types can be compared; codes are part of the wire format and never change meaning.
 */
import { sliceOf, type Region } from './region.ts'

/**
 * Every typed array of the language.
 *
 * @example
 * const total = (array: TypedArray): number => Array.from(array as Float64Array).reduce((a, b) => a + b, 0)
 * log(total(Int16Array.of(1, 2, 3))) // → 6
 */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/** Constructor of a typed array over memory that exists, or of `length` zeroed elements. */
export interface TypedArrayConstructor<T extends TypedArray = TypedArray> {
  readonly BYTES_PER_ELEMENT: number
  readonly name: string
  new (length: number): T
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T
}

export interface ElementType {
  /** Number on the wire. */
  readonly code: number
  /** For messages: 'float64', 'int32', … */
  readonly name: string
  readonly bytes: number
}

const NUMERIC = [
  [Int8Array, 'int8'],
  [Uint8Array, 'uint8'],
  [Uint8ClampedArray, 'uint8clamped'],
  [Int16Array, 'int16'],
  [Uint16Array, 'uint16'],
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [BigInt64Array, 'bigint64'],
  [BigUint64Array, 'biguint64'],
] as const

/** What `sendObject` sends: a structured clone in serialized form, received by `recvObject` only. */
export const OBJECT: ElementType = { code: NUMERIC.length, name: 'object', bytes: 1 }

/** What ranks send in a collective call that cannot give a result: why, in words (comm/call-failure.ts). */
export const FAILURE: ElementType = { code: NUMERIC.length + 1, name: 'failure', bytes: 1 }

/** All element types; the index is the code. */
export const ELEMENT_TYPES: readonly ElementType[] = [
  ...NUMERIC.map(([constructor, name], code) => ({ code, name, bytes: constructor.BYTES_PER_ELEMENT })),
  OBJECT,
  FAILURE,
]

const BY_CONSTRUCTOR = new Map<unknown, ElementType>(
  NUMERIC.map(([constructor], code) => [constructor, ELEMENT_TYPES[code] as ElementType]),
)

/** Element type of a typed array; of a subclass such as Buffer, that of its base. `undefined` if there is none. */
export function elementTypeOf(array: ArrayBufferView): ElementType | undefined {
  const exact = BY_CONSTRUCTOR.get(array.constructor)
  if (exact !== undefined) return exact
  const index = NUMERIC.findIndex(([constructor]) => array instanceof constructor)
  return ELEMENT_TYPES[index]
}

/** A new array of the same type as `like`, of `length` zeroed elements. */
export function newArrayLike<T extends TypedArray>(like: T, length: number): T {
  const index = NUMERIC.findIndex(([constructor]) => like instanceof constructor)
  const constructor = (NUMERIC[index] as (typeof NUMERIC)[number])[0] as unknown as TypedArrayConstructor<T>
  return new constructor(length)
}

/** `bytes` as an array of the type of `like`; a copy of them if they do not lie where that type can. */
export function arrayOver<T extends TypedArray>(like: T, bytes: Region): T {
  const constructor = newArrayLike(like, 0).constructor as unknown as TypedArrayConstructor<T>
  const { byteOffset, byteLength } = bytes
  const home = byteOffset % like.BYTES_PER_ELEMENT === 0 ? bytes : sliceOf(bytes, 0, byteLength).slice()
  return new constructor(home.buffer, home.byteOffset, byteLength / like.BYTES_PER_ELEMENT)
}
