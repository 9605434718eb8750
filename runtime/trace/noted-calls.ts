/**
 * Calls that are over and have only been noted: they get their times, their sums and their records together, later.
 *
 * Invariant: to note a call takes some nanoseconds, since the message that it brought or sent may be waited for. A loop makes
 * a few different calls, each like those of its kind before it but for the number of its message: only that is kept of each.
 *
 * Below: event-clock.ts for the times, profile-tally.ts for the sums, record-keeper.ts for the records.
 */
import type { Header } from '../engine/recorder.ts'
import { begunInHurry, type EventClock } from './event-clock.ts'
import type { Call } from './numbered-names.ts'
import type { ProfileTally } from './profile-tally.ts'
import { blankRecord, type RecordKeeper } from './record-keeper.ts'
import { RECORD } from './trace-memory.ts'

/**
 * Calls that are noted before they get their times: 16 made 1 KiB sent to and fro 8 to 13 % slower, 64 take 0 to 6 % (bench:recording,
 * medians of six series by turns). To settle while the rank waits for the answer costs more: that wait is shorter.
 */
const NOTES = 64

/** Noted calls of one kind, all alike but for the numbers of their messages. */
export interface Run {
  readonly kind: number
  /** Its place among the runs. */
  readonly index: number
  count: number
  call: Call
  context: number
  peer: number
  tag: number
  nbytes: number
}

export class NotedCalls {
  readonly sends: Run
  readonly receives: Run
  /** Receives that have been posted. */
  readonly posts: Run
  /** Waits for these that a message has ended, and those that it has not. They come before all else that is noted. */
  readonly waits: Run
  readonly vainWaits: Run
  readonly #clock: EventClock
  readonly #tally: ProfileTally
  readonly #keeper: RecordKeeper
  readonly #runs: readonly Run[]
  #count = 0
  /** In the order of the calls: the numbers of their messages, and which run each is part of. */
  readonly #ids = new Int32Array(NOTES)
  readonly #runOf = new Uint8Array(NOTES)
  readonly #record = blankRecord()
  #waitsBegun = 0.5
  /** The call of a receive that has not been noted yet, and its message. Asked before `noteHeld` is called: it rarely is then. */
  #heldCall: Call | undefined
  readonly #held = { context: 0, source: 0, tag: 0, nbytes: 0, id: 0 }

  constructor(clock: EventClock, tally: ProfileTally, keeper: RecordKeeper, call: Call) {
    this.#clock = clock
    this.#tally = tally
    this.#keeper = keeper
    const runs: Run[] = []
    const run = (kind: number): Run => {
      return (runs[runs.length] = { kind, index: runs.length, count: 0, call, context: 0, peer: 0, tag: 0, nbytes: 0 })
    }
    this.sends = run(RECORD.SEND)
    this.receives = run(RECORD.RECEIVE)
    this.posts = run(RECORD.CALL)
    this.waits = run(RECORD.RECEIVE)
    this.vainWaits = run(RECORD.CALL)
    this.#runs = runs
  }

  /**
   * A call has received a message: to be noted when an answer has left, which its sender may wait for, or when something else
   * comes. To note it at once took 8 % of the time of 1 KiB sent to and fro, all other recording 10 %.
   */
  hold(call: Call, message: Header): void {
    if (this.#heldCall !== undefined) this.noteHeld()
    const held = this.#held
    held.context = message.context
    held.source = message.source
    held.tag = message.tag
    held.nbytes = message.nbytes
    held.id = message.id
    this.#heldCall = call
  }

  /** There is time for what `hold` has put off. */
  noteHeld(): void {
    const call = this.#heldCall
    if (call === undefined) return
    this.#heldCall = undefined
    const { context, source, tag, nbytes, id } = this.#held
    this.note(this.receives, call, context, source, tag, nbytes, id)
  }

  /** @param run that of the call's kind, but for waits */
  note(run: Run, call: Call, context: number, peer: number, tag: number, nbytes: number, id: number): void {
    if (this.#heldCall !== undefined) this.noteHeld()
    const alike = run.call === call && run.context === context && run.peer === peer && run.tag === tag
    if (!alike || run.nbytes !== nbytes) this.#begin(run, call, context, peer, tag, nbytes)
    run.count++
    const at = this.#count++
    this.#ids[at] = id
    this.#runOf[at] = run.index
    if (at === NOTES - 1) this.#settle()
  }

  /** What is noted of this run from here on is another call. */
  #begin(run: Run, call: Call, context: number, peer: number, tag: number, nbytes: number): void {
    if (run.count > 0) this.#settle()
    run.call = call
    run.context = context
    run.peer = peer
    run.tag = tag
    run.nbytes = nbytes
  }

  /** Waits that are noted from here on have begun now. */
  waitsBegin(): void {
    if (this.#heldCall !== undefined) this.noteHeld()
    if (this.#waitsBegun === this.#clock.latest) return
    this.settle()
    this.#waitsBegun = this.#clock.latest
  }

  /** When they have. */
  get waitsBegun(): number {
    return this.#waitsBegun
  }

  /** A wait is over that has begun with the latest others. @param run `waits` or `vainWaits` */
  noteWait(run: Run, call: Call, context: number, peer: number, tag: number, nbytes: number, id: number): void {
    if (this.#heldCall !== undefined) this.noteHeld()
    if (this.#count > this.#waitsNoted()) this.#settle()
    this.note(run, call, context, peer, tag, nbytes, id)
  }

  #waitsNoted(): number {
    return this.waits.count + this.vainWaits.count
  }

  /** What has been noted gets its times, as late as whatever comes next allows, its sums and its place in the trace. */
  settle(): void {
    if (this.#heldCall !== undefined) this.noteHeld()
    if (this.#count > 0) this.#settle()
  }

  #settle(): void {
    const count = this.#count
    const latest = this.#clock.latest
    const ended = this.#clock.after(2 * count)
    const begun = begunInHurry(latest, ended)
    const eachMs = (ended - begun) / count
    const waits = this.#waitsNoted()
    this.#tally.communicated(waits > 0 ? this.#waitsBegun : begun, ended)
    const waitMs = waits > 0 ? this.#tally.waited(this.#waitsBegun, begun + waits * eachMs) / waits : 0
    for (const run of this.#runs) if (run.count > 0) this.#add(run, run.count * (this.#waits(run) ? waitMs : eachMs))
    if (this.#keeper.hasRoomFor(count, begun)) this.#keep(count, begun, eachMs, waits)
    for (const run of this.#runs) run.count = 0
    this.#count = 0
  }

  #waits(run: Run): boolean {
    return run === this.waits || run === this.vainWaits
  }

  #add(run: Run, ms: number): void {
    const { count, call, peer, nbytes } = run
    call.unplaced += count
    if (run === this.sends) this.#tally.sent(peer, count * nbytes)
    this.#tally.calls(call.number, count, ms, count * nbytes)
  }

  /** The first `waits` are waits, which end together; the others follow each other. */
  #keep(count: number, begun: number, eachMs: number, waits: number): void {
    const record = this.#record
    for (let at = 0; at < count; at++) {
      const run = this.#runs[this.#runOf[at] as number] as Run
      record.kind = run.kind
      record.begun = at < waits ? this.#waitsBegun : begun + at * eachMs
      record.ended = begun + Math.max(at + 1, waits) * eachMs
      record.nbytes = run.nbytes
      record.call = run.call.number
      record.context = run.context
      record.peer = run.peer
      record.tag = run.tag
      record.id = this.#ids[at] as number
      this.#keeper.keep(record)
    }
  }
}
