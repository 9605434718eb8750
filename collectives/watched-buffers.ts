/**
 * The buffers of collective calls under `--check`: they must be left alone from the start of a call to its end, or to the
 * wait or test that completes it (MPI 4.1, section 6.12).
 *
 * A call works on memory of the check's own in place of each buffer. Until its results are delivered from there, what it
 * may write to is filled with POISON, and at the end the program's elements must be as they were left. Invariant: only the
 * elements that the call reads or writes are looked at or touched: the gaps between the blocks of a vector call, and the
 * blocks of neighbours that are not there, stay the program's.
 */
import { newArrayLike, type TypedArray } from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import type { MessageBuffer, MessageView } from '../runtime/base/message-buffer.ts'
import { copyRegion, regionOver, slicesOf, type Region } from '../runtime/base/region.ts'
import {
  conflict,
  endOf,
  overlapWithin,
  packed,
  POISON,
  spansOf,
  type BufferChecks,
  type Part,
  type Span,
} from '../runtime/comm/buffer-checks.ts'
import type { Channel } from '../runtime/comm/channel.ts'
import type { Operation } from '../runtime/engine/operation.ts'
import { observing, type BufferObserver, type Use } from './arguments.ts'
import type { Plan } from './plan.ts'

class WatchedBuffer {
  /** What the call works on. */
  readonly array: TypedArray
  readonly #view: MessageView
  readonly #parts: Readonly<Record<Use, readonly Part[]>>
  #original: Region | undefined
  /** As the program must leave its elements. */
  #left: Region | undefined

  constructor(view: MessageView, array: TypedArray, parts: Readonly<Record<Use, readonly Part[]>>) {
    this.#view = view
    this.array = newArrayLike(array, array.length)
    this.#parts = parts
  }

  /** What it uses of the program's memory. */
  get spans(): Span[] {
    return USES.flatMap((use) => this.#parts[use].flatMap((part) => spansOf(this.#view, use === 'recv', part)))
  }

  start(): void {
    this.#original = packed(this.#view)
    copyRegion(this.array, this.#original)
    this.#left = packed(this.#view)
    for (const part of this.#parts.recv) for (const slice of slicesOf(at(this.#left, part))) slice.fill(POISON)
    this.#put(this.#left)
  }

  /** Puts the results in place, or what was there before; which use of the buffer the program has disturbed. */
  end(delivered: boolean): Use | undefined {
    const [now, left] = [packed(this.#view), this.#left as Region]
    const disturbed = USES.find((use) => this.#parts[use].some((part) => !isSame(at(now, part), at(left, part))))
    this.#put(delivered ? this.array : (this.#original as Region))
    return disturbed
  }

  #put(elements: Region): void {
    const { region } = this.#view
    const all = region ?? packed(this.#view)
    for (const part of this.#parts.recv) copyRegion(at(all, part), at(elements, part))
    if (region === undefined) this.#view.unpack(all)
  }
}

const USES = ['recv', 'send'] as const

function at({ buffer, byteOffset }: Region, { start, nbytes }: Part): Region {
  return regionOver(buffer, byteOffset + start, nbytes)
}

function isSame(a: Region, b: Region): boolean {
  const others = slicesOf(b)
  for (const slice of slicesOf(a)) if (Buffer.compare(slice, others.next().value as Uint8Array) !== 0) return false
  return true
}

/** A collective call whose buffers are watched each time it is made. */
export class WatchedCall {
  readonly #checks: BufferChecks
  readonly #call: string
  readonly #buffers: readonly WatchedBuffer[]
  /** Where it was started; undefined when it is not under way. */
  #made: Error | undefined

  constructor(checks: BufferChecks, call: string, buffers: readonly WatchedBuffer[]) {
    this.#checks = checks
    this.#call = call
    this.#buffers = buffers
  }

  /** Begins to watch. @throws {MpiError} MPI_ERR_BUFFER if the buffers overlap one another or those of a call under way */
  start(): void {
    const spans = this.#buffers.flatMap((buffer) => buffer.spans)
    this.#checks.apart(spans, this.#call)
    if (spans.some((span, i) => spans.some((other, j) => j > i && conflict(span, other))))
      throw overlapWithin(this.#call)
    const made = new Error(this.#call)
    this.#made = made
    for (const buffer of this.#buffers) buffer.start()
    this.#checks.begun({ call: this.#call, what: 'a call', made, spans, isOver: () => this.#made !== made })
  }

  /** The call that has been started is one that a wait or test must complete. */
  mustBeCompleted(channel: Channel, whole: Operation): void {
    if (this.#made !== undefined) this.#checks.mustBeCompleted(this, channel.told(whole), this.#made)
  }

  /**
   * The call has ended well, and the program is told so. Delivers its results. Does nothing when called again.
   *
   * @throws {MpiError} MPI_ERR_BUFFER if the program has changed a buffer meanwhile
   */
  complete(): void {
    const made = this.#made
    const disturbed = this.#end(true)
    if (made !== undefined && disturbed !== undefined)
      throw new MpiError(
        'MPI_ERR_BUFFER',
        `${this.#call}: the ${disturbed === 'send' ? 'send' : 'receive'} buffer was changed between ${this.#checks.where(this.#call, made)} and ${endOf(this.#call)}`,
      )
  }

  /** The call has failed: the buffers become what they were. */
  abandon(): void {
    this.#end(false)
  }

  #end(delivered: boolean): Use | undefined {
    if (this.#made === undefined) return undefined
    this.#made = undefined
    this.#checks.completed(this)
    const disturbed = this.#buffers.map((buffer) => buffer.end(delivered))
    return disturbed.find((use) => use !== undefined)
  }
}

/** A buffer as a plan has been seen to use it. */
interface Seen {
  readonly view: MessageView
  /** What the plan has worked on. */
  array: TypedArray
  /** What is used if that is not the whole buffer. */
  readonly parts: Partial<Record<Use, Part[]>>
}

/**
 * A plan that works on the check's memory, and the buffers that this stands for. It is made twice: with the program's
 * buffers, so that everything is refused that would be without the checks, and seen how each is used; then with the check's.
 * What plans hand to plans inside them is new each time, and so is left alone.
 */
export function watchedPlan<T>(plan: () => Plan<T>): { readonly made: Plan<T>; readonly buffers: WatchedBuffer[] } {
  const seen = new Map<MessageBuffer, Seen>()
  const first = observing(noting(seen), plan)
  if (seen.size === 0) return { made: first, buffers: [] }
  const watched = new Map<
    MessageBuffer,
    { readonly buffer: WatchedBuffer; readonly parts: Record<Use, readonly Part[]> }
  >()
  const made = observing(
    {
      stead(buffer, use) {
        const known = seen.get(buffer)
        if (known === undefined) return undefined
        let its = watched.get(buffer)
        if (its === undefined) {
          const parts: Record<Use, readonly Part[]> = { send: [], recv: [] }
          watched.set(buffer, (its = { buffer: new WatchedBuffer(known.view, known.array, parts), parts }))
        }
        its.parts[use] = known.parts[use] ?? [{ start: 0, nbytes: known.view.nbytes }]
        return its.buffer.array
      },
      uses: () => undefined,
    },
    plan,
  )
  return { made, buffers: Array.from(watched.values(), ({ buffer }) => buffer) }
}

function noting(seen: Map<MessageBuffer, Seen>): BufferObserver {
  return {
    stead(buffer, _use, view, array) {
      const known = seen.get(buffer)
      if (known === undefined) seen.set(buffer, { view, array, parts: {} })
      else known.array = array
      return undefined
    },
    uses(array, use, blocks) {
      for (const known of seen.values())
        if (known.array === array)
          known.parts[use] = blocks.map(({ byteOffset, byteLength }) => ({
            start: byteOffset - array.byteOffset,
            nbytes: byteLength,
          }))
    },
  }
}
