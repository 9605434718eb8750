/** Random ndarray views over typed arrays of every kind, as fast-check draws them, and what is in them. */
import fc from 'fast-check'
import ndarray, { type NdArray } from 'ndarray'
import type { TypedArrayConstructor } from '../../runtime/base/element-type.ts'

export const TYPES = [
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

/** How a view lies over an array of `room` elements. */
export interface Layout {
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly offset: number
  readonly room: number
}

/** Views of up to four dimensions over larger arrays: steps of both signs, gaps, empty extents, single elements. */
export function strided(largest = 4): fc.Arbitrary<Layout> {
  const axis = fc.record({ extent: fc.nat(largest), step: fc.constantFrom(1, 2, -1, -3) })
  return fc.array(axis, { minLength: 1, maxLength: 4 }).map((axes) => {
    let room = 1
    const layout = axes.map(({ extent, step }) => {
      const stride = step * room
      room *= Math.max(1, extent) * Math.abs(step) + 1
      return { extent, stride }
    })
    const offset = layout.reduce(
      (sum, { extent, stride }) => sum + (stride < 0 ? -stride * Math.max(0, extent - 1) : 0),
      3,
    )
    return {
      shape: layout.map(({ extent }) => extent),
      stride: layout.map(({ stride }) => stride),
      offset,
      room: room + 2000,
    }
  })
}

/** A view over a new array of a type, whose element i is `value(i)`. */
export function viewOf(
  type: unknown,
  { shape, stride, offset, room }: Layout,
  value: (i: number) => number,
): NdArray<Float64Array> {
  const data = new (type as TypedArrayConstructor)(room)
  const isBig = typeof data[0] === 'bigint'
  for (let i = 0; i < room; i++) (data as Float64Array)[i] = (isBig ? BigInt(value(i)) : value(i)) as number
  return ndarray(data as Float64Array, [...shape], [...stride], offset)
}

/** Elements in row-major order, by ndarray's own access. */
export function elements(view: NdArray<Float64Array>): (number | bigint)[] {
  const found: (number | bigint)[] = []
  const visit = (index: number[]): void => {
    if (index.length === view.shape.length) found.push(view.get(...index))
    else for (let i = 0; i < (view.shape[index.length] as number); i++) visit([...index, i])
  }
  visit([])
  return found
}
