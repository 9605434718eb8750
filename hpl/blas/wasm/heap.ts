/**
 * A heap over one stretch of bytes: first fit in a list of free blocks that is sorted by address and never holds two
 * neighbours, so fragmentation heals as blocks come back. It hands out addresses and knows nothing of their memory.
 *
 * Blocks are 64-byte aligned. Allocations are few and large (matrix, panels, work space), so lists are short.
 */

const ALIGN = 64

interface Block {
  start: number
  bytes: number
}

/** What `allocate` found: `fresh` is the first address of the block that no earlier block has covered. */
export interface Allocation {
  readonly start: number
  readonly fresh: number
}

export class Heap {
  readonly #free: Block[]
  readonly #used = new Map<number, number>()
  readonly #total: number
  #touched: number

  /** @param start first address, a multiple of 64 @param end address behind the last byte */
  constructor(start: number, end: number) {
    this.#free = [{ start, bytes: end - start }]
    this.#total = end - start
    this.#touched = start
  }

  /** Takes `bytes` bytes. Local. @throws RangeError if no free block is large enough */
  allocate(bytes: number): Allocation {
    const size = Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN)
    const index = this.#free.findIndex((block) => block.bytes >= size)
    const block = this.#free[index]
    if (block === undefined) throw new RangeError(this.#shortage(bytes))
    const { start } = block
    block.start += size
    block.bytes -= size
    if (block.bytes === 0) this.#free.splice(index, 1)
    this.#used.set(start, size)
    const fresh = Math.max(start, this.#touched)
    this.#touched = Math.max(this.#touched, start + size)
    return { start, fresh }
  }

  /** Gives the block that starts at `start` back. @throws RangeError if there is none, as after a second release */
  release(start: number): void {
    const bytes = this.#used.get(start)
    if (bytes === undefined) throw new RangeError(`free: no allocated block starts at byte ${start}`)
    this.#used.delete(start)
    let index = this.#free.findIndex((block) => block.start > start)
    if (index < 0) index = this.#free.length
    this.#free.splice(index, 0, { start, bytes })
    this.#join(index)
    if (index > 0) this.#join(index - 1)
  }

  /** Bytes that are free, and the largest block among them. */
  available(): { bytes: number; largest: number } {
    const sizes = this.#free.map((block) => block.bytes)
    return { bytes: sizes.reduce((sum, size) => sum + size, 0), largest: Math.max(0, ...sizes) }
  }

  /** Makes free block `index` and the next one a single block if they touch. */
  #join(index: number): void {
    const block = this.#free[index]
    const next = this.#free[index + 1]
    if (block === undefined || next === undefined || block.start + block.bytes !== next.start) return
    block.bytes += next.bytes
    this.#free.splice(index + 1, 1)
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
