/**
 * The costly checks of `--check`: buffers must be left alone between the start of a nonblocking call and the wait or
 * test that completes it (MPI 4.1, section 3.7.2), and while a blocking one goes on that the program does not await.
 *
 * A message is delivered into memory of the check's own, and a pending receive buffer is filled with POISON, so that a
 * program that reads it too early sees nothing it could take for data, and one that writes to it is found when the
 * request is completed. The elements of a pending send are remembered by a checksum. Requests that are never completed
 * are kept for the report at the end. Those of collective calls have several buffers: watched-buffers.ts.
 */
import { OBJECT } from '../base/element-type.ts'
import { MpiError } from '../base/errors.ts'
import { MessageView } from '../base/message-buffer.ts'
import { copyRegion, regionOver, slicesOf, type Region } from '../base/region.ts'
import { givesRequest } from '../diagnosis/picture.ts'
import type { Operation } from '../engine/operation.ts'

/** NaN in every floating-point type, -1 in every integer type. */
export const POISON = 0xff

/** A nonblocking call whose buffer is watched from its start to the wait or test that completes it. */
export interface BufferWatch {
  /** What to send from or receive into instead of the program's buffer. */
  readonly view: MessageView
  /** Set once it is posted. */
  operation: Operation | undefined
  /** Sends: world rank of the receiver. */
  dest: number | undefined
  /**
   * The request is complete: `nbytes` of a message have come. Delivers them. Does nothing when called again.
   *
   * @throws {MpiError} MPI_ERR_BUFFER if the program has changed the buffer meanwhile
   */
  complete(nbytes: number): void
}

/** A call whose two buffers are watched until it ends. */
export interface ExchangeWatch extends Pick<BufferWatch, 'view' | 'complete'> {
  posted(operations: readonly [receive: Operation | undefined, send: Operation | undefined]): void
}

/** What reports say of an operation, or of a whole collective call. */
export type Told = Pick<Operation, 'call' | 'context' | 'source' | 'tag' | 'agreement' | 'nbytes' | 'done' | 'error'>

/** A nonblocking call that the program never completed. */
export interface NeverCompleted {
  readonly operation: Told
  readonly dest: number | undefined
  /** Sends: bytes of the message. */
  readonly nbytes: number
  readonly made: Error
}

/** Memory that a call uses until it ends: pieces of `nbytes` each. */
export interface Span {
  readonly memory: ArrayBufferLike
  /** Where the pieces begin, ascending. */
  readonly starts: Float64Array
  readonly nbytes: number
  readonly written: boolean
}

/** Bytes of a buffer's elements, packed. */
export interface Part {
  readonly start: number
  readonly nbytes: number
}

/** A call whose memory others must leave alone. */
export interface UnderWay {
  readonly call: string
  readonly what: 'a receive' | 'a send' | 'a call'
  readonly made: Error
  readonly spans: readonly Span[]
  isOver(): boolean
}

export class BufferChecks {
  readonly #underWay = new Set<UnderWay>()
  readonly #watches = new Map<BufferWatch, Error>()
  readonly #collectives = new Map<object, NeverCompleted>()
  readonly #made = new WeakMap<Operation, Error>()
  readonly #placeIn: (stack: string) => string | undefined

  /** @param placeIn the first line of the program in a stack trace */
  constructor(placeIn: (stack: string) => string | undefined) {
    this.#placeIn = placeIn
  }

  /**
   * @param spans what a call is about to use
   * @throws {MpiError} MPI_ERR_BUFFER if a call under way may write to it, or reads what this one may write to
   */
  apart(spans: readonly Span[], call: string): void {
    for (const other of this.#underWay)
      if (other.isOver()) this.#underWay.delete(other)
      else if (spans.some((span) => other.spans.some((its) => conflict(span, its))))
        throw new MpiError(
          'MPI_ERR_BUFFER',
          `${call}: the buffer overlaps that of ${other.what} under way (${this.where(other.call, other.made)})`,
        )
  }

  /** A call has begun to use memory. */
  begun(call: UnderWay): void {
    this.#underWay.add(call)
  }

  /** A collective call has been started that some wait or test must complete. */
  mustBeCompleted(watch: object, operation: Told, made: Error): void {
    this.#collectives.set(watch, { operation, dest: undefined, nbytes: 0, made })
  }

  /** It is complete, or has failed. */
  completed(watch: object): void {
    this.#collectives.delete(watch)
  }

  /** Begins to watch the buffer of a send. */
  send(view: MessageView, call: string): BufferWatch {
    const before = checksum(view)
    return this.#watch(view, call, { use: 'send', spans: spansOf(view, false) }, () => checksum(view) === before)
  }

  /** Begins to watch the buffer of a receive, which it poisons. @throws {MpiError} like `apart` */
  receive(view: MessageView, call: string): BufferWatch {
    const spans = spansOf(view, true)
    this.apart(spans, call)
    const original = packed(view)
    const arriving = memory(view.nbytes)
    for (const slice of slicesOf(arriving)) slice.fill(POISON)
    view.unpack(arriving)
    const substitute = new MessageView(view.elementType, view.count, arriving)
    return this.#watch(substitute, call, { use: 'receive', spans }, (nbytes) => {
      const intact = [...slicesOf(packed(view))].every((slice) => slice.every((byte) => byte === POISON))
      copyRegion(original, regionOver(arriving.buffer, arriving.byteOffset, nbytes))
      view.unpack(original)
      return intact
    })
  }

  /** Begins to watch a receive of an object, which has no buffer: some wait or test must complete it. */
  receiveObject(call: string): BufferWatch {
    return this.#watch(new MessageView(OBJECT, 0, memory(0)), call, { use: 'receive', spans: [] }, () => true)
  }

  /** Begins to watch both buffers of a call that sends and receives, which may not be awaited. @throws {MpiError} like `apart` */
  exchange(sent: MessageView, received: MessageView, call: string): ExchangeWatch {
    const [read, written] = [spansOf(sent, false), spansOf(received, true)]
    this.apart([...read, ...written], call)
    if (read.some((span) => written.some((other) => conflict(span, other)))) throw overlapWithin(call)
    const send = this.send(sent, call)
    const receive = this.receive(received, call)
    return {
      view: receive.view,
      posted: (operations) => ([receive.operation, send.operation] = operations),
      complete: (nbytes) => {
        try {
          receive.complete(nbytes)
        } finally {
          send.complete(0)
        }
      },
    }
  }

  /** Requests that no wait or test has completed. */
  neverCompleted(): NeverCompleted[] {
    const messages = [...this.#watches].flatMap(([{ operation, dest, view }, made]) =>
      operation === undefined ? [] : { operation, dest, nbytes: view.nbytes, made },
    )
    return [...messages, ...this.#collectives.values()].filter(({ operation }) => operation.error === undefined)
  }

  /** A send, receive or probe of the program's has been started. */
  posted(operation: Operation): void {
    this.#made.set(operation, new Error(operation.call))
  }

  /** Where it was started. */
  madeBy(operation: Operation): Error | undefined {
    return this.#made.get(operation)
  }

  #watch(
    view: MessageView,
    call: string,
    { use, spans }: { readonly use: 'send' | 'receive'; readonly spans: readonly Span[] },
    unchanged: (nbytes: number) => boolean,
  ): BufferWatch {
    const made = new Error(call)
    const complete = (nbytes: number): void => {
      if (!this.#watches.delete(watch) || unchanged(nbytes)) return
      throw new MpiError(
        'MPI_ERR_BUFFER',
        `${call}: the ${use} buffer was changed between ${this.where(call, made)} and ${endOf(call)}`,
      )
    }
    const watch: BufferWatch = { view, operation: undefined, dest: undefined, complete }
    this.#watches.set(watch, made)
    // Not when the message has come or gone, which is a matter of time: the wait or test gives the buffer back.
    const isOver = (): boolean => !this.#watches.has(watch) || watch.operation?.error !== undefined
    this.begun({ call, what: `a ${use}`, made, spans, isOver })
    return watch
  }

  /** A call and its line, for messages. */
  where(call: string, made: Error): string {
    const place = this.#placeIn(made.stack ?? '')
    return place === undefined ? call : `${call} at ${place}`
  }
}

/** A call was given two buffers that overlap. */
export function overlapWithin(call: string): MpiError {
  return new MpiError('MPI_ERR_BUFFER', `${call}: the send and the receive buffer overlap`)
}

/** When the buffer belongs to the program again. */
export function endOf(call: string): string {
  return givesRequest(call)
    ? 'the wait or test that completed the request'
    : `the end of the ${call}: is an await missing?`
}

/**
 * Settles when a blocking send has, but not at once, as that of a message that is buffered does: a program that does not
 * await it goes on meanwhile, and may change the buffer.
 */
export async function settledLater(request: { wait(): Promise<unknown> }): Promise<void> {
  await untilProgramGoesOn()
  await request.wait()
}

/** A program that does not await what has just been called is past that then. */
export async function untilProgramGoesOn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** The memory of a buffer, or of a part of its elements: one piece if they are contiguous, else each by itself. */
export function spansOf(
  view: MessageView,
  written: boolean,
  { start, nbytes }: Part = { start: 0, nbytes: view.nbytes },
): Span[] {
  if (nbytes === 0) return []
  const { region, elementType } = view
  if (region !== undefined)
    return [{ memory: region.buffer, starts: Float64Array.of(region.byteOffset + start), nbytes, written }]
  const { memory, starts } = view.places()
  const size = elementType.bytes
  return [{ memory, starts: starts.slice(start / size, (start + nbytes) / size).sort(), nbytes: size, written }]
}

/** True if the two have memory in common that one of them writes to. */
export function conflict(a: Span, b: Span): boolean {
  if (a.memory !== b.memory || !(a.written || b.written)) return false
  let [i, j] = [0, 0]
  while (i < a.starts.length && j < b.starts.length) {
    const from = a.starts[i] as number
    const other = b.starts[j] as number
    if (from + a.nbytes <= other) i++
    else if (other + b.nbytes <= from) j++
    else return true
  }
  return false
}

/** The elements of a buffer in memory of their own. */
export function packed(view: MessageView): Region {
  const region = memory(view.nbytes)
  view.pack(region)
  return region
}

function memory(nbytes: number): Region {
  return regionOver(new ArrayBuffer(nbytes), 0, nbytes)
}

/** FNV-1a, 32 bits, over the elements in the order in which they travel. */
function checksum(view: MessageView): number {
  let hash = 0x811c9dc5
  for (const slice of slicesOf(view.region ?? packed(view)))
    for (const byte of slice) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}
