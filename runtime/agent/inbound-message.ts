/**
 * A rendezvous message on its way to a rank of this host. Its bytes may come before the rank has asked for them (then they
 * are kept in memory of the host, where the rank can read them) or after (then they go straight to where the rank wants
 * them).
 *
 * Invariant: memory taken for bytes that nobody has asked for is given back exactly once, when the rank has asked for them
 * after all, has read them, or will not have them.
 */
import { copyBytes, copyToAddress, type AddressedBytes } from '../base/native-calls.ts'
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
  #landing: Region | AddressedBytes | undefined
  #ahead: Region | undefined
  #received = 0
  /** The next bytes are put at the address where they go before they are told. */
  #placed = false
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
  land(landing: Region | AddressedBytes, aux: number): void {
    this.aux = aux
    this.#landing = landing
    if (this.#ahead !== undefined) this.#put(sliceOf(this.#ahead, 0, this.#received), 0)
    this.#giveBack()
  }

  /** The rank needs nothing more. */
  release(): void {
    this.released = true
    this.#giveBack()
  }

  /** Where the next `most` bytes go, if that is known and fewer have not come. At an address, who asks puts them there. */
  room(most: number): Uint8Array | AddressedBytes | undefined {
    const target = this.#landing ?? this.#ahead
    const length = Math.min(most, this.nbytes - this.#received)
    if (target === undefined || length === 0) return undefined
    if ('buffer' in target) return sliceOf(target, this.#received, length)
    this.#placed = true
    return { address: target.address + this.#received, length }
  }

  /** Bytes have come, in order; they are copied, if they are not in their place. @throws RangeError if they are more than the message has */
  receive(bytes: Uint8Array): void {
    if (this.#received + bytes.length > this.nbytes)
      throw new RangeError(
        `another agent sent ${this.#received + bytes.length} bytes of a message of ${this.nbytes} (rank ${this.source} to rank ${this.dest})`,
      )
    if (!this.#placed) this.#put(bytes, this.#received)
    this.#placed = false
    this.#chunks++
    this.#received += bytes.length
  }

  /** Copies bytes to where they belong, if that is known and they are not there already. */
  #put(bytes: Uint8Array, at: number): void {
    const target = this.#landing ?? this.#ahead
    if (target === undefined) return
    if (!('buffer' in target)) copyToAddress(target.address + at, bytes)
    else if (target.buffer !== bytes.buffer || target.byteOffset + at !== bytes.byteOffset)
      copyBytes(sliceOf(target, at, bytes.length), bytes)
  }

  #giveBack(): void {
    if (this.#ahead !== undefined) this.#memory.free(this.#ahead)
    this.#ahead = undefined
  }
}
