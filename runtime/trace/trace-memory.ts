/**
 * What one rank records, in shared memory, so that its agent can read it whatever the rank does: a ring of records of
 * what happened, and sums that are never too many.
 *
 * Layout, in doubles: counters | totals | sums by call | sums by place | sums by receiving rank | waits | ring. The rank
 * writes everything but TAKEN. A record is complete before WRITTEN counts it (modulo 2^32, as TAKEN is); one that finds no
 * room is counted as lost instead of waiting, so that a rank is never held up by its record. `waits` has what the rank waits
 * in, if it has waited for a while: records without an end, which the rank may take back at any time.
 */

/** What a record is of. */
export const RECORD = {
  /** A call that sent a message: the message leaves at its beginning. */
  SEND: 1,
  /** A call that received a message: the message is there at its end. */
  RECEIVE: 2,
  /** A call without a message: a probe, a receive that was posted. */
  CALL: 3,
  /** A collective call; `id` is the number of its algorithm's name, `tag` that of its messages. */
  COLLECTIVE: 4,
  /** Inside of a collective call, a message left. */
  SENT: 5,
  /** Inside of a collective call, a message came. */
  RECEIVED: 6,
  /** `nbytes` records had no room between `begun` and `ended`. */
  LOST: 7,
  /** A wait for a send whose call has returned: the message has left before. */
  WAIT_OF_SEND: 8,
} as const
/** Added to the kind of what had not ended when the record did. */
export const UNDER_WAY = 0x80

/** One thing that happened. Times in milliseconds of the machine's monotonic clock. */
export interface TraceRecord {
  kind: number
  begun: number
  ended: number
  nbytes: number
  /** Number of the call's name. */
  call: number
  context: number
  /** World rank of the other end. */
  peer: number
  tag: number
  /** The sender's number of the message. */
  id: number
  /** Number of the place in the program, 0 if it was not looked up. */
  place: number
}

const COUNTERS = 2
const WRITTEN = 0
const TAKEN = 1
/** How many waits are shown, below WAITS_SHOWN; above, how often they have changed. */
const WAITING = 2

/** Totals of a rank, as indices. */
export const TOTAL = {
  BEGUN: 0,
  /** 0 while the rank runs. */
  ENDED: 1,
  /** Milliseconds in communication. */
  COMMUNICATION: 2,
  /** Since when the rank waits, 0 if it does not. */
  WAITING_SINCE: 3,
} as const
const TOTALS = 4

/** Most different names of calls and algorithms. */
export const CALLS = 128
/** Sums of a call: calls, bytes, milliseconds. */
export const CALL_SUMS = 3
/** Most different places of a program. */
export const PLACES = 1024
/** Sums of a place: calls, bytes, milliseconds. */
export const PLACE_SUMS = 3

/** Most waits that are shown. */
export const WAITS = 16
const WAITS_SHOWN = 2 * WAITS

/** A record is as long as this many doubles. */
const RECORD_DOUBLES = 6
export const RECORD_BYTES = RECORD_DOUBLES * 8

/** Both ends of a rank's record. */
export class TraceMemory {
  readonly totals: Float64Array
  readonly calls: Float64Array
  readonly places: Float64Array
  /** Bytes sent, by world rank. */
  readonly sent: Float64Array
  readonly #counters: Int32Array
  readonly #bytes: Uint8Array
  readonly #doubles: Float64Array
  readonly #words: Int32Array
  readonly #capacity: number
  readonly #waits: Float64Array
  readonly #waitWords: Int32Array
  #written = 0
  #taken = 0

  /**
   * @param capacity records that the ring holds, a power of two or 0
   * @param worldSize ranks of the job
   */
  static create(capacity: number, worldSize: number): SharedArrayBuffer {
    return new SharedArrayBuffer(8 * (headDoubles(worldSize) + capacity * RECORD_DOUBLES))
  }

  constructor(memory: SharedArrayBuffer, worldSize: number) {
    let at = 8 * COUNTERS
    const next = (length: number): Float64Array => new Float64Array(memory, (at += 8 * length) - 8 * length, length)
    this.#counters = new Int32Array(memory, 0, 2 * COUNTERS)
    this.totals = next(TOTALS)
    this.calls = next(CALLS * CALL_SUMS)
    this.places = next(PLACES * PLACE_SUMS)
    this.sent = next(worldSize)
    this.#waits = next(WAITS * RECORD_DOUBLES)
    this.#waitWords = new Int32Array(memory, this.#waits.byteOffset, 2 * this.#waits.length)
    this.#bytes = new Uint8Array(memory, at)
    this.#doubles = new Float64Array(memory, at)
    this.#words = new Int32Array(memory, at)
    this.#capacity = this.#doubles.length / RECORD_DOUBLES
  }

  /** Whether records are kept beside the sums. */
  get keepsRecords(): boolean {
    return this.#capacity > 0
  }

  /** Calls of all kinds that have been counted. */
  get callsMade(): number {
    let sum = 0
    for (let at = 0; at < this.calls.length; at += CALL_SUMS) sum += this.calls[at] as number
    return sum
  }

  /** Whether there is room for a mark of loss, so many records, and another mark of loss at the end. */
  hasRoomFor(records: number): boolean {
    if (this.#room() >= records + 2) return true
    this.#taken = Atomics.load(this.#counters, TAKEN)
    return this.#room() >= records + 2
  }

  /** Appends a record, to be seen after `publish`; false if there is no room. */
  write(record: TraceRecord): boolean {
    if (this.#room() === 0) {
      this.#taken = Atomics.load(this.#counters, TAKEN)
      if (this.#room() === 0) return false
    }
    const at = (this.#written & (this.#capacity - 1)) * RECORD_DOUBLES
    this.#written = (this.#written + 1) | 0
    encode(record, this.#doubles, this.#words, at)
    return true
  }

  #room(): number {
    return this.#capacity - ((this.#written - this.#taken) | 0)
  }

  /** Lets the reader see what has been written. */
  publish(): void {
    Atomics.store(this.#counters, WRITTEN, this.#written)
  }

  /** Shows what the rank waits in, in place of what was shown before: the first of them, if they are many. */
  showWaits(records: readonly TraceRecord[]): void {
    this.hideWaits()
    const shown = records.slice(0, WAITS)
    for (const [i, record] of shown.entries()) encode(record, this.#waits, this.#waitWords, i * RECORD_DOUBLES)
    Atomics.add(this.#counters, WAITING, shown.length)
  }

  /** The waits that were shown are over. */
  hideWaits(): void {
    const state = Atomics.load(this.#counters, WAITING)
    Atomics.store(this.#counters, WAITING, (state - (state & (WAITS_SHOWN - 1)) + WAITS_SHOWN) | 0)
  }

  /** What the rank waits in now, with `nowMs` for an end, as bytes of whole records; none if that changes just now. */
  waits(nowMs: number): Uint8Array {
    const state = Atomics.load(this.#counters, WAITING)
    const records = this.#waits.slice(0, (state & (WAITS_SHOWN - 1)) * RECORD_DOUBLES)
    if (Atomics.load(this.#counters, WAITING) !== state) return new Uint8Array(0)
    for (let at = 0; at < records.length; at += RECORD_DOUBLES) records[at + 1] = Math.max(nowMs, records[at] as number)
    return new Uint8Array(records.buffer)
  }

  /**
   * Takes records that are there, at most `most`, as bytes of whole records; returns their number.
   *
   * @param piece most records handed to one call of `each`
   */
  take(most: number, piece: number, each: (bytes: Uint8Array) => void): number {
    const before = Atomics.load(this.#counters, TAKEN)
    const there = (Atomics.load(this.#counters, WRITTEN) - before) | 0
    const end = (before + Math.min(there, most)) | 0
    let taken = before
    while (taken !== end) {
      const first = taken & (this.#capacity - 1)
      const count = Math.min((end - taken) | 0, piece, this.#capacity - first)
      each(this.#bytes.subarray(first * RECORD_BYTES, (first + count) * RECORD_BYTES))
      taken = (taken + count) | 0
      Atomics.store(this.#counters, TAKEN, taken)
    }
    return (end - before) | 0
  }
}

function headDoubles(worldSize: number): number {
  return COUNTERS + TOTALS + CALLS * CALL_SUMS + PLACES * PLACE_SUMS + worldSize + WAITS * RECORD_DOUBLES
}

function encode(record: TraceRecord, doubles: Float64Array, words: Int32Array, at: number): void {
  doubles[at] = record.begun
  doubles[at + 1] = record.ended
  doubles[at + 2] = record.nbytes
  const word = 2 * (at + 3)
  words[word] = record.kind | (record.call << 8) | (record.place << 16)
  words[word + 1] = record.context
  words[word + 2] = record.peer
  words[word + 3] = record.tag
  words[word + 4] = record.id
}

/** The records in bytes that `take` gave, wherever they have travelled since. */
export function decodeRecords(bytes: Uint8Array): TraceRecord[] {
  const aligned = new Uint8Array(bytes) // a copy: `slice` of a Buffer would be none
  const doubles = new Float64Array(aligned.buffer)
  const words = new Int32Array(aligned.buffer)
  return Array.from({ length: doubles.length / RECORD_DOUBLES }, (_, i) => decode(doubles, words, i * RECORD_DOUBLES))
}

function decode(doubles: Float64Array, words: Int32Array, at: number): TraceRecord {
  const word = 2 * (at + 3)
  const names = words[word] as number
  return {
    begun: doubles[at] as number,
    ended: doubles[at + 1] as number,
    nbytes: doubles[at + 2] as number,
    kind: names & 0xff,
    call: (names >> 8) & 0xff,
    place: names >>> 16,
    context: words[word + 1] as number,
    peer: words[word + 2] as number,
    tag: words[word + 3] as number,
    id: words[word + 4] as number,
  }
}
