/**
 * A rendezvous message on its way to a rank of this host. Its bytes may come before the rank has asked for them (then
 * they are kept here) or after (then they go straight to where the rank wants them).
 */
import { copyBytes } from '../base/native-calls.ts'
import { sliceOf, type Region } from '../base/region.ts'
import type { Frame } from '../transport/transport.ts'

export class InboundMessage {
  readonly source: number
  readonly dest: number
  readonly id: number
  readonly nbytes: number
  readonly synchronous: boolean
  /** The sender's agent has been asked for the bytes. */
  requested = false
  /** The sender has been told that its memory is free. */
  finished = false
  /** The rank will not take the message. */
  refused = false
  /** The receive that takes it. */
  aux = 0
  #landing: Region | undefined
  #early: Uint8Array[] = []
  #received = 0
  #written = 0
  /** An empty message still travels as one empty chunk. */
  #chunks = 0

  constructor(rts: Frame, synchronous: boolean) {
    this.source = rts.source
    this.dest = rts.dest
    this.id = rts.id
    this.nbytes = rts.nbytes
    this.synchronous = synchronous
  }

  get wanted(): boolean {
    return this.#landing !== undefined
  }

  get complete(): boolean {
    return this.#chunks > 0 && this.#received === this.nbytes
  }

  /** The rank has said where the bytes go. */
  land(landing: Region, aux: number): void {
    this.aux = aux
    this.#landing = landing
    for (const bytes of this.#early) this.#write(bytes)
    this.#early = []
  }

  /** Bytes have come, in order; they are copied. @throws RangeError if they are more than the message has */
  receive(bytes: Uint8Array): void {
    if (this.#received + bytes.length > this.nbytes)
      throw new RangeError(
        `another agent sent ${this.#received + bytes.length} bytes of a message of ${this.nbytes} (rank ${this.source} to rank ${this.dest})`,
      )
    this.#chunks++
    this.#received += bytes.length
    if (this.#landing !== undefined) this.#write(bytes)
    else if (!this.refused) this.#early.push(new Uint8Array(bytes))
  }

  refuse(): void {
    this.refused = true
    this.#early = []
  }

  #write(bytes: Uint8Array): void {
    copyBytes(sliceOf(this.#landing as Region, this.#written, bytes.length), bytes)
    this.#written += bytes.length
  }
}
