/**
 * The seam through which everything a rank does can be recorded: undefined when nothing records, so that it costs one
 * comparison. A recorder only looks: it must not wait, throw or send.
 *
 * Ranks here are world ranks. An odd context belongs to the inside of collective calls, the even one below it to the
 * program's own messages.
 */
import type { Operation } from './operation.ts'

/** A collective call from its beginning to its end on this rank. */
export interface CollectiveCall {
  readonly call: string
  readonly context: number
  /** That of its messages. */
  readonly tag: number
  /** What `Recorder.now` said when it began. */
  readonly begun: number
  /** What `Recorder.place` said when it began. */
  readonly place: Place | undefined
  /** Name of the function that did the work; empty if there is one only. */
  readonly algorithm: string
  /** Bytes that this rank sent for it. */
  readonly nbytes: number
}

/** A line of the program that made a call, by the recorder's number, and how many calls like this one it stands for. */
export interface Place {
  readonly number: number
  readonly weight: number
}

/** Calls that can be over at once, and their numbers. */
export const CALL_NOW = { SEND: 0, ISEND: 1, RECV: 2, IRECV: 3 } as const
export type CallNow = (typeof CALL_NOW)[keyof typeof CALL_NOW]
/** Their names, by number. */
export const CALLS_NOW = ['send', 'isend', 'recv', 'irecv'] as const

/** What the header of a message says of it. */
export interface Header {
  readonly context: number
  readonly tag: number
  /** World ranks. */
  readonly source: number
  readonly dest: number
  readonly nbytes: number
  /** The sender's number of the message. */
  readonly id: number
}

/** What a recorder asks a rank that waits. */
export interface WaitingRank {
  /** Waits that have begun and waits that have ended: unchanged while the rank waits for the same. */
  readonly waitTurns: number
  /** All that has been started and has not ended, waited for or not. */
  pending(): Iterable<{ readonly operation: Operation }>
}

export interface Recorder {
  /** The time in milliseconds, for the `begun` of what follows. */
  now(): number

  /**
   * The rank is going to look for a message that is not there yet: time that nobody misses, for what the recorder has put
   * off.
   */
  idle(): void

  /** A collective call begins: the time, for its `begun`. */
  collectiveBegins(): number

  /** The line of the program that is making a call, if it was looked up. Called inside of the call. */
  place(call: string): Place | undefined

  /**
   * A send has been posted; it may have ended already. Called inside of the program's call, as `posted` is.
   *
   * @param id the sender's number of the message, not 0, which the receiver is told too
   */
  sent(operation: Operation, begun: number, dest: number, nbytes: number, id: number): void

  /** A call has begun: `sentNow`, `receivedNow` or `posted` may follow, or the call begins anew. */
  begin(): void

  /** A call has sent a message that leaves nothing to wait for. Called inside of the call. */
  sentNow(call: CallNow, message: Header): void

  /** A call has received a message without an operation. Called inside of the call. */
  receivedNow(call: CallNow, message: Header): void

  /** A receive or probe has been posted; it may have ended already. */
  posted(operation: Operation): void

  /** A receive has its message; the operation ends next, or is about to be posted. */
  received(operation: Operation, source: number, nbytes: number, id: number): void

  /** The program waits for the operation. */
  waitBegan(operation: Operation): void

  /**
   * The operation that the program waits for has ended, or the program has given up waiting for it. For each
   * `waitBegan` once.
   *
   * @param looks how often this rank has looked for messages since it had none to wait for: many mean a long wait
   */
  waitEnded(operation: Operation, looks: number): void

  /** Looks for messages, a power of two, between two calls of `waitGoesOn`. */
  readonly waitInterval: number

  /** This rank waits, and has time: for what should be seen of it if it waits for ever. */
  waitGoesOn(rank: WaitingRank): void

  /** The program has given a communicator a name. */
  named(context: number, name: string): void

  /** A collective call has ended. */
  collective(call: CollectiveCall): void
}
