/**
 * What users pass as a buffer, resolved once per call to something the engine can copy: contiguous bytes, or an
 * ndarray view that is packed and unpacked element by element in row-major order. An ndarray view is our derived
 * datatype (MPI 4.1, section 5.1): shape and strides say which elements travel.
 */
import { MpiError } from './errors.ts'
import { copyBytes } from './native-calls.ts'
import { copyRegion, MAX_BYTES, regionOver, type Region } from './region.ts'
import { wordsOf } from './words.ts'
import {
  ELEMENT_TYPES,
  elementTypeOf,
  type ElementType,
  type TypedArray,
  type TypedArrayConstructor,
} from './element-type.ts'

/**
 * The fields of an ndarray view: element (i, j, …) is `data[offset + i * stride[0] + j * stride[1] + …]`.
 *
 * @example
 * // Column 1 of a matrix of 2 x 3 elements, stored by rows; a view of the package ndarray has the same fields.
 * const column: NdView = { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [2], stride: [3], offset: 1 }
 * const received = new Float64Array(2)
 * await world.sendrecv(column, received, { dest: world.rank, source: world.rank })
 * log(received.join()) // → 2,5
 */
export interface NdView {
  readonly data: TypedArray
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly offset: number
}

/**
 * Memory that a message can come from or go to: typed arrays, raw bytes, and ndarray views over typed arrays.
 *
 * @example
 * const buffers: MessageBuffer[] = [new Float64Array(4), new DataView(new ArrayBuffer(8)), new SharedArrayBuffer(16)]
 * for (const buffer of buffers) await world.bcast(buffer)
 */
export type MessageBuffer = TypedArray | DataView | ArrayBuffer | SharedArrayBuffer | NdView

const BYTES = ELEMENT_TYPES[1] as ElementType

/**
 * A resolved buffer. `region` is present when the elements are contiguous in row-major order, and so is `bytes` when it
 * can be an array of bytes.
 */
export class MessageView {
  readonly elementType: ElementType
  readonly count: number
  readonly bytes: Uint8Array | undefined
  readonly region: Region | undefined
  /** `bytes` as words, if they are short and somebody has looked. */
  words: Int32Array | undefined = undefined
  readonly #strided: NdView | undefined

  constructor(elementType: ElementType, count: number, region: Region | undefined, strided?: NdView) {
    this.elementType = elementType
    this.count = count
    this.region = region
    this.bytes = region instanceof Uint8Array ? region : undefined
    this.#strided = strided
  }

  get nbytes(): number {
    return this.count * this.elementType.bytes
  }

  /** Where each element begins if they are not contiguous: bytes of `memory`, in the order in which they travel. */
  places(): { readonly memory: ArrayBufferLike; readonly starts: Float64Array } {
    const strided = this.#strided as NdView
    const { buffer, byteOffset, BYTES_PER_ELEMENT } = strided.data
    return { memory: buffer, starts: indicesOf(strided).map((index) => byteOffset + index * BYTES_PER_ELEMENT) }
  }

  /** Copies the elements to `target`, which has room for `nbytes`. */
  pack(target: Region): void {
    if (this.region !== undefined) copyRegion(target, this.region)
    else copyStrided(this.#strided as NdView, target, 'pack')
  }

  /** Copies the elements to `target`, which may be longer; the part of it that holds them. */
  packInto(target: Region): Region {
    const packed = regionOver(target.buffer, target.byteOffset, this.nbytes)
    this.pack(packed)
    return packed
  }

  /** Copies `source`, at most `nbytes` and a whole number of elements, to the first elements of the view. */
  unpack(source: Region): void {
    if (this.bytes !== undefined && source instanceof Uint8Array) copyBytes(this.bytes, source)
    else if (this.region !== undefined) copyRegion(this.region, source)
    else copyStrided(this.#strided as NdView, source, 'unpack')
  }
}

/** Larger memory is not kept alive for the sake of a few nanoseconds. */
const REMEMBERED_NBYTES = 65_536

/** Remembers how the latest small buffer was resolved: loops send and receive the same one again and again. */
export class LatestView {
  #buffer: unknown
  #view: MessageView | undefined
  #nbytes = 0

  /** Like `resolveBuffer`. */
  resolve(buffer: MessageBuffer, call: string): MessageView {
    const known = this.#view
    // A buffer that was transferred or cut meanwhile has another length. Its own bytes are asked: V8 knows their type, where
    // the program's buffer may be any.
    if (buffer === this.#buffer && known !== undefined && known.bytes?.length === this.#nbytes) return known
    const view = resolveBuffer(buffer, call)
    if (isRemembered(buffer)) {
      view.words = view.bytes && wordsOf(view.bytes)
      this.#buffer = buffer
      this.#view = view
      this.#nbytes = view.nbytes
    }
    return view
  }
}

/** True if it does no harm to keep a buffer for the next call: it is small, or shared, and cannot grow. */
export function isRemembered(buffer: unknown): buffer is TypedArray {
  if (!ArrayBuffer.isView(buffer)) return false
  const memory = buffer.buffer
  if (memory instanceof SharedArrayBuffer) return !memory.growable
  return !memory.resizable && memory.byteLength <= REMEMBERED_NBYTES
}

/**
 * Resolves a user's buffer. Local.
 *
 * @param call name of the calling operation, for messages
 * @throws {MpiError} MPI_ERR_BUFFER if `buffer` is no typed array, DataView, ArrayBuffer or ndarray over one of them, if
 *   its memory has been transferred to another thread, or if the ndarray leaves its data or has no such layout
 */
export function resolveBuffer(buffer: MessageBuffer, call: string): MessageView {
  try {
    return resolved(buffer, call)
  } catch (cause) {
    if (cause instanceof MpiError) throw cause
    throw new MpiError('MPI_ERR_BUFFER', `${call}: the buffer cannot be used: ${(cause as Error).message}`, { cause })
  }
}

function resolved(buffer: MessageBuffer, call: string): MessageView {
  if (ArrayBuffer.isView(buffer)) {
    const type = buffer instanceof DataView ? BYTES : elementTypeOf(buffer)
    if (type === undefined) throw bufferError(buffer, call)
    const { byteOffset, byteLength } = buffer
    // Inlined for the sake of small messages.
    const region = byteLength <= MAX_BYTES ? new Uint8Array(buffer.buffer, byteOffset, byteLength) : buffer
    return new MessageView(type, byteLength / type.bytes, region)
  }
  if (buffer instanceof ArrayBuffer || buffer instanceof SharedArrayBuffer)
    return new MessageView(BYTES, buffer.byteLength, regionOver(buffer, 0, buffer.byteLength))
  return resolveNdarray(buffer, call)
}

function resolveNdarray(view: NdView, call: string): MessageView {
  if (!isNdarray(view)) throw bufferError(view, call)
  const type = ArrayBuffer.isView(view.data) ? elementTypeOf(view.data) : undefined
  if (type === undefined)
    throw new MpiError(
      'MPI_ERR_BUFFER',
      `${call}: an ndarray must lie over a typed array, not over ${describe(view.data)}`,
    )
  if (!hasLayout(view))
    throw new MpiError(
      'MPI_ERR_BUFFER',
      `${call}: the ndarray has shape [${view.shape.join(', ')}], stride [${view.stride.join(', ')}] and offset ${view.offset}, expected integers, no extent below 0, and a stride for each`,
    )
  const count = view.shape.reduce((product, extent) => product * extent, 1)
  if (count > 0) checkReach(view, call)
  if (!isRowMajor(view)) return new MessageView(type, count, undefined, view)
  const start = view.data.byteOffset + view.offset * type.bytes
  return new MessageView(type, count, regionOver(view.data.buffer, count === 0 ? 0 : start, count * type.bytes))
}

/** Programs make views by hand too: those of the package ndarray all have one. */
function hasLayout({ shape, stride, offset }: NdView): boolean {
  const isExtent = (extent: number): boolean => Number.isInteger(extent) && extent >= 0
  return (
    shape.length === stride.length &&
    shape.every(isExtent) &&
    stride.every((step) => Number.isInteger(step)) &&
    Number.isInteger(offset)
  )
}

/** @throws {MpiError} MPI_ERR_BUFFER if an element of the view lies outside of its data */
function checkReach({ data, shape, stride, offset }: NdView, call: string): void {
  let [lowest, highest] = [offset, offset]
  for (const [axis, extent] of shape.entries()) {
    const reach = (extent - 1) * (stride[axis] as number)
    if (reach < 0) lowest += reach
    else highest += reach
  }
  if (lowest >= 0 && highest < data.length) return
  const outside = lowest < 0 ? lowest : highest
  throw new MpiError(
    'MPI_ERR_BUFFER',
    `${call}: the ndarray has an element at ${outside} of its data, expected 0..${data.length - 1}`,
  )
}

/** The ndarray package has no class to test against: its views are recognised by their fields. */
export function isNdarray(value: unknown): value is NdView {
  if (typeof value !== 'object' || value === null) return false
  const view = value as Partial<NdView>
  return Array.isArray(view.shape) && Array.isArray(view.stride) && typeof view.offset === 'number' && 'data' in view
}

/** True if the elements in row-major order are consecutive in memory. Extents of 1 have no say. */
function isRowMajor(view: NdView): boolean {
  let expected = 1
  for (let axis = view.shape.length - 1; axis >= 0; axis--) {
    const extent = view.shape[axis] as number
    if (extent === 0) return true
    if (extent > 1 && view.stride[axis] !== expected) return false
    expected *= extent
  }
  return true
}

/** Where the elements of a view are in its data, in row-major order. */
function indicesOf({ shape, stride, offset }: NdView): Float64Array {
  let indices = Float64Array.of(offset)
  for (const [axis, extent] of shape.entries()) {
    const step = stride[axis] as number
    const outer = indices
    indices = new Float64Array(outer.length * extent)
    for (let i = 0; i < indices.length; i++)
      indices[i] = (outer[Math.floor(i / extent)] as number) + (i % extent) * step
  }
  return indices
}

/** Moves elements between a strided view and contiguous bytes, row-major, as many as the bytes hold. */
function copyStrided(view: NdView, bytes: Region, direction: 'pack' | 'unpack'): void {
  const data = view.data
  const size = data.BYTES_PER_ELEMENT
  // A packed buffer may start at any byte: give it a home that the element type accepts.
  const aligned = bytes.byteOffset % size === 0
  const home = aligned ? bytes : new Uint8Array(bytes.byteLength)
  if (!aligned && direction === 'unpack') copyRegion(home, bytes)
  const Constructor = data.constructor as TypedArrayConstructor
  const flat = new Constructor(home.buffer, home.byteOffset, home.byteLength / size)
  const copied = walk(view, flat, direction)
  if (direction === 'pack' && !aligned) copyRegion(bytes, regionOver(home.buffer, 0, copied * size))
}

function walk(view: NdView, flat: TypedArray, direction: 'pack' | 'unpack'): number {
  const { shape, stride } = view
  const data = view.data as Float64Array // one numeric type stands for all: reads and writes are the same
  const packed = flat as Float64Array
  const last = shape.length - 1
  let at = 0
  const rows = (axis: number, offset: number): void => {
    const extent = shape[axis] as number
    const step = stride[axis] as number
    if (axis < last) {
      for (let i = 0; i < extent && at < packed.length; i++) rows(axis + 1, offset + i * step)
      return
    }
    const n = Math.min(extent, packed.length - at)
    if (direction === 'pack') for (let i = 0; i < n; i++) packed[at++] = data[offset + i * step] as number
    else for (let i = 0; i < n; i++) data[offset + i * step] = packed[at++] as number
  }
  if (shape.length > 0) rows(0, view.offset)
  return at
}

function bufferError(value: unknown, call: string): MpiError {
  return new MpiError(
    'MPI_ERR_BUFFER',
    `${call}: the buffer is ${describe(value)}, expected a typed array, a DataView, an ArrayBuffer or an ndarray over a typed array` +
      (value == null || typeof value === 'symbol' ? '' : ` (for other values use ${objectTwin(call)})`),
  )
}

/** 'bcastObject' of 'bcast'. */
function objectTwin(call: string): string {
  return WITH_TWINS.has(call.replace(/^i/, '')) ? `${call}Object` : 'the calls with Object in their names'
}

const WITH_TWINS = new Set(
  'send ssend recv sendrecv bcast gather scatter allgather alltoall reduce allreduce scan exscan'.split(' '),
)

/** A value as an error message shows it: its class, or the value itself if it is short. */
export function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean')
    return String(value)
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  if (typeof value === 'symbol') return value.description?.replace('tsmpi.', '') ?? 'a symbol'
  if (typeof value === 'object') return `an object of class ${value.constructor?.name ?? 'null'}`
  return `a ${typeof value}`
}
