/** The arguments of point-to-point calls beside the buffers. */
import type { WaitOptions } from './request.ts'

/** Where a message goes. */
export interface SendOptions {
  /** Rank that receives, or PROC_NULL. */
  readonly dest: number
  /** 0..TAG_UB; default 0. */
  readonly tag?: number
}

/** Which message a receive or probe takes. */
export interface RecvOptions {
  /** Rank that sends, ANY_SOURCE (default) or PROC_NULL. */
  readonly source?: number
  /** 0..TAG_UB or ANY_TAG (default). */
  readonly tag?: number
}

/** Which message a blocking receive or probe takes, and how it waits: an aborted receive has taken no message. */
export interface BlockingRecvOptions extends RecvOptions, WaitOptions {}

/** Where one message goes and where the other comes from. */
export interface SendrecvOptions {
  readonly dest: number
  /** Default ANY_SOURCE. */
  readonly source?: number
  /** Tag of the message sent; default 0. */
  readonly sendTag?: number
  /** Tag of the message received; default ANY_TAG. */
  readonly recvTag?: number
}
