/**
 * A communicator: a group of processes and a context of its own, with the point-to-point calls of MPI 4.1, chapter 3.
 *
 * Arguments are checked here, once, before anything is sent; below, ranks and sizes are known to be good. Operations are
 * posted in program order at the moment of the call, before anything is awaited. The collectives stand on top, in
 * collectives/intracomm.ts.
 */
import { deserialize, serialize } from 'node:v8'
import { ANY_SOURCE, ANY_TAG, PROC_NULL, TAG_UB } from '../base/constants.ts'
import { OBJECT } from '../base/element-type.ts'
import { MpiError } from '../base/errors.ts'
import { describe, MessageView, resolveBuffer, type MessageBuffer } from '../base/message-buffer.ts'
import type { Engine, Envelope } from '../engine/engine.ts'
import type { Operation } from '../engine/operation.ts'
import { Channel } from './channel.ts'
import type { Group } from './group.ts'
import { Request } from './request.ts'
import { describeSignature, type CollectiveName, type Particulars } from './signature.ts'
import { PROC_NULL_STATUS, type Received, type Status } from './status.ts'

/** Tags of collective calls count from 0 and begin anew below this; those of persistent calls count from here. */
const PERSISTENT_TAGS = 2 ** 30

/** Where a message goes. */
export interface SendOptions {
  /** Rank that receives, or PROC_NULL. */
  readonly dest: number
  /** 0..TAG_UB; default 0. */
  readonly tag?: number
}

/** Which message a receive or probe takes. */
export interface RecvOptions {
  /** Rank that sends, ANY_SOURCE (default) or PROC_NULL. */
  readonly source?: number
  /** 0..TAG_UB or ANY_TAG (default). */
  readonly tag?: number
}

/** Where one message goes and where the other comes from. */
export interface SendrecvOptions {
  readonly dest: number
  /** Default ANY_SOURCE. */
  readonly source?: number
  /** Tag of the message sent; default 0. */
  readonly sendTag?: number
  /** Tag of the message received; default ANY_TAG. */
  readonly recvTag?: number
}

/** What all communicators of a rank share. */
export interface Job {
  readonly engine: Engine
  /** Context of the next communicator that this rank founds, as rank 0 of its parent. No other rank gives out the same. */
  nextContext: number
  /** Ends the whole job with an exit code. */
  abort(code: number): never
}

/** A group of processes and a context of its own: point-to-point calls. Users hold an `Intracomm`, which adds the rest. */
export class Comm {
  /** Rank of the caller, 0..size-1. */
  readonly rank: number
  /** Number of processes. */
  readonly size: number
  protected readonly job: Job
  protected readonly group: Group
  protected readonly context: number
  #collectives = 0
  #persistent = 0
  #underWay = 0
  readonly #callEnded = (): void => {
    this.#underWay--
  }
  #freed = false

  /** Users get communicators from `run`, `dup` and `split`. */
  constructor(job: Job, group: Group, context: number) {
    const rank = group.rankOf(job.engine.worldRank)
    if (rank === undefined)
      throw new MpiError('MPI_ERR_COMM', `world rank ${job.engine.worldRank} is no member of this communicator`)
    this.job = job
    this.group = group
    this.context = context
    this.rank = rank
    this.size = group.size
  }

  // ---- blocking ----------------------------------------------------------------------------------------------

  /** Sends a message; resolves when the buffer may be reused. Local. @throws {MpiError} MPI_ERR_RANK, MPI_ERR_TAG, MPI_ERR_BUFFER */
  async send(buffer: MessageBuffer, options: SendOptions): Promise<void> {
    await this.#post('send', resolveBuffer(buffer, 'send'), options, false)?.settled()
  }

  /** Sends a message; resolves when its receive has been matched (synchronous mode). Otherwise like `send`. */
  async ssend(buffer: MessageBuffer, options: SendOptions): Promise<void> {
    await this.#post('ssend', resolveBuffer(buffer, 'ssend'), options, true)?.settled()
  }

  /**
   * Receives a message into `buffer`, which may be longer than the message. Local.
   *
   * @throws {MpiError} MPI_ERR_TRUNCATE if the message is longer, MPI_ERR_TYPE if its elements are of another type;
   *   MPI_ERR_RANK, MPI_ERR_TAG, MPI_ERR_BUFFER for wrong arguments
   */
  async recv(buffer: MessageBuffer, options: RecvOptions = {}): Promise<Status> {
    const operation = this.#expect('recv', resolveBuffer(buffer, 'recv'), options)
    if (operation === undefined) return PROC_NULL_STATUS
    if (!operation.done || operation.error !== undefined) await operation.settled()
    return this.#status(operation)
  }

  /** Sends one message and receives another at the same time, so that a ring of these cannot deadlock. Local. */
  async sendrecv(sent: MessageBuffer, received: MessageBuffer, options: SendrecvOptions): Promise<Status> {
    const { dest, source = ANY_SOURCE, sendTag = 0, recvTag = ANY_TAG } = options
    const [from, into] = [resolveBuffer(sent, 'sendrecv'), resolveBuffer(received, 'sendrecv')]
    // A send that is refused must not leave a receive behind.
    this.#checkSend('sendrecv', dest, sendTag)
    const receive = this.#expect('sendrecv', into, { source, tag: recvTag })
    const send = this.#post('sendrecv', from, { dest, tag: sendTag }, false)
    await Promise.all([receive?.settled(), send?.settled()])
    return receive === undefined ? PROC_NULL_STATUS : this.#status(receive)
  }

  /** Waits for a message without receiving it; `count` of the status counts the elements it was sent as. Local. */
  async probe(options: RecvOptions = {}): Promise<Status> {
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    this.#checkReceive('probe', source, tag)
    if (source === PROC_NULL) return PROC_NULL_STATUS
    const { engine } = this.job
    const from = this.#worldSource(source)
    for (;;) {
      await engine.probe(from, this.context, tag, 'probe').settled()
      // Another receive of this rank may have taken the message before this continuation runs: then wait for the next.
      const envelope = engine.iprobe(from, this.context, tag)
      if (envelope !== undefined) return this.#envelopeStatus(envelope)
    }
  }

  /** Like `probe`, but returns undefined at once if no message is there. Local. */
  iprobe(options: RecvOptions = {}): Status | undefined {
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    this.#checkReceive('iprobe', source, tag)
    if (source === PROC_NULL) return PROC_NULL_STATUS
    const envelope = this.job.engine.iprobe(this.#worldSource(source), this.context, tag)
    return envelope === undefined ? undefined : this.#envelopeStatus(envelope)
  }

  // ---- nonblocking -------------------------------------------------------------------------------------------

  /** Starts a send; the buffer must stay unchanged until the request is complete. Local. @throws like `send` */
  isend(buffer: MessageBuffer, options: SendOptions): Request {
    const operation = this.#post('isend', resolveBuffer(buffer, 'isend'), options, false)
    return new Request(this.job.engine, operation, sendStatus)
  }

  /** Starts a synchronous send. Local. @throws like `send` */
  issend(buffer: MessageBuffer, options: SendOptions): Request {
    const operation = this.#post('issend', resolveBuffer(buffer, 'issend'), options, true)
    return new Request(this.job.engine, operation, sendStatus)
  }

  /** Starts a receive; the buffer must not be touched until the request is complete. Local. @throws like `recv` */
  irecv(buffer: MessageBuffer, options: RecvOptions = {}): Request {
    const operation = this.#expect('irecv', resolveBuffer(buffer, 'irecv'), options)
    return new Request(this.job.engine, operation, (ended) => this.#status(ended))
  }

  // ---- objects -----------------------------------------------------------------------------------------------

  /** Sends any value that can be structured-cloned. Local. @throws {MpiError} MPI_ERR_TYPE if it cannot; else like `send` */
  async sendObject(value: unknown, options: SendOptions): Promise<void> {
    await this.#post('sendObject', objectView(value, 'sendObject'), options, false)?.settled()
  }

  /** Receives what `sendObject` sent: the value, its source and tag. Local. From PROC_NULL the value is undefined. */
  async recvObject<T = unknown>(options: RecvOptions = {}): Promise<Received<T>> {
    const operation = this.#expect('recvObject', undefined, options)
    if (operation === undefined) return { ...PROC_NULL_STATUS, value: undefined as T }
    await operation.settled()
    return { ...this.#status(operation), value: deserializeObject<T>(operation.payload as Uint8Array) }
  }

  // ---- management --------------------------------------------------------------------------------------------

  /** Ends the whole job at once: every rank is stopped and the launcher exits with `code`. Local. */
  abort(code = 1): never {
    return this.job.abort(code)
  }

  /** Gives the communicator back; its calls fail from now on. Local. @throws {MpiError} MPI_ERR_COMM if it is freed already */
  free(): void {
    this.checkUsable('free')
    this.#freed = true
  }

  /** A channel for one collective call. All ranks of the communicator call their collectives in the same order. */
  protected channel(call: CollectiveName, particulars?: Particulars): Channel {
    this.checkUsable(call)
    const { group, rank } = this
    const context = this.context + 1
    const tag = this.#collectives
    this.#checkStray(call, context, tag)
    this.#collectives = tag + 1 === PERSISTENT_TAGS ? 0 : tag + 1
    this.#underWay++
    return new Channel(this.job.engine, { group, rank, context, tag, ended: this.#callEnded }, call, particulars)
  }

  /**
   * What opens a channel for each start of one persistent collective call. All ranks prepare theirs in the same order;
   * messages of successive starts share a tag and stay in order because messages of a pair do not overtake.
   */
  protected persistentChannel(call: CollectiveName, particulars?: Particulars): () => Channel {
    this.checkUsable(call)
    const { group, rank } = this
    const context = this.context + 1
    const tag = PERSISTENT_TAGS + this.#persistent++
    const ended = (): void => undefined
    return () => {
      this.checkUsable(call)
      return new Channel(this.job.engine, { group, rank, context, tag, ended }, call, particulars)
    }
  }

  /**
   * When all earlier calls have ended here, nobody will ever receive a message that belongs to one of them: its sender
   * called something else. A call that failed never ends, so that what it leaves behind raises no second alarm.
   */
  #checkStray(call: string, context: number, tag: number): void {
    if (this.#underWay > 0) return
    const stray = this.job.engine.oldestUnexpected(context)
    // Messages of ranks that are ahead have later tags; the distance tells, also when tags have begun anew at 0.
    if (stray === undefined || stray.tag >= PERSISTENT_TAGS) return
    if (tag - stray.tag <= 0 || tag - stray.tag > PERSISTENT_TAGS / 2) return
    throw new MpiError(
      'MPI_ERR_OTHER',
      `${call}: the ranks of a communicator called different collectives: call number ${stray.tag} of world rank ${stray.source} was ${describeSignature(stray.signature)}, which does not agree with that of world rank ${this.job.engine.worldRank}`,
    )
  }

  protected checkUsable(call: string): void {
    if (this.#freed) throw new MpiError('MPI_ERR_COMM', `${call}: the communicator has been freed`)
  }

  #post(call: string, view: MessageView, options: SendOptions, synchronous: boolean): Operation | undefined {
    const { dest, tag = 0 } = options
    this.#checkSend(call, dest, tag)
    if (dest === PROC_NULL) return undefined
    return this.job.engine.isend(view, this.group.worldRank(dest), this.context, tag, synchronous, call)
  }

  #expect(call: string, view: MessageView | undefined, options: RecvOptions): Operation | undefined {
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    this.#checkReceive(call, source, tag)
    if (source === PROC_NULL) return undefined
    return this.job.engine.irecv(view, this.#worldSource(source), this.context, tag, call)
  }

  #checkReceive(call: string, source: number, tag: number): void {
    this.checkUsable(call)
    if (!this.#isRank(source) && source !== ANY_SOURCE && source !== PROC_NULL)
      throw new MpiError(
        'MPI_ERR_RANK',
        `${call}: source is ${describe(source)}, expected 0..${this.size - 1}, ANY_SOURCE or PROC_NULL`,
      )
    if (!isTag(tag) && tag !== ANY_TAG)
      throw new MpiError('MPI_ERR_TAG', `${call}: tag is ${describe(tag)}, expected 0..${TAG_UB} or ANY_TAG`)
  }

  #checkSend(call: string, dest: number, tag: number): void {
    this.checkUsable(call)
    if (!this.#isRank(dest) && dest !== PROC_NULL)
      throw new MpiError(
        'MPI_ERR_RANK',
        `${call}: dest is ${describe(dest)}, expected 0..${this.size - 1} or PROC_NULL`,
      )
    if (!isTag(tag)) throw new MpiError('MPI_ERR_TAG', `${call}: tag is ${describe(tag)}, expected 0..${TAG_UB}`)
  }

  #isRank(rank: number): boolean {
    return Number.isInteger(rank) && rank >= 0 && rank < this.size
  }

  #worldSource(source: number): number {
    return source === ANY_SOURCE ? ANY_SOURCE : this.group.worldRank(source)
  }

  #status(operation: Operation): Status {
    const { nbytes, tag, cancelled, view } = operation
    if (cancelled) return { source: ANY_SOURCE, tag: ANY_TAG, count: 0, nbytes: 0, cancelled }
    const count = nbytes / (view?.elementType.bytes ?? 1)
    return { source: this.group.rankOf(operation.source) as number, tag, count, nbytes, cancelled }
  }

  #envelopeStatus({ source, tag, nbytes, elementType }: Envelope): Status {
    const count = nbytes / elementType.bytes
    return { source: this.group.rankOf(source) as number, tag, count, nbytes, cancelled: false }
  }
}

/** Status of a completed send: nothing in it but that it is complete (MPI 4.1, section 3.7.3). */
function sendStatus(): Status {
  return { source: ANY_SOURCE, tag: ANY_TAG, count: 0, nbytes: 0, cancelled: false }
}

function isTag(tag: number): boolean {
  return Number.isInteger(tag) && tag >= 0 && tag <= TAG_UB
}

/** A value in serialized form as a message. @throws {MpiError} MPI_ERR_TYPE if the value cannot be cloned */
export function objectView(value: unknown, call: string): MessageView {
  const bytes = serializeObject(value, call)
  return new MessageView(OBJECT, bytes.length, bytes)
}

/** @throws {MpiError} MPI_ERR_TYPE if the value cannot be cloned */
export function serializeObject(value: unknown, call: string): Uint8Array {
  try {
    const { buffer, byteOffset, length } = serialize(value)
    // A plain array: `slice` of a Buffer would not copy.
    return new Uint8Array(buffer, byteOffset, length)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MpiError('MPI_ERR_TYPE', `${call}: ${describe(value)} cannot be sent: ${reason}`, { cause })
  }
}

export function deserializeObject<T>(bytes: Uint8Array): T {
  return deserialize(bytes) as T
}
