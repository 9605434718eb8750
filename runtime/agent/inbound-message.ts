/**
 * A rendezvous message on its way to a rank of this host. Its bytes may come before the rank has asked for them (then they
 * are kept in memory of the host, where the rank can read them) or after (then they go straight to where the rank wants
 * them).
 *
 * Invariant: memory taken for bytes that nobody has asked for is given back exactly once, when the rank has asked for them
 * after all, has read them, or will not have them.
 */
import { copyBytes } from '../base/native-calls.ts'
import { sliceOf, type Region } from '../base/region.ts'
import type { Frame } from '../transport/transport.ts'

/** Where the ranks of the host can read; `allocDirty` throws if nothing is left. */
export interface HostMemory {
  allocDirty(nbytes: number): Region
  free(bytes: Region): void
}

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
  /** The rank needs nothing more: it will not take the message, or has read it where it lies. */
  released = false
  /** The rank has been told where the bytes lie. */
  told = false
  /** The receive that takes it. */
  aux = 0
  readonly #memory: HostMemory
  #landing: Region | undefined
  #ahead: Region | undefined
  #received = 0
  /** An empty message still travels as one empty chunk. */
  #chunks = 0

  constructor(rts: Frame, synchronous: boolean, memory: HostMemory) {
    this.source = rts.source
    this.dest = rts.dest
    this.id = rts.id
    this.nbytes = rts.nbytes
    this.synchronous = synchronous
    this.#memory = memory
  }

  get wanted(): boolean {
    return this.#landing !== undefined
  }

  get complete(): boolean {
    return this.#chunks > 0 && this.#received === this.nbytes
  }

  /** Where the bytes lie that the rank has not asked for. */
  get ahead(): Region | undefined {
    return this.#ahead
  }

  /** Takes memory for bytes that come before the rank asks for them; false if there is none. */
  makeRoom(): boolean {
    try {
      this.#ahead = this.#memory.allocDirty(this.nbytes)
      return true
    } catch {
      return false
    }
  }

  /** The rank has said where the bytes go. */
  land(landing: Region, aux: number): void {
    this.aux = aux
    this.#landing = landing
    if (this.#ahead !== undefined)
      copyBytes(sliceOf(landing, 0, this.#received), sliceOf(this.#ahead, 0, this.#received))
    this.#giveBack()
  }

  /** The rank needs nothing more. */
  release(): void {
    this.released = true
    this.#giveBack()
  }

  /** Where the next `most` bytes go, if that is known and fewer have not come. */
  room(most: number): Uint8Array | undefined {
    const target = this.#landing ?? this.#ahead
    return target === undefined
      ? undefined
      : sliceOf(target, this.#received, Math.min(most, this.nbytes - this.#received))
  }

  /** Bytes have come, in order; they are copied, if they are not in their place. @throws RangeError if they are more than the message has */
  receive(bytes: Uint8Array): void {
    if (this.#received + bytes.length > this.nbytes)
      throw new RangeError(
        `another agent sent ${this.#received + bytes.length} bytes of a message of ${this.nbytes} (rank ${this.source} to rank ${this.dest})`,
      )
    const room = this.room(bytes.length)
    if (room !== undefined && (room.buffer !== bytes.buffer || room.byteOffset !== bytes.byteOffset))
      copyBytes(room, bytes)
    this.#chunks++
    this.#received += bytes.length
  }

  #giveBack(): void {
    if (this.#ahead !== undefined) this.#memory.free(this.#ahead)
    this.#ahead = undefined
  }
}
