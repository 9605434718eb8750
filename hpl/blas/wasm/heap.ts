/**
 * A heap over one stretch of bytes: hands out addresses and knows nothing of their memory but which part of it was never
 * handed out before. Layer below: the free list of all shared memories.
 */
import { alignUp, ALIGNMENT, FreeList } from '../../../runtime/base/free-list.ts'

/** What `allocate` found: `fresh` is the first address of the block that no earlier block has covered. */
export interface Allocation {
  readonly start: number
  readonly fresh: number
}

export class Heap {
  readonly #blocks = new FreeList()
  readonly #total: number
  #touched: number

  /** @param start first address, a multiple of 64 @param end address behind the last byte */
  constructor(start: number, end: number) {
    this.#blocks.donate(start, end - start)
    this.#total = end - start
    this.#touched = start
  }

  /** Takes `bytes` bytes. Local. @throws RangeError if no free block is large enough */
  allocate(bytes: number): Allocation {
    const start = this.#blocks.take(bytes)
    if (start === undefined) throw new RangeError(this.#shortage(bytes))
    const fresh = Math.max(start, this.#touched)
    this.#touched = Math.max(this.#touched, start + Math.max(alignUp(bytes), ALIGNMENT))
    return { start, fresh }
  }

  /** Gives the block that starts at `start` back. @throws RangeError if there is none, as after a second release */
  release(start: number): void {
    if (!this.#blocks.holds(start)) throw new RangeError(`free: no allocated block starts at byte ${start}`)
    this.#blocks.give(start)
  }

  /** Bytes that are free, and the largest block among them. */
  available(): { bytes: number; largest: number } {
    return this.#blocks.available()
  }

  #shortage(bytes: number): string {
    const { bytes: free, largest } = this.available()
    return (
      `alloc: ${mebibytes(bytes)} MiB asked for, but of the ${mebibytes(this.#total)} MiB that the wasm kernels of a rank ` +
      `can address ${mebibytes(free)} MiB are free, the largest block ${mebibytes(largest)} MiB: use more ranks, so that ` +
      `each holds a smaller part, or --blas openblas, which has no such limit`
    )
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
