/**
 * Single-producer single-consumer ring of frames in shared memory: one for each ordered pair of a host's ranks and its
 * agent.
 *
 * Layout: tail (written by the producer), head (written by the consumer), each on a cache line of its own, then the
 * records. A record is a header of HEADER_BYTES and the payload, never wrapped: where it would not fit before the end,
 * a skip mark fills the rest. Head and tail are byte counts modulo 2^32; the capacity is a power of two. Each side
 * keeps a copy of the other's counter and reads the shared one only when the copy says full or empty, since every read
 * of a line that the other side writes costs a cache miss.
 */
import { invariant } from '../base/errors.ts'
import type { Region } from '../base/region.ts'
import type { Frame } from './transport.ts'

const TAIL = 0
const HEAD = 16
const PREFIX_BYTES = 128
export const HEADER_BYTES = 64
const SKIP = -1

// Positions in a header, in 32-bit words; NBYTES and OFFSET are doubles.
const LENGTH = 0
const KIND = 1
const CONTEXT = 2
const TAG = 3
const SOURCE = 4
const DEST = 5
const ID = 6
const AUX = 7
const NBYTES = 8
const SEGMENT = 10
const PAYLOAD = 11
const OFFSET = 12
const EXTENT = 14

/** No region in this frame. */
const NO_SEGMENT = -1

/** Where a region lies in the memory that a host shares. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/** Translates between bytes in this thread and places that every thread of the host understands. */
export interface Places {
  placeOf(region: Region): Place
  bytesAt(segment: number, offset: number, nbytes: number): Region
}

/** Bytes of heap that a ring of this capacity needs. */
export function ringBytes(capacity: number): number {
  return PREFIX_BYTES + capacity
}

abstract class RingEnd {
  protected readonly counters: Int32Array
  protected readonly words: Int32Array
  protected readonly doubles: Float64Array
  protected readonly bytes: Uint8Array
  protected readonly capacity: number
  protected readonly places: Places

  constructor(heap: SharedArrayBuffer, offset: number, capacity: number, places: Places) {
    invariant((capacity & (capacity - 1)) === 0, `ring capacity ${capacity} is no power of two`)
    this.counters = new Int32Array(heap, offset, PREFIX_BYTES / 4)
    this.words = new Int32Array(heap, offset + PREFIX_BYTES, capacity / 4)
    this.doubles = new Float64Array(heap, offset + PREFIX_BYTES, capacity / 8)
    this.bytes = new Uint8Array(heap, offset + PREFIX_BYTES, capacity)
    this.capacity = capacity
    this.places = places
  }
}

/** The producer's end. */
export class RingWriter extends RingEnd {
  #tail = 0
  #head = 0

  /** Appends a copy of the frame; false if there is no room. */
  write(frame: Frame): boolean {
    const payload = frame.payload === undefined ? 0 : frame.payload.length
    const length = HEADER_BYTES + ((payload + 7) & ~7)
    const start = this.#reserve(length)
    if (start < 0) return false
    this.#writeHeader(frame, start, length, payload)
    if (payload > 0) this.bytes.set(frame.payload as Uint8Array, start + HEADER_BYTES)
    this.#tail = (this.#tail + length) | 0
    Atomics.store(this.counters, TAIL, this.#tail)
    return true
  }

  /** Start of `length` contiguous free bytes, or -1. */
  #reserve(length: number): number {
    invariant(length <= this.capacity / 2, `frame of ${length} bytes in a ring of ${this.capacity}`)
    let start = this.#tail & (this.capacity - 1)
    const toEnd = this.capacity - start
    const needed = length <= toEnd ? length : toEnd + length
    if (!this.#hasRoom(needed)) return -1
    if (length > toEnd) {
      this.words[start / 4] = SKIP
      this.#tail = (this.#tail + toEnd) | 0
      start = 0
    }
    return start
  }

  #hasRoom(nbytes: number): boolean {
    if (this.capacity - ((this.#tail - this.#head) | 0) >= nbytes) return true
    this.#head = Atomics.load(this.counters, HEAD)
    return this.capacity - ((this.#tail - this.#head) | 0) >= nbytes
  }

  #writeHeader(frame: Frame, start: number, length: number, payload: number): void {
    const { words, doubles } = this
    const word = start / 4
    const double = start / 8
    words[word + LENGTH] = length
    words[word + KIND] = frame.kind | (frame.flags << 8) | (frame.elementType << 16)
    words[word + CONTEXT] = frame.context
    words[word + TAG] = frame.tag
    words[word + SOURCE] = frame.source
    words[word + DEST] = frame.dest
    words[word + ID] = frame.id
    words[word + AUX] = frame.aux
    doubles[double + NBYTES / 2] = frame.nbytes
    words[word + PAYLOAD] = payload
    if (frame.region === undefined) words[word + SEGMENT] = NO_SEGMENT
    else {
      const place = this.places.placeOf(frame.region)
      words[word + SEGMENT] = place.segment
      doubles[double + OFFSET / 2] = place.offset
      doubles[double + EXTENT / 2] = frame.region.byteLength
    }
  }
}

/** The consumer's end. */
export class RingReader extends RingEnd {
  #head = 0
  #tail = 0

  /** True if a frame is there to read. */
  get ready(): boolean {
    if (this.#head !== this.#tail) return true
    this.#tail = Atomics.load(this.counters, TAIL)
    return this.#head !== this.#tail
  }

  /** Fills `frame` with the next record, whose payload stays in the ring until `advance`. Call only when `ready`. */
  read(frame: Frame): void {
    let start = this.#head & (this.capacity - 1)
    if (this.words[start / 4] === SKIP) {
      this.#head = (this.#head + this.capacity - start) | 0
      start = 0
    }
    this.#readHeader(frame, start)
  }

  /** Frees the record that `read` delivered. */
  advance(): void {
    const start = this.#head & (this.capacity - 1)
    this.#head = (this.#head + (this.words[start / 4] as number)) | 0
    Atomics.store(this.counters, HEAD, this.#head)
  }

  #readHeader(frame: Frame, start: number): void {
    const { words, doubles } = this
    const word = start / 4
    const double = start / 8
    const kinds = words[word + KIND] as number
    frame.kind = kinds & 0xff
    frame.flags = (kinds >> 8) & 0xff
    frame.elementType = kinds >> 16
    frame.context = words[word + CONTEXT] as number
    frame.tag = words[word + TAG] as number
    frame.source = words[word + SOURCE] as number
    frame.dest = words[word + DEST] as number
    frame.id = words[word + ID] as number
    frame.aux = words[word + AUX] as number
    frame.nbytes = doubles[double + NBYTES / 2] as number
    const payload = words[word + PAYLOAD] as number
    const data = start + HEADER_BYTES
    frame.payload = payload === 0 ? EMPTY : this.bytes.subarray(data, data + payload)
    const segment = words[word + SEGMENT] as number
    frame.region =
      segment === NO_SEGMENT
        ? undefined
        : this.places.bytesAt(segment, doubles[double + OFFSET / 2] as number, doubles[double + EXTENT / 2] as number)
  }
}

const EMPTY = new Uint8Array(0)
