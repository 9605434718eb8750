/**
 * Small blocking collective calls among ranks of one host, made through a board in shared memory (engine/board.ts) instead
 * of messages: a rank posts its elements, waits until those it needs have posted theirs, and takes or computes on its own.
 * Nobody waits who needs nothing, and no rank waits for another to hand anything on.
 *
 * Cost: what it gives written and what it takes read by each rank, whatever the call. A rank combines all operands itself
 * (fused-reduction.ts), in the tree of power-of-two.ts: the bits are those of recursive doubling, on all ranks. Of long vectors
 * that all ranks reduce, they do parts for each other: each is reduced once, by whoever has a core then. A board is
 * founded by the first call after some that went by messages; all ranks count alike. Operations of the program's own, which
 * may throw on one rank and not on another, nonblocking and persistent calls, calls of which an algorithm was forced and all
 * longer ones take messages; of blocks of different lengths the long ones do (plans/posted-blocks.ts).
 */
import { elementTypeOf, newArrayLike, type ElementType, type TypedArray } from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import { resolveBuffer } from '../runtime/base/message-buffer.ts'
import type { Region } from '../runtime/base/region.ts'
import type { Channel } from '../runtime/comm/channel.ts'
import type { Group } from '../runtime/comm/group.ts'
import { differentCalls } from '../runtime/comm/different-calls.ts'
import { describeSignature, signatureOf, type CollectiveName } from '../runtime/base/signature.ts'
import { Board, boardBytes, MOST_BOARD_RANKS, Span, type Terms } from '../runtime/engine/board.ts'
import type { Engine } from '../runtime/engine/engine.ts'
import { mismatch } from '../runtime/engine/envelope.ts'
import { LatestCalls } from '../runtime/engine/latest-calls.ts'
import type { Operation } from '../runtime/engine/operation.ts'
import type { CollectiveCall, Recorder } from '../runtime/engine/recorder.ts'
import { bcastBinomial } from './bcast/binomial.ts'
import { copyElements } from './blocks.ts'
import type { Difference, Parts, Plan, Postings, SmallCall } from './plan.ts'
import { complete } from './requests.ts'

/** Calls before a board is worth its founding. */
const CALLS_BEFORE = 8

/** What a rank knows of its communicator. */
export interface Membership {
  readonly engine: Engine
  readonly group: Group
  readonly rank: number
  readonly size: number
  /** Context of collective calls. */
  readonly context: number
  /** Memory of boards whose communicators this rank has freed. */
  readonly retired: Retired[]
  /** Its collective calls. */
  readonly latest: LatestCalls
  /** A call begins; its number in the communicator. */
  begin(call: CollectiveName): number
  /** The call has ended well. */
  end(number: number): void
  /** For what a call says by messages besides; its end is that of the call. */
  channel(made: Plan<unknown>, number: number, record: CollectiveCall | undefined): Channel
  /** The call failed. @throws the error, after the communicator's handler has seen it */
  raise(error: unknown): never
}

/** Memory of a board that this rank has founded and left. */
export interface Retired {
  readonly board: Board
  readonly memory: Region
}

/** A call on its way. */
interface Call<T> {
  readonly made: Plan<T>
  readonly small: SmallCall<T>
  readonly number: number
  /** When and where it was made, if that is recorded. */
  readonly begun: number
  readonly place: Place
}

type Place = ReturnType<Recorder['place']> | undefined

const SETTLED: Promise<unknown> = Promise.resolve()

export class SmallCalls {
  board: Board | undefined
  readonly #member: Membership
  readonly #isPossible: () => boolean
  #possible: boolean | undefined
  #before = 0
  #memory: Region | undefined
  /** A call is under way, or the board is being founded; calls that a program makes meanwhile wait for their turn. */
  #busy = false
  readonly #queue: (() => void)[] = []
  #postings: BoardPostings | undefined
  /** What the call that has started waits for: posts of these ranks, room for so many bytes, so many parts done. */
  #posters = 0
  #nbytes = 0
  #parts = 0
  readonly #haveCome = (): boolean => (this.board as Board).havePosted(this.#posters)
  readonly #haveDone = (): boolean => (this.board as Board).haveDone(this.#parts)
  readonly #hasRoom = (): boolean => (this.board as Board).hasRoom(this.#nbytes)

  /** @param isPossible whether all ranks share a host; asked once */
  constructor(member: Membership, isPossible: () => boolean) {
    this.#member = member
    this.#isPossible = isPossible
  }

  /** True if a call is small enough. The same on all ranks. */
  serves({ nbytes, mostNbytes }: SmallCall<unknown>): boolean {
    this.#possible ??= this.#mayFound()
    return this.#possible && nbytes <= mostNbytes
  }

  #mayFound(): boolean {
    const { size, engine } = this.#member
    return size > 1 && size <= MOST_BOARD_RANKS && engine.transport.bytesAt !== undefined && this.#isPossible()
  }

  /** Asked once in each small call that goes by messages: true in the one that shall found the board, on all ranks. */
  isDue(): boolean {
    return ++this.#before === CALLS_BEFORE
  }

  /** Calls that are made now belong on the board: for other ranks it may be there already. */
  get isFounding(): boolean {
    return this.#busy && this.board === undefined
  }

  /** Founds the board inside of a call that goes by messages. Collective. */
  async found(channel: Channel): Promise<void> {
    this.#busy = true
    try {
      await this.#found(channel)
    } finally {
      this.#next()
    }
  }

  async #found(channel: Channel): Promise<void> {
    const { engine, group, rank, size } = this.#member
    const place = Float64Array.of(-1, 0)
    if (rank === 0) place.set(this.#allocate())
    await complete(bcastBinomial(channel, place, 0))
    const [segment = -1, offset = 0] = place
    if (segment < 0) return
    const memory = engine.transport.bytesAt?.(segment, offset, boardBytes(size).all) as Region
    this.board = new Board(memory, rank, size, (other) => engine.nudge(group.worldRank(other)))
    this.#member.latest.moveTo(this.board.latestCallsOf(rank))
  }

  /** Place of a new board; without memory, all calls go on by messages. */
  #allocate(): [segment: number, offset: number] {
    const { engine, size, retired } = this.#member
    const { transport } = engine
    for (const { board, memory } of retired.splice(0))
      if (board.isDeserted) transport.free(memory)
      else retired.push({ board, memory })
    const { all, zeroed } = boardBytes(size)
    try {
      const memory = (this.#memory = transport.alloc(all))
      new Uint8Array(memory.buffer, memory.byteOffset, zeroed).fill(0)
      const { segment, offset } = transport.placeOf?.(memory) ?? { segment: -1, offset: 0 }
      return [segment, offset]
    } catch {
      return [-1, 0]
    }
  }

  /** The communicator has been freed. */
  leave(): void {
    this.board?.leave()
    if (this.board !== undefined && this.#memory !== undefined)
      this.#member.retired.push({ board: this.board, memory: this.#memory })
  }

  /**
   * Makes a call: before this returns, if what it takes is there or comes in a moment, else by waiting. Loops of small calls
   * pay for one promise a call so, which the calls without a value share.
   *
   * @param board undefined while it is being founded
   */
  make<T>(made: Plan<T>, small: SmallCall<T>, board: Board | undefined): Promise<T> {
    try {
      const { engine, latest } = this.#member
      const { recorder } = engine
      const number = this.#member.begin(made.call)
      small.terms ??= termsOf(made, small)
      latest.note(number, small.terms.signature)
      const begun = recorder?.collectiveBegins() ?? 0
      const call = { made, small, number, begun, place: recorder?.place(made.call) }
      return this.#busy || board === undefined ? this.#wait(call) : this.#now(call, board)
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  #now<T>(call: Call<T>, board: Board): Promise<T> {
    try {
      if (!this.#start(call, board) || !this.#doParts(call, board) || call.small.rest !== undefined)
        return this.#wait(call, board)
      const value = this.#end(call, board)
      return value === undefined ? (SETTLED as Promise<T>) : Promise.resolve(value)
    } catch (error) {
      return this.#member.raise(error)
    }
  }

  /**
   * Goes on with a call that others keep waiting: for its turn, if it has not started, and for what it takes.
   *
   * @param started the board on which it has started; undefined if it has not
   */
  async #wait<T>(call: Call<T>, started?: Board): Promise<T> {
    call.made.underWay = true
    if (started === undefined) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#busy = true
    try {
      const { board } = this
      const value = await (board === undefined ? this.#byMessages(call) : this.#onBoard(call, board, started))
      call.made.underWay = false
      return value
    } catch (error) {
      return this.#member.raise(error)
    } finally {
      this.#next()
    }
  }

  /** Lets the call go on that has waited longest. */
  #next(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#busy = false
    else next()
  }

  async #onBoard<T>(call: Call<T>, board: Board, started: Board | undefined): Promise<T> {
    if (started !== undefined || !this.#start(call, board)) await this.#untilThere(call, board)
    if (!this.#doParts(call, board)) await this.#untilDone(call, board)
    return this.#endAll(call, board)
  }

  /** There was no memory for a board. */
  async #byMessages<T>({ made, number }: Call<T>): Promise<T> {
    const channel = this.#member.channel(made, number, undefined)
    const value = await complete(made.steps(channel))
    channel.end()
    return value
  }

  /** Posts what this rank brings. True if that could be done and what it takes is there. */
  #start({ small }: Call<unknown>, board: Board): boolean {
    const { given, dest, source, terms } = small
    small.load()
    board.begin((terms as Terms).signature)
    this.#posters = source
    this.#nbytes = given.nbytes
    if (dest !== 0) {
      if (!board.hasRoom(this.#nbytes) && !this.#linger(this.#hasRoom)) return false
      post(small, board)
    }
    return source === 0 || board.havePosted(source) || this.#linger(this.#haveCome)
  }

  /** All have posted: does parts of the call, if it has some, until none is left. True if all are done. */
  #doParts(call: Call<unknown>, board: Board): boolean {
    const { parts } = call.small
    if (parts === undefined) return true
    const { count } = parts
    try {
      this.#checkAgreement(call, board)
    } catch (error) {
      board.end(call.small.nbytes) // others need the room
      throw error
    }
    const postings = this.#posted(board)
    for (let part = board.takePart(); part < count; part = board.takePart()) {
      parts.work(postings, part)
      board.finishPart(count)
    }
    this.#parts = count
    return board.haveDone(count) || this.#linger(this.#haveDone)
  }

  /** Like `end`, with what follows by messages. */
  async #endAll<T>(call: Call<T>, board: Board): Promise<T> {
    const { made, small, number } = call
    if (small.rest === undefined) return this.#end(call, board)
    this.#take(call, board)
    const { engine } = this.#member
    const channel = this.#member.channel(made, number, engine.recorder && this.#recordOf(call))
    await complete(small.rest(channel))
    channel.end()
    return small.finish()
  }

  /** Takes what others have posted, which is all there; the call's result. */
  #end<T>(call: Call<T>, board: Board): T {
    this.#take(call, board)
    const { recorder } = this.#member.engine
    if (recorder !== undefined) recorder.collective(this.#recordOf(call))
    this.#member.end(call.number)
    return call.small.finish()
  }

  #recordOf({ made, small, number, begun, place }: Call<unknown>): CollectiveCall {
    const nbytes = small.dest === 0 ? 0 : small.given.nbytes
    const { context } = this.#member
    return { call: made.call, context, tag: number, place, begun, algorithm: 'sharedBoard', nbytes }
  }

  /** All that this rank takes is there. */
  #take(call: Call<unknown>, board: Board): void {
    const { small } = call
    try {
      if (small.source === 0) return
      this.#checkAgreement(call, board)
      const postings = this.#posted(board)
      const difference = small.differs(postings)
      if (difference !== undefined) throw this.#disagreement(call, board, difference.rank, difference)
      small.take(postings)
    } finally {
      board.end(small.nbytes) // also if the ranks disagree: others need the room
    }
  }

  /** @throws {MpiError} if a rank that has posted has made another call */
  #checkAgreement(call: Call<unknown>, board: Board): void {
    const { source, terms } = call.small
    for (let rank = 0; rank < board.size; rank++)
      if ((source & (1 << rank)) !== 0 && !board.agrees(rank, terms as Terms))
        throw this.#disagreement(call, board, rank)
  }

  #posted(board: Board): Postings {
    return (this.#postings ??= new BoardPostings(board))
  }

  // ---- waiting -----------------------------------------------------------------------------------------------

  /** Looks for a moment. */
  #linger(hasHappened: () => boolean): boolean {
    return this.#member.engine.transport.linger?.(hasHappened) === true
  }

  /** Waits for what a call that has started lacks: for room to post, if it has not, then for what it takes. */
  async #untilThere(call: Call<unknown>, board: Board): Promise<void> {
    const { given, dest, source } = call.small
    if (dest !== 0 && !board.havePosted(1 << board.rank)) {
      await this.#until(
        call,
        () => board.hasRoomNow(given.nbytes),
        () => board.last(),
      )
      post(call.small, board)
    }
    if (source === 0 || board.havePosted(source) || this.#linger(this.#haveCome)) return
    await this.#until(
      call,
      () => board.havePostedNow(source),
      () => board.missing(source),
    )
  }

  /** Waits for the parts that others do. */
  #untilDone(call: Call<unknown>, board: Board): Promise<void> {
    const { count } = call.small.parts as Parts
    return this.#until(
      call,
      () => board.haveDoneNow(count),
      () => (board.rank + 1) % board.size,
    )
  }

  /**
   * Sleeps until told.
   *
   * @param isMet a look that has others tell
   * @param missing a rank that has to do something for it
   */
  async #until(call: Call<unknown>, isMet: () => boolean, missing: () => number): Promise<void> {
    const { made, number, small } = call
    const { engine, group, context } = this.#member
    const condition = {
      isMet: () => isMet() || this.#checkStray(call),
      awaited: () => group.worldRank(Math.max(missing(), 0)),
    }
    const { signature } = small.terms as Terms
    ;(this.board as Board).tellCompleted()
    const operation: Operation = engine.until(condition, { context, source: -1, tag: number }, made.call, {
      signature,
      describe: describeSignature,
      record: engine.recorder && this.#recordOf(call),
    })
    await operation.settled()
  }

  /** A message of this very call: its sender takes it for one that goes by messages. @throws {MpiError} MPI_ERR_OTHER */
  #checkStray({ made: { call: name }, small, number }: Call<unknown>): false {
    const { engine, context } = this.#member
    const stray = engine.oldestUnexpected(context)
    if (stray?.tag !== number) return false
    const isAlike = stray.aux === small.terms?.signature
    if (small.mayFollow && isAlike) return false // from a rank that is ahead
    const [there, here] = [`world rank ${stray.source}`, `world rank ${engine.worldRank}`]
    throw new MpiError(
      'MPI_ERR_OTHER',
      isAlike
        ? `${name}: the ranks of a communicator called it in different ways: ${there} with more elements than ${here}, or as a nonblocking or persistent call`
        : `${name}: the ranks of a communicator called different collectives: ${there} called ${describeSignature(stray.aux)} where ${here} called ${name}`,
    )
  }

  #disagreement(
    { made, small, number }: Call<unknown>,
    board: Board,
    rank: number,
    { nbytes, expected }: Omit<Difference, 'rank'> = { nbytes: board.termsOf(rank).nbytes, expected: small.unit },
  ): MpiError {
    const name = made.call
    const { engine, group } = this.#member
    const posted = board.termsOf(rank)
    const source = group.worldRank(rank)
    const agreement = { signature: (small.terms as Terms).signature, describe: describeSignature }
    const claim = { ...posted, nbytes, aux: posted.signature, source, tag: number }
    return (
      mismatch({ agreement, call: name, view: resolveBuffer(expected, name) }, claim, engine.worldRank) ??
      this.#earlierDisagreement(name, number, board, rank)
    )
  }

  /** What agrees with this rank in the call under way has differed in one before, in which neither needed the other. */
  #earlierDisagreement(call: CollectiveName, number: number, board: Board, rank: number): MpiError {
    const { engine, group, latest: own } = this.#member
    const theirs = new LatestCalls(board.latestCallsOf(rank))
    const [here, there] = [engine.worldRank, group.worldRank(rank)]
    const first = own.firstDifference(theirs, number)
    if (first === undefined)
      return new MpiError(
        'MPI_ERR_OTHER',
        `${call}: the ranks of a communicator called different collectives: before its call number ${number}, world rank ${there} made other calls than world rank ${here}, or with another root or operation`,
      )
    const signature = theirs.signatureOf(first) as number
    const made = { worldRank: here, signature: own.signatureOf(first) }
    return differentCalls({ call, number }, first, { worldRank: there, signature }, made)
  }
}

function post(small: SmallCall<unknown>, board: Board): void {
  board.post(small.terms as Terms, small.given)
  board.tell(small.dest)
}

function termsOf({ call, particulars }: Plan<unknown>, { unit }: SmallCall<unknown>): Terms {
  const { code } = elementTypeOf(unit) as ElementType
  return { signature: signatureOf(call, particulars), elementType: code, nbytes: unit.byteLength }
}

/** What has been posted on a board. */
class BoardPostings implements Postings {
  readonly #board: Board
  /** Operands of the latest reduction, used again for one of the same type and length. */
  #arrays: TypedArray[] = []
  #spans: Span[] = []
  #memory: TypedArray | undefined
  readonly #places: Int32Array

  constructor(board: Board) {
    this.#board = board
    this.#places = new Int32Array(board.size)
  }

  read(rank: number, target: Span, offset = 0): void {
    this.#board.read(rank, target, offset)
  }

  operands(ranks: number, own: TypedArray, first = 0): TypedArray[] {
    const board = this.#board
    this.#makeLike(own)
    const offset = first * own.BYTES_PER_ELEMENT
    for (let rank = 0; rank < board.size; rank++)
      if (rank === board.rank) copyElements(this.#arrays[rank] as TypedArray, own)
      else if ((ranks & (1 << rank)) !== 0) board.read(rank, this.#spans[rank] as Span, offset)
    return this.#arrays
  }

  memory(own: TypedArray): TypedArray {
    if (this.#memory?.constructor !== own.constructor) this.#memory = this.#board.as(own)
    return this.#memory
  }

  places(own: TypedArray, first: number): Int32Array {
    const places = this.#places
    for (let rank = 0; rank < places.length; rank++)
      places[rank] = this.#board.placeOf(rank) / own.BYTES_PER_ELEMENT + first
    return places
  }

  #makeLike(own: TypedArray): void {
    const [known] = this.#arrays
    if (known?.constructor === own.constructor && known.length === own.length) return
    this.#arrays = Array.from({ length: this.#board.size }, () => newArrayLike(own, own.length))
    this.#spans = this.#arrays.map((array) => new Span(array))
  }
}
