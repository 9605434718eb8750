/**
 * The bytes of rendezvous messages that go to one agent: cut into pieces, of which only so many are under way at a time.
 * What is handed to a socket leaves it first in, first out; so this bounds how long a small message waits behind bulk,
 * and messages to the same agent take turns.
 *
 * How many follows from how fast they arrive: on a quick way twice as many keep both ends busy (1 MiB instead of half a MiB
 * raises 0.57 to 0.70 GB/s with encryption and 1.8 to 2.3 without), on a slow one a small message would wait twice as long.
 *
 * Invariants: the pieces of a message leave in order. Whoever receives a piece that asks for it, or as much as the smallest
 * window untold, says how much has come (WIRE.ARRIVED); as long as a window is under way, one of its pieces has asked.
 */
import { Fifo } from '../base/fifo.ts'
import type { AddressedBytes } from '../base/native-calls.ts'
import { sliceOf, type Region } from '../base/region.ts'
import type { Frame } from '../transport/transport.ts'
import { CHUNK_MORE, CHUNK_TELL } from './wire-format.ts'

export interface BulkOptions {
  /** Bytes of a piece. */
  readonly pieceBytes: number
  /** Bytes under way. More is sent when less are. */
  readonly windowBytes: number
  /** Up to twice as many may be under way if they arrive quickly. */
  readonly grows: boolean
  /** Sends one piece; `frame.aux` has CHUNK_MORE if more of its message follow, and CHUNK_TELL. */
  readonly send: (frame: Frame, bytes: Uint8Array | AddressedBytes) => void
  /** Milliseconds. Absent: the thread's clock. */
  readonly now?: () => number
}

/** So long a small message may wait behind a window that has grown: a little less than behind 512 KiB on 1 Gbit/s. */
const WAIT_MS = 4.4
/** The rate is known when so many windows have come in a row. */
const MEASURED_WINDOWS = 4

interface Transfer {
  readonly frame: Frame
  readonly bytes: Region | AddressedBytes
  at: number
}

export class BulkQueue {
  readonly #options: BulkOptions
  readonly #transfers = new Fifo<Transfer>()
  readonly #now: () => number
  #window: number
  #underWay = 0
  /** Bytes sent since a piece asked to be told. */
  #unasked = 0
  /** There was nothing to send although there was room. */
  #idle = true
  /** What has come since when, without a pause. */
  #measured = 0
  #sinceMs = 0

  constructor(options: BulkOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#window = options.windowBytes
  }

  /** Sends a message, in turns with the others. An empty one is one empty piece. @param frame the header of its pieces */
  add(frame: Frame, bytes: Region | AddressedBytes): void {
    this.#transfers.push({ frame, bytes, at: 0 })
    // What is under way may have come already, untold.
    if (this.#idle) this.#measureAgain(this.#now(), -this.#underWay)
    this.#idle = false
    this.#fill()
  }

  /** So many bytes more have come to the other agent. @throws RangeError if that is more than was sent */
  arrived(nbytes: number): void {
    if (nbytes > this.#underWay)
      throw new RangeError(
        `another agent says that ${nbytes} bytes of bulk have come when ${this.#underWay} were under way`,
      )
    this.#underWay -= nbytes
    this.#measured += nbytes
    if (this.#measured >= MEASURED_WINDOWS * this.#options.windowBytes) this.#fitWindow()
    this.#fill()
  }

  #fitWindow(): void {
    const { windowBytes, grows } = this.#options
    const now = this.#now()
    const bytesPerMs = this.#measured / (now - this.#sinceMs)
    if (grows) this.#window = Math.max(windowBytes, Math.min(bytesPerMs * WAIT_MS, 2 * windowBytes))
    this.#measureAgain(now, 0)
  }

  #measureAgain(now: number, measured: number): void {
    this.#measured = measured
    this.#sinceMs = now
  }

  #fill(): void {
    const { pieceBytes, send } = this.#options
    while (this.#underWay < this.#window) {
      const transfer = this.#transfers.shift()
      this.#idle = transfer === undefined
      if (transfer === undefined) return
      const piece = pieceOf(transfer, pieceBytes)
      transfer.at += piece.length
      const more = transfer.at < nbytesOf(transfer)
      transfer.frame.aux = (more ? CHUNK_MORE : 0) | this.#ask(piece.length)
      this.#underWay += piece.length
      if (more) this.#transfers.push(transfer)
      send(transfer.frame, piece)
    }
  }

  /**
   * Each telling wakes both agents; two a window, so that more leaves while the other half is under way. What has not asked
   * is less than half of a window, and that is at most the smallest one: whatever the window is now, it is never full of it.
   */
  #ask(nbytes: number): number {
    this.#unasked += nbytes
    if (this.#unasked < this.#window / 2) return 0
    this.#unasked = 0
    return CHUNK_TELL
  }
}

function pieceOf({ bytes, at }: Transfer, most: number): Uint8Array | AddressedBytes {
  if ('buffer' in bytes) return sliceOf(bytes, at, most)
  return { address: bytes.address + at, length: Math.min(most, bytes.length - at) }
}

function nbytesOf({ bytes }: Transfer): number {
  return 'buffer' in bytes ? bytes.byteLength : bytes.length
}
