/**
 * The message protocols of one rank: eager, rendezvous and window credit over a `Transport`, matching over the queues.
 *
 * Invariants: frames to a rank leave in the order of the calls, whatever protocol each message uses, so that messages
 * cannot overtake; the eager bytes unmatched at a peer never exceed EAGER_WINDOW; the memory of a message under way is
 * released exactly once, on FIN. Ranks here are world ranks; communicators translate.
 *
 * Life of a message: `isend` -> EAGER frame -> matched, copied, window returned; or `isend` -> RTS frame -> matched ->
 * read from the sender's memory (near) or WANT, LANDED through the agents (far) -> FIN -> send complete.
 */
import { ANY_TAG } from '../base/constants.ts'
import { ELEMENT_TYPES, OBJECT, type ElementType } from '../base/element-type.ts'
import { invariant, MpiError } from '../base/errors.ts'
import type { MessageView } from '../base/message-buffer.ts'
import { loadedMemory, nativeMemory, type NativeMemory } from '../base/native-calls.ts'
import { regionOver, sliceOf, type Region } from '../base/region.ts'
import { FLAG_SYNCHRONOUS, FRAME, Frame, type Progress, type Transport } from '../transport/transport.ts'
import { PostedQueue, UnexpectedQueue, type MatchKey } from './match-queues.ts'
import { Operation, type Agreement, type WaitCounter } from './operation.ts'
import type { Pending, Unreceived } from './pending.ts'
import type { Recorder } from './recorder.ts'
import { helpCopy, SharedCopies, SHARED_COPY_NBYTES, TASK_BYTES, type LongCopy } from './shared-copy.ts'
import { CREDIT_PORTION, EAGER_OVERHEAD, EAGER_WINDOW } from './tunables.ts'

/** A message that arrived before its receive: its envelope and its bytes, or where they are. */
export interface Unexpected extends MatchKey {
  readonly kind: number
  readonly flags: number
  readonly elementType: number
  readonly id: number
  readonly aux: number
  readonly nbytes: number
  readonly payload: Uint8Array | undefined
  readonly region: Region | undefined
  readonly address: number
}

/** What a probe tells of a message. `source` is a world rank. */
export interface Envelope {
  readonly source: number
  readonly tag: number
  readonly nbytes: number
  readonly elementType: ElementType
}

/** Messages that a rank takes straight from their rings before it looks at what others have sent. */
const LOOK_AROUND = 64

/** Copies of messages that fit into the caches of two cores. */
const CACHED_NBYTES = 4 * 1024 * 1024
/** How long a send waits for room in there: what the receiver takes for a copy of this size. */
const STAGING_MS = 0.1

/** A send whose memory the receiver has not released yet. */
interface PendingSend {
  readonly operation: Operation
  readonly dest: number
  readonly nbytes: number
  /** Shared memory that holds a copy because the user's own is private. */
  readonly staged: Region | undefined
  /** What the receiver may be reading: keeps its memory alive. */
  readonly view?: MessageView
}

/** Something other than a message that ranks of this host bring about, and that this rank waits for. */
export interface Condition {
  /** Asked whenever this rank looks for messages. Throws if it can never be. */
  isMet(): boolean
  /** World rank of one who has to do something for it. */
  awaited(): number
}

/** A far receive whose bytes are being fetched by the agents. */
interface PendingLanding {
  readonly operation: Operation
  readonly landing: Region
  readonly staged: boolean
  /** The sender's number of the message. */
  readonly id: number
}

export class Engine implements WaitCounter {
  readonly transport: Transport
  /** Told what this rank does, if anything is. */
  readonly recorder: Recorder | undefined
  readonly #posted = new PostedQueue<Operation>()
  readonly #unexpected = new UnexpectedQueue<Unexpected>()
  readonly #probes = new Set<Operation>()
  readonly #sends = new Map<number, PendingSend>()
  readonly #landings = new Map<number, PendingLanding>()
  /** Made for the first long message. */
  #copies: SharedCopies | undefined
  /** Bytes of messages that lie in shared memory as copies. */
  #stagedNbytes = 0
  readonly #conditions = new Map<Operation, Condition>()
  readonly #outboxes = new Map<number, Frame[]>()
  readonly #windows: Float64Array
  readonly #owed: Float64Array
  readonly #frame = new Frame()
  /** For frames that answer others. */
  readonly #answer = new Frame()
  readonly #deliver = (frame: Frame): void => this.#receive(frame)
  #nextId = 1
  #lastEagerId = 0
  #waits = 0
  /** Messages received without a look at what else has come. */
  #receivedNow = 0
  /** Calls of `progress` since this rank began to wait. */
  #looks = 0
  #ended = 0

  /** @param open gives the rank's end of the network; it is handed the function that makes progress */
  constructor(open: (progress: Progress) => Transport, recorder?: Recorder) {
    this.recorder = recorder
    this.transport = open(() => this.progress())
    this.#windows = new Float64Array(this.transport.worldSize).fill(EAGER_WINDOW)
    this.#owed = new Float64Array(this.transport.worldSize)
  }

  get worldRank(): number {
    return this.transport.worldRank
  }

  get worldSize(): number {
    return this.transport.worldSize
  }

  /**
   * Starts a send. The bytes are taken before the call returns, or must stay unchanged until the operation ends.
   *
   * @param dest world rank
   * @param signature of the collective call that sends, 0 for point-to-point
   */
  isend(
    view: MessageView,
    dest: number,
    context: number,
    tag: number,
    synchronous: boolean,
    call: string,
    signature = 0,
  ): Operation {
    const begun = this.recorder?.now()
    const operation = new Operation(this, call, { context, source: this.worldRank, tag })
    const frame = this.#frame
    frame.flags = synchronous ? FLAG_SYNCHRONOUS : 0
    frame.elementType = view.elementType.code
    frame.context = context
    frame.tag = tag
    frame.source = this.worldRank
    frame.dest = dest
    frame.id = 0
    frame.aux = signature
    frame.nbytes = view.nbytes
    if (view.nbytes <= this.transport.eagerLimit(dest) && this.#spendWindow(dest, view.nbytes)) {
      this.#sendEager(frame, view, synchronous ? operation : undefined)
      if (!synchronous) operation.complete()
    } else {
      this.#sendRendezvous(frame, view, operation)
    }
    if (begun !== undefined) this.recorder?.sent(operation, begun, dest, view.nbytes, frame.id)
    return operation
  }

  /**
   * Sends a message now if nothing stands in its way and nothing is left to do afterwards: the shortest way for small
   * messages. False if it was not sent; then `isend` does it.
   */
  sendNow(view: MessageView, dest: number, context: number, tag: number): boolean {
    const { bytes, nbytes } = view
    if (bytes === undefined || dest === this.worldRank) return false
    if (this.#outboxes.size > 0 || nbytes > this.transport.eagerLimit(dest) || !this.#spendWindow(dest, nbytes))
      return false
    const begun = this.recorder?.now()
    const frame = this.#frame
    frame.kind = FRAME.EAGER
    frame.flags = frame.aux = 0
    frame.id = begun === undefined ? 0 : this.#newEagerId()
    frame.elementType = view.elementType.code
    frame.context = context
    frame.tag = tag
    frame.source = this.worldRank
    frame.dest = dest
    frame.nbytes = nbytes
    frame.payload = bytes
    frame.region = undefined
    frame.address = 0
    if (this.transport.trySend(dest, frame)) {
      if (begun !== undefined) this.recorder?.sentNow('send', frame, begun)
      return true
    }
    this.#windows[dest] = (this.#windows[dest] as number) + nbytes + EAGER_OVERHEAD
    return false
  }

  /**
   * Receives a message now if it is the next that comes from `source` and nothing else could be meant: no receive is
   * posted, none waits unexpected. Its header, valid until the next call of this engine; undefined if it was not
   * received; then `irecv` does it.
   */
  recvNow(view: MessageView, source: number, context: number, tag: number): Frame | undefined {
    if (this.#posted.size > 0 || this.#unexpected.size > 0) return undefined
    const inlet = view.bytes === undefined ? undefined : this.transport.inletOf?.(source)
    if (inlet === undefined) return undefined
    const frame = this.#frame
    inlet.peek(frame)
    if (frame.kind !== FRAME.EAGER || frame.flags !== 0 || frame.context !== context) return undefined
    if (frame.tag !== tag && tag !== ANY_TAG) return undefined
    if (frame.elementType !== view.elementType.code || frame.nbytes > view.nbytes) return undefined
    const begun = this.recorder?.now()
    inlet.take(view.bytes as Uint8Array, frame.nbytes)
    if (begun !== undefined) this.recorder?.receivedNow('recv', frame, begun)
    this.#returnWindow(source, frame.nbytes + EAGER_OVERHEAD)
    if (++this.#receivedNow % LOOK_AROUND === 0) this.transport.poll(this.#deliver, inlet)
    return frame
  }

  /** Starts a receive; `view` undefined takes a message of any size into `operation.payload`. */
  irecv(
    view: MessageView | undefined,
    source: number,
    context: number,
    tag: number,
    call: string,
    agreement?: Agreement,
  ): Operation {
    const begun = this.recorder?.now()
    const operation = new Operation(this, call, { context, source, tag }, view, agreement)
    // A message that is here is taken at once: most receives of a running program end inside this call.
    const message = this.#unexpected.match(operation)
    if (message !== undefined) this.#take(operation, message)
    else {
      this.#posted.add(operation)
      this.progress()
    }
    if (begun !== undefined) this.recorder?.posted(operation, begun)
    return operation
  }

  /** The first message that could be received now, without receiving it. */
  iprobe(source: number, context: number, tag: number): Envelope | undefined {
    const key = { source, context, tag }
    let found = this.#unexpected.peek(key)
    if (found === undefined) {
      this.progress()
      found = this.#unexpected.peek(key)
    }
    if (found === undefined) return undefined
    return envelopeOf(found)
  }

  /** Takes the message that `iprobe` would find out of the queue, for `mrecv` and nobody else (MPI 4.1, section 3.8.2). */
  improbe(source: number, context: number, tag: number): Unexpected | undefined {
    const key = { source, context, tag }
    if (this.#unexpected.peek(key) === undefined) this.progress()
    return this.#unexpected.match(key)
  }

  /** Starts the receive of a message that `improbe` took. */
  mrecv(view: MessageView | undefined, message: Unexpected, call: string): Operation {
    const begun = this.recorder?.now()
    const operation = new Operation(this, call, message, view)
    this.#take(operation, message)
    if (begun !== undefined) this.recorder?.posted(operation, begun)
    return operation
  }

  /** A context will not be used by this rank any more: what is under way in it still ends, then nothing is kept of it. */
  retire(context: number): void {
    this.#posted.retire(context)
    this.#unexpected.retire(context)
  }

  /** Contexts of which the queues keep something. */
  get contexts(): number {
    return this.#posted.contexts + this.#unexpected.contexts
  }

  /** The message of a context that has waited longest, of those that have been delivered, and its signature. */
  oldestUnexpected(context: number): { source: number; tag: number; signature: number } | undefined {
    const found = this.#unexpected.oldest(context)
    return found === undefined ? undefined : { source: found.source, tag: found.tag, signature: found.aux }
  }

  /** An operation that ends when `iprobe` would find a message. */
  probe(source: number, context: number, tag: number, call: string): Operation {
    const begun = this.recorder?.now()
    const operation = new Operation(this, call, { context, source, tag })
    if (this.iprobe(source, context, tag) === undefined) this.#probes.add(operation)
    else operation.complete()
    if (begun !== undefined) this.recorder?.posted(operation, begun)
    return operation
  }

  /** An operation that ends as soon as a condition is met. Whoever meets it nudges this rank. */
  until(condition: Condition, key: MatchKey, call: string, agreement: Agreement): Operation {
    const operation = new Operation(this, call, key, undefined, agreement)
    this.#conditions.set(operation, condition)
    this.#askConditions()
    return operation
  }

  #askConditions(): void {
    for (const [operation, condition] of this.#conditions) {
      try {
        if (!condition.isMet()) continue
        operation.complete()
      } catch (error) {
        operation.fail(error as Error)
      }
      this.#conditions.delete(operation)
    }
  }

  /** Has a rank of this host look whether its conditions are met. */
  nudge(dest: number): void {
    this.#control(FRAME.NUDGE, dest, {})
  }

  /** Everything that this rank has started and that has not ended. */
  pending(): Pending[] {
    const received = (operation: Operation): Pending => {
      return { operation, kind: 'receive', nbytes: operation.view?.nbytes }
    }
    return [
      ...Array.from(this.#posted, received),
      ...Array.from(this.#landings.values(), ({ operation }) => received(operation)),
      ...Array.from(this.#conditions, ([operation, condition]): Pending => {
        operation.source = condition.awaited()
        return { operation, kind: 'receive', nbytes: undefined }
      }),
      ...Array.from(this.#probes, (operation): Pending => ({ operation, kind: 'probe', nbytes: undefined })),
      ...Array.from(this.#sends.values(), (send): Pending => ({ ...send, kind: 'send' })),
    ]
  }

  /** The messages that have arrived and that nobody has received. */
  unreceived(): Unreceived[] {
    return Array.from(this.#unexpected, ({ context, source, tag, nbytes, elementType, aux }) => {
      return { context, source, tag, nbytes, elementType: typeOfCode(elementType), signature: aux }
    })
  }

  /** Waits under way. */
  get waits(): number {
    return this.#waits
  }

  /** Takes back a receive that no message has matched, or a probe; false if there is nothing to take back. */
  cancel(operation: Operation): boolean {
    if (operation.done || !(this.#posted.remove(operation) || this.#probes.delete(operation))) return false
    operation.cancelled = true
    operation.complete()
    return true
  }

  /** Delivers what has arrived and sends what had no room. Returns how many awaited operations ended. */
  progress(): number {
    const before = this.#ended
    this.#looks++
    this.transport.poll(this.#deliver)
    if (this.#conditions.size > 0) this.#askConditions()
    if (this.#outboxes.size > 0) this.#flushOutboxes()
    return this.#ended - before
  }

  /** Numbers of messages are 32-bit integers on the wire; by the time one comes round again its message is long gone. */
  #newId(): number {
    const id = this.#nextId
    this.#nextId = id === 0x7fff_ffff ? 1 : id + 1
    return id
  }

  /** Nobody answers eager messages: they have numbers for the record only, below 0. */
  #newEagerId(): number {
    this.#lastEagerId = this.#lastEagerId === -0x8000_0000 ? -1 : this.#lastEagerId - 1
    return this.#lastEagerId
  }

  waitBegins(operation: Operation): void {
    this.recorder?.waitBegan(operation)
    if (this.#waits++ > 0) return
    this.#looks = 0
    this.transport.setWaiting(true)
  }

  waitEnds(operation: Operation): void {
    this.recorder?.waitEnded(operation, this.#looks)
    this.#ended++
    if (--this.#waits === 0) this.transport.setWaiting(false)
  }

  // ---- sending -----------------------------------------------------------------------------------------------

  #spendWindow(dest: number, nbytes: number): boolean {
    const left = (this.#windows[dest] as number) - nbytes - EAGER_OVERHEAD
    if (left < 0) return false
    this.#windows[dest] = left
    return true
  }

  #sendEager(frame: Frame, view: MessageView, synchronous: Operation | undefined): void {
    frame.kind = FRAME.EAGER
    frame.region = undefined
    frame.address = 0
    frame.payload = view.bytes ?? (packed(view, new Uint8Array(view.nbytes)) as Uint8Array)
    if (synchronous !== undefined) {
      frame.id = this.#newId()
      this.#sends.set(frame.id, { operation: synchronous, dest: frame.dest, nbytes: view.nbytes, staged: undefined })
    } else if (this.recorder !== undefined) frame.id = this.#newEagerId()
    this.#post(frame)
  }

  #sendRendezvous(frame: Frame, view: MessageView, operation: Operation): void {
    const direct = view.region !== undefined && this.transport.isShared(view.region)
    const native = direct ? undefined : this.#nativeFor(view, frame.dest)
    const staged = direct || native !== undefined ? undefined : this.#stage(view)
    frame.kind = FRAME.RTS
    frame.payload = undefined
    frame.region = direct ? view.region : staged
    frame.address = native?.addressOf(view.region as Region) ?? 0
    frame.id = this.#newId()
    this.#sends.set(frame.id, { operation, dest: frame.dest, nbytes: view.nbytes, staged, view })
    this.#post(frame)
  }

  /** What reads private memory of this rank in another thread, if the receiver is one. */
  #nativeFor({ region, nbytes }: MessageView, dest: number): NativeMemory | undefined {
    const { transport } = this
    if (transport.sharesAddresses !== true || dest === this.worldRank || !transport.isNear(dest)) return undefined
    return nbytes > 0 && region?.byteLength === nbytes ? loadedMemory() : undefined
  }

  /** A copy of a message in memory that its receiver can read. */
  #stage(view: MessageView): Region {
    this.#awaitStaging(view.nbytes)
    return packed(view, this.transport.alloc(view.nbytes))
  }

  /**
   * Gives the receivers of earlier copies a moment to take them, so that memory is used again while it is in the caches:
   * a window of 1 MiB messages moves 16 GB/s instead of 10.
   */
  #awaitStaging(nbytes: number): void {
    if (this.#stagedNbytes > 0) this.progress()
    this.#stagedNbytes += nbytes
    if (this.#stagedNbytes <= CACHED_NBYTES || this.transport.hasCores !== true) return
    const end = performance.now() + STAGING_MS
    do this.progress()
    while (this.#stagedNbytes > CACHED_NBYTES && performance.now() < end)
  }

  /** Sends a frame now, or keeps a copy of it behind those that had no room. */
  #post(frame: Frame): void {
    const { dest } = frame
    if (dest === this.worldRank) {
      this.#receive(frame)
      return
    }
    const outbox = this.#outboxes.get(dest)
    if (outbox === undefined && this.transport.trySend(dest, frame)) return
    const kept = Object.assign(new Frame(), frame)
    if (frame.payload !== undefined) kept.payload = frame.payload.slice()
    if (outbox === undefined) this.#outboxes.set(dest, [kept])
    else outbox.push(kept)
  }

  #flushOutboxes(): void {
    for (const [dest, outbox] of this.#outboxes) {
      let sent = 0
      while (sent < outbox.length && this.transport.trySend(dest, outbox[sent] as Frame)) sent++
      if (sent === outbox.length) this.#outboxes.delete(dest)
      else outbox.splice(0, sent)
    }
  }

  /** True while frames of this rank have not left it: it must keep making progress before it may end. */
  get hasUnsentFrames(): boolean {
    return this.#outboxes.size > 0
  }

  #control(kind: number, dest: number, fields: Partial<Pick<Frame, 'id' | 'aux' | 'nbytes' | 'region'>>): void {
    const frame = this.#answer
    frame.kind = kind
    frame.source = this.worldRank
    frame.dest = dest
    frame.id = fields.id ?? 0
    frame.aux = fields.aux ?? 0
    frame.nbytes = fields.nbytes ?? 0
    frame.region = fields.region
    this.#post(frame)
  }

  // ---- receiving ---------------------------------------------------------------------------------------------

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case FRAME.EAGER:
      case FRAME.RTS:
        this.#arrive(frame)
        break
      case FRAME.FIN:
        this.#finishSend(frame.id)
        break
      case FRAME.LANDED:
        this.#finishLanding(frame.aux)
        break
      case FRAME.CREDIT:
        this.#windows[frame.source] = (this.#windows[frame.source] as number) + frame.nbytes
        break
      case FRAME.NUDGE:
        break
      case FRAME.HELP:
        // A rank that computes, and looks for messages now and then, has no time.
        if (this.#waits > 0) helpCopy(frame.region as Region, frame.id)
        break
      default:
        invariant(false, `frame of kind ${frame.kind} from rank ${frame.source}`)
    }
  }

  #arrive(frame: Frame): void {
    const receive = this.#posted.match(frame)
    if (receive !== undefined) {
      this.#take(receive, frame)
      return
    }
    const { kind, flags, elementType, context, source, tag, id, aux, nbytes, region, address } = frame
    const payload = kind === FRAME.EAGER ? (frame.payload as Uint8Array).slice() : undefined
    this.#unexpected.add({ kind, flags, elementType, context, source, tag, id, aux, nbytes, region, address, payload })
    this.#wakeProbes(frame)
  }

  #wakeProbes(message: MatchKey): void {
    for (const probe of this.#probes) {
      if (this.#unexpected.peek(probe)?.context !== message.context) continue
      this.#probes.delete(probe)
      probe.complete()
    }
  }

  /** A receive and a message have found each other. */
  #take(receive: Operation, message: Unexpected | Frame): void {
    receive.source = message.source
    receive.tag = message.tag
    const error = mismatch(receive, message, this.worldRank)
    if (message.kind === FRAME.EAGER) this.#takeEager(receive, message, error)
    else if (error !== undefined) this.#refuse(receive, message, error)
    else if (message.region !== undefined) this.#read(receive, message, message.region)
    else if (message.address !== 0) this.#readPrivate(receive, message)
    else this.#fetch(receive, message)
  }

  #takeEager(receive: Operation, message: Unexpected | Frame, error: Error | undefined): void {
    const { source, id, flags, nbytes } = message
    const payload = message.payload as Uint8Array
    this.#returnWindow(source, nbytes + EAGER_OVERHEAD)
    if ((flags & FLAG_SYNCHRONOUS) !== 0) this.#control(FRAME.FIN, source, { id })
    if (error !== undefined) {
      receive.fail(error)
      return
    }
    receive.nbytes = nbytes
    if (receive.view === undefined) receive.payload = payload.slice()
    else receive.view.unpack(payload)
    this.recorder?.received(receive, source, nbytes, id)
    receive.complete()
  }

  /** Near rendezvous: this rank copies the message out of the sender's memory, once. */
  #read(receive: Operation, message: Unexpected | Frame, region: Region): void {
    const { source, nbytes } = message
    const { view } = receive
    const native = nbytes < SHARED_COPY_NBYTES || source === this.worldRank ? undefined : loadedMemory()
    if (view === undefined) receive.payload = sliceOf(region, 0, nbytes).slice()
    else if (native === undefined || view.region === undefined) view.unpack(region)
    else
      this.#copyLong(
        native,
        { target: native.addressOf(view.region), source: native.addressOf(region), nbytes },
        source,
      )
    this.#wasRead(receive, message)
  }

  /** The same with private memory of the sender, a thread of this process. */
  #readPrivate(receive: Operation, message: Unexpected | Frame): void {
    const { source, nbytes, address } = message
    const native = nativeMemory()
    invariant(native !== undefined, 'memory of another thread can be read in some threads only')
    const { view } = receive
    if (view?.region !== undefined)
      this.#copyLong(native, { target: native.addressOf(view.region), source: address, nbytes }, source)
    else {
      const copy = this.transport.alloc(nbytes)
      native.copy(native.addressOf(copy), address, nbytes)
      if (view === undefined) receive.payload = sliceOf(copy, 0, nbytes).slice()
      else view.unpack(regionOver(copy.buffer, copy.byteOffset, nbytes))
      this.transport.free(copy)
    }
    this.#wasRead(receive, message)
  }

  #wasRead(receive: Operation, { source, id, nbytes }: Unexpected | Frame): void {
    receive.nbytes = nbytes
    this.#control(FRAME.FIN, source, { id })
    this.recorder?.received(receive, source, nbytes, id)
    receive.complete()
  }

  /** Copies a long message; with the help of its sender if that is quicker. */
  #copyLong(native: NativeMemory, copy: LongCopy, source: number): void {
    const { transport } = this
    if (copy.nbytes < SHARED_COPY_NBYTES || transport.hasCores !== true) {
      native.copy(copy.target, copy.source, copy.nbytes)
      return
    }
    this.#copies ??= new SharedCopies(transport.alloc(TASK_BYTES))
    this.#copies.copy(native, copy, (task, id) => this.#control(FRAME.HELP, source, { id, region: task }))
  }

  /** Far rendezvous: the agents put the message into shared memory of this rank. */
  #fetch(receive: Operation, message: Unexpected | Frame): void {
    const { source, id, nbytes } = message
    const room = receive.view?.region
    const own = room === undefined ? undefined : regionOver(room.buffer, room.byteOffset, nbytes)
    const staged = own === undefined || !this.transport.isShared(own)
    const landing = staged ? this.transport.alloc(nbytes) : own
    const aux = this.#newId()
    this.#landings.set(aux, { operation: receive, landing, staged, id })
    this.#control(FRAME.WANT, source, { id, aux, nbytes, region: landing })
  }

  #finishLanding(aux: number): void {
    const pending = this.#landings.get(aux)
    invariant(pending !== undefined, `LANDED for unknown receive ${aux}`)
    this.#landings.delete(aux)
    const { operation, landing, staged, id } = pending
    operation.nbytes = landing.byteLength
    if (operation.view === undefined) operation.payload = sliceOf(landing, 0, landing.byteLength).slice()
    else if (staged) operation.view.unpack(landing)
    if (staged) this.transport.free(landing)
    this.recorder?.received(operation, operation.source, landing.byteLength, id)
    operation.complete()
  }

  /** The sender of a message that cannot be received must not wait for ever. */
  #refuse(receive: Operation, message: Unexpected | Frame, error: Error): void {
    this.#control(FRAME.FIN, message.source, { id: message.id })
    receive.fail(error)
  }

  #finishSend(id: number): void {
    const send = this.#sends.get(id)
    invariant(send !== undefined, `FIN for unknown send ${id}`)
    this.#sends.delete(id)
    if (send.staged !== undefined) {
      this.#stagedNbytes -= send.nbytes
      this.transport.free(send.staged)
    }
    send.operation.complete()
  }

  #returnWindow(source: number, nbytes: number): void {
    if (source === this.worldRank) {
      this.#windows[source] = (this.#windows[source] as number) + nbytes
      return
    }
    const owed = (this.#owed[source] as number) + nbytes
    this.#owed[source] = owed
    if (owed < CREDIT_PORTION) return
    this.#owed[source] = 0
    this.#control(FRAME.CREDIT, source, { nbytes: owed })
  }
}

/** What a probe tells of a message. */
export function envelopeOf({ source, tag, nbytes, elementType }: Unexpected): Envelope {
  return { source, tag, nbytes, elementType: typeOfCode(elementType) }
}

/** Packs a view into `target`, which may be longer; returns the packed bytes. */
function packed(view: MessageView, target: Region): Region {
  const region = regionOver(target.buffer, target.byteOffset, view.nbytes)
  view.pack(region)
  return region
}

/** What a message says that a receive must agree with. */
type Claim = Pick<Unexpected, 'aux' | 'elementType' | 'nbytes' | 'source' | 'tag'>

/** The error of a receive whose message does not fit it, or undefined if it fits. */
export function mismatch(
  receive: Pick<Operation, 'agreement' | 'view' | 'call'>,
  message: Claim,
  worldRank: number,
): MpiError | undefined {
  const { agreement, view } = receive
  if (fits(agreement, view, message)) return undefined
  if (agreement !== undefined && message.aux !== agreement.signature)
    return new MpiError(
      'MPI_ERR_OTHER',
      `the ranks of a communicator called different collectives: world rank ${worldRank} called ${agreement.describe(agreement.signature)}, world rank ${message.source} called ${agreement.describe(message.aux)}`,
    )
  const sent = typeOfCode(message.elementType)
  const expected = receive.view?.elementType ?? OBJECT
  const between = `message from world rank ${message.source} to world rank ${worldRank}, tag ${message.tag}`
  if (sent.code !== expected.code)
    return new MpiError(
      'MPI_ERR_TYPE',
      `${receive.call}: the sender sent ${sent.name} elements, the receive buffer holds ${expected.name} (${between})${sent === OBJECT ? '; receive it with recvObject' : ''}`,
    )
  const room = receive.view?.nbytes ?? Infinity
  const elements = (nbytes: number): string => `${nbytes / sent.bytes} ${sent.name} elements (${nbytes} bytes)`
  if (agreement !== undefined && receive.view !== undefined && message.nbytes !== room)
    return new MpiError(
      'MPI_ERR_COUNT',
      `${receive.call}: the ranks disagree on the number of elements: ${elements(message.nbytes)} came where ${elements(room)} were expected (${between})`,
    )
  if (message.nbytes <= room) return undefined
  return new MpiError(
    'MPI_ERR_TRUNCATE',
    `${receive.call}: the sender sent ${elements(message.nbytes)}, the receive buffer has room for ${elements(room)} (${between})`,
  )
}

/** True if a message is what its receive expects; an exact answer for buffers, a first one for objects. */
function fits(agreement: Agreement | undefined, view: MessageView | undefined, message: Claim): boolean {
  if (view === undefined || view.elementType.code !== message.elementType) return false
  if (agreement === undefined) return message.nbytes <= view.nbytes
  return message.aux === agreement.signature && message.nbytes === view.nbytes
}

function typeOfCode(code: number): ElementType {
  const type = ELEMENT_TYPES[code]
  invariant(type !== undefined, `element type ${code}`)
  return type
}
