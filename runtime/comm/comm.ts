/**
 * A communicator: a group of processes and a context of its own, with the point-to-point calls of MPI 4.1, chapter 3.
 *
 * Arguments are checked here, once, before anything is sent; below, ranks and sizes are known to be good. Operations are
 * posted in program order at the moment of the call, before anything is awaited. The collectives stand on top, in
 * collectives/intracomm.ts.
 */
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from '../base/constants.ts'
import type { MpiError } from '../base/errors.ts'
import { LatestView, MessageView, resolveBuffer, type MessageBuffer } from '../base/message-buffer.ts'
import { envelopeOf, type Envelope } from '../engine/envelope.ts'
import { anyEnded, type Operation } from '../engine/operation.ts'
import { CALL_NOW, type CallNow } from '../engine/recorder.ts'
import { settledLater, spansOf, untilProgramGoesOn, type BufferWatch } from './buffer-checks.ts'
import { CommContext } from './comm-context.ts'
import { Message } from './message.ts'
import { deserializeObject, objectView } from './object-messages.ts'
import { ObjectRequest } from './object-request.ts'
import type { BlockingRecvOptions, RecvOptions, SendOptions, SendrecvOptions } from './options.ts'
import { faultOfExchange, faultOfReceive, faultOfSend, isRank, isTag, NO_OPTIONS, type Rules } from './peer-and-tag.ts'
import { PersistentRequest, Request, type StatusOf } from './request.ts'
import { LatestStatus, EMPTY_STATUS, PROC_NULL_STATUS, sendStatus, type Received, type Status } from './status.ts'

/**
 * A group of processes and a context of its own: point-to-point calls. Users hold an `Intracomm`, which adds the rest.
 *
 * @example
 * // What works with every kind of communicator takes a Comm.
 * const greet = (comm: Comm): Promise<void> => comm.sendObject(`hello from ${comm.rank}`, { dest: comm.rank })
 * await greet(world)
 * const { value } = await world.recvObject<string>({ source: world.rank })
 * if (world.rank === 2) log(value) // → hello from 2
 */
export class Comm extends CommContext {
  readonly #latestSent = new LatestView()
  readonly #latestStatus = new LatestStatus()
  readonly #latestReceived = new LatestView()
  readonly #rules: Rules = { size: this.peers.size, allNames: this.job.checks !== undefined }

  // ---- blocking ----------------------------------------------------------------------------------------------

  /**
   * Sends a message; resolves when the buffer may be reused. Local.
   *
   * @throws {MpiError} MPI_ERR_RANK, MPI_ERR_TAG, MPI_ERR_BUFFER
   * @example
   * const data = new Int32Array(2)
   * if (world.rank === 0) await world.send(Int32Array.of(1, 2), { dest: 1, tag: 5 })
   * if (world.rank === 2) await world.ssend(Int32Array.of(1, 2), { dest: 3, tag: 5 })
   * if (world.rank % 2 === 1) log((await world.recv(data, { tag: 5 })).count, data.join()) // → 2 1,2
   */
  async send(buffer: MessageBuffer, options: SendOptions): Promise<void> {
    const view = this.#resolve(buffer, 'send', this.#latestSent)
    if (this.#sentNow(view, options, CALL_NOW.SEND)) return
    await this.#sent('send', view, options, false)
  }

  /** Sends a message; resolves when its receive has been matched (synchronous mode). Local. @throws {MpiError} like `send` */
  async ssend(buffer: MessageBuffer, options: SendOptions): Promise<void> {
    await this.#sent('ssend', this.#resolve(buffer, 'ssend'), options, true)
  }

  /**
   * Receives a message into `buffer`, which may be longer than the message. Local.
   *
   * @throws {MpiError} MPI_ERR_TRUNCATE if the message is longer, MPI_ERR_TYPE if its elements are of another type;
   *   MPI_ERR_RANK, MPI_ERR_TAG, MPI_ERR_BUFFER for wrong arguments; the reason of `signal` if that is aborted first
   */
  recv(buffer: MessageBuffer, options: BlockingRecvOptions = {}): Promise<Status> {
    try {
      throwIfAborted(options)
      const view = this.#resolve(buffer, 'recv', this.#latestReceived)
      const status = this.#receivedNow(view, options)
      return status === undefined ? this.#receivedLater(view, options) : this.#latestStatus.promise
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  async #receivedLater(view: MessageView, options: BlockingRecvOptions): Promise<Status> {
    const watch = this.#watchReceive('recv', view, options)
    const operation = this.#expect('recv', watch?.view ?? view, options)
    const told = this.#watching(watch, operation, this.#statusOf)
    if (operation === undefined) return PROC_NULL_STATUS
    try {
      if (!operation.done || operation.error !== undefined) await this.#ended(operation, options.signal)
    } catch (error) {
      watch?.complete(0)
      return this.failed(error)
    }
    return told(operation)
  }

  /**
   * Sends one message and receives another at the same time, so that a ring of these cannot deadlock. Local.
   *
   * @throws {MpiError} like `send` and `recv`
   * @example
   * const neighbours = { dest: (world.rank + 1) % world.size, source: (world.rank + world.size - 1) % world.size }
   * const [mine, theirs] = [Int32Array.of(world.rank), new Int32Array(1)]
   * await world.sendrecv(mine, theirs, neighbours)
   * await world.sendrecvReplace(mine, neighbours)
   * const { value } = await world.sendrecvObject({ from: world.rank }, neighbours)
   * if (world.rank === 0) log(mine[0], theirs[0], value) // → 3 3 { from: 3 }
   */
  sendrecv(sent: MessageBuffer, received: MessageBuffer, options: SendrecvOptions): Promise<Status> {
    return this.#exchange('sendrecv', sent, received, options)
  }

  /** Sends the elements of `buffer` and receives as many or fewer in their place. Local. @throws {MpiError} like `recv` */
  async sendrecvReplace(buffer: MessageBuffer, options: SendrecvOptions): Promise<Status> {
    const call = 'sendrecvReplace'
    const view = this.#resolve(buffer, call)
    this.#refuse(call, faultOfExchange(call, options, this.#rules))
    const { transport } = this.job.engine
    const memory = transport.alloc(view.nbytes)
    view.pack(memory)
    const status = await this.#exchange(call, new MessageView(view.elementType, view.count, memory), view, options)
    // After an error the message may still be on its way out: then the memory stays.
    if (status.error === undefined) transport.free(memory)
    return status
  }

  /**
   * Waits for a message without receiving it; `count` of the status counts the elements it was sent as. Local.
   *
   * @throws {MpiError} MPI_ERR_RANK, MPI_ERR_TAG; the reason of `signal` if that is aborted first
   * @example
   * const { rank: dest } = world
   * const sent = [world.issend(new Int32Array(3), { dest, tag: 1 }), world.isend(new Int32Array(4), { dest, tag: 2 })]
   * log((await world.probe({ tag: 2 })).count, world.iprobe({ tag: 3 })) // → 4 undefined
   * const [first, second] = [await world.mprobe({ tag: 1 }), world.improbe({ tag: 2 })]
   * await first.recv(new Int32Array(first.status.count))
   * await waitAll([...sent, second?.irecv(new Int32Array(4)) ?? world.irecv(new Int32Array(4))])
   */
  async probe(options: BlockingRecvOptions = {}): Promise<Status> {
    this.#refuse('probe', faultOfReceive('probe', options, this.#rules))
    const { source = ANY_SOURCE, tag = ANY_TAG, signal } = options
    if (source === PROC_NULL) return PROC_NULL_STATUS
    for (;;) {
      await this.#untilArrival('probe', source, tag, signal)
      // Another receive of this rank may have taken the message before this continuation runs: then wait for the next.
      const status = this.iprobe({ source, tag })
      if (status !== undefined) return status
    }
  }

  /** Like `probe`, but returns undefined at once if no message is there. Local. @throws {MpiError} MPI_ERR_RANK, MPI_ERR_TAG */
  iprobe(options: RecvOptions = {}): Status | undefined {
    this.#refuse('iprobe', faultOfReceive('iprobe', options, this.#rules))
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    if (source === PROC_NULL) return PROC_NULL_STATUS
    const envelope = this.job.engine.iprobe(this.#worldSource(source), this.context, tag)
    return envelope === undefined ? undefined : this.#envelopeStatus(envelope)
  }

  /** Like `probe`, but takes the message: only the `Message` returned can receive it. Local. @throws {MpiError} like `probe` */
  async mprobe(options: BlockingRecvOptions = {}): Promise<Message> {
    this.#refuse('mprobe', faultOfReceive('mprobe', options, this.#rules))
    const { source = ANY_SOURCE, tag = ANY_TAG, signal } = options
    for (;;) {
      const message = this.improbe({ source, tag })
      if (message !== undefined) return message
      await this.#untilArrival('mprobe', source, tag, signal)
    }
  }

  /** Like `mprobe`, but returns undefined at once if no message is there. Local. @throws {MpiError} like `iprobe` */
  improbe(options: RecvOptions = {}): Message | undefined {
    this.#refuse('improbe', faultOfReceive('improbe', options, this.#rules))
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    const { engine } = this.job
    const home = {
      watch: (view: MessageView, call: string) => this.#watchReceive(call, view),
      request: (operation: Operation | undefined, watch?: BufferWatch) => this.#receiving(operation, watch),
      received: <T>(operation: Operation | undefined) => this.#received<T>(operation),
      checked: <T>(plan: () => T) => this.checked(plan),
    }
    if (source === PROC_NULL) return new Message(PROC_NULL_STATUS, { ...home, mrecv: () => undefined })
    const taken = engine.improbe(this.#worldSource(source), this.context, tag)
    if (taken === undefined) return undefined
    const status = this.#envelopeStatus(envelopeOf(taken))
    return new Message(status, { ...home, mrecv: (view, call) => this.#posted(engine.mrecv(view, taken, call)) })
  }

  // ---- nonblocking -------------------------------------------------------------------------------------------

  /** Starts a send; the buffer must stay unchanged until the request is complete. Local. @throws like `send` */
  isend(buffer: MessageBuffer, options: SendOptions): Request {
    const view = this.#resolve(buffer, 'isend', this.#latestSent)
    if (this.#sentNow(view, options, CALL_NOW.ISEND)) return this.#ready(EMPTY_STATUS)
    return this.#sending('isend', view, options, false)
  }

  /** Starts a synchronous send. Local. @throws like `send` */
  issend(buffer: MessageBuffer, options: SendOptions): Request {
    return this.#sending('issend', this.#resolve(buffer, 'issend'), options, true)
  }

  /** Starts a receive; the buffer must not be touched until the request is complete. Local. @throws like `recv` */
  irecv(buffer: MessageBuffer, options: RecvOptions = {}): Request {
    const call = 'irecv'
    const view = this.#resolve(buffer, call, this.#latestReceived)
    const status = this.#receivedNow(view, options, false)
    if (status !== undefined) return this.#ready(status)
    const watch = this.#watchReceive(call, view, options)
    return this.#receiving(this.#expect(call, watch?.view ?? view, options), watch)
  }

  // ---- persistent --------------------------------------------------------------------------------------------

  /**
   * Prepares a send that `start` of the request performs, as often as wanted. Local.
   *
   * @throws like `send`
   * @example
   * const [dest, step, got] = [world.rank, Int32Array.of(7), new Int32Array(1)]
   * const sends = [world.sendInit(step, { dest }), world.ssendInit(step, { dest })]
   * const requests = [...sends, world.recvInit(got), world.recvInit(got)]
   * startAll(requests) // as often as wanted
   * await waitAll(requests)
   * log(got[0]) // → 7
   */
  sendInit(buffer: MessageBuffer, options: SendOptions): PersistentRequest {
    return this.#prepareSend('sendInit', buffer, options, false)
  }

  /** Prepares a synchronous send. Local. @throws like `send` */
  ssendInit(buffer: MessageBuffer, options: SendOptions): PersistentRequest {
    return this.#prepareSend('ssendInit', buffer, options, true)
  }

  /** Prepares a receive that `start` of the request performs, as often as wanted. Local. @throws like `recv` */
  recvInit(buffer: MessageBuffer, options: RecvOptions = {}): PersistentRequest {
    const call = 'recvInit'
    const view = this.#resolve(buffer, call)
    this.#refuse(call, faultOfReceive(call, options, this.#rules))
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    let told = this.#statusOf
    const post = (): Operation | undefined => {
      const watch = this.#watchReceive(call, view, { source, tag })
      const operation = this.#expect(call, watch?.view ?? view, { source, tag })
      told = this.#watching(watch, operation, this.#statusOf)
      return operation
    }
    return this.#startable(call, post, (ended) => told(ended))
  }

  // ---- objects -----------------------------------------------------------------------------------------------

  /** Sends any value that can be structured-cloned. Local. @throws {MpiError} MPI_ERR_TYPE if it cannot; else like `send` */
  async sendObject(value: unknown, options: SendOptions): Promise<void> {
    await this.#postObject('sendObject', value, options, false)?.settled()
  }

  /**
   * Sends a value; resolves when its receive has been matched (synchronous mode). Local.
   *
   * @throws {MpiError} like `sendObject`
   * @example
   * const neighbour = world.rank ^ 1
   * const sent = world.issendObject([world.rank], { dest: neighbour })
   * if (world.rank < neighbour) await world.ssendObject('first', { dest: neighbour, tag: 1 })
   * else log((await world.recvObject({ tag: 1 })).value) // → first
   * await world.recvObject({ source: neighbour })
   * await sent.wait()
   */
  async ssendObject(value: unknown, options: SendOptions): Promise<void> {
    await this.#postObject('ssendObject', value, options, true)?.settled()
  }

  /**
   * Receives what `sendObject` sent: the value, its source and tag. Local. From PROC_NULL the value is undefined.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the message was not sent as an object; else like `probe`
   */
  async recvObject<T = unknown>(options: BlockingRecvOptions = {}): Promise<Received<T>> {
    throwIfAborted(options)
    return this.#received<T>(this.#expect('recvObject', undefined, options), options.signal)
  }

  /** Sends one value and receives another at the same time, so that a ring of these cannot deadlock. Local. @throws like both */
  async sendrecvObject<T = unknown>(value: unknown, options: SendrecvOptions): Promise<Received<T>> {
    const call = 'sendrecvObject'
    const view = this.checked(() => objectView(value, call))
    // A send that is refused must not leave a receive behind.
    this.#refuse(call, faultOfExchange(call, options, this.#rules))
    const { dest, source = ANY_SOURCE, sendTag = 0, recvTag = ANY_TAG } = options
    const receive = this.#expect(call, undefined, { source, tag: recvTag })
    const send = this.#post(call, view, { dest, tag: sendTag }, false)
    const [received] = await Promise.all([this.#received<T>(receive), send?.settled()])
    return received
  }

  /**
   * Starts a `sendObject`; the value may be changed at once. Local.
   *
   * @throws like `sendObject`
   * @example
   * const receive = world.irecvObject<Set<number>>({ source: world.rank })
   * await waitAll([receive, world.isendObject(new Set([1, 2]), { dest: world.rank })])
   * await world.sendObject('next', { dest: world.rank })
   * log(receive.value.size, (await world.recvObject({ source: world.rank })).value) // → 2 next
   */
  isendObject(value: unknown, options: SendOptions): Request {
    return this.#sendingObject('isendObject', value, options, false)
  }

  /** Starts a `ssendObject`; the value may be changed at once. Local. @throws like `sendObject` */
  issendObject(value: unknown, options: SendOptions): Request {
    return this.#sendingObject('issendObject', value, options, true)
  }

  /** Starts a `recvObject`; what has come is the request's `value` then. Local. @throws like `recvObject` */
  irecvObject<T = unknown>(options: RecvOptions = {}): ObjectRequest<T> {
    const call = 'irecvObject'
    const operation = this.#expect(call, undefined, options)
    const told = this.#watching(this.job.checks?.receiveObject(call), operation, this.#statusOf)
    return new ObjectRequest<T>(this.job.engine, operation, told, { failed: this.#failed, refuse: this.refuse })
  }

  // ---- arguments ---------------------------------------------------------------------------------------------

  #resolve(buffer: MessageBuffer, call: string, latest?: LatestView): MessageView {
    try {
      return latest === undefined ? resolveBuffer(buffer, call) : latest.resolve(buffer, call)
    } catch (error) {
      return this.raise(error)
    }
  }

  /** Refuses a call if the communicator has been freed or something is wrong with its arguments. */
  #refuse(call: string, fault: MpiError | undefined): void {
    this.checkUsable(call)
    if (fault !== undefined) this.raise(fault)
  }

  #worldSource(source: number): number {
    return source === ANY_SOURCE ? ANY_SOURCE : this.peers.worldRank(source)
  }

  // ---- operations --------------------------------------------------------------------------------------------

  /** True if a message has been sent on the shortest way, which takes right arguments only. */
  #sentNow(view: MessageView, options: SendOptions | null | undefined, call: CallNow): boolean {
    const { dest, tag = 0 } = options ?? NO_OPTIONS
    const { engine, ssendAll, checks } = this.job
    if (ssendAll || checks !== undefined || this.isFreed || !isRank(dest, this.peers.size) || !isTag(tag)) return false
    return engine.sendNow(view, this.peers.worldRank(dest), this.context, tag, call)
  }

  /** The status of a message that was received on the shortest way, if that is open. @param blocking looks for a moment */
  #receivedNow(view: MessageView, options: RecvOptions | null, blocking = true): Status | undefined {
    const { source = ANY_SOURCE, tag = ANY_TAG }: RecvOptions = options ?? NO_OPTIONS
    const { engine, checks } = this.job
    if (checks !== undefined || this.isFreed || !isRank(source, this.peers.size) || !(isTag(tag) || tag === ANY_TAG))
      return undefined
    const peer = this.peers.worldRank(source)
    const message = blocking
      ? engine.recvNow(view, peer, this.context, tag)
      : engine.irecvNow(view, peer, this.context, tag)
    if (message === undefined) return undefined
    return this.#latestStatus.tell(source, message.tag, message.nbytes, view.elementType.bytes)
  }

  #post(call: string, view: MessageView, options: SendOptions, synchronous: boolean): Operation | undefined {
    this.#refuse(call, faultOfSend(call, options, this.#rules))
    const { dest, tag = 0 } = options
    if (dest === PROC_NULL) return undefined
    const { engine, ssendAll, checks } = this.job
    if (checks !== undefined) this.checked(() => checks.apart(spansOf(view, false), call))
    return this.#posted(
      engine.isend(view, this.peers.worldRank(dest), this.context, tag, synchronous || ssendAll, call),
    )
  }

  #postObject(call: string, value: unknown, options: SendOptions, synchronous: boolean): Operation | undefined {
    const view = this.checked(() => objectView(value, call))
    return this.#post(call, view, options, synchronous)
  }

  #expect(call: string, view: MessageView | undefined, options: RecvOptions): Operation | undefined {
    this.#refuse(call, faultOfReceive(call, options, this.#rules))
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    if (source === PROC_NULL) return undefined
    return this.#posted(this.job.engine.irecv(view, this.#worldSource(source), this.context, tag, call))
  }

  /** With `--check`, reports tell where an operation was started. */
  #posted(operation: Operation): Operation {
    this.job.checks?.posted(operation)
    return operation
  }

  async #exchange(
    call: string,
    sent: MessageBuffer | MessageView,
    received: MessageBuffer | MessageView,
    options: SendrecvOptions,
  ): Promise<Status> {
    const from = sent instanceof MessageView ? sent : this.#resolve(sent, call)
    const into = received instanceof MessageView ? received : this.#resolve(received, call)
    // A send that is refused must not leave a receive behind.
    this.#refuse(call, faultOfExchange(call, options, this.#rules))
    const { dest, source = ANY_SOURCE, sendTag = 0, recvTag = ANY_TAG } = options
    const { checks } = this.job
    const watch = checks && this.checked(() => checks.exchange(touched(from, dest), touched(into, source), call))
    const receive = this.#expect(call, watch?.view ?? into, { source, tag: recvTag })
    const send = this.#post(call, from, { dest, tag: sendTag }, false)
    watch?.posted([receive, send])
    try {
      if (watch !== undefined) await untilProgramGoesOn()
      await Promise.all([receive?.settled(), send?.settled()])
      watch?.complete(receive?.nbytes ?? 0)
    } catch (error) {
      watch?.complete(0)
      return this.failed(error)
    }
    return receive === undefined ? PROC_NULL_STATUS : this.#statusOf(receive)
  }

  #prepareSend(call: string, buffer: MessageBuffer, options: SendOptions, synchronous: boolean): PersistentRequest {
    const view = this.#resolve(buffer, call)
    this.#refuse(call, faultOfSend(call, options, this.#rules))
    const { dest, tag = 0 } = options
    let told: StatusOf = sendStatus
    const post = (): Operation | undefined => {
      const operation = this.#post(call, view, { dest, tag }, synchronous)
      told = this.#watchingSend(call, view, dest, operation)
      return operation
    }
    return this.#startable(call, post, (ended) => told(ended))
  }

  #startable(call: string, post: () => Operation | undefined, statusOf: StatusOf): PersistentRequest {
    return new PersistentRequest(this.job.engine, { call, post, refuse: this.refuse }, statusOf, this.#failed)
  }

  /** Settles when a send has; with `--check` its buffer is watched, since a program may have forgotten to await it. */
  #sent(call: string, view: MessageView, options: SendOptions, synchronous: boolean): Promise<unknown> | undefined {
    if (this.job.checks !== undefined) return settledLater(this.#sending(call, view, options, synchronous))
    return this.#post(call, view, options, synchronous)?.settled()
  }

  #sending(call: string, view: MessageView, options: SendOptions, synchronous: boolean): Request {
    const operation = this.#post(call, view, options, synchronous)
    return new Request(this.job.engine, operation, this.#watchingSend(call, view, options.dest, operation))
  }

  #sendingObject(call: string, value: unknown, options: SendOptions, synchronous: boolean): Request {
    return this.#sending(
      call,
      this.checked(() => objectView(value, call)),
      options,
      synchronous,
    )
  }

  /** A request that is complete from the start. */
  #ready(status: Status): Request {
    return new Request(this.job.engine, undefined, sendStatus, this.#failed, status)
  }

  /** @param options undefined for a message that has been taken already */
  #watchReceive(call: string, view: MessageView, options?: RecvOptions): BufferWatch | undefined {
    const { checks } = this.job
    if (checks === undefined || options?.source === PROC_NULL) return undefined
    // A receive that is refused must not leave a watch behind.
    if (options !== undefined) this.#refuse(call, faultOfReceive(call, options, this.#rules))
    return this.checked(() => checks.receive(view, call))
  }

  #watchingSend(call: string, view: MessageView, dest: number, operation: Operation | undefined): StatusOf {
    const watch = this.job.checks?.send(view, call)
    if (watch !== undefined && operation !== undefined) watch.dest = this.peers.worldRank(dest)
    return this.#watching(watch, operation, sendStatus)
  }

  #receiving(operation: Operation | undefined, watch?: BufferWatch): Request {
    return new Request(this.job.engine, operation, this.#watching(watch, operation, this.#statusOf), this.#failed)
  }

  /** What tells the status of a request; if its buffer is watched, then until that moment. */
  #watching(watch: BufferWatch | undefined, operation: Operation | undefined, statusOf: StatusOf): StatusOf {
    if (watch === undefined) return statusOf
    watch.operation = operation
    if (operation === undefined) watch.complete(0)
    return (ended) => {
      this.checked(() => watch.complete(ended.nbytes))
      return statusOf(ended)
    }
  }

  /** Waits for a receive or probe. One that has no message yet when the signal comes will get none. */
  #ended(operation: Operation, signal: AbortSignal | undefined): Promise<void> {
    return signal === undefined ? operation.settled() : this.#endedUnless(operation, signal)
  }

  async #endedUnless(operation: Operation, signal: AbortSignal): Promise<void> {
    try {
      await anyEnded([operation], signal)
    } catch (reason) {
      if (this.job.engine.cancel(operation)) throw reason
    }
    await operation.settled()
  }

  async #untilArrival(call: string, source: number, tag: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const arrival = this.#posted(this.job.engine.probe(this.#worldSource(source), this.context, tag, call))
    await this.#ended(arrival, signal)
  }

  async #received<T>(operation: Operation | undefined, signal?: AbortSignal): Promise<Received<T>> {
    if (operation === undefined) return { ...PROC_NULL_STATUS, value: undefined as T }
    try {
      await this.#ended(operation, signal)
    } catch (error) {
      return { ...this.failed(error), value: undefined as T }
    }
    return { ...this.#statusOf(operation), value: deserializeObject<T>(operation.payload as Uint8Array) }
  }

  readonly #failed = (error: Error): Status => this.failed(error)

  readonly #statusOf = (operation: Operation): Status => {
    const { nbytes, tag, cancelled, view } = operation
    if (cancelled) return { ...EMPTY_STATUS, cancelled }
    const count = nbytes / (view?.elementType.bytes ?? 1)
    return { source: this.peers.rankOf(operation.source) as number, tag, count, nbytes, cancelled }
  }

  #envelopeStatus({ source, tag, nbytes, elementType }: Envelope): Status {
    const count = nbytes / elementType.bytes
    return { source: this.peers.rankOf(source) as number, tag, count, nbytes, cancelled: false }
  }
}

/** What a call touches of a buffer: nothing if the peer is PROC_NULL. */
function touched(view: MessageView, peer: number): MessageView {
  return peer === PROC_NULL ? resolveBuffer(new ArrayBuffer(0), 'PROC_NULL') : view
}

/** @throws the reason of the signal if it is aborted. Options that are null are refused later. */
function throwIfAborted(options: BlockingRecvOptions | null): void {
  options?.signal?.throwIfAborted()
}
