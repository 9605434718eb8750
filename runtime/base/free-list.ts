/**
 * First-fit allocator over a range of addresses, used for every shared memory the project hands out.
 *
 * Invariant: free blocks are sorted by offset, disjoint and never adjacent (neighbours are merged on `free`). Offsets
 * and sizes are bytes, multiples of ALIGNMENT. Numbers, not 32-bit integers: memories may exceed 4 GiB.
 */
import { invariant } from './errors.ts'

/** A cache line: blocks of different owners never share one. */
export const ALIGNMENT = 64

/** `nbytes` rounded up to whole cache lines. */
export function alignUp(nbytes: number): number {
  return Math.ceil(nbytes / ALIGNMENT) * ALIGNMENT
}

interface Block {
  offset: number
  size: number
}

export class FreeList {
  readonly #free: Block[] = []
  readonly #taken = new Map<number, number>()

  /** Adds `size` bytes at `offset` to the free memory. */
  donate(offset: number, size: number): void {
    const at = this.#free.findIndex((block) => block.offset > offset)
    const index = at === -1 ? this.#free.length : at
    this.#free.splice(index, 0, { offset, size })
    this.#merge(index)
    this.#merge(index - 1)
  }

  /** Offset of a block of at least `nbytes`, or undefined if no free block is large enough. */
  take(nbytes: number): number | undefined {
    const size = Math.max(alignUp(nbytes), ALIGNMENT)
    const index = this.#free.findIndex((block) => block.size >= size)
    const block = this.#free[index]
    if (block === undefined) return undefined
    const { offset } = block
    block.offset += size
    block.size -= size
    if (block.size === 0) this.#free.splice(index, 1)
    this.#taken.set(offset, size)
    return offset
  }

  /** Adds `size` new bytes at `offset` and takes the first `nbytes` of them at once. */
  seize(offset: number, size: number, nbytes: number): void {
    const taken = Math.max(alignUp(nbytes), ALIGNMENT)
    this.#taken.set(offset, taken)
    if (size > taken) this.donate(offset + taken, size - taken)
  }

  /** Takes a block back; `offset` is what `take` returned. */
  give(offset: number): void {
    const size = this.#taken.get(offset)
    invariant(size !== undefined, `free of memory at ${offset} that is not allocated`)
    this.#taken.delete(offset)
    this.donate(offset, size)
  }

  /** True if `offset` is the start of a block in use. */
  holds(offset: number): boolean {
    return this.#taken.has(offset)
  }

  /** Bytes that are free, and the largest block among them. */
  available(): { bytes: number; largest: number } {
    const sizes = this.#free.map(({ size }) => size)
    return { bytes: sizes.reduce((sum, size) => sum + size, 0), largest: Math.max(0, ...sizes) }
  }

  #merge(index: number): void {
    const left = this.#free[index]
    const right = this.#free[index + 1]
    if (left === undefined || right === undefined || left.offset + left.size !== right.offset) return
    left.size += right.size
    this.#free.splice(index + 1, 1)
  }
}
