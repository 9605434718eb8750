/**
 * Point-to-point for the inside of one collective call: what the algorithms in collectives/ are written against.
 *
 * A channel has a context of its own, so that its messages never meet the user's, and the number of the call as tag, so
 * that collectives under way at the same time do not meet each other. Ranks are the communicator's. Buffers are
 * contiguous typed arrays.
 *
 * Algorithms are generators: they post operations and yield those they wait for. Whoever runs one decides how to wait,
 * and can take it as far as its messages have come without giving up the thread (progress of nonblocking calls).
 */
import { ANY_SOURCE } from '../base/constants.ts'
import {
  arrayOver,
  elementTypeOf,
  newArrayLike,
  OBJECT,
  type ElementType,
  type TypedArray,
} from '../base/element-type.ts'
import { MessageView, resolveBuffer } from '../base/message-buffer.ts'
import { loadedMemory } from '../base/native-calls.ts'
import type { Region } from '../base/region.ts'
import { MpiError } from '../base/errors.ts'
import type { Engine } from '../engine/engine.ts'
import { mismatch } from '../engine/envelope.ts'
import type { Agreement, Operation } from '../engine/operation.ts'
import type { CollectiveCall } from '../engine/recorder.ts'
import type { Told } from './buffer-checks.ts'
import { CallFailure } from './call-failure.ts'
import { Group } from './group.ts'
import { describeSignature, signatureOf, type CollectiveName, type Particulars } from '../base/signature.ts'

/** Scratch memory of at least this many bytes comes from the shared heap, where messages are read without staging. */
const SHARED_SCRATCH_NBYTES = 16 * 1024

/** What tells the messages of one call from all others. */
export interface ChannelPlace {
  readonly group: Group
  readonly rank: number
  readonly context: number
  readonly tag: number
  /** Called when the call is complete on this rank. */
  readonly ended: (tag: number) => void
  /** As the program calls it; default: the name of the call. */
  readonly form?: string
}

/** The steps of an algorithm: yields each operation that must have ended before it goes on. */
export type Steps<T = void> = Generator<Operation, T, void>

/** accumulator := incoming combined with accumulator. */
export type Combine = (incoming: TypedArray, accumulator: TypedArray) => void

/** A receive buffer whose messages are combined with what is there instead of replacing it. */
class CombiningView extends MessageView {
  readonly #accumulator: TypedArray
  readonly #combine: Combine
  #failure: { readonly error: unknown } | undefined

  constructor(accumulator: TypedArray, combine: Combine) {
    // Without bytes of its own, so that messages from afar are staged first.
    super(elementTypeOf(accumulator) as ElementType, accumulator.length, undefined)
    this.#accumulator = accumulator
    this.#combine = combine
  }

  override unpack(source: Region): void {
    try {
      this.#combine(arrayOver(this.#accumulator, source), this.#accumulator)
    } catch (error) {
      // The engine delivers for all operations: a user's function that throws must fail its own call, not that one.
      this.#failure = { error }
    }
  }

  /** @throws what the function threw */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/** A collective call as it will be recorded, filled in while it runs. */
type CallRecord = { -readonly [K in keyof CollectiveCall]: CollectiveCall[K] }

function beginRecord(engine: Engine, { context, tag }: ChannelPlace, call: CollectiveName): CallRecord | undefined {
  const { recorder } = engine
  if (recorder === undefined) return undefined
  const [place, begun] = [recorder.place(call), recorder.collectiveBegins()]
  return { call, context, tag, place, begun, algorithm: '', nbytes: 0 }
}

export class Channel implements Agreement {
  readonly rank: number
  readonly size: number
  /** Name of the collective, for error messages. */
  readonly call: CollectiveName
  readonly signature: number
  /** As the program calls it, `ibarrier` of a barrier; for reports. */
  readonly form: string
  /** See `segments`. */
  inAll: number | undefined
  /** See `recvBlocks`. */
  blocks = 1
  /** What carries the messages; for calls that share memory too. */
  readonly engine: Engine
  readonly #group: Group
  readonly #context: number
  readonly #tag: number
  readonly #ended: (tag: number) => void
  readonly #particulars: Particulars | undefined
  #failure = new CallFailure()
  #scratch: Region[] = []
  /** The call as it will be recorded; undefined if nothing records. */
  readonly record: CallRecord | undefined

  constructor(
    engine: Engine,
    place: ChannelPlace,
    call: CollectiveName,
    particulars?: Particulars,
    record = beginRecord(engine, place, call),
  ) {
    this.#particulars = particulars
    this.engine = engine
    this.#group = place.group
    this.#context = place.context
    this.#tag = place.tag
    this.#ended = place.ended
    this.rank = place.rank
    this.size = place.group.size
    this.call = call
    this.form = place.form ?? call
    this.signature = signatureOf(call, particulars)
    this.record = record
  }

  /** The call for reports, complete when `whole` is. */
  told(whole: Operation): Told {
    return {
      call: this.call,
      context: this.#context,
      source: ANY_SOURCE,
      tag: this.#tag,
      agreement: this,
      nbytes: 0,
      get done() {
        return whole.done
      },
      get error() {
        return whole.error
      },
    }
  }

  /** The algorithm that does the work, for the record. */
  uses<F extends { readonly name: string }>(algorithm: F): F {
    if (this.record !== undefined) this.record.algorithm = algorithm.name
    return algorithm
  }

  describe(signature: number): string {
    return describeSignature(signature)
  }

  isend(data: TypedArray, dest: number): Operation {
    return this.isendView(resolveBuffer(data, this.call), dest)
  }

  irecv(data: TypedArray, source: number): Operation {
    return this.irecvView(resolveBuffer(data, this.call), source)
  }

  /**
   * Runs code of the program's, unless the call has failed already. If it throws, the call goes on and fails at its end; all
   * that is sent from now on says so.
   */
  attempt(work: () => void): void {
    if (this.#failure.text !== undefined) return
    try {
      work()
    } catch (error) {
      this.#failure.own(error, this.engine.worldRank)
    }
  }

  /** Another rank says that the call has failed. */
  fail(text: string): void {
    this.#failure.others(text, this.call)
  }

  /** Why the call has failed, in words, if it has. */
  get failure(): string | undefined {
    return this.#failure.text
  }

  /** Like `isend`, of what is no array of the call's. */
  isendView(view: MessageView, dest: number): Operation {
    const worldRank = this.#group.worldRank(dest)
    if (this.record !== undefined) this.record.nbytes += view.nbytes
    const { text } = this.#failure
    const sent = text === undefined ? view : this.#failure.message(text)
    return this.engine.isend(sent, worldRank, this.#context, this.#tag, false, this.call, this.signature)
  }

  /** Like `irecv`; undefined takes a message of any size. */
  irecvView(view: MessageView | undefined, source: number): Operation {
    return this.engine.irecv(view, this.#group.worldRank(source), this.#context, this.#tag, this.call, this)
  }

  /**
   * An operation that ends when ranks of this host, in memory that they share, have brought something about. It fails if a
   * message of this very call comes meanwhile: its sender makes another call, or this one otherwise.
   *
   * @param data the elements of the call, for that error
   * @param awaited a rank that has to do something for it
   */
  until(data: TypedArray, isMet: () => boolean, awaited: () => number): Operation {
    const condition = {
      isMet: () => isMet() || this.#checkStray(data),
      awaited: () => this.#group.worldRank(awaited()),
    }
    return this.engine.until(condition, { context: this.#context, source: -1, tag: this.#tag }, this.call, this)
  }

  /** @throws {MpiError} if there is a message of this call that no rank would send who makes the call as this one does */
  #checkStray(data: TypedArray): false {
    const stray = this.engine.oldestUnexpected(this.#context)
    if (stray?.tag !== this.#tag) return false
    const { call, engine } = this
    throw (
      mismatch({ agreement: this, call, view: resolveBuffer(data, call) }, stray, engine.worldRank) ??
      new MpiError('MPI_ERR_OTHER', `${call}: world rank ${stray.source} and ${engine.worldRank} chose two algorithms`)
    )
  }

  /** Has the other ranks, all of this host, look whether what they wait for has come about. */
  nudgeOthers(): void {
    for (let rank = 0; rank < this.size; rank++) if (rank !== this.rank) this.engine.nudge(this.#group.worldRank(rank))
  }

  *send(data: TypedArray, dest: number): Steps {
    yield this.isend(data, dest)
  }

  *recv(data: TypedArray, source: number): Steps {
    yield this.irecv(data, source)
  }

  /** Receives the blocks of several ranks, all of one length: if it differs from the sender's, the program is told of these. */
  *recvBlocks(data: TypedArray, source: number, blocks: number): Steps {
    this.blocks = blocks
    yield this.irecv(data, source)
    this.blocks = 1
  }

  /** Sends and receives at the same time; the buffers must not overlap. */
  *sendrecv(sent: TypedArray, dest: number, received: TypedArray, source: number): Steps {
    const receive = this.irecv(received, source)
    const send = this.isend(sent, dest)
    yield receive
    yield send
  }

  /**
   * Receives a message and combines it with `accumulator`, straight out of the sender's memory if it is near: no copy is
   * made in between.
   */
  *recvCombine(accumulator: TypedArray, source: number, combine: Combine): Steps {
    const view = new CombiningView(accumulator, combine)
    yield this.irecvView(view, source)
    view.check()
  }

  /** Sends and receives at the same time, combining what comes; the buffers must not overlap. */
  *sendrecvCombine(sent: TypedArray, dest: number, accumulator: TypedArray, source: number, combine: Combine): Steps {
    const view = new CombiningView(accumulator, combine)
    const receive = this.irecvView(view, source)
    const send = this.isend(sent, dest)
    yield receive
    yield send
    view.check()
  }

  /** Sends a value in serialized form. */
  isendObject(bytes: Uint8Array, dest: number): Operation {
    return this.isendView(new MessageView(OBJECT, bytes.length, bytes), dest)
  }

  /** Receives a value in serialized form, of any size. */
  *recvObject(source: number): Steps<Uint8Array> {
    const operation = this.irecvView(undefined, source)
    yield operation
    return operation.payload as Uint8Array
  }

  /** Waits for all; most have ended already. */
  *settleAll(operations: readonly Operation[]): Steps {
    yield* operations
  }

  /**
   * Cuts a vector into segments of `length` elements and one that is shorter, empty if need be, so that no other vector has the
   * same: ranks that disagree on the number of elements meet a segment on which they do.
   *
   * @returns how many there are
   */
  segments(data: TypedArray, length: number): number {
    const count = Math.floor(data.length / length) + 1
    if (count > 1) this.inAll = data.length
    return count
  }

  /** Memory of the call's own: `length` elements of the type of `like`, of any content. Gone after `end`. */
  scratch<T extends TypedArray>(like: T, length: number): T {
    const nbytes = length * like.BYTES_PER_ELEMENT
    if (nbytes < SHARED_SCRATCH_NBYTES) return newArrayLike(like, length)
    const bytes = this.engine.transport.alloc(nbytes)
    this.#scratch.push(bytes)
    return arrayOver(like, bytes)
  }

  /** The elements in memory that ranks of this host read: `data` itself if they can, else a copy, gone after `end`. */
  shared<T extends TypedArray>(data: T): T {
    const { transport } = this.engine
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (data.byteLength < SHARED_SCRATCH_NBYTES || transport.isShared(bytes)) return data
    // They read it by its address.
    if (transport.sharesAddresses === true && loadedMemory() !== undefined) return data
    const copy = this.scratch(data, data.length)
    new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength).set(bytes)
    return copy
  }

  /**
   * The same call among some of its ranks, numbered in the order of the list. For algorithms in levels: between two
   * ranks, messages of all levels stay in order. The caller is one of `ranks`.
   */
  within(ranks: readonly number[]): Channel {
    return this.#part(new Group(ranks.map((rank) => this.#group.worldRank(rank))), ranks.indexOf(this.rank))
  }

  /** The same call with ranks that mean those of another group, which the caller is not in. */
  toward(group: Group): Channel {
    return this.#part(group, this.rank)
  }

  #part(group: Group, rank: number): Channel {
    const place = { group, rank, context: this.#context, tag: this.#tag, ended: this.#ended, form: this.form }
    const part = new Channel(this.engine, place, this.call, this.#particulars, this.record)
    part.#scratch = this.#scratch // goes back with the whole call's
    part.#failure = this.#failure
    return part
  }

  /**
   * The call is complete on this rank: its scratch memory goes back. A call that is left before keeps it, since messages
   * under way may still write to it.
   *
   * @throws what an operation has thrown, here or on another rank
   */
  end(): void {
    if (this.record !== undefined) this.engine.recorder?.collective(this.record)
    for (const bytes of this.#scratch) this.engine.transport.free(bytes)
    this.#scratch.length = 0
    this.#ended(this.#tag)
    this.#failure.check()
  }
}
