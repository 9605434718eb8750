/**
 * Writes to the descriptors of the launcher without ever waiting for who reads them: a pager that shows the first page, a
 * terminal stopped with Ctrl-S or a slow disk must not keep the launcher from watching over its job.
 *
 * Invariant: bytes of a descriptor leave in the order in which they came, and all of them, unless writing fails.
 */
import { writev } from 'node:fs'

/** The reader's end may have been made nonblocking by whoever shares it: then it is tried again this often. */
const RETRY_MS = 5
/** Bytes that may wait before the agents are asked to hold back. */
const FULL_BYTES = 4 << 20

/** What waits in all queues together. */
export class Backlog {
  readonly #onFull: () => void
  readonly #onRoom: () => void
  readonly #waiting: (() => void)[] = []
  #nbytes = 0
  #full = false

  /**
   * @param onFull called when more waits than may
   * @param onRoom called after that, when half of it has left
   */
  constructor(onFull: () => void, onRoom: () => void) {
    this.#onFull = onFull
    this.#onRoom = onRoom
  }

  /** Bytes have come, or left if negative. */
  add(nbytes: number): void {
    this.#nbytes += nbytes
    if (!this.#full && this.#nbytes > FULL_BYTES) {
      this.#full = true
      this.#onFull()
    } else if (this.#full && this.#nbytes < FULL_BYTES / 2) {
      this.#full = false
      this.#onRoom()
    }
    if (this.#nbytes === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when nothing waits. */
  drained(): Promise<void> {
    return this.#nbytes === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }
}

export class OutputQueue {
  readonly #fd: number
  readonly #backlog: Backlog
  readonly #onError: (error: NodeJS.ErrnoException) => void
  #waiting: Uint8Array[] = []
  #writing = false
  #failed = false

  /** @param onError called once, when writing has failed; the rest is dropped */
  constructor(fd: number, backlog: Backlog, onError: (error: NodeJS.ErrnoException) => void) {
    this.#fd = fd
    this.#backlog = backlog
    this.#onError = onError
  }

  /** Takes bytes, which must stay unchanged. */
  write(bytes: Uint8Array): void {
    if (this.#failed || bytes.length === 0) return
    this.#waiting.push(bytes)
    this.#backlog.add(bytes.length)
    if (!this.#writing) this.#next()
  }

  #next(): void {
    const batch = this.#waiting
    this.#writing = batch.length > 0
    if (!this.#writing) return
    this.#waiting = []
    // A write that blocks does so in a thread of Node's pool.
    writev(this.#fd, batch, (error, nbytes) => this.#written(error, batch, nbytes))
  }

  #written(error: NodeJS.ErrnoException | null, batch: Uint8Array[], nbytes: number): void {
    if (error !== null && error.code !== 'EAGAIN') {
      this.#fail(error, batch)
      return
    }
    const left = rest(batch, error === null ? nbytes : 0)
    this.#waiting = [...left, ...this.#waiting]
    this.#backlog.add(-(sum(batch) - sum(left)))
    if (error === null) this.#next()
    else setTimeout(() => this.#next(), RETRY_MS)
  }

  #fail(error: NodeJS.ErrnoException, batch: readonly Uint8Array[]): void {
    this.#failed = true
    this.#backlog.add(-sum(batch) - sum(this.#waiting))
    this.#waiting = []
    this.#onError(error)
  }
}

/** What is left of a batch after its first `nbytes`. */
function rest(batch: readonly Uint8Array[], nbytes: number): Uint8Array[] {
  let skip = nbytes
  return batch.flatMap((bytes) => {
    const skipped = Math.min(skip, bytes.length)
    skip -= skipped
    return skipped === bytes.length ? [] : [bytes.subarray(skipped)]
  })
}

function sum(batch: readonly Uint8Array[]): number {
  return batch.reduce((total, { length }) => total + length, 0)
}
