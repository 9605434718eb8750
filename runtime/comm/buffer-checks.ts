/**
 * The costly checks of `--check`: buffers must be left alone between the start of a nonblocking call and the wait or
 * test that completes it (MPI 4.1, section 3.7.2), and while a blocking one goes on that the program does not await.
 *
 * A message is delivered into memory of the check's own, and a pending receive buffer is filled with POISON, so that a
 * program that reads it too early sees nothing it could take for data, and one that writes to it is found when the
 * request is completed. The elements of a pending send are remembered by a checksum. Requests that are never completed
 * are kept for the report at the end. Those of collective calls have several buffers: watched-buffers.ts.
 */
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
  readonly made: Error
}

/** Memory that a call uses until it ends. */
export interface Span {
  readonly region: Region
  readonly written: boolean
}

/** A call whose memory others must leave alone. */
export interface UnderWay {
  readonly call: string
  readonly what: 'a receive' | 'a call'
  readonly made: Error
  readonly spans: readonly Span[]
  isOver(): boolean
}

export class BufferChecks {
  readonly #underWay = new Set<UnderWay>()
  readonly #watches = new Map<BufferWatch, Error>()
  readonly #collectives = new Map<object, NeverCompleted>()
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

  /** A receive has been posted. */
  posted(operation: Operation): void {
    const { call, view } = operation
    const isOver = (): boolean => operation.done
    if (!isOver()) this.begun({ call, what: 'a receive', made: new Error(call), spans: spansOf(view, true), isOver })
  }

  /** A collective call has been started that some wait or test must complete. */
  mustBeCompleted(watch: object, operation: Told, made: Error): void {
    this.#collectives.set(watch, { operation, dest: undefined, made })
  }

  /** It is complete, or has failed. */
  completed(watch: object): void {
    this.#collectives.delete(watch)
  }

  /** Begins to watch the buffer of a send. */
  send(view: MessageView, call: string): BufferWatch {
    const before = checksum(view)
    return this.#watch(view, call, 'send', () => checksum(view) === before)
  }

  /** Begins to watch the buffer of a receive, which it poisons. @throws {MpiError} like `apart` */
  receive(view: MessageView, call: string): BufferWatch {
    this.apart(spansOf(view, true), call)
    const original = packed(view)
    const arriving = memory(view.nbytes)
    for (const slice of slicesOf(arriving)) slice.fill(POISON)
    view.unpack(arriving)
    return this.#watch(new Substitute(view, arriving), call, 'receive', (nbytes) => {
      const intact = [...slicesOf(packed(view))].every((slice) => slice.every((byte) => byte === POISON))
      copyRegion(original, regionOver(arriving.buffer, arriving.byteOffset, nbytes))
      view.unpack(original)
      return intact
    })
  }

  /** Begins to watch both buffers of a call that sends and receives, which it may not await. */
  exchange(sent: MessageView, received: MessageView, call: string): ExchangeWatch {
    this.apart([...spansOf(sent, false), ...spansOf(received, true)], call)
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
    const messages = [...this.#watches].flatMap(([{ operation, dest }, made]) =>
      operation === undefined ? [] : { operation, dest, made },
    )
    return [...messages, ...this.#collectives.values()].filter(({ operation }) => operation.error === undefined)
  }

  /** Where a nonblocking call was made that no wait or test has completed. */
  madeBy(operation: Operation): Error | undefined {
    return this.neverCompleted().find((one) => one.operation === operation)?.made
  }

  #watch(view: MessageView, call: string, what: string, unchanged: (nbytes: number) => boolean): BufferWatch {
    const made = new Error(call)
    const complete = (nbytes: number): void => {
      if (!this.#watches.delete(watch) || unchanged(nbytes)) return
      throw new MpiError(
        'MPI_ERR_BUFFER',
        `${call}: the ${what} buffer was changed between ${this.where(call, made)} and ${endOf(call)}`,
      )
    }
    const watch: BufferWatch = { view, operation: undefined, dest: undefined, complete }
    this.#watches.set(watch, made)
    return watch
  }

  /** A call and its line, for messages. */
  where(call: string, made: Error): string {
    const place = this.#placeIn(made.stack ?? '')
    return place === undefined ? call : `${call} at ${place}`
  }
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

/** Memory that is received into in place of a buffer; overlaps what the buffer overlaps. */
class Substitute extends MessageView {
  readonly original: MessageView

  constructor(original: MessageView, region: Region) {
    super(original.elementType, original.count, region)
    this.original = original
  }
}

/** The memory of a buffer. Contiguous ones only: strided ones may interleave without having an element in common. */
export function spansOf(view: MessageView | undefined, written: boolean): Span[] {
  const region = view instanceof Substitute ? view.original.region : view?.region
  return region === undefined || region.byteLength === 0 ? [] : [{ region, written }]
}

/** True if the two have memory in common that one of them writes to. */
export function conflict(a: Span, b: Span): boolean {
  const [x, y] = [a.region, b.region]
  if (x.buffer !== y.buffer || !(a.written || b.written)) return false
  return x.byteOffset < y.byteOffset + y.byteLength && y.byteOffset < x.byteOffset + x.byteLength
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
