/**
 * The receiver's side of messages whose bytes stay with their sender until they are matched: fetched with one copy where
 * memory can be read, by the agents where it cannot, into memory that they share or whose address means something to them.
 *
 * Invariant: every message that `take`, `refuse` or `decline` is called with is answered with FIN exactly once, here or, if it comes
 * from afar, by the agents that move it; then its receive ends.
 */
import { invariant } from '../base/errors.ts'
import { loadedMemory, nativeMemory, type NativeMemory } from '../base/native-calls.ts'
import { regionOver, sliceOf, type Region } from '../base/region.ts'
import { FRAME, type Frame, type Transport } from '../transport/transport.ts'
import type { Unexpected } from './envelope.ts'
import { idAfter } from './long-sends.ts'
import type { Operation } from './operation.ts'
import type { Outbox } from './outbox.ts'
import type { Recorder } from './recorder.ts'
import { SharedCopies, SHARED_COPY_NBYTES, TASK_BYTES, type LongCopy } from './shared-copy.ts'

/** A far receive whose bytes are being fetched by the agents. */
interface PendingLanding {
  readonly operation: Operation
  readonly landing: Region
  readonly staged: boolean
  /** The sender's number of the message. */
  readonly id: number
}

export class LongReceives {
  readonly #transport: Transport
  readonly #outbox: Outbox
  readonly #recorder: Recorder | undefined
  readonly #landings = new Map<number, PendingLanding>()
  /** Messages from afar that no receive has met and whose bytes are not here. */
  readonly #expected = new Map<number, Unexpected>()
  /** Made for the first long message. */
  #copies: SharedCopies | undefined
  #latestId = 0

  constructor(transport: Transport, outbox: Outbox, recorder: Recorder | undefined) {
    this.#transport = transport
    this.#outbox = outbox
    this.#recorder = recorder
  }

  /** A message from afar has been announced and waits for its receive. */
  expect(message: Unexpected): void {
    this.#expected.set(keyOf(message), message)
  }

  /** The agent has taken in a message that was expected; if a receive has met it meanwhile, LANDED will follow. */
  here(frame: Frame): void {
    const message = this.#expected.get(keyOf(frame))
    if (message === undefined) return
    message.region = frame.region
    this.#expected.delete(keyOf(frame))
  }

  /** A receive has met its message, which fits. */
  take(receive: Operation, message: Unexpected | Frame): void {
    if (message.region !== undefined) this.#read(receive, message, message.region)
    else if (message.address !== 0) this.#readPrivate(receive, message)
    else this.#fetch(receive, message)
  }

  /** The sender of a message that cannot be received must not wait for ever. */
  refuse(receive: Operation, message: Unexpected | Frame, error: Error): void {
    this.decline(message)
    receive.fail(error)
  }

  /** Answers a message whose bytes nobody wants. */
  decline(message: Unexpected | Frame): void {
    this.#expected.delete(keyOf(message))
    this.#outbox.control(FRAME.FIN, message.source, { id: message.id })
  }

  /** The agents have put a message where `take` wanted it. */
  finish(aux: number): void {
    const pending = this.#landings.get(aux)
    invariant(pending !== undefined, `LANDED for unknown receive ${aux}`)
    this.#landings.delete(aux)
    const { operation, landing, staged, id } = pending
    operation.nbytes = landing.byteLength
    if (operation.view === undefined) operation.payload = staged ? wholeOf(landing).slice() : wholeOf(landing)
    else if (staged) operation.view.unpack(landing)
    if (staged) this.#transport.free(landing)
    this.#recorder?.received(operation, operation.source, landing.byteLength, id)
    operation.complete()
  }

  /** Private memory that the agent may be writing into. */
  lent(): ArrayBufferLike[] {
    return [...this.#landings.values()].filter(({ staged }) => !staged).map(({ landing }) => landing.buffer)
  }

  /** The receives whose bytes are on their way. */
  pending(): Operation[] {
    return Array.from(this.#landings.values(), ({ operation }) => operation)
  }

  /** This rank copies the message once, out of the sender's memory, or out of where its agent has put it. */
  #read(receive: Operation, message: Unexpected | Frame, region: Region): void {
    const { source, nbytes } = message
    const { view } = receive
    const isOwn = source === this.#transport.worldRank
    const native = nbytes < SHARED_COPY_NBYTES || isOwn ? undefined : loadedMemory()
    if (view === undefined) receive.payload = sliceOf(region, 0, nbytes).slice()
    else if (native === undefined || view.region === undefined) view.unpack(region)
    else {
      const copy = { target: native.addressOf(view.region), source: native.addressOf(region), nbytes }
      this.#copyLong(native, copy, source)
    }
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
      const copy = this.#transport.alloc(nbytes)
      native.copy(native.addressOf(copy), address, nbytes)
      if (view === undefined) receive.payload = sliceOf(copy, 0, nbytes).slice()
      else view.unpack(regionOver(copy.buffer, copy.byteOffset, nbytes))
      this.#transport.free(copy)
    }
    this.#wasRead(receive, message)
  }

  #wasRead(receive: Operation, { source, id, nbytes }: Unexpected | Frame): void {
    receive.nbytes = nbytes
    this.#outbox.control(FRAME.FIN, source, { id })
    this.#recorder?.received(receive, source, nbytes, id)
    receive.complete()
  }

  /** Copies a long message; with the help of its sender if that is quicker. */
  #copyLong(native: NativeMemory, copy: LongCopy, source: number): void {
    const transport = this.#transport
    if (copy.nbytes < SHARED_COPY_NBYTES || transport.hasCores !== true || !transport.isNear(source)) {
      native.copy(copy.target, copy.source, copy.nbytes)
      return
    }
    this.#copies ??= new SharedCopies(transport.alloc(TASK_BYTES))
    this.#copies.copy(native, copy, (task, id) => this.#outbox.control(FRAME.HELP, source, { id, region: task }))
  }

  /** Far: the agents put the message into shared memory of this rank. */
  #fetch(receive: Operation, message: Unexpected | Frame): void {
    const { source, id, nbytes } = message
    this.#expected.delete(keyOf(message))
    const native = this.#nativeForAgent(nbytes)
    const own = roomFor(receive, nbytes, native !== undefined)
    const shared = own !== undefined && this.#transport.isShared(own)
    const staged = own === undefined || !(shared || native !== undefined)
    const landing = staged ? this.#transport.alloc(nbytes) : own
    const aux = (this.#latestId = idAfter(this.#latestId))
    this.#landings.set(aux, { operation: receive, landing, staged, id })
    const where = staged || shared ? { region: landing } : { address: native?.addressOf(landing) ?? 0 }
    this.#outbox.control(FRAME.WANT, source, { id, aux, nbytes, ...where })
  }

  /** What names private memory of this rank to its agent, another thread of this process. */
  #nativeForAgent(nbytes: number): NativeMemory | undefined {
    return nbytes > 0 && this.#transport.sharesAddresses === true ? loadedMemory() : undefined
  }
}

function wholeOf(region: Region): Uint8Array {
  return sliceOf(region, 0, region.byteLength)
}

/** The part of a receive's own buffer that a message takes; for one of an object a buffer is made, if it may be private. */
function roomFor({ view }: Operation, nbytes: number, mayBePrivate: boolean): Region | undefined {
  if (view === undefined) return mayBePrivate ? new Uint8Array(nbytes) : undefined
  const { region } = view
  return region === undefined ? undefined : regionOver(region.buffer, region.byteOffset, nbytes)
}

/** Messages are numbered by their sender: a number that is exact in a double. */
function keyOf({ source, id }: Pick<Frame, 'source' | 'id'>): number {
  return source * 2 ** 31 + id
}
