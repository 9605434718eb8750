/** The arguments of point-to-point calls beside the buffers. */
import type { WaitOptions } from './request.ts'

/**
 * Where a message goes.
 *
 * @example
 * const onward: SendOptions = { dest: (world.rank + 1) % world.size, tag: 7 }
 * const sent = world.isend(Int32Array.of(world.rank), onward)
 * await world.recv(new Int32Array(1), { tag: 7 })
 * await sent.wait()
 */
export interface SendOptions {
  /** Rank that receives, or PROC_NULL. */
  readonly dest: number
  /** 0..TAG_UB; default 0. */
  readonly tag?: number
}

/**
 * Which message a receive or probe takes.
 *
 * @example
 * const urgent: RecvOptions = { source: ANY_SOURCE, tag: 1 }
 * log(world.iprobe(urgent)) // → undefined
 */
export interface RecvOptions {
  /** Rank that sends, ANY_SOURCE (default) or PROC_NULL. */
  readonly source?: number
  /** 0..TAG_UB or ANY_TAG (default). */
  readonly tag?: number
}

/**
 * Which message a blocking receive or probe takes, and how it waits: an aborted receive has taken no message.
 *
 * @example
 * const patient: BlockingRecvOptions = { tag: 9, signal: AbortSignal.timeout(10) }
 * try {
 *   await world.recv(new Int32Array(1), patient)
 * } catch (reason) {
 *   log((reason as Error).name) // → TimeoutError
 * }
 */
export interface BlockingRecvOptions extends RecvOptions, WaitOptions {}

/**
 * Where one message goes and where the other comes from.
 *
 * @example
 * const { rank, size } = world
 * const ring: SendrecvOptions = { dest: (rank + 1) % size, source: (rank - 1 + size) % size }
 * const received = new Int32Array(1)
 * await world.sendrecv(Int32Array.of(rank), received, ring)
 * if (rank === 0) log(received[0]) // → 3
 */
export interface SendrecvOptions {
  readonly dest: number
  /** Default ANY_SOURCE. */
  readonly source?: number
  /** Tag of the message sent; default 0. */
  readonly sendTag?: number
  /** Tag of the message received; default ANY_TAG. */
  readonly recvTag?: number
}
