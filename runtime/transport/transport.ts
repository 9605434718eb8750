/**
 * The contract between the engine (what is said) and the transports (how it travels): frames.
 *
 * A frame is one header and, for eager messages, the payload. Large payloads never travel in frames: the sender offers
 * memory in a ready-to-send frame (RTS) and the receiver reads it itself (`region`, peer on the same host), or asks
 * with a WANT frame that it be put into memory of its own (peer on another host).
 */
import type { Region } from '../base/region.ts'

/** What a frame says. Part of the wire format. */
export const FRAME = {
  /** A whole message; the payload is inside. */
  EAGER: 1,
  /** Ready to send: the envelope of a message whose bytes the receiver has to fetch. */
  RTS: 2,
  /** From the receiver of a far RTS: put the bytes into `region`. */
  WANT: 3,
  /** To the receiver of a far RTS: the bytes are where WANT asked for them. */
  LANDED: 4,
  /** To the sender: the message `id` was taken; its memory may be reused. */
  FIN: 5,
  /** To the sender: `nbytes` of eager window came free. */
  CREDIT: 6,
  /** To a rank of this host that may sleep: what it waits for may have happened (engine/board.ts). */
  NUDGE: 7,
  /** To a rank of this host: help with copy number `id`, whose task lies in `region` (engine/shared-copy.ts). */
  HELP: 8,
  /** To the receiver of a far RTS that it has not matched yet: the bytes lie in `region`, until it says FIN. */
  HERE: 9,
} as const

/** Set in `flags` of EAGER and RTS: the send completes only once it is matched (MPI 4.1, section 3.4, synchronous). */
export const FLAG_SYNCHRONOUS = 1

/** One frame. Transports reuse the object and its payload: what `deliver` wants to keep, it copies. */
export class Frame {
  kind: number = FRAME.EAGER
  flags = 0
  /** Code of the element type. */
  elementType = 0
  context = 0
  tag = 0
  /** World ranks. */
  source = 0
  dest = 0
  /** The sender's number of the message (EAGER synchronous, RTS, WANT, LANDED, FIN). */
  id = 0
  /** The receiver's number of the receive (WANT, LANDED); the signature of the collective call that sent it (EAGER, RTS). */
  aux = 0
  /** Size of the message, or bytes of window given back. */
  nbytes = 0
  /** EAGER: the message. */
  payload: Uint8Array | undefined = undefined
  /**
   * RTS, WANT: where that lies in the memory of this process, if it is no region that others know; else 0. Addresses are no
   * small integers; -0 is none either, so that V8 keeps room for a double from the start. Otherwise the first address gives
   * frames another shape, and all compiled code that knows them is thrown away.
   */
  address = -0
  /** RTS: the message in the sender's memory, if the receiver can read it. WANT: where the bytes shall land. HERE: the bytes. */
  region: Region | undefined = undefined
}

/** The way by which the frames of one near rank come. */
export interface Inlet {
  /** Fills `frame` with the header of the next frame, without payload and region. */
  peek(frame: Frame): void
  /** Copies the payload of that frame, of `nbytes` bytes, to the start of `target`, which may be given as words too; the frame is done with. */
  take(target: Uint8Array, nbytes: number, targetWords?: Int32Array): void
}

/** A rank's end of the network. One thread calls it; no method waits but `sleep` inside the transport's own driver. */
export interface Transport {
  readonly worldRank: number
  readonly worldSize: number

  /** Largest payload of an EAGER frame to `dest`, in bytes. */
  eagerLimit(dest: number): number

  /**
   * Hands one frame to `dest`; frames to one rank arrive in call order. Header and payload are copied before the call
   * returns. False if there is no room at present: the frame was not taken, try again after a `poll`.
   *
   * @param payloadWords the payload as words, if it is short: a transport may copy these
   */
  trySend(dest: number, frame: Frame, payloadWords?: Int32Array): boolean

  /**
   * Calls `deliver` for every frame that has arrived, but for those of one inlet; the frame is valid during the call only.
   *
   * @param enough asked before each frame: true leaves the rest for later. Not all transports ask
   */
  poll(deliver: (frame: Frame) => void, except?: Inlet, enough?: () => boolean): void

  /**
   * Looks for a frame of `source` before all others, again and again for a moment if the caller has a core to itself. What
   * it comes by, if there is one; undefined if there is none, or if frames of that rank come by a way that others share.
   *
   * @param idle called once if none is there at first
   */
  inletOf?(source: number, idle?: () => void): Inlet | undefined

  /** The same with one look only. */
  inletNow?(source: number): Inlet | undefined

  /**
   * Asks again and again for a moment whether something has happened that ranks of this host do; gives its core away in
   * between if others need it. True if it has.
   */
  linger?(hasHappened: () => boolean): boolean

  /** True if ranks of this host are threads of one process, in which an address means the same memory to all. */
  readonly sharesAddresses?: boolean

  /** True if there is a core for every rank of this host, so that one that waits may work for another. */
  readonly hasCores?: boolean

  /** Where memory of `alloc` lies, in words that all ranks of the host understand. */
  placeOf?(bytes: Region): { readonly segment: number; readonly offset: number }

  /** The memory at a place that another rank of the host has named. */
  bytesAt?(segment: number, offset: number, nbytes: number): Region

  /** True if `dest` reads an offered region itself (same host); false if it must ask with WANT. */
  isNear(dest: number): boolean

  /** A number for the host of `dest`, the same seen from every rank: ranks of one host are near each other. */
  hostOf(dest: number): number

  /** True if these bytes may be offered as a region: they lie in memory that the host's ranks and agent share. */
  isShared(bytes: Region): boolean

  /** Shared memory for regions. @throws {MpiError} MPI_ERR_NO_MEM */
  alloc(nbytes: number): Region

  /** Gives memory of `alloc` back. */
  free(bytes: Region): void

  /**
   * Tells whether operations of this rank are being waited for. While true, the transport calls the `progress` function
   * it was opened with whenever frames may have arrived.
   */
  setWaiting(waiting: boolean): void
}

/** What the engine gives the transport to be woken with: delivers what has arrived; returns how many waits ended. */
export type Progress = () => number
