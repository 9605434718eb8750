/**
 * Records what a rank does into its `TraceMemory`: every call with its message, and the sums of a profile.
 *
 * Invariant: recording costs a few per cent at most, however quick the calls follow each other. Readings of the clock are
 * shared then (event-clock.ts). What need not be done while a peer waits for this rank's answer is done when the answer has
 * left, or when this rank waits itself. Finding the line of the program costs microseconds: it may take PLACE_SHARE of the
 * time and no more; a call that was looked up then stands for those of its kind that were not.
 */
import type { Operation } from '../engine/operation.ts'
import type { CollectiveCall, Header, Place, Recorder } from '../engine/recorder.ts'
import { EventClock } from './event-clock.ts'
import {
  CALL_SUMS,
  CALLS,
  PLACE_SUMS,
  PLACES,
  RECORD,
  TOTAL,
  type TraceMemory,
  type TraceRecord,
} from './trace-memory.ts'

/** Part of the time that may be spent on finding lines. */
const PLACE_SHARE = 0.005
/** Time for finding lines that can be saved up, so that a burst of calls after a long rest is looked up as a whole. */
const PLACE_SAVINGS_MS = 5

/** What a call's name or a place's text is called by in records. */
export type Naming = 'call' | 'place'

export interface RecorderOptions {
  /** Looks after which a wait has lasted longer than a few events: the clock must be read. */
  readonly quickLooks: number
  /** The file, line and column of the program that is making a call, if there is one. */
  readonly locate: () => string | undefined
  /** Tells the reader of the record what a number stands for, before it is used. */
  readonly announce: (kind: Naming, number: number, text: string) => void
}

/** What is known of a call by its name. */
interface Call {
  readonly name: string
  readonly number: number
  readonly nonblocking: boolean
  /** Calls since the last one that was looked up. */
  unplaced: number
}

/** What is kept of an operation until it ends. Used again for another one then: making them would keep the collector busy. */
interface Mark {
  begun: number
  call: Call
  place: Place | undefined
  /** What finding the place took, between beginning and end of the call. */
  locatingMs: number
  /** Part of a collective call. */
  inner: boolean
  sends: boolean
  /** How many wait for it now. */
  waiters: number
  peer: number
  nbytes: number
  id: number
}

export class EventRecorder implements Recorder {
  readonly #memory: TraceMemory
  readonly #options: RecorderOptions
  readonly #totals: Float64Array
  readonly #callSums: Float64Array
  readonly #placeSums: Float64Array
  readonly #sent: Float64Array
  readonly #calls = new Map<string, Call>()
  readonly #places = new Map<string, number>()
  readonly #wait: Call
  #send: Call | undefined
  #recv: Call | undefined
  readonly #record: TraceRecord = { ...NOTHING }
  /** The call whose record is complete in `#record`, and is neither kept nor in the sums yet. */
  #unsettled: Call | undefined
  #unsettledPlace: Place | undefined
  /** Marks of operations that have ended. */
  readonly #spare: Mark[] = []
  readonly #clock: EventClock
  /** The clock has been read, and the record has not been shown to its reader since. */
  #fresh = true
  #allowanceMs = PLACE_SAVINGS_MS
  #mayLocate = true
  /** What finding the latest place took; no part of the call. */
  #locatingMs = 0
  #depth = 0
  /** Until when communication has been counted. */
  #accounted = 0
  #latest: Call
  #latestButOne: Call
  #lost = 0
  #lostSince = 0

  constructor(memory: TraceMemory, options: RecorderOptions) {
    this.#memory = memory
    this.#options = options
    this.#totals = memory.totals
    this.#callSums = memory.calls
    this.#placeSums = memory.places
    this.#sent = memory.sent
    this.#clock = new EventClock((passedMs) => this.#clockWasRead(passedMs))
    this.#wait = this.#lookUp('wait')
    this.#latest = this.#latestButOne = this.#wait
    memory.totals[TOTAL.BEGUN] = this.now()
  }

  now(): number {
    return this.#clock.now()
  }

  idle(): void {
    this.#clock.read()
    this.#settle()
  }

  place(name: string): Place | undefined {
    return this.#place(name, this.#callOf(name))
  }

  #place(name: string, call: Call): Place | undefined {
    this.#locatingMs = 0
    const weight = ++call.unplaced
    if (!this.#mayLocate) return undefined
    const before = performance.now()
    const text = this.#options.locate()
    const place = text === undefined ? undefined : this.#placeNumber(`${name}\t${text}`)
    this.#locatingMs = performance.now() - before
    this.#allowanceMs -= this.#locatingMs
    this.#mayLocate = this.#allowanceMs > 0
    if (place === undefined) return undefined
    call.unplaced = 0
    return { number: place, weight }
  }

  sent(operation: Operation, begun: number, peer: number, nbytes: number, id: number): void {
    this.#settle()
    const mark = this.#newMark(operation)
    mark.begun = begun
    mark.sends = true
    this.#attach(mark, peer, nbytes, id)
    add(this.#sent, peer, nbytes)
    if (mark.inner) this.#write(RECORD.SENT, operation, mark, begun, begun)
    else if (operation.done || mark.call.nonblocking) this.#callReturns(operation, mark)
    if (operation.done) this.#forget(operation, mark)
  }

  sentNow(message: Header, begun: number): void {
    this.#settle()
    add(this.#sent, message.dest, message.nbytes)
    this.#atOnce(RECORD.SEND, (this.#send ??= this.#lookUp('send')), message, message.dest, begun)
    this.#settle()
  }

  receivedNow(message: Header, begun: number): void {
    this.#settle()
    this.#atOnce(RECORD.RECEIVE, (this.#recv ??= this.#lookUp('recv')), message, message.source, begun)
    // The program may have an answer that a peer waits for. If it computes for long instead, the clock knows nothing of it.
    if (!this.#clock.isEstimating) this.#settle()
  }

  /** A call that is over when it is told of: it needs no mark. */
  #atOnce(kind: number, call: Call, { context, tag, nbytes, id }: Header, peer: number, begun: number): void {
    const place = this.#place(call.name, call)
    const record = this.#record
    record.kind = kind
    record.begun = begun
    record.ended = Math.max(this.now() - this.#locatingMs, begun)
    record.nbytes = nbytes
    record.call = call.number
    record.context = context
    record.peer = peer
    record.tag = tag
    record.id = id
    record.place = place?.number ?? 0
    this.#unsettled = call
    this.#unsettledPlace = place
  }

  #settle(): void {
    const call = this.#unsettled
    if (call === undefined) return
    this.#unsettled = undefined
    const { begun, ended, nbytes } = this.#record
    this.#count(call, this.#unsettledPlace, ended - begun)
    this.#countBytes(call, this.#unsettledPlace, nbytes)
    if (this.#depth === 0) this.#communicated(begun, ended)
    if (this.#hasRoom(begun)) this.#keep(this.#record)
  }

  posted(operation: Operation, begun: number): void {
    this.#settle()
    // Received inside of a collective call that posts it: all is recorded.
    if (operation.done && operation.mark === undefined && isInner(operation)) return
    const mark = this.#markOf(operation)
    mark.begun = begun
    if (!mark.inner && (operation.done || mark.call.nonblocking)) this.#callReturns(operation, mark)
    if (operation.done) this.#forget(operation, mark)
  }

  received(operation: Operation, peer: number, nbytes: number, id: number): void {
    this.#settle()
    const mark = this.#markOf(operation)
    this.#attach(mark, peer, nbytes, id)
    if (mark.waiters > 0) return
    if (mark.inner) this.#write(RECORD.RECEIVED, operation, mark, this.#clock.latest, this.now())
    else if (mark.begun === 0)
      return // inside of the call that posts it
    // Nobody waits: the message came while the rank did something else.
    else if (mark.call.nonblocking) this.#write(RECORD.RECEIVE, operation, mark, this.#clock.latest, this.now())
    else this.#callEnded(operation, mark, this.now())
    this.#forget(operation, mark)
  }

  waitBegan(operation: Operation): void {
    this.#settle()
    const mark = this.#markOf(operation)
    if (mark.waiters++ === 0 && mark.call.nonblocking) {
      mark.call = this.#wait
      mark.place = this.#place('wait', this.#wait)
      mark.begun = this.now()
    }
    if (this.#depth++ > 0) return
    // A condition has no call of its own: its wait begins now.
    const begun = mark.begun === 0 ? this.now() : mark.begun
    this.#totals[TOTAL.WAITING_SINCE] = Math.max(begun, this.#accounted)
  }

  waitEnded(operation: Operation, looks: number): void {
    this.#settle()
    const ended = looks > this.#options.quickLooks ? this.#clock.read() : this.now()
    const mark = this.#markOf(operation)
    if (--mark.waiters === 0) this.#waitOver(operation, mark, ended)
    if (--this.#depth > 0) return
    const totals = this.#totals
    this.#communicated(totals[TOTAL.WAITING_SINCE] as number, ended)
    totals[TOTAL.WAITING_SINCE] = 0
  }

  collective({ call, context, begun, place, algorithm, nbytes }: CollectiveCall): void {
    this.#settle()
    const ended = this.now()
    const known = this.#callOf(call)
    this.#count(known, place, ended - begun)
    this.#countBytes(known, place, nbytes)
    if (!this.#hasRoom(begun)) return
    const record = this.#record
    record.kind = RECORD.COLLECTIVE
    record.begun = begun
    record.ended = ended
    record.nbytes = nbytes
    record.call = known.number
    record.context = context - 1
    record.peer = record.tag = -1
    record.id = algorithm === '' ? 0 : this.#callOf(algorithm).number
    record.place = place?.number ?? 0
    this.#keep(record)
  }

  /** The rank has ended: nothing follows. */
  close(): void {
    this.#settle()
    const ended = this.#clock.read()
    this.#memory.totals[TOTAL.ENDED] = ended
    if (this.#lost > 0) this.#tellLost(ended)
    this.#memory.publish()
  }

  // ---- operations --------------------------------------------------------------------------------------------

  #markOf(operation: Operation): Mark {
    return (operation.mark as Mark | undefined) ?? this.#newMark(operation)
  }

  /** Always inside of the program's call: an operation is marked when it is posted, or matched while it is. */
  #newMark(operation: Operation): Mark {
    const inner = isInner(operation)
    const call = this.#callOf(operation.call)
    const mark = this.#spare.pop() ?? blankMark(call)
    mark.begun = 0
    mark.call = call
    mark.place = inner ? undefined : this.#place(operation.call, call)
    mark.locatingMs = this.#locatingMs
    mark.inner = inner
    mark.sends = false
    mark.waiters = 0
    mark.peer = operation.source
    mark.nbytes = 0
    mark.id = 0
    operation.mark = mark
    return mark
  }

  /** The operation has ended, or ends next, and nobody waits for it: nothing will be told of it any more. */
  #forget(operation: Operation, mark: Mark): void {
    operation.mark = undefined
    this.#spare.push(mark)
  }

  #waitOver(operation: Operation, mark: Mark, ended: number): void {
    if (!operation.done) {
      this.#giveUpWait(operation, mark)
      return
    }
    if (!mark.inner) this.#callEnded(operation, mark, ended)
    else if (!mark.sends && mark.id !== 0) this.#write(RECORD.RECEIVED, operation, mark, ended, ended)
    this.#forget(operation, mark)
  }

  /** The program waited for any of several, and another one has ended: it may wait for this one anew. */
  #giveUpWait(operation: Operation, mark: Mark): void {
    if (mark.call !== this.#wait) return
    mark.call = this.#callOf(operation.call)
    mark.place = undefined
  }

  #attach(mark: Mark, peer: number, nbytes: number, id: number): void {
    mark.peer = peer
    mark.nbytes = nbytes
    mark.id = id
    if (!mark.inner) this.#countBytes(mark.call, mark.place, nbytes)
  }

  #callReturns(operation: Operation, mark: Mark): void {
    this.#callEnded(operation, mark, Math.max(this.now() - mark.locatingMs, mark.begun))
  }

  #callEnded(operation: Operation, mark: Mark, ended: number): void {
    const { begun, call, place, sends, id } = mark
    // The message of a nonblocking send leaves in the call, that of a nonblocking receive comes in the wait.
    const hasMessage = id !== 0 && !(sends && call === this.#wait)
    this.#write(hasMessage ? (sends ? RECORD.SEND : RECORD.RECEIVE) : RECORD.CALL, operation, mark, begun, ended)
    this.#count(call, place, ended - begun)
    if (this.#depth === 0) this.#communicated(begun, ended)
  }

  // ---- sums --------------------------------------------------------------------------------------------------

  /** Calls overlap (a sendrecv is two): no time counts twice. They come in the order of their ends. */
  #communicated(begun: number, ended: number): void {
    const ms = ended - Math.max(begun, this.#accounted)
    if (ms <= 0) return
    add(this.#totals, TOTAL.COMMUNICATION, ms)
    this.#accounted = ended
  }

  #count({ number }: Call, place: Place | undefined, ms: number): void {
    const calls = this.#callSums
    const places = this.#placeSums
    add(calls, number * CALL_SUMS, 1)
    add(calls, number * CALL_SUMS + 2, ms)
    if (place === undefined) return
    add(places, place.number * PLACE_SUMS, place.weight)
    add(places, place.number * PLACE_SUMS + 2, ms * place.weight)
  }

  #countBytes({ number }: Call, place: Place | undefined, nbytes: number): void {
    add(this.#callSums, number * CALL_SUMS + 1, nbytes)
    if (place !== undefined) add(this.#placeSums, place.number * PLACE_SUMS + 1, nbytes * place.weight)
  }

  // ---- records -----------------------------------------------------------------------------------------------

  #write(kind: number, operation: Operation, mark: Mark, begun: number, ended: number): void {
    if (!this.#hasRoom(begun)) return
    const record = this.#record
    record.kind = kind
    record.begun = begun
    record.ended = ended
    record.nbytes = mark.nbytes
    record.call = mark.call.number
    record.context = operation.context & ~1
    record.peer = mark.peer
    record.tag = operation.tag
    record.id = mark.id
    record.place = mark.place?.number ?? 0
    this.#keep(record)
  }

  /** Whether a record can be kept; one that cannot is counted. */
  #hasRoom(begun: number): boolean {
    const memory = this.#memory
    if (!memory.keepsRecords) return false
    // Of a flood, only the records for which the clock is read look whether there is room again.
    if ((this.#lost === 0 || this.#fresh) && memory.hasRoom) {
      if (this.#lost > 0) this.#tellLost(begun)
      return true
    }
    this.#fresh = false
    if (this.#lost++ === 0) this.#lostSince = begun
    return false
  }

  #tellLost(until: number): void {
    this.#memory.write({ ...NOTHING, begun: this.#lostSince, ended: until, nbytes: this.#lost })
    this.#lost = 0
  }

  #keep(record: TraceRecord): void {
    this.#memory.write(record)
    if (!this.#fresh) return
    this.#memory.publish()
    this.#fresh = false
  }

  // ---- names -------------------------------------------------------------------------------------------------

  #callOf(name: string): Call {
    // Programs make few different calls, and mostly the one or the other in turn.
    if (name === this.#latest.name) return this.#latest
    const before = this.#latest
    this.#latest = this.#latestButOne.name === name ? this.#latestButOne : this.#lookUp(name)
    this.#latestButOne = before
    return this.#latest
  }

  #lookUp(name: string): Call {
    const known = this.#calls.get(name)
    if (known !== undefined) return known
    const number = this.#announce('call', this.#calls.size + 1, CALLS, name)
    const call: Call = { name, number, nonblocking: NONBLOCKING.test(name), unplaced: 0 }
    this.#calls.set(name, call)
    return call
  }

  #placeNumber(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const number = this.#announce('place', this.#places.size + 1, PLACES, text)
    this.#places.set(text, number)
    return number
  }

  /** Number 0 stands for all names beyond those that are kept apart. */
  #announce(kind: Naming, number: number, most: number, text: string): number {
    if (number >= most) return 0
    this.#options.announce(kind, number, text)
    return number
  }

  // ---- clock -------------------------------------------------------------------------------------------------

  #clockWasRead(passedMs: number): void {
    this.#allowanceMs = Math.min(this.#allowanceMs + passedMs * PLACE_SHARE, PLACE_SAVINGS_MS)
    this.#mayLocate = this.#allowanceMs > 0
    this.#fresh = true
  }
}

/** Calls that only start something: isend, irecv, …; sendInit, …; the receive of a matched message, which can be waited for later. */
const NONBLOCKING = /^i[a-z]|Init$|^mrecv$/

const NOTHING: TraceRecord = {
  kind: RECORD.LOST,
  begun: 0,
  ended: 0,
  nbytes: 0,
  call: 0,
  context: 0,
  peer: -1,
  tag: -1,
  id: 0,
  place: 0,
}

function blankMark(call: Call): Mark {
  const [begun, locatingMs, place] = [0.5, 0.5, undefined] // doubles from the start
  return { begun, call, place, locatingMs, inner: false, sends: false, waiters: 0, peer: 0, nbytes: 0, id: 0 }
}

/** Part of a collective call. */
function isInner({ context }: Operation): boolean {
  return (context & 1) === 1
}

function add(sums: Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] as number) + value
}
