/**
 * The one shared memory of a host: control words, rings and a heap, lazily committed by the operating system, so that
 * its size costs nothing until used. Every rank and the agent open the same `SharedArrayBuffer`.
 *
 * Layout: bump pointer | one control line per seat | rings (writer-major) | heap. A *seat* is a local number: ranks of
 * this host 0..ranks-1, the agent last. Heap memory is bumped off once and then belongs to the seat that took it, which
 * keeps its own free list: no lock anywhere.
 */
import { totalmem } from 'node:os'
import { MpiError } from '../base/errors.ts'
import { ALIGNMENT, alignUp, FreeList } from '../base/free-list.ts'
import { clearRegion, regionOver, type Region } from '../base/region.ts'
import { ringBytes } from './ring.ts'

/** Capacity of each ring. A page is committed when first written; small enough that a ring stays in the L2 cache. */
export const RING_CAPACITY = 1 << 18
const SEAT_BYTES = 128
const BUMP_BYTES = 64
/**
 * Where the first cache line begins: the C libraries of Linux hand out large memory 16 bytes after the beginning of a page.
 * Where it is otherwise, what is meant to be one line is two, which is slower (8 B one way 0.37 instead of 0.33 us).
 */
const FIRST_LINE = process.platform === 'linux' ? ALIGNMENT - 16 : 0
/** Count of ranks that hear announcements of shared memories (shared-memories.ts); beside the bump pointer. */
export const LISTENERS_OFFSET = 4
/** Seats take heap memory in portions of this size, so that small blocks do not meet at the bump pointer. */
const PORTION = 1 << 20

/** What the bump pointer, a 32-bit count of cache lines, can address with room for requests that fail. */
const MAX_BYTES = 2 ** 30 * ALIGNMENT

export interface HostHeapLayout {
  readonly memory: SharedArrayBuffer
  /** Ranks of this host; there is one seat more, the agent's. */
  readonly ranks: number
}

/**
 * Reserves the memory of a host for `ranks` ranks: as much as the machine has, or what the system lets us reserve.
 *
 * @param share part of the machine's memory that is this job's, 0..1 (several agents may share one machine)
 */
export function createHostHeap(ranks: number, share: number): HostHeapLayout {
  const fixed = ringOffset(ranks, ranks + 1, 0)
  // Linux refuses a single reservation of more than memory + swap; below that, untouched pages cost nothing.
  let size = Math.min(alignUp(Math.floor(totalmem() * 0.9 * share)), MAX_BYTES)
  for (;;) {
    try {
      const memory = new SharedArrayBuffer(Math.max(size, fixed + PORTION))
      Atomics.store(new Int32Array(memory, 0, 1), 0, (fixed - FIRST_LINE) / ALIGNMENT)
      return { memory, ranks }
    } catch (cause) {
      size = alignUp(Math.floor(size / 2))
      if (size < fixed + PORTION)
        throw new MpiError(
          'MPI_ERR_NO_MEM',
          `cannot reserve ${fixed + PORTION} bytes for the shared heap of ${ranks} ranks`,
          { cause },
        )
    }
  }
}

/** Offset of the control line of a seat. */
export function seatOffset(seat: number): number {
  return FIRST_LINE + BUMP_BYTES + seat * SEAT_BYTES
}

/** Offset of the ring that `writer` writes and `reader` reads. */
export function ringOffset(ranks: number, writer: number, reader: number): number {
  const seats = ranks + 1
  return seatOffset(seats) + (writer * seats + reader) * ringBytes(RING_CAPACITY)
}

/** One seat's allocator over the shared heap. */
export class HeapAllocator {
  readonly #memory: SharedArrayBuffer
  readonly #bump: Int32Array
  readonly #blocks = new FreeList()

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory
    this.#bump = new Int32Array(memory, 0, 1)
  }

  /** `nbytes` of zeroed memory, on cache lines of its own. @throws {MpiError} MPI_ERR_NO_MEM */
  alloc(nbytes: number): Region {
    const reused = this.#blocks.take(nbytes)
    // Memory fresh from the system is zero; what comes from the free list may have been written.
    if (reused === undefined) return regionOver(this.#memory, this.#grow(nbytes), nbytes)
    const region = regionOver(this.#memory, reused, nbytes)
    clearRegion(region)
    return region
  }

  /** Like `alloc`, with whatever was there before. */
  allocDirty(nbytes: number): Region {
    return regionOver(this.#memory, this.#blocks.take(nbytes) ?? this.#grow(nbytes), nbytes)
  }

  /** Takes memory of `alloc` back. @throws {MpiError} MPI_ERR_ARG if it is not memory that this seat was given */
  free(bytes: Region): void {
    if (bytes.buffer !== this.#memory || !this.#blocks.holds(bytes.byteOffset))
      throw new MpiError(
        'MPI_ERR_ARG',
        'free: the array does not come from alloc of this rank, or has been freed before',
      )
    this.#blocks.give(bytes.byteOffset)
  }

  #grow(nbytes: number): number {
    const size = Math.max(alignUp(nbytes), PORTION)
    for (;;) {
      const line = Atomics.load(this.#bump, 0)
      const offset = FIRST_LINE + line * ALIGNMENT
      if (offset + size > this.#memory.byteLength) throw this.#exhausted(nbytes)
      if (Atomics.compareExchange(this.#bump, 0, line, line + size / ALIGNMENT) !== line) continue
      this.#blocks.seize(offset, size, nbytes)
      return offset
    }
  }

  #exhausted(nbytes: number): MpiError {
    const total = `${this.#memory.byteLength} bytes in all`
    return new MpiError('MPI_ERR_NO_MEM', `the shared heap of this host has no ${nbytes} bytes left (${total})`)
  }
}
