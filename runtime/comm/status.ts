/** What a receive tells of the message it took (MPI 4.1, section 3.2.5). */
import type { MpiError } from '../base/errors.ts'
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../base/constants.ts'

/**
 * What a completed receive tells of its message.
 *
 * @example
 * const sent = world.isend(Float64Array.of(1, 2, 3), { dest: world.rank, tag: 4 })
 * const status: Status = await world.recv(new Float64Array(10), { source: world.rank })
 * await sent.wait()
 * log(status.tag, status.count, status.nbytes, status.cancelled) // → 4 3 24 false
 */
export interface Status {
  /** Rank of the sender in the communicator of the receive. */
  readonly source: number
  readonly tag: number
  /** Elements received, of the type of the receive buffer. */
  readonly count: number
  readonly nbytes: number
  /** True if the receive was cancelled and took no message. */
  readonly cancelled: boolean
  /** What was wrong with the message, on communicators whose error handler is ERRORS_RETURN. */
  readonly error?: MpiError
}

/**
 * What `recvObject` resolves to: the value and where it came from.
 *
 * @example
 * await world.sendObject({ name: 'Ada' }, { dest: world.rank, tag: 2 })
 * const received: Received<{ name: string }> = await world.recvObject({ source: world.rank })
 * log(received.value, received.tag) // → { name: 'Ada' } 2
 */
export interface Received<T> extends Status {
  readonly value: T
}

/**
 * The status of the latest message, and the promise of it: loops receive messages of one kind again and again, and a promise
 * that is resolved with an object looks for a `then` in it, 30 ns.
 */
export class LatestStatus {
  #status = EMPTY_STATUS
  #promise: Promise<Status> | undefined

  /** The status of a message: the same object for messages of one kind in a row, which nobody may change then. */
  tell(source: number, tag: number, nbytes: number, elementNbytes: number): Status {
    const latest = this.#status
    const count = nbytes / elementNbytes
    if (latest.source === source && latest.tag === tag && latest.nbytes === nbytes && latest.count === count)
      return latest
    this.#promise = undefined
    return (this.#status = { source, tag, count, nbytes, cancelled: false })
  }

  /** Of the status that was told last. */
  get promise(): Promise<Status> {
    return (this.#promise ??= Promise.resolve(Object.freeze(this.#status)))
  }
}

/** Status of what has nothing to tell: a send, a cancelled receive, a request that is not active (MPI 4.1, section 3.7.3). */
export const EMPTY_STATUS: Status = { source: ANY_SOURCE, tag: ANY_TAG, count: 0, nbytes: 0, cancelled: false }

/** Status of a receive from PROC_NULL (MPI 4.1, section 3.10). */
export const PROC_NULL_STATUS: Status = { source: PROC_NULL, tag: ANY_TAG, count: 0, nbytes: 0, cancelled: false }

/** Status of a completed send: nothing in it but that it is complete (MPI 4.1, section 3.7.3). */
export const sendStatus = (): Status => EMPTY_STATUS
