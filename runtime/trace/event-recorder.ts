/**
 * Records what a rank does into its `TraceMemory`: every call with its message, and the sums of a profile.
 *
 * Invariant: recording costs a few per cent at most, however quick the calls follow each other. They share readings of the
 * clock then (event-clock.ts), and while a peer may wait for this rank's answer a small message is only noted; it gets its
 * times, sums and record when this rank waits itself. What is rare has methods of its own: V8 puts the others into what
 * sends and receives, where there is little room (agent/trace-tap.ts).
 *
 * Below: noted-calls.ts for what is noted, profile-tally.ts for the sums, record-keeper.ts for the records, place-finder.ts
 * for the lines of the program, long-wait.ts for what the rank hangs in.
 */
import type { Operation } from '../engine/operation.ts'
import {
  CALLS_NOW,
  type CallNow,
  type CollectiveCall,
  type Header,
  type Place,
  type Recorder,
  type WaitingRank,
} from '../engine/recorder.ts'
import { begunInHurry, EventClock } from './event-clock.ts'
import { LongWait, questionInterval, type Wait } from './long-wait.ts'
import { NotedCalls } from './noted-calls.ts'
import { NumberedNames, type Announce, type Call } from './numbered-names.ts'
import { blankMark, type Mark } from './operation-marks.ts'
import { PlaceFinder } from './place-finder.ts'
import { ProfileTally } from './profile-tally.ts'
import { blankRecord, RecordKeeper } from './record-keeper.ts'
import { RECORD, TOTAL, UNDER_WAY, WAITS, type TraceMemory, type TraceRecord } from './trace-memory.ts'

export interface RecorderOptions {
  /** Looks after which a wait has lasted longer than a few events: the clock must be read. */
  readonly quickLooks: number
  /** The file, line and column of the program that is making a call, if there is one. */
  readonly locate: () => string | undefined
  /** The same for a stack trace. */
  readonly placeIn: (stack: string) => string | undefined
  /** Tells the reader of the record what a number stands for, before it is used. */
  readonly announce: Announce
}

export class EventRecorder implements Recorder {
  readonly #memory: TraceMemory
  readonly #options: RecorderOptions
  readonly #tally: ProfileTally
  readonly #keeper: RecordKeeper
  readonly #names: NumberedNames
  readonly #places: PlaceFinder
  readonly #wait: Call
  /** By the numbers of `CALL_NOW`. */
  readonly #callsNow: readonly Call[]
  readonly #notes: NotedCalls
  readonly #record: TraceRecord = blankRecord()
  /** When the call began that may be over at once, unless times are estimated. */
  #begun = 0.5
  /** The clock was read when it began. */
  #begunExactly = false
  /** Marks of operations that have ended. */
  readonly #spare: Mark[] = []
  readonly #clock: EventClock
  #depth = 0
  #sharedMark: Mark
  /** What there is to tell of a call without a mark of its own, for a moment. */
  readonly #brief: Mark
  /** Looks at the latest reading of the clock in the wait that goes on. */
  #looksRead = 0
  readonly #longWait: LongWait
  readonly waitInterval: number

  constructor(memory: TraceMemory, options: RecorderOptions) {
    this.#memory = memory
    this.#options = options
    this.#tally = new ProfileTally(memory)
    this.#keeper = new RecordKeeper(memory)
    this.#clock = new EventClock((passedMs) => {
      this.#places.timePassed(passedMs)
      this.#keeper.fresh = true
    })
    this.#names = new NumberedNames(options.announce, 'wait')
    this.#places = new PlaceFinder(options.locate, this.#names)
    this.#wait = this.#names.call('wait')
    this.#callsNow = CALLS_NOW.map((call) => this.#names.call(call))
    this.#sharedMark = { ...blankMark(this.#wait), shared: true }
    this.#brief = blankMark(this.#wait)
    this.#notes = new NotedCalls(this.#clock, this.#tally, this.#keeper, this.#wait)
    this.#longWait = new LongWait(memory, (call, stack) => {
      const text = options.placeIn(stack)
      return text === undefined ? undefined : this.#names.place(`${call}\t${text}`)
    })
    this.waitInterval = questionInterval(options.quickLooks > 1)
    memory.totals[TOTAL.BEGUN] = this.now()
  }

  now(): number {
    this.#notes.settle()
    return this.#clock.now()
  }

  idle(): void {
    this.#notes.noteHeld()
    // Among calls that follow each other quickly most waits are short, and what the clock costs is seen: a fifth of a
    // microsecond, in which a core may be shared with the rank that is waited for.
    if (this.#clock.isEstimating) return
    this.#notes.settle()
    this.#begun = this.#clock.read()
    // The call that was going to wait begins here.
    this.#begunExactly = true
  }

  begin(): void {
    this.#begunExactly = !this.#clock.isEstimating
    if (this.#begunExactly) this.#begun = this.now()
  }

  collectiveBegins(): number {
    this.#notes.settle()
    // Programs compute before they meet: an estimate would make that part of the call.
    return this.#clock.read()
  }

  place(name: string): Place | undefined {
    return this.#places.find(name, this.#names.call(name))
  }

  sent(operation: Operation, begun: number, peer: number, nbytes: number, id: number): void {
    this.#notes.settle()
    const mark = this.#newMark(operation)
    mark.begun = begun
    mark.sends = true
    this.#attach(mark, peer, nbytes, id)
    this.#tally.sent(peer, nbytes)
    if (mark.inner) this.#write(RECORD.SENT, operation, mark, begun, begun)
    else if (operation.done || mark.call.nonblocking) this.#callReturns(operation, mark)
    if (operation.done) this.#forget(operation, mark)
  }

  sentNow(callNow: CallNow, message: Header): void {
    const call = this.#callsNow[callNow] as Call
    if (call.placed && this.#inHurry()) {
      const { context, dest, tag, nbytes, id } = message
      this.#notes.note(this.#notes.sends, call, context, dest, tag, nbytes, id)
    } else this.#overNow(RECORD.SEND, call, message, message.dest)
  }

  receivedNow(callNow: CallNow, message: Header): void {
    const call = this.#callsNow[callNow] as Call
    if (call.placed && this.#inHurry()) this.#notes.hold(call, message)
    else this.#overNow(RECORD.RECEIVE, call, message, message.source)
  }

  /** A call that is over when it is told of needs no mark. A peer may wait for what this rank does next: see `NotedCalls`. */
  #overNow(kind: number, call: Call, { context, tag, nbytes, id }: Header, peer: number): void {
    this.#notes.settle()
    const record = this.#record
    record.kind = kind
    record.nbytes = nbytes
    record.call = call.number
    record.context = context
    record.peer = peer
    record.tag = tag
    record.id = id
    const place = this.#places.find(call.name, call)
    record.place = place?.number ?? 0
    const begun = this.#begunExactly ? this.#begun : this.#clock.now()
    record.ended = Math.max(this.#clock.now() - this.#places.latestMs, begun)
    record.begun = this.#begunExactly ? begun : begunInHurry(begun, record.ended)
    if (kind === RECORD.SEND) this.#tally.sent(peer, nbytes)
    this.#tally.call(call.number, place, record.ended - record.begun)
    this.#tally.bytes(call.number, place, nbytes)
    this.#tally.communicated(record.begun, record.ended)
    this.#keeper.keep(record)
  }

  posted(operation: Operation): void {
    if (this.#inHurry() && !operation.done && this.#postedInHurry(operation)) return
    this.#postedExactly(operation)
  }

  #postedExactly(operation: Operation): void {
    this.#notes.settle()
    const waits = !operation.done && !isInner(operation)
    const begun = this.#begunExactly ? this.#begun : waits ? this.#clock.read() : this.#clock.latest
    // Received inside of a collective call that posts it: all is recorded.
    if (operation.done && operation.mark === undefined && isInner(operation)) return
    const mark = this.#markOf(operation)
    mark.begun = begun
    if (!mark.inner && (operation.done || mark.call.nonblocking)) this.#callReturns(operation, mark)
    if (operation.done) this.#forget(operation, mark)
  }

  received(operation: Operation, peer: number, nbytes: number, id: number): void {
    const known = operation.mark as Mark | undefined
    if (known?.shared === true) this.#receivedInHurry(operation, known, peer, nbytes, id)
    else this.#receivedExactly(operation, peer, nbytes, id)
  }

  #receivedExactly(operation: Operation, peer: number, nbytes: number, id: number): void {
    this.#notes.settle()
    const mark = this.#markOf(operation)
    this.#attach(mark, peer, nbytes, id)
    // Ends next, or is inside of the call that posts it.
    if (mark.waiters > 0 || (!mark.inner && mark.begun === 0)) return
    if (mark.inner) this.#write(RECORD.RECEIVED, operation, mark, this.#clock.latest, this.now())
    // Nobody waits: the message came while the rank did something else.
    else if (mark.call.nonblocking) this.#write(RECORD.RECEIVE, operation, mark, this.#clock.latest, this.now())
    else this.#callEnded(operation, mark, this.now())
    this.#forget(operation, mark)
  }

  waitBegan(operation: Operation): void {
    if (this.#longWait.isShown) this.#longWait.over()
    const known = operation.mark as Mark | undefined
    if (known?.shared === true && this.#inHurry()) this.#hurriedWaitBegan()
    else this.#exactWaitBegan(operation, known)
  }

  #exactWaitBegan(operation: Operation, known: Mark | undefined): void {
    this.#notes.settle()
    const mark =
      known?.shared === true ? this.#ownMark(operation, known, operation.waiters - 1) : this.#markOf(operation)
    if (mark.waiters++ === 0 && mark.call.nonblocking) {
      mark.call = this.#wait
      mark.place = this.#places.find('wait', this.#wait)
      mark.begun = this.now()
    }
    if (this.#depth++ > 0) return
    // A condition has no call of its own: its wait begins now.
    const begun = mark.begun === 0 ? this.now() : mark.begun
    this.#tally.waitsSince(begun)
  }

  waitEnded(operation: Operation, looks: number): void {
    if (this.#longWait.isShown) this.#longWait.over()
    const known = operation.mark as Mark | undefined
    // Waits that end with one look share a reading.
    const isLong = looks > this.#options.quickLooks && looks !== this.#looksRead
    if (known?.shared === true && !isLong) this.#hurriedWaitEnded(operation)
    else this.#exactWaitEnded(operation, isLong, looks)
    if (--this.#depth === 0) this.#waitedUntil(this.#clock.latest)
  }

  #exactWaitEnded(operation: Operation, isLong: boolean, looks: number): void {
    const mark = this.#markOf(operation)
    this.#notes.settle()
    const ended = isLong ? this.#clock.readAfterWait() : this.#clock.now()
    this.#looksRead = isLong ? looks : this.#looksRead
    if (mark.shared) this.#hurriedWaitEnded(operation)
    else if (--mark.waiters === 0) this.#waitOver(operation, mark, ended)
  }

  #waitedUntil(ended: number): void {
    this.#tally.waitedUntil(ended)
    this.#looksRead = 0
  }

  /** All that is known reaches its reader, and what the rank waits in with it. */
  waitGoesOn(rank: WaitingRank): void {
    const ms = this.#longWait.lastsMs(rank)
    if (ms === undefined) return
    if (!this.#longWait.isShown) {
      this.#notes.settle()
      this.#memory.publish()
      this.#longWait.show(this.#waitsOf(rank))
    }
    this.#longWait.placeOne(ms)
  }

  /** By call: a collective one waits for several messages, of which the receives know most. */
  #waitsOf(rank: WaitingRank): Wait[] {
    const waits = new Map<unknown, Wait>()
    for (const { operation } of rank.pending()) {
      const call = isInner(operation) ? `${operation.context} ${operation.tag}` : operation
      const record = waits.has(call) ? undefined : this.#waitIn(operation)
      if (record !== undefined) waits.set(call, { operation, record })
      if (waits.size === WAITS) break
    }
    return [...waits.values()]
  }

  /** The call in which the program waits for an operation, if it does. */
  #waitIn(operation: Operation): TraceRecord | undefined {
    let mark = operation.mark as Mark | undefined
    if (mark?.shared === true && operation.waiters > 0) {
      mark = this.#ownMark(operation, mark, operation.waiters)
      mark.call = this.#wait
      mark.begun = this.#notes.waitsBegun
    }
    if (mark === undefined || mark.waiters === 0) return undefined
    const { kind, begun, ...rest } = this.#callOf(operation, mark)
    return {
      ...rest,
      kind: kind | UNDER_WAY,
      begun: begun === 0 ? this.#tally.waitingSince : begun,
    }
  }

  #callOf(operation: Operation, mark: Mark): TraceRecord {
    const call = operation.agreement?.record as CollectiveCall | undefined
    if (call !== undefined) return this.#collectiveOf(call)
    const record = this.#recordOf(operation, mark)
    return mark.inner ? { ...record, kind: RECORD.COLLECTIVE, peer: -1, id: 0 } : record
  }

  collective(call: CollectiveCall): void {
    this.#notes.settle()
    const { begun, place, nbytes } = call
    const record = this.#collectiveOf(call)
    record.ended = this.now()
    this.#tally.call(record.call, place, record.ended - begun)
    this.#tally.bytes(record.call, place, nbytes)
    this.#keeper.keep(record)
  }

  named(context: number, name: string): void {
    this.#options.announce('communicator', context, name)
  }

  /** The record of a collective call, but for its end; valid until the next. */
  #collectiveOf({ call, context, tag, begun, place, algorithm, nbytes }: CollectiveCall): TraceRecord {
    const record = this.#record
    record.kind = RECORD.COLLECTIVE
    record.begun = begun
    record.nbytes = nbytes
    record.call = this.#names.call(call).number
    record.context = context - 1
    record.peer = -1
    record.tag = tag
    record.id = algorithm === '' ? 0 : this.#names.call(algorithm).number
    record.place = place?.number ?? 0
    return record
  }

  /** The rank has ended: nothing follows. */
  close(): void {
    this.#notes.settle()
    const ended = this.#clock.read()
    this.#memory.totals[TOTAL.ENDED] = ended
    this.#keeper.close(ended)
  }

  // ---- operations --------------------------------------------------------------------------------------------

  #markOf(operation: Operation): Mark {
    return (operation.mark as Mark | undefined) ?? this.#newMark(operation)
  }

  /** Always inside of the program's call: an operation is marked when it is posted, or matched while it is. */
  #newMark(operation: Operation): Mark {
    const inner = isInner(operation)
    const call = this.#names.call(operation.call)
    const mark = this.#spare.pop() ?? blankMark(call)
    mark.begun = 0
    mark.call = call
    mark.place = inner ? undefined : this.#places.find(operation.call, call)
    mark.locatingMs = this.#places.latestMs
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
    mark.call = this.#names.call(operation.call)
    mark.place = undefined
  }

  #attach(mark: Mark, peer: number, nbytes: number, id: number): void {
    mark.peer = peer
    mark.nbytes = nbytes
    mark.id = id
    if (!mark.inner) this.#tally.bytes(mark.call.number, mark.place, nbytes)
  }

  #callReturns(operation: Operation, mark: Mark): void {
    this.#callEnded(operation, mark, Math.max(this.now() - mark.locatingMs, mark.begun))
  }

  #callEnded(operation: Operation, mark: Mark, ended: number): void {
    const { begun, call, place } = mark
    this.#write(this.#kindOf(mark), operation, mark, begun, ended)
    this.#tally.call(call.number, place, call === this.#wait ? this.#tally.waited(begun, ended) : ended - begun)
    this.#tally.communicated(begun, ended)
  }

  #kindOf({ call, sends, id }: Mark): number {
    // The message of a nonblocking send leaves in the call, that of a nonblocking receive comes in the wait.
    if (sends) return call === this.#wait ? RECORD.WAIT_OF_SEND : RECORD.SEND
    return id === 0 ? RECORD.CALL : RECORD.RECEIVE
  }

  // ---- receives that were posted in a hurry ------------------------------------------------------------------

  // No getter: V8 calls private ones through its runtime, 5 ns instead of 1.
  #inHurry(): boolean {
    return this.#clock.isEstimating && !this.#places.mayFind
  }

  /** Receives that programs post by the dozen get no marks of their own. False if it is none of them. */
  #postedInHurry(operation: Operation): boolean {
    const call = this.#names.call(operation.call)
    if (isInner(operation) || !call.nonblocking || !call.placed) return false
    if (this.#sharedMark.call !== call) this.#sharedMark = { ...blankMark(call), shared: true }
    operation.mark = this.#sharedMark
    const { context, source, tag } = operation
    this.#notes.note(this.#notes.posts, call, context, source, tag, 0, 0)
    return true
  }

  #receivedInHurry(operation: Operation, { call }: Mark, peer: number, nbytes: number, id: number): void {
    const brief = this.#brief
    brief.peer = peer
    brief.nbytes = nbytes
    brief.id = id
    if (operation.isAwaited) return // the wait ends next
    brief.call = call
    this.#tally.bytes(call.number, undefined, nbytes)
    this.#write(RECORD.RECEIVE, operation, brief, this.#clock.latest, this.#clock.latest)
    brief.id = 0
  }

  #hurriedWaitBegan(): void {
    const isFirst = this.#depth++ === 0
    if (isFirst) {
      // What the rank did before must not be taken for waiting.
      this.#notes.settle()
      this.#tally.waitsSince(this.#clock.read())
    }
    this.#notes.waitsBegin()
  }

  /** Of several who wait for one receive, or who give up, the first that ends with it tells. */
  #hurriedWaitEnded(operation: Operation): void {
    const { id, peer, nbytes } = this.#brief
    if (!operation.done) return
    const notes = this.#notes
    const { context, tag } = operation
    if (id !== 0) notes.noteWait(notes.waits, this.#wait, context, peer, tag, nbytes, id)
    else if (operation.error !== undefined || operation.cancelled)
      notes.noteWait(notes.vainWaits, this.#wait, context, operation.source, tag, 0, 0)
    this.#brief.id = 0
  }

  /** An operation whose mark was shared gets one of its own. */
  #ownMark(operation: Operation, { call }: Mark, waiters: number): Mark {
    const mark = (operation.mark = blankMark(call))
    mark.begun = 0
    mark.peer = operation.source
    mark.waiters = waiters
    return mark
  }

  // ---- records -----------------------------------------------------------------------------------------------

  #write(kind: number, operation: Operation, mark: Mark, begun: number, ended: number): void {
    if (!this.#memory.keepsRecords) return
    const record = this.#recordOf(operation, mark)
    record.kind = kind
    record.begun = begun
    record.ended = ended
    this.#keeper.keep(record)
  }

  /** The record of what an operation's program does now, but for its end; valid until the next. */
  #recordOf({ context, tag }: Operation, mark: Mark): TraceRecord {
    const record = this.#record
    record.kind = this.#kindOf(mark)
    record.begun = mark.begun
    record.nbytes = mark.nbytes
    record.call = mark.call.number
    record.context = context & ~1
    record.peer = mark.peer
    record.tag = tag
    record.id = mark.id
    record.place = mark.place?.number ?? 0
    return record
  }
}

/** Part of a collective call. */
function isInner({ context }: Operation): boolean {
  return (context & 1) === 1
}
