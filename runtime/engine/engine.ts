/**
 * The message protocols of one rank: eager, rendezvous and window credit over a `Transport`, matching over the queues.
 *
 * Invariants: frames to a rank leave in the order of the calls, whatever protocol each message uses, so that messages
 * cannot overtake (outbox.ts); the eager bytes unmatched at a peer are bounded (eager-window.ts); what goes by rendezvous is
 * answered exactly once (long-sends.ts, long-receives.ts). Ranks here are world ranks; communicators translate.
 *
 * Life of a message: `isend` -> EAGER frame -> matched, copied, window returned; or `isend` -> RTS frame -> matched ->
 * read from the sender's memory (near), or WANT, LANDED through the agents (far), or from where the agent has put it
 * meanwhile (far, HERE) -> FIN -> send complete.
 */
import { ANY_TAG } from '../base/constants.ts'
import { invariant } from '../base/errors.ts'
import type { MessageView } from '../base/message-buffer.ts'
import type { Region } from '../base/region.ts'
import { FLAG_SYNCHRONOUS, FRAME, Frame, type Inlet, type Progress, type Transport } from '../transport/transport.ts'
import { Conditions, type Condition } from './conditions.ts'
import { EagerWindow } from './eager-window.ts'
import { envelopeOf, failureText, isFailure, mismatch, typeOfCode, type Envelope, type Unexpected } from './envelope.ts'
import { LongReceives } from './long-receives.ts'
import { LongSends } from './long-sends.ts'
import { PostedQueue, UnexpectedQueue, type MatchKey } from './match-queues.ts'
import { COMPOSED, Operation, type Agreement, type WaitCounter } from './operation.ts'
import { Outbox } from './outbox.ts'
import type { Pending, Unreceived } from './pending.ts'
import { CALL_NOW, type CallNow, type Recorder } from './recorder.ts'
import { helpCopy } from './shared-copy.ts'
import { WorkMemories } from './shared-work.ts'

/** Messages that a rank takes straight from their rings before it looks at what others have sent. */
const LOOK_AROUND = 64

export class Engine implements WaitCounter {
  readonly transport: Transport
  /** Told what this rank does, if anything is. */
  readonly recorder: Recorder | undefined
  /** For collective calls that this rank founds (shared-work.ts). */
  readonly workMemories: WorkMemories
  readonly #posted = new PostedQueue<Operation>()
  readonly #unexpected = new UnexpectedQueue<Unexpected>()
  /** Messages that `improbe` has taken and nobody has received. */
  readonly #matched = new Set<Unexpected>()
  readonly #probes = new Set<Operation>()
  readonly #conditions = new Conditions()
  /** Waited for, and made of other operations. */
  readonly #composed = new Set<Operation>()
  readonly #outbox: Outbox
  readonly #window: EagerWindow
  readonly #sends: LongSends
  readonly #receives: LongReceives
  readonly #frame = new Frame()
  /** For the header of the next message that is received on the shortest way. */
  readonly #peeked = new Frame()
  readonly #deliver = (frame: Frame): void => this.#receive(frame)
  readonly #nonePosted = (): boolean => this.#posted.size === 0
  readonly #idle: (() => void) | undefined
  /** Bits of the number of looks that are 0 when the recorder is told that a wait goes on: none, if nothing records. */
  readonly #waitInterval: number
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
    this.#idle = recorder === undefined ? undefined : () => recorder.idle()
    this.#waitInterval = (recorder?.waitInterval ?? 2 ** 30) - 1
    this.transport = open(() => this.progress())
    this.workMemories = new WorkMemories(this.transport)
    this.#window = new EagerWindow(this.transport.worldSize)
    this.#outbox = new Outbox(this.transport, this.#deliver)
    this.#sends = new LongSends(this.transport, () => this.progress())
    this.#receives = new LongReceives(this.transport, this.#outbox, recorder)
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
    if (view.nbytes <= this.transport.eagerLimit(dest) && this.#window.spend(dest, view.nbytes)) {
      this.#sendEager(frame, view, synchronous ? operation : undefined)
      if (!synchronous) operation.complete()
    } else {
      this.#sends.offer(frame, view, operation)
      this.#outbox.post(frame)
    }
    if (begun !== undefined) this.recorder?.sent(operation, begun, dest, view.nbytes, frame.id)
    return operation
  }

  /**
   * Sends a message now if nothing stands in its way and nothing is left to do afterwards: the shortest way for small
   * messages. False if it was not sent; then `isend` does it.
   */
  sendNow(view: MessageView, dest: number, context: number, tag: number, call: CallNow): boolean {
    const { bytes, nbytes } = view
    if (bytes === undefined || dest === this.worldRank) return false
    if (!this.#outbox.isEmpty || nbytes > this.transport.eagerLimit(dest) || !this.#window.spend(dest, nbytes))
      return false
    const { recorder } = this
    if (recorder !== undefined) recorder.begin()
    const frame = this.#frame
    frame.kind = FRAME.EAGER
    frame.flags = frame.aux = 0
    frame.id = recorder === undefined ? 0 : this.#newEagerId()
    frame.elementType = view.elementType.code
    frame.context = context
    frame.tag = tag
    frame.source = this.worldRank
    frame.dest = dest
    frame.nbytes = nbytes
    frame.payload = bytes
    frame.region = undefined
    frame.address = 0
    if (this.transport.trySend(dest, frame, view.words)) {
      if (recorder !== undefined) recorder.sentNow(call, frame)
      return true
    }
    this.#window.giveBack(dest, nbytes)
    return false
  }

  /**
   * Receives a message now if it is the next that comes from `source` and nothing else could be meant: no receive is
   * posted, none waits unexpected. Its header, valid until the next call of this engine; undefined if it was not
   * received; then `irecv` does it.
   */
  recvNow(view: MessageView, source: number, context: number, tag: number): Frame | undefined {
    if (this.#posted.size > 0 || this.#unexpected.size > 0) return undefined
    const { recorder } = this
    if (recorder !== undefined) recorder.begin()
    const inlet = view.bytes === undefined ? undefined : this.transport.inletOf?.(source, this.#idle)
    const frame = inlet && this.#takeFrom(inlet, view, source, context, tag)
    if (frame !== undefined && recorder !== undefined) recorder.receivedNow(CALL_NOW.RECV, frame)
    return frame
  }

  /** The same for a receive that does not wait, so that it is a receive by itself. */
  irecvNow(view: MessageView, source: number, context: number, tag: number): Frame | undefined {
    if (this.#posted.size > 0 || this.#unexpected.size > 0) return undefined
    const { recorder } = this
    if (recorder !== undefined) recorder.begin()
    const inlet = view.bytes === undefined ? undefined : this.transport.inletNow?.(source)
    const frame = inlet && this.#takeFrom(inlet, view, source, context, tag)
    if (frame !== undefined && recorder !== undefined) recorder.receivedNow(CALL_NOW.IRECV, frame)
    return frame
  }

  /** Takes the next message of an inlet if it is what is asked for and fits. */
  #takeFrom(inlet: Inlet, view: MessageView, source: number, context: number, tag: number): Frame | undefined {
    const frame = this.#peeked
    inlet.peek(frame)
    if (frame.kind !== FRAME.EAGER || frame.flags !== 0 || frame.context !== context) return undefined
    if (frame.tag !== tag && tag !== ANY_TAG) return undefined
    if (frame.elementType !== view.elementType.code || frame.nbytes > view.nbytes) return undefined
    inlet.take(view.bytes as Uint8Array, frame.nbytes, view.words)
    this.#returnWindow(source, frame.nbytes)
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
    const { recorder } = this
    if (recorder !== undefined) recorder.begin()
    const operation = new Operation(this, call, { context, source, tag }, view, agreement)
    // A message that is here is taken at once: most receives of a running program end inside this call.
    const message = this.#unexpected.match(operation)
    if (message !== undefined) this.#take(operation, message)
    else {
      this.#posted.add(operation)
      this.#progressUntil(this.#nonePosted)
    }
    if (recorder !== undefined) recorder.posted(operation)
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
    return found && envelopeOf(found)
  }

  /** Takes the message that `iprobe` would find out of the queue, for `mrecv` and nobody else (MPI 4.1, section 3.8.2). */
  improbe(source: number, context: number, tag: number): Unexpected | undefined {
    const key = { source, context, tag }
    if (this.#unexpected.peek(key) === undefined) this.progress()
    const message = this.#unexpected.match(key)
    if (message !== undefined) this.#matched.add(message)
    return message
  }

  /** Starts the receive of a message that `improbe` took. */
  mrecv(view: MessageView | undefined, message: Unexpected, call: string): Operation {
    this.recorder?.begin()
    this.#matched.delete(message)
    const operation = new Operation(this, call, message, view)
    this.#take(operation, message)
    this.recorder?.posted(operation)
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

  /** The message of a context that has waited longest, of those that have been delivered. */
  oldestUnexpected(context: number): Unexpected | undefined {
    return this.#unexpected.oldest(context)
  }

  /** An operation that ends when `iprobe` would find a message. */
  probe(source: number, context: number, tag: number, call: string): Operation {
    this.recorder?.begin()
    const operation = new Operation(this, call, { context, source, tag })
    if (this.iprobe(source, context, tag) === undefined) this.#probes.add(operation)
    else operation.complete()
    this.recorder?.posted(operation)
    return operation
  }

  /** An operation that ends as soon as a condition is met. Whoever meets it nudges this rank. */
  until(condition: Condition, key: MatchKey, call: string, agreement: Agreement): Operation {
    const operation = new Operation(this, call, key, undefined, agreement)
    this.#conditions.add(operation, condition)
    return operation
  }

  /** Has a rank of this host look whether its conditions are met. */
  nudge(dest: number): void {
    this.#outbox.control(FRAME.NUDGE, dest, {})
  }

  /** Everything that this rank has started and that has not ended. */
  pending(): Pending[] {
    const received = (operation: Operation): Pending => {
      return { operation, kind: 'receive', nbytes: operation.view?.nbytes }
    }
    return [
      ...Array.from(this.#posted, received),
      ...this.#receives.pending().map(received),
      ...this.#conditions.pending(),
      ...Array.from(this.#probes, (operation): Pending => ({ operation, kind: 'probe', nbytes: undefined })),
      ...this.#sends.pending(),
    ]
  }

  /** Private memory of this rank that other threads may be reading or writing. */
  lent(): Set<ArrayBuffer> {
    const buffers = [...this.#sends.lent(), ...this.#receives.lent()]
    return new Set(buffers.filter((buffer) => buffer instanceof ArrayBuffer))
  }

  /** The messages that have arrived and that nobody has received. */
  unreceived(): Unreceived[] {
    return [...this.#matched, ...this.#unexpected].map((message) => {
      const { context, source, tag, nbytes, elementType, aux } = message
      const [type, matched] = [typeOfCode(elementType), this.#matched.has(message)]
      return { context, source, tag, nbytes, elementType: type, signature: aux, matched }
    })
  }

  /** Nonblocking collective calls that are waited for as a whole; what they are made of is `pending`. */
  get composed(): ReadonlySet<Operation> {
    return this.#composed
  }

  /** Waits under way. */
  get waits(): number {
    return this.#waits
  }

  /** Waits that have begun and waits that have ended. */
  get waitTurns(): number {
    return 2 * this.#ended + this.#waits
  }

  /** True while frames of this rank have not left it: it must keep making progress before it may end. */
  get hasUnsentFrames(): boolean {
    return !this.#outbox.isEmpty
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
    return this.#progressUntil()
  }

  /** @param enough true if what is left may as well come later: messages that no receive waits for stay where they are */
  #progressUntil(enough?: () => boolean): number {
    const before = this.#ended
    if ((++this.#looks & this.#waitInterval) === 0 && this.#waits > 0) this.recorder?.waitGoesOn(this)
    this.transport.poll(this.#deliver, undefined, enough)
    if (!this.#conditions.isEmpty) this.#conditions.ask()
    if (!this.#outbox.isEmpty) this.#outbox.flush()
    return this.#ended - before
  }

  waitBegins(operation: Operation): void {
    if (operation.context === COMPOSED) this.#composed.add(operation)
    this.recorder?.waitBegan(operation)
    if (this.#waits++ > 0) return
    this.#looks = 0
    this.transport.setWaiting(true)
  }

  waitEnds(operation: Operation): void {
    if (operation.context === COMPOSED && (operation.done || operation.awaited === undefined))
      this.#composed.delete(operation)
    this.recorder?.waitEnded(operation, this.#looks)
    this.#ended++
    if (--this.#waits === 0) this.transport.setWaiting(false)
  }

  // ---- sending -----------------------------------------------------------------------------------------------

  #sendEager(frame: Frame, view: MessageView, synchronous: Operation | undefined): void {
    frame.kind = FRAME.EAGER
    frame.region = undefined
    frame.address = 0
    frame.payload = view.bytes ?? (view.packInto(new Uint8Array(view.nbytes)) as Uint8Array)
    if (synchronous !== undefined) this.#sends.expectAnswer(frame, synchronous)
    else if (this.recorder !== undefined) frame.id = this.#newEagerId()
    this.#outbox.post(frame)
  }

  /** Nobody answers eager messages: they have numbers for the record only, below 0. */
  #newEagerId(): number {
    this.#lastEagerId = this.#lastEagerId === -0x8000_0000 ? -1 : this.#lastEagerId - 1
    return this.#lastEagerId
  }

  // ---- receiving ---------------------------------------------------------------------------------------------

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case FRAME.EAGER:
      case FRAME.RTS:
        this.#arrive(frame)
        break
      case FRAME.FIN:
        this.#sends.finish(frame.id)
        break
      case FRAME.LANDED:
        this.#receives.finish(frame.aux)
        break
      case FRAME.CREDIT:
        this.#window.credit(frame.source, frame.nbytes)
        break
      case FRAME.HERE:
        this.#receives.here(frame)
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
    const message = { kind, flags, elementType, context, source, tag, id, aux, nbytes, region, address, payload }
    this.#unexpected.add(message)
    if (kind === FRAME.RTS && region === undefined && address === 0) this.#receives.expect(message)
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
    if (error !== undefined && isFailure(receive, message)) this.#takeFailure(receive, message)
    else if (message.kind === FRAME.EAGER) this.#takeEager(receive, message, error)
    else if (error !== undefined) this.#receives.refuse(receive, message, error)
    else this.#receives.take(receive, message)
  }

  /** The rest of the collective call goes on: the receive ends well, without data. */
  #takeFailure(receive: Operation, message: Unexpected | Frame): void {
    const { kind, source, id, nbytes } = message
    const text = failureText(message)
    if (kind === FRAME.EAGER) this.#returnWindow(source, nbytes)
    else this.#receives.decline(message)
    receive.agreement?.fail?.(text)
    this.recorder?.received(receive, source, nbytes, id)
    receive.complete()
  }

  #takeEager(receive: Operation, message: Unexpected | Frame, error: Error | undefined): void {
    const { source, id, flags, nbytes } = message
    const payload = message.payload as Uint8Array
    this.#returnWindow(source, nbytes)
    if ((flags & FLAG_SYNCHRONOUS) !== 0) this.#outbox.control(FRAME.FIN, source, { id })
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

  #returnWindow(source: number, nbytes: number): void {
    if (source === this.worldRank) {
      this.#window.giveBack(source, nbytes)
      return
    }
    const due = this.#window.owe(source, nbytes)
    if (due > 0) this.#outbox.control(FRAME.CREDIT, source, { nbytes: due })
  }
}
