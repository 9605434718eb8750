/**
 * Shared memory through which the ranks of a communicator on one host make small collective calls without messages: each
 * rank posts what it brings where all can read it, and reads what the others have posted.
 *
 * Layout: a line of masks | for each rank a line that says how many calls it has completed | for each rank SLOTS lines,
 * one for each of its latest calls | for each of those room for a longer payload. A slot is one cache line: number of the
 * call, what kind of call it is, and a payload up to INLINE_NBYTES; its first word is written last.
 *
 * Invariant: a rank posts call n only when all ranks have completed call n - SLOTS, so that nothing is overwritten that
 * somebody has yet to read. Ranks that sleep are told by a NUDGE frame, so that all that can wake a rank lies in a ring
 * (agent/host-watch.ts); who is to be told stands in the masks, which cost one look as long as nobody sleeps.
 */
import type { Region } from '../base/region.ts'

/** More ranks would read too many lines, and have no bit in a mask. */
export const MOST_BOARD_RANKS = 16
/** Longest payload of a rank. */
export const BOARD_NBYTES = 1024
/** Calls that a rank may be ahead of others: enough to pay for a change of threads when ranks share a core. */
const SLOTS = 256

const LINE = 64
const LINE_WORDS = LINE / 4
// Masks in the first line: ranks that wait for posts, ranks that wait for room.
const WAITING = 0
const CROWDED = 1
/** Ranks that have left; in the first line too. */
const LEFT = 2
// Words of a slot.
const CALL = 0
const SIGNATURE = 1
const HISTORY = 2
const TYPE = 3
const NBYTES = 4
const PAYLOAD = 24
const INLINE_NBYTES = LINE - PAYLOAD
/** Up to this many bytes a loop is quicker than `set`, which needs a view. */
const SHORT = 32

/** What a rank brings to a call, besides the payload: what the ranks must agree on. */
export interface Posting {
  readonly signature: number
  /** Of all signatures so far. */
  readonly history: number
  readonly elementType: number
  readonly nbytes: number
}

/** Bytes of a board, and how many of them must be 0 at first. */
export function boardBytes(size: number): { readonly all: number; readonly zeroed: number } {
  const zeroed = LINE * (1 + size + size * SLOTS)
  return { all: zeroed + size * SLOTS * BOARD_NBYTES, zeroed }
}

export class Board {
  readonly rank: number
  readonly size: number
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #everybody: number
  readonly #nudge: (rank: number) => void
  /** Number of the call under way. */
  #call = 0
  #history = 0
  /** Calls that all ranks are known to have completed. */
  #completed = 0

  /**
   * @param memory that all ranks have, of `boardBytes`
   * @param nudge lets another rank look once more that may sleep
   */
  constructor(memory: Region, rank: number, size: number, nudge: (rank: number) => void) {
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4)
    this.#bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
    this.rank = rank
    this.size = size
    this.#everybody = (1 << size) - 1
    this.#nudge = nudge
  }

  /** Number of the call under way. */
  get call(): number {
    return this.#call
  }

  /** A call begins. */
  begin(signature: number): void {
    this.#call = (this.#call + 1) | 0
    this.#history = (Math.imul(this.#history, 31) + signature) | 0
  }

  /** True if the slot of the call under way may be written. */
  hasRoom(): boolean {
    const needed = (this.#call - SLOTS) | 0
    if (((this.#completed - needed) | 0) >= 0) return true
    let least = this.#call
    for (let rank = 0; rank < this.size; rank++) {
      const done = this.#doneBy(rank)
      if (((done - least) | 0) < 0) least = done
    }
    this.#completed = least
    return ((least - needed) | 0) >= 0
  }

  /** Like `hasRoom`; if not, this rank is told when it may ask again. */
  hasRoomNow(): boolean {
    this.#ask(CROWDED)
    const room = this.hasRoom()
    if (room) Atomics.and(this.#words, CROWDED, ~(1 << this.rank))
    return room
  }

  /** Posts this rank's part of the call under way. `payload` has `nbytes` bytes. */
  post(signature: number, elementType: number, payload: Uint8Array): void {
    const words = this.#words
    const slot = this.#slotOf(this.rank)
    const nbytes = payload.length
    words[slot + SIGNATURE] = signature
    words[slot + HISTORY] = this.#history
    words[slot + TYPE] = elementType
    words[slot + NBYTES] = nbytes
    const at = this.#payloadAt(this.rank, nbytes)
    if (nbytes > SHORT) this.#bytes.set(payload, at)
    else for (let i = 0; i < nbytes; i++) this.#bytes[at + i] = payload[i] as number
    Atomics.store(words, slot + CALL, this.#call)
  }

  /** Tells those who sleep that the call is complete for `ranks`, a mask, if all of `posters` have posted. */
  tell(ranks: number, posters: number): void {
    const waiting = Atomics.load(this.#words, WAITING) & ranks
    if (waiting !== 0 && this.havePosted(posters)) this.#wake(WAITING, waiting)
  }

  /** True if all ranks of a mask have posted their part of the call under way. */
  havePosted(posters: number): boolean {
    for (let rank = 0; rank < this.size; rank++)
      if ((posters & (1 << rank)) !== 0 && Atomics.load(this.#words, this.#slotOf(rank) + CALL) !== this.#call)
        return false
    return true
  }

  /** Like `havePosted`; if not, this rank is told when it may ask again. */
  havePostedNow(posters: number): boolean {
    this.#ask(WAITING)
    const posted = this.havePosted(posters)
    if (posted) Atomics.and(this.#words, WAITING, ~(1 << this.rank))
    return posted
  }

  /** The first rank of a mask that has not posted its part, or -1. */
  missing(posters: number): number {
    for (let rank = 0; rank < this.size; rank++)
      if ((posters & (1 << rank)) !== 0 && !this.havePosted(1 << rank)) return rank
    return -1
  }

  /** The rank that has completed the fewest calls. */
  last(): number {
    let last = 0
    for (let rank = 1; rank < this.size; rank++) if (((this.#doneBy(rank) - this.#doneBy(last)) | 0) < 0) last = rank
    return last
  }

  /** This rank will not use the board again. */
  leave(): void {
    Atomics.add(this.#words, LEFT, 1)
  }

  /** True if all ranks have left. */
  get isDeserted(): boolean {
    return Atomics.load(this.#words, LEFT) === this.size
  }

  /** Mask of all ranks. */
  get everybody(): number {
    return this.#everybody
  }

  /** True if what a rank has posted, of `nbytes` bytes, agrees with what this rank expects. */
  agrees(rank: number, signature: number, elementType: number, nbytes: number): boolean {
    const words = this.#words
    const slot = this.#slotOf(rank)
    return (
      words[slot + SIGNATURE] === signature &&
      words[slot + HISTORY] === this.#history &&
      words[slot + TYPE] === elementType &&
      words[slot + NBYTES] === nbytes
    )
  }

  /** What a rank has posted, and what this rank has called so far: for errors. */
  posting(rank: number): Posting & { readonly sameHistory: boolean } {
    const [signature = 0, history = 0, elementType = 0, nbytes = 0] = this.#words.subarray(
      this.#slotOf(rank) + SIGNATURE,
      this.#slotOf(rank) + NBYTES + 1,
    )
    return { signature, history, elementType, nbytes, sameHistory: history === this.#history }
  }

  /** Copies the payload of a rank that has posted; `target` is as long. */
  read(rank: number, target: Uint8Array): void {
    const nbytes = target.length
    const at = this.#payloadAt(rank, nbytes)
    if (nbytes > SHORT) target.set(this.#bytes.subarray(at, at + nbytes))
    else for (let i = 0; i < nbytes; i++) target[i] = this.#bytes[at + i] as number
  }

  /** This rank needs nothing of the call under way any more. */
  end(): void {
    const words = this.#words
    Atomics.store(words, this.#doneAt(this.rank), this.#call)
    const crowded = Atomics.load(words, CROWDED)
    // Told once in a while, not at each call: who has been told has room for many.
    if (crowded !== 0 && (this.#call & (SLOTS / 2 - 1)) === 0) this.#wake(CROWDED, crowded)
  }

  /** Has this rank told of what comes after now. */
  #ask(mask: number): void {
    const own = 1 << this.rank
    if ((Atomics.load(this.#words, mask) & own) === 0) Atomics.or(this.#words, mask, own)
  }

  #wake(mask: number, ranks: number): void {
    const asleep = Atomics.and(this.#words, mask, ~ranks) & ranks
    for (let rank = 0; rank < this.size; rank++)
      if (rank !== this.rank && (asleep & (1 << rank)) !== 0) this.#nudge(rank)
  }

  #doneBy(rank: number): number {
    return Atomics.load(this.#words, this.#doneAt(rank))
  }

  #doneAt(rank: number): number {
    return LINE_WORDS * (1 + rank)
  }

  #slotOf(rank: number): number {
    return LINE_WORDS * (1 + this.size + rank * SLOTS + (this.#call & (SLOTS - 1)))
  }

  #payloadAt(rank: number, nbytes: number): number {
    if (nbytes <= INLINE_NBYTES) return 4 * this.#slotOf(rank) + PAYLOAD
    const slots = this.size * SLOTS
    return LINE * (1 + this.size + slots) + (rank * SLOTS + (this.#call & (SLOTS - 1))) * BOARD_NBYTES
  }
}
