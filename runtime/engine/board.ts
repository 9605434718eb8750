/**
 * Shared memory through which the ranks of a communicator on one host make collective calls without messages: each rank
 * posts what it brings where all can read it, and reads what the others have posted.
 *
 * Layout: a line of masks | for each rank a line that says how many calls it has completed, and what it waits for | for
 * each rank SLOTS lines, one for each of its latest calls | for each rank what these were (latest-calls.ts), also those in
 * which it posted nothing | for each rank a ring of longer payloads. A slot is one cache line: number of the call, what kind
 * of call it is, where its payload lies, and a payload up to INLINE_NBYTES; its first word is written last.
 *
 * Invariant: a rank posts call n only when all ranks have completed call n - SLOTS, and every call whose payload it
 * overwrites, so that nothing is lost that somebody has yet to read. Ranks that sleep are told by a NUDGE frame, so that all
 * that can wake a rank lies in a ring (agent/host-watch.ts); who is to be told stands in the masks, which cost one look as
 * long as nobody sleeps.
 */
import { arrayOver, type TypedArray } from '../base/element-type.ts'
import { IN_ORDER } from '../base/memory-order.ts'
import { copyBytes } from '../base/native-calls.ts'
import { copyWords, wordsOf } from '../base/words.ts'
import type { Region } from '../base/region.ts'

/** More ranks would read too many lines, and have no bit in a mask. */
export const MOST_BOARD_RANKS = 16
/**
 * Longest payload of a rank. 4 ranks on 2 cores, by the board and by messages: bcast of 128 KiB 16 and 118 us, of 256 KiB 28
 * and 236; scatter of 256 KiB 20 and 126.
 */
export const BOARD_NBYTES = 262_144
/** Payloads beyond a line that a rank may be ahead of others: some of the longest, and no more than stays in a cache. */
const RING_NBYTES = 1_048_576
/**
 * Calls that a rank may be ahead of others: enough to pay for changes of threads when ranks share a core. 4 ranks on 2 cores,
 * in alternating runs: bcast of 8 B 0.31 us, with 256 slots 0.50; scatter 0.33 and 0.62; reduce 0.61 and 0.67.
 */
const SLOTS = 1024
/** Words for a rank's latest calls: twice as many as it may be ahead, so that those who are behind still find theirs. */
const LATEST_WORDS = 2 * 2 * SLOTS
/** Short calls that a rank completes before it tells others: 20 ns each time. */
const CALLS_TOLD = 16

const LINE = 64
const LINE_WORDS = LINE / 4
// Masks in the first line: ranks that wait for posts, ranks that wait for room.
const WAITING = 0
const CROWDED = 1
/** Ranks that have left; in the first line too. */
const LEFT = 2
// Words of a rank's line: calls completed; if it waits, the call that all have to complete, or the mask of ranks that have to post.
const COMPLETED = 0
const WANTED = 1
const AWAITED = 2
/** Parts that have to be done. */
const AWAITED_PARTS = 3
// Words of a slot.
const CALL = 0
const SIGNATURE = 1
const HISTORY = 2
const TYPE = 3
const NBYTES = 4
/** Where the payload begins, in bytes. */
const AT = 5
const PAYLOAD = 24
// Words of the slot of rank 0, in a call of which all ranks do parts, in place of a short payload: parts taken, parts done.
const TAKEN = 6
const DONE = 7
const INLINE_NBYTES = LINE - PAYLOAD
/** Up to this many bytes a loop is quicker than `set`, which needs a view. */
const SHORT = 32
/** From so many bytes on a look at what the others have completed is worth it. */
const LONG = 16_384

/** What a rank posts. */
export interface Payload {
  readonly nbytes: number
  /** Copies it to byte `at` of a board, where a word begins. */
  copyTo(words: Int32Array, bytes: Uint8Array, at: number): void
}

/** A typed array's memory, as the bytes or words that are copied. */
export class Span implements Payload {
  readonly nbytes: number
  readonly bytes: Uint8Array
  /** If it is short. */
  readonly words: Int32Array | undefined

  constructor({ buffer, byteOffset, byteLength }: TypedArray) {
    this.nbytes = byteLength
    this.bytes = new Uint8Array(buffer, byteOffset, byteLength)
    this.words = wordsOf(this.bytes)
  }

  copyTo(words: Int32Array, bytes: Uint8Array, at: number): void {
    const { nbytes, bytes: own } = this
    if (this.words !== undefined) copyWords(words, at >> 2, this.words, 0, this.words.length)
    else if (nbytes > SHORT) copyBytes(bytes.subarray(at, at + nbytes), own)
    else for (let i = 0; i < nbytes; i++) bytes[at + i] = own[i] as number
  }
}

/** What the ranks of a call must agree on. */
export interface Terms {
  readonly signature: number
  /** Code of the type of the elements. */
  readonly elementType: number
  /** Bytes of the vector, or of one rank's block. */
  readonly nbytes: number
}

/** Bytes of a board, and how many of them must be 0 at first. */
export function boardBytes(size: number): { readonly all: number; readonly zeroed: number } {
  const zeroed = ringsOf(size)
  return { all: zeroed + size * RING_NBYTES, zeroed }
}

/** Where the rings begin, in bytes. */
function ringsOf(size: number): number {
  return 4 * latestOf(size, size)
}

/** Where the latest calls of a rank stand, in words. */
function latestOf(rank: number, size: number): number {
  return LINE_WORDS * (1 + size + size * SLOTS) + rank * LATEST_WORDS
}

export class Board {
  readonly rank: number
  readonly size: number
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #nudge: (rank: number) => void
  /** Number of the call under way; memory has its last 32 bits, which come round again after minutes. */
  #call = 0
  #history = 0
  /** Calls that all ranks are known to have completed. */
  #completed = 0
  /** The latest call of which others know that this rank has completed it. */
  #told = 0
  /** Bytes of this rank's ring that have been used so far, round and round, and where each of its latest calls begins. */
  #used = 0
  readonly #begun = new Float64Array(SLOTS)
  /** Calls before this one have nothing in the ring that somebody has yet to read. */
  #oldest = 0

  /**
   * @param memory that all ranks have, of `boardBytes`
   * @param nudge lets another rank look once more that may sleep
   */
  constructor(memory: Region, rank: number, size: number, nudge: (rank: number) => void) {
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4)
    this.#bytes = new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)
    this.rank = rank
    this.size = size
    this.#nudge = nudge
  }

  /** A call begins. */
  begin(signature: number): void {
    this.#call++
    this.#begun[this.#call & (SLOTS - 1)] = this.#used
    this.#history = (Math.imul(this.#history, 31) + signature) | 0
  }

  /** True if a payload of `nbytes` bytes may be posted for the call under way. */
  hasRoom(nbytes: number): boolean {
    const needed = this.#neededFor(nbytes)
    if (!this.#haveAllCompleted(needed)) return false
    this.#oldest = Math.max(this.#oldest, needed + 1)
    return true
  }

  /** Like `hasRoom`; if not, this rank is told when it may ask again. */
  hasRoomNow(nbytes: number): boolean {
    // Told once in a while, not at each call: who has been told has room for many.
    const wanted = Math.max(this.#neededFor(nbytes + RING_NBYTES / 2), this.#call - SLOTS / 2)
    Atomics.store(this.#words, this.#lineOf(this.rank) + WANTED, wanted | 0)
    this.#ask(CROWDED)
    const room = this.hasRoom(nbytes)
    if (room) Atomics.and(this.#words, CROWDED, ~(1 << this.rank))
    return room
  }

  /** The latest call that all must have completed before a payload is written, one that has begun before this one. */
  #neededFor(nbytes: number): number {
    const slots = this.#call - SLOTS
    if (nbytes <= INLINE_NBYTES) return slots
    if (nbytes >= LONG) this.#haveAllCompleted(this.#call - 1)
    const kept = this.#placeFor(nbytes) + nbytes - RING_NBYTES
    let oldest = Math.max(this.#oldest, slots + 1)
    while (oldest < this.#call && (this.#begun[oldest & (SLOTS - 1)] as number) < kept) oldest++
    return oldest - 1
  }

  /**
   * Where in the ring the next payload begins: payloads are never wrapped. The first bytes are used again as soon as nobody needs
   * anything of the ring but, elsewhere, the payload before: ranks that wait for each other go through a part of it that stays in
   * the caches (allgather of 64 KiB by 4 ranks on 2 cores 7.8 us, 11.3 when all of the ring had to be free). Not sooner: the way
   * round would be only as long as others are behind from then on. As it is, it ends at that payload until that has been read.
   */
  #placeFor(nbytes: number): number {
    const start = Math.ceil(this.#used / RING_NBYTES) * RING_NBYTES
    const fits = this.#used + nbytes <= start
    return fits && !this.#isFree(start + nbytes - RING_NBYTES) ? this.#used : start
  }

  /** True if nobody needs anything of the ring but perhaps the payload of the call before this one, at or behind `place`. */
  #isFree(place: number): boolean {
    const last = this.#call - 1
    if (this.#completed >= last) return true
    return this.#completed === last - 1 && (this.#begun[last & (SLOTS - 1)] as number) >= place
  }

  #haveAllCompleted(call: number): boolean {
    if (this.#completed >= call) return true
    let least = this.#call
    for (let rank = 0; rank < this.size; rank++) least = Math.min(least, this.#doneBy(rank))
    this.#completed = least
    return least >= call
  }

  /** Posts this rank's part of the call under way; there is room. */
  post({ signature, elementType, nbytes }: Terms, payload: Payload): void {
    const words = this.#words
    const slot = this.#slotOf(this.rank)
    words[slot + SIGNATURE] = signature
    words[slot + HISTORY] = this.#history
    words[slot + TYPE] = elementType
    words[slot + NBYTES] = nbytes
    const { nbytes: length } = payload
    const at = length <= INLINE_NBYTES ? 4 * slot + PAYLOAD : this.#claim(length)
    words[slot + AT] = at
    if (length > INLINE_NBYTES) words[slot + TAKEN] = words[slot + DONE] = 0
    payload.copyTo(words, this.#bytes, at)
    if (IN_ORDER) words[slot + CALL] = this.#call | 0
    else Atomics.store(words, slot + CALL, this.#call | 0)
  }

  /** Takes bytes of the ring, whole lines. @returns where they are in the board */
  #claim(nbytes: number): number {
    const place = this.#placeFor(nbytes)
    this.#begun[this.#call & (SLOTS - 1)] = place
    this.#used = place + ((nbytes + LINE - 1) & -LINE)
    return ringsOf(this.size) + this.rank * RING_NBYTES + (place % RING_NBYTES)
  }

  /** Tells those of `ranks`, a mask, who sleep and for whom this rank's post was the last. */
  tell(ranks: number): void {
    const waiting = this.#look(WAITING) & ranks
    if (waiting !== 0) this.#wake(WAITING, waiting, (rank) => this.#hasCome(rank))
  }

  /** True if what a rank waits for, who makes the same call, is there. */
  #hasCome(rank: number): boolean {
    const line = this.#lineOf(rank)
    const [posters, parts] = [
      Atomics.load(this.#words, line + AWAITED),
      Atomics.load(this.#words, line + AWAITED_PARTS),
    ]
    return this.havePosted(posters) && this.haveDone(parts)
  }

  /** True if all ranks of a mask have posted their part of the call under way. */
  havePosted(posters: number): boolean {
    const call = this.#call | 0
    for (let rank = 0; rank < this.size; rank++)
      if ((posters & (1 << rank)) !== 0 && !this.#hasPosted(rank, call)) return false
    return true
  }

  /** A plain look comes first: most looks of a rank that waits are in vain. */
  #hasPosted(rank: number, call: number): boolean {
    const at = this.#slotOf(rank) + CALL
    return this.#words[at] === call && (IN_ORDER || Atomics.load(this.#words, at) === call)
  }

  /** Ranks of a mask that wait. One that is overlooked, since it begins to wait now, looks once more before it sleeps. */
  #look(mask: number): number {
    return IN_ORDER ? (this.#words[mask] as number) : Atomics.load(this.#words, mask)
  }

  /** Like `havePosted`; if not, this rank is told when it may ask again. */
  havePostedNow(posters: number): boolean {
    return this.#isThereNow(posters, 0)
  }

  /** Like `haveDone`; if not, this rank is told when it may ask again. */
  haveDoneNow(parts: number): boolean {
    return this.#isThereNow(0, parts)
  }

  #isThereNow(posters: number, parts: number): boolean {
    const line = this.#lineOf(this.rank)
    Atomics.store(this.#words, line + AWAITED, posters)
    Atomics.store(this.#words, line + AWAITED_PARTS, parts)
    this.#ask(WAITING)
    const isThere = this.#hasCome(this.rank)
    if (isThere) Atomics.and(this.#words, WAITING, ~(1 << this.rank))
    return isThere
  }

  /**
   * Number of a part of the call under way that no other rank does: 0, 1, …; without end. All have posted, none of them a
   * short payload.
   */
  takePart(): number {
    return Atomics.add(this.#words, this.#slotOf(0) + TAKEN, 1)
  }

  /** A part has been done, of so many. */
  finishPart(parts: number): void {
    if (Atomics.add(this.#words, this.#slotOf(0) + DONE, 1) === parts - 1) this.tell(~(1 << this.rank))
  }

  /** True if so many parts have been done. */
  haveDone(parts: number): boolean {
    return parts === 0 || Atomics.load(this.#words, this.#slotOf(0) + DONE) >= parts
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
    for (let rank = 1; rank < this.size; rank++) if (this.#doneBy(rank) < this.#doneBy(last)) last = rank
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

  /** True if what a rank has posted agrees with what this rank expects. */
  agrees(rank: number, { signature, elementType, nbytes }: Terms): boolean {
    const words = this.#words
    const slot = this.#slotOf(rank)
    return (
      words[slot + SIGNATURE] === signature &&
      words[slot + HISTORY] === this.#history &&
      words[slot + TYPE] === elementType &&
      words[slot + NBYTES] === nbytes
    )
  }

  /** What a rank has posted: for errors. */
  termsOf(rank: number): Terms {
    const [signature = 0, , elementType = 0, nbytes = 0] = this.#words.subarray(this.#slotOf(rank) + SIGNATURE)
    return { signature, elementType, nbytes }
  }

  /** Memory for the latest calls of a rank (latest-calls.ts). */
  latestCallsOf(rank: number): Int32Array {
    const first = latestOf(rank, this.size)
    return this.#words.subarray(first, first + LATEST_WORDS)
  }

  /** The whole board as elements like those of `like`. */
  as<T extends TypedArray>(like: T): T {
    return arrayOver(like, this.#bytes)
  }

  /** Where what a rank has posted lies, in bytes from the board's beginning. */
  placeOf(rank: number): number {
    return this.#words[this.#slotOf(rank) + AT] as number
  }

  /** Copies bytes from `offset` on of what a rank has posted, as many as `target` has. */
  read(rank: number, { nbytes, words, bytes }: Span, offset: number): void {
    const at = this.placeOf(rank) + offset
    if (words !== undefined && offset % 4 === 0) copyWords(words, 0, this.#words, at >> 2, words.length)
    else if (nbytes > SHORT) copyBytes(bytes, this.#bytes.subarray(at, at + nbytes))
    else for (let i = 0; i < nbytes; i++) bytes[i] = this.#bytes[at + i] as number
  }

  /**
   * This rank needs nothing of the call under way any more. Others wait for its slot only after all have begun many more calls,
   * so that they are told of several at once.
   *
   * @param nbytes longest payload of the call, the same on all ranks
   */
  end(nbytes: number): void {
    if (nbytes > INLINE_NBYTES || this.#call % CALLS_TOLD === 0) this.#tellCompleted(this.#call)
  }

  /** This rank may sleep: others shall know all that it has completed. */
  tellCompleted(): void {
    if (this.#told < this.#call - 1) this.#tellCompleted(this.#call - 1)
  }

  #tellCompleted(call: number): void {
    this.#told = call
    Atomics.store(this.#words, this.#lineOf(this.rank) + COMPLETED, call | 0)
    const crowded = Atomics.load(this.#words, CROWDED)
    if (crowded !== 0) this.#wake(CROWDED, crowded, (rank) => this.#hasRoomAgain(rank))
  }

  #hasRoomAgain(rank: number): boolean {
    const wanted = this.#callAt(this.#lineOf(rank) + WANTED)
    return wanted <= this.#call && this.#haveAllCompleted(wanted)
  }

  /** Has this rank told of what comes after now. */
  #ask(mask: number): void {
    const own = 1 << this.rank
    if ((Atomics.load(this.#words, mask) & own) === 0) Atomics.or(this.#words, mask, own)
  }

  /** Tells those of `ranks` who wait and for whom `isTime` has come. */
  #wake(mask: number, ranks: number, isTime: (rank: number) => boolean): void {
    for (let rank = 0; rank < this.size; rank++) {
      const bit = 1 << rank
      if (rank === this.rank || (ranks & bit) === 0 || !isTime(rank)) continue
      if ((Atomics.and(this.#words, mask, ~bit) & bit) !== 0) this.#nudge(rank)
    }
  }

  /** The latest call that a rank is known to have completed; of the one under way, this rank itself needs nothing. */
  #doneBy(rank: number): number {
    return rank === this.rank ? this.#call : this.#callAt(this.#lineOf(rank) + COMPLETED)
  }

  /** The number of a call that is not far from the one under way. */
  #callAt(word: number): number {
    return this.#call + ((Atomics.load(this.#words, word) - this.#call) | 0)
  }

  #lineOf(rank: number): number {
    return LINE_WORDS * (1 + rank)
  }

  #slotOf(rank: number): number {
    return LINE_WORDS * (1 + this.size + rank * SLOTS + (this.#call & (SLOTS - 1)))
  }
}
