/**
 * The bytes of rendezvous messages that go to one agent: cut into pieces, of which only so many are under way at a time.
 * What is handed to a socket leaves it first in, first out; so this bounds how long a small message waits behind bulk,
 * and messages to the same agent take turns.
 *
 * Invariant: the pieces of a message leave in order. Whoever receives a piece says so (WIRE.ARRIVED).
 */
import { Fifo } from '../base/fifo.ts'
import type { AddressedBytes } from '../base/native-calls.ts'
import { sliceOf, type Region } from '../base/region.ts'
import type { Frame } from '../transport/transport.ts'

export interface BulkOptions {
  /** Bytes of a piece. */
  readonly pieceBytes: number
  /** Bytes under way. More is sent when less are. */
  readonly windowBytes: number
  /** Sends one piece; `frame.aux` is 1 if more of its message follow. */
  readonly send: (frame: Frame, bytes: Uint8Array | AddressedBytes) => void
}

interface Transfer {
  readonly frame: Frame
  readonly bytes: Region | AddressedBytes
  at: number
}

export class BulkQueue {
  readonly #options: BulkOptions
  readonly #transfers = new Fifo<Transfer>()
  #underWay = 0

  constructor(options: BulkOptions) {
    this.#options = options
  }

  /** Sends a message, in turns with the others. An empty one is one empty piece. @param frame the header of its pieces */
  add(frame: Frame, bytes: Region | AddressedBytes): void {
    this.#transfers.push({ frame, bytes, at: 0 })
    this.#fill()
  }

  /** So many bytes more have come to the other agent. @throws RangeError if that is more than was sent */
  arrived(nbytes: number): void {
    if (nbytes > this.#underWay)
      throw new RangeError(
        `another agent says that ${nbytes} bytes of bulk have come when ${this.#underWay} were under way`,
      )
    this.#underWay -= nbytes
    this.#fill()
  }

  #fill(): void {
    const { pieceBytes, windowBytes, send } = this.#options
    while (this.#underWay < windowBytes) {
      const transfer = this.#transfers.shift()
      if (transfer === undefined) return
      const piece = pieceOf(transfer, pieceBytes)
      transfer.at += piece.length
      const more = transfer.at < nbytesOf(transfer)
      transfer.frame.aux = more ? 1 : 0
      this.#underWay += piece.length
      if (more) this.#transfers.push(transfer)
      send(transfer.frame, piece)
    }
  }
}

function pieceOf({ bytes, at }: Transfer, most: number): Uint8Array | AddressedBytes {
  if ('buffer' in bytes) return sliceOf(bytes, at, most)
  return { address: bytes.address + at, length: Math.min(most, bytes.length - at) }
}

function nbytesOf({ bytes }: Transfer): number {
  return 'buffer' in bytes ? bytes.byteLength : bytes.length
}
