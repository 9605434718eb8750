/**
 * The arguments of collective calls, checked in one place before anything is sent, and turned into what the algorithms
 * work on: contiguous typed arrays. A buffer that is contiguous is used as it is; a strided ndarray view is packed into
 * a temporary and, if it receives, unpacked by `commit` at the end.
 */
import { IN_PLACE } from '../runtime/base/constants.ts'
import { elementTypeOf, newArrayLike, type ElementType, type TypedArray } from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import {
  describe,
  isNdarray,
  resolveBuffer,
  type MessageBuffer,
  type MessageView,
} from '../runtime/base/message-buffer.ts'
import { faultOfNames } from '../runtime/base/option-names.ts'
import { blocksAt, displacements, type Blocks } from './blocks.ts'

/** A buffer that the call reads: `load`, then work on `array`. */
export interface Source {
  readonly array: TypedArray
  /** Takes the user's elements into `array`. */
  load(): void
}

/** A buffer that the call may write: `load` if it reads it too, work on `array`, then `commit`. */
export interface Target extends Source {
  /** Puts the elements of `array` where the user wants them. */
  commit(): void
}

/** What a call does with a buffer. */
export type Use = 'send' | 'recv'

/** Who watches the buffers of the calls that are planned (watched-buffers.ts). */
export interface BufferObserver {
  /** The array that the call works on instead of `array`, which has the elements; undefined for `array` itself. */
  stead(buffer: MessageBuffer, use: Use, view: MessageView, array: TypedArray): TypedArray | undefined
  /** Of the buffer with this array only these blocks are used so. */
  uses(array: TypedArray, use: Use, blocks: readonly TypedArray[]): void
}

let observer: BufferObserver | undefined

/** Makes a plan whose buffers are watched. */
export function observing<T>(by: BufferObserver, plan: () => T): T {
  observer = by
  try {
    return plan()
  } finally {
    observer = undefined
  }
}

/** Of `array`, the call that is planned uses these blocks only. */
export function usesOnly(array: TypedArray, use: Use, blocks: () => readonly TypedArray[]): void {
  observer?.uses(array, use, blocks())
}

const NOTHING = (): void => undefined
const ROOT_ALONE = ['root']

/** A buffer of the user: its elements in row-major order. @throws {MpiError} MPI_ERR_BUFFER */
export function target(buffer: MessageBuffer, call: string, use: Use): Target {
  const view = resolveBuffer(buffer, call)
  const array = contiguous(buffer, view)
  const packed = array ?? temporary(buffer, view)
  const stead = observer?.stead(buffer, use, view, packed)
  if (stead !== undefined || array !== undefined) return settled(stead ?? packed)
  return { array: packed, load: () => view.pack(asBytes(packed)), commit: () => view.unpack(asBytes(packed)) }
}

/** A buffer that must be there. @throws {MpiError} MPI_ERR_BUFFER */
export function received(call: string, recv: MessageBuffer | typeof IN_PLACE | undefined): Target {
  return target(present(call, 'the receive buffer', recv), call, 'recv')
}

/** A buffer that must be there. @throws {MpiError} MPI_ERR_BUFFER */
export function sent(call: string, send: MessageBuffer | typeof IN_PLACE | undefined): Source {
  return target(present(call, 'the send buffer', send), call, 'send')
}

/** Elements that are where they belong. */
export function settled(array: TypedArray): Target {
  return { array, load: NOTHING, commit: NOTHING }
}

/** The elements themselves if they are contiguous. */
function contiguous(buffer: MessageBuffer, view: MessageView): TypedArray | undefined {
  if (view.region === undefined) return undefined
  if (!isNdarray(buffer)) return ArrayBuffer.isView(buffer) && !(buffer instanceof DataView) ? buffer : view.bytes
  const start = view.count === 0 ? 0 : buffer.offset
  return buffer.data.subarray(start, start + view.count)
}

function temporary(buffer: MessageBuffer, view: MessageView): TypedArray {
  return newArrayLike((buffer as { data: TypedArray }).data, view.count)
}

function asBytes(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/**
 * The root that the options of a call name; 0 if they name none.
 *
 * @param known what may stand in the options
 * @throws {MpiError} MPI_ERR_ROOT if it is no rank of the communicator, MPI_ERR_ARG if other things are named
 */
export function rootOf(
  call: string,
  options: { readonly root?: number } | null | undefined,
  size: number,
  known: readonly string[] = ROOT_ALONE,
): number {
  if (options === undefined) return 0
  checkNames(call, options, known)
  const { root } = options
  if (root === undefined) return 0
  if (!Number.isInteger(root) || root < 0 || root >= size)
    throw new MpiError('MPI_ERR_ROOT', `${call}: root is ${describe(root)}, expected 0..${size - 1}`)
  return root
}

/**
 * The two buffers of a call must hold the same element type, the right number of elements, and no common memory.
 *
 * @param factor elements received for each element sent: 1, or the number of ranks
 * @param sentAs what `send` is to the program, before its length
 * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER
 */
export function checkPair(
  call: string,
  send: TypedArray,
  recv: TypedArray,
  factor: number,
  sentAs = 'a send buffer of',
): void {
  checkTypes(call, send, recv)
  const expected = send.length * factor
  if (recv.length !== expected)
    throw new MpiError(
      'MPI_ERR_COUNT',
      `${call}: the receive buffer has room for ${recv.length} elements, expected ${expected} for ${sentAs} ${send.length}`,
    )
  if (overlap(send, recv))
    throw new MpiError(
      'MPI_ERR_BUFFER',
      `${call}: send and receive buffer share memory; pass IN_PLACE instead of one of them`,
    )
}

/** @throws {MpiError} MPI_ERR_TYPE if the element types differ */
export function checkTypes(call: string, send: TypedArray, recv: TypedArray): void {
  const sent = elementTypeOf(send) as ElementType
  const received = elementTypeOf(recv) as ElementType
  if (sent !== received)
    throw new MpiError(
      'MPI_ERR_TYPE',
      `${call}: the send buffer holds ${sent.name}, the receive buffer ${received.name}, expected the same type`,
    )
}

function overlap(a: TypedArray, b: TypedArray): boolean {
  if (a.buffer !== b.buffer || a.length === 0 || b.length === 0) return false
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
}

/** The length of one of `size` equal blocks. @throws {MpiError} MPI_ERR_COUNT if the elements cannot be dealt evenly */
export function checkDivisible(call: string, array: TypedArray, size: number, whose = 'rank'): number {
  if (array.length % size !== 0)
    throw new MpiError(
      'MPI_ERR_COUNT',
      `${call}: the buffer holds ${array.length} elements, expected a multiple of ${size}, one block for each ${whose}`,
    )
  return array.length / size
}

/** A required buffer. @throws {MpiError} MPI_ERR_BUFFER if IN_PLACE or nothing stands where this rank must pass memory */
export function present(
  call: string,
  name: string,
  buffer: MessageBuffer | typeof IN_PLACE | undefined,
): MessageBuffer {
  if (buffer === IN_PLACE)
    throw new MpiError('MPI_ERR_BUFFER', `${call}: ${name} is IN_PLACE, which is not allowed here on this rank`)
  if (buffer === undefined)
    throw new MpiError('MPI_ERR_BUFFER', `${call}: ${name} is missing, expected a buffer on this rank`)
  return buffer
}

/**
 * Lengths and places of the blocks of a vector call, one for each rank.
 *
 * @example
 * // Blocks of 1, 2, 3 and 4 elements, each followed by a gap.
 * const blocks: BlockOptions = { counts: [1, 2, 3, 4], displs: [0, 2, 5, 9] }
 * const all = new Int32Array(14)
 * await world.allgatherv(new Int32Array(world.rank + 1).fill(world.rank + 1), all, blocks)
 * log(all.join('')) // → 10220333044440
 */
export interface BlockOptions {
  /** Elements of each rank's block. */
  readonly counts: readonly number[]
  /** Where each rank's block begins, in elements; default: one after the other. */
  readonly displs?: readonly number[]
}

/** Which blocks of a call with two kinds of them are meant: the names of their options begin with it. */
export type Way = '' | 'send' | 'recv'
const OWN_BLOCKS = ['counts', 'displs']
const EXCHANGED_BLOCKS = ['sendCounts', 'recvCounts', 'sendDispls', 'recvDispls']

/**
 * What the options of a call say of its blocks. Missing counts are for `checkBlocks` to find.
 *
 * @throws {MpiError} MPI_ERR_ARG if they name other things: a misspelt `displs` would quietly mean one after the other
 */
export function blockOptions(
  call: string,
  options: Partial<BlockOptions>,
  known: readonly string[] = OWN_BLOCKS,
): BlockOptions {
  checkNames(call, options, known)
  return atPlaces(options.counts, options.displs)
}

/** The same of calls that send blocks and receive others. */
export function exchangeOptions(
  call: string,
  options: { readonly [K in `${'send' | 'recv'}${'Counts' | 'Displs'}`]?: readonly number[] },
): { readonly outgoing: BlockOptions; readonly incoming: BlockOptions } {
  checkNames(call, options, EXCHANGED_BLOCKS)
  const { sendCounts, recvCounts, sendDispls, recvDispls } = options
  return { outgoing: atPlaces(sendCounts, sendDispls), incoming: atPlaces(recvCounts, recvDispls) }
}

/** The options of a reduction; missing ones are for the checks to find. */
export function optionsOf<O>(options: O | undefined): O {
  return options ?? ({} as O)
}

/** @throws {MpiError} MPI_ERR_ARG if `options` is no object, or has a name that the call does not know */
export function checkNames(call: string, options: unknown, known: readonly string[]): asserts options is object {
  const fault = faultOfNames(call, options, known)
  if (fault !== undefined) throw fault
}

/** @throws {MpiError} MPI_ERR_ARG if `value` is no array */
export function checkArray(call: string, name: string, value: unknown, expected: string): void {
  if (!Array.isArray(value))
    throw new MpiError('MPI_ERR_ARG', `${call}: ${name} is ${describe(value)}, expected ${expected}`)
}

function atPlaces(counts: readonly number[] | undefined, displs: readonly number[] | undefined): BlockOptions {
  const given = counts as readonly number[]
  return displs === undefined ? { counts: given } : { counts: given, displs }
}

/**
 * The blocks of a vector call that it sends. @throws {MpiError} MPI_ERR_COUNT, MPI_ERR_ARG if they are not one for each
 * rank, each inside the array
 */
export function checkBlocks(
  call: string,
  array: TypedArray,
  options: BlockOptions,
  size: number,
  way: Way = '',
): Blocks {
  const blocks = blocksInside(call, array, options, size, way)
  usesOnly(array, 'send', () => Array.from({ length: size }, (_, rank) => blocks.of(rank)))
  return blocks
}

function blocksInside(
  call: string,
  array: TypedArray,
  { counts, displs }: BlockOptions,
  size: number,
  way: Way,
): Blocks {
  checkList(call, way === '' ? 'counts' : `${way}Counts`, counts, size)
  const places = displs ?? displacements(counts)
  if (displs !== undefined) checkList(call, way === '' ? 'displs' : `${way}Displs`, displs, size)
  for (const [rank, count] of counts.entries())
    if ((places[rank] as number) + count > array.length)
      throw new MpiError(
        'MPI_ERR_COUNT',
        `${call}: the block of rank ${rank}, ${count} elements from ${places[rank]} on, ends outside the buffer of ${array.length} elements`,
      )
  // Copies: a plan may be used again when the program has changed its lists.
  return blocksAt(array, [...counts], [...places])
}

/**
 * The blocks of a vector call that others fill: no element may be written twice.
 *
 * @param isFilled whether a block is; default: all are
 * @throws {MpiError} like `checkBlocks`; MPI_ERR_BUFFER if two blocks have an element in common
 */
export function checkFilledBlocks(
  call: string,
  array: TypedArray,
  options: BlockOptions,
  size: number,
  way: Way = '',
  isFilled: (index: number) => boolean = () => true,
): Blocks {
  const blocks = blocksInside(call, array, options, size, way)
  const { counts, displs } = options
  usesOnly(array, 'recv', () => Array.from(counts.keys()).filter(isFilled).map(blocks.of))
  if (displs === undefined) return blocks
  const end = (index: number): number => (displs[index] as number) + (counts[index] as number)
  const filled = Array.from(displs.keys()).filter((index) => counts[index] !== 0 && isFilled(index))
  filled.sort((a, b) => (displs[a] as number) - (displs[b] as number))
  for (const [at, index] of filled.entries()) {
    const next = filled[at + 1]
    if (next !== undefined && end(index) > (displs[next] as number))
      throw new MpiError(
        'MPI_ERR_BUFFER',
        `${call}: the blocks ${index} and ${next} overlap: elements ${displs[index]}..${end(index) - 1} and ${displs[next]}..${end(next) - 1} of the receive buffer`,
      )
  }
  return blocks
}

function checkList(call: string, name: string, list: unknown, size: number): void {
  const isList = Array.isArray(list) || ArrayBuffer.isView(list)
  const values = isList ? [...(list as readonly number[])] : []
  if (isList && values.length === size && values.every((value) => Number.isInteger(value) && value >= 0)) return
  const seen = isList ? `[${values.join(', ')}]` : describe(list)
  throw new MpiError('MPI_ERR_ARG', `${call}: ${name} is ${seen}, expected ${size} integers >= 0`)
}

/**
 * The block that a rank passes must be what the call's counts say.
 *
 * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER
 */
export function checkOwnBlock(call: string, mine: TypedArray, blocks: Blocks, rank: number): void {
  const count = blocks.countOf(rank)
  if (mine.length !== count)
    throw new MpiError(
      'MPI_ERR_COUNT',
      `${call}: the buffer of rank ${rank} holds ${mine.length} elements, counts[${rank}] is ${count}`,
    )
  checkPair(call, mine, blocks.of(rank), 1)
}
