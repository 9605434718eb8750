/**
 * The plans of a communicator's blocking calls, kept for the next call with the same arguments: what these mean takes several
 * times longer to find out than a small call takes to make (plan.ts).
 *
 * Invariants: a plan is used again only for the very memory that it was made for, through whichever views, while that has
 * the same length, and only when the call before has ended. No memory stays alive for the sake of a plan, but for little of
 * the latest calls: of more, plans last as long as the program holds both buffers' memory.
 *
 * Kept by memory, not by view, since programs make views as they go: a WeakMap for each view took 15 of the 20 us of an
 * allreduce of two views made for it, most of them when garbage was collected.
 */
import type { TypedArray } from '../runtime/base/element-type.ts'
import { isRemembered } from '../runtime/base/message-buffer.ts'
import { BOARD_NBYTES } from '../runtime/engine/board.ts'
import type { Op } from './op.ts'
import type { Plan } from './plan.ts'

/** The options of calls whose plans are kept. */
export interface PlanOptions {
  readonly op?: Op
  readonly root?: number
}

/** Latest plans that are kept: buffers take turns, and so do views of one. */
const KEPT = 16

/** The elements of a typed array. */
class Place {
  readonly memory: ArrayBufferLike
  readonly #offset: number
  readonly #length: number
  readonly #type: unknown

  constructor({ buffer, byteOffset, length, constructor }: TypedArray) {
    this.memory = buffer
    this.#offset = byteOffset
    this.#length = length
    this.#type = constructor
  }

  is(other: Place): boolean {
    return this.#isBeside(other) && this.memory === other.memory && this.#type === other.#type
  }

  #isBeside(other: Place): boolean {
    return this.#offset === other.#offset && this.#length === other.#length
  }

  /** Its memory was not transferred or resized meanwhile. `byteLength` would not do: V8 makes a call of it, 8 ns. */
  isOf(array: unknown): boolean {
    return (array as TypedArray).length === this.#length
  }
}

/** What a call is made with. */
class Arguments {
  readonly #send: unknown
  readonly #recv: unknown
  readonly #op: Op | undefined
  readonly #root: number | undefined
  readonly #sent: Place | undefined
  readonly #received: Place | undefined

  constructor(send: unknown, recv: unknown, options: PlanOptions | undefined) {
    this.#send = send
    this.#recv = recv
    this.#op = options?.op
    this.#root = options?.root
    this.#sent = placeOf(send)
    this.#received = placeOf(recv)
  }

  /** These very ones. */
  are(send: unknown, recv: unknown, options: PlanOptions | undefined): boolean {
    return this.#send === send && this.#recv === recv && this.#op === options?.op && this.#root === options?.root
  }

  /** The same elements, if through other views. */
  areAt(other: Arguments): boolean {
    return (
      this.#op === other.#op &&
      this.#root === other.#root &&
      (this.#sent === undefined || other.#sent === undefined
        ? this.#send === other.#send
        : this.#sent.is(other.#sent)) &&
      (this.#received === undefined || other.#received === undefined
        ? this.#recv === other.#recv
        : this.#received.is(other.#received))
    )
  }

  /** The buffers are as long as they were. */
  get areWhole(): boolean {
    return this.#sent?.isOf(this.#send) !== false && this.#received?.isOf(this.#recv) !== false
  }

  /** No memory, or so little that it may be kept. */
  get areLittle(): boolean {
    return isLittle(this.#send) && isLittle(this.#recv)
  }

  /** The memory of both buffers, of one of them twice if there is no other. */
  get memory(): readonly [ArrayBufferLike, ArrayBufferLike] | undefined {
    const first = this.#sent ?? this.#received
    return first && [first.memory, (this.#received ?? first).memory]
  }
}

interface Known<T> {
  readonly plan: Plan<T>
  readonly for: Arguments
}

/** The latest plans; each takes the place of the oldest. */
class LatestPlans<T> {
  readonly #known: Known<T>[] = []
  #oldest = 0

  add(known: Known<T>): void {
    this.#known[this.#oldest] = known
    this.#oldest = (this.#oldest + 1) % KEPT
  }

  find(given: Arguments): Known<T> | undefined {
    return this.#known.find((known) => known.for.areAt(given))
  }
}

export class KnownPlans<T> {
  #latest: Known<T> | undefined
  readonly #little = new LatestPlans<T>()
  #much: WeakMap<ArrayBufferLike, WeakMap<ArrayBufferLike, LatestPlans<T>>> | undefined

  /** A plan for the same arguments. */
  recall(send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> | undefined {
    const latest = this.#latest
    const known = latest?.for.are(send, recv, options) === true ? latest : this.#find(send, recv, options)
    return known?.for.areWhole === true && known.plan.underWay !== true ? known.plan : undefined
  }

  #find(send: unknown, recv: unknown, options: PlanOptions | undefined): Known<T> | undefined {
    const given = new Arguments(send, recv, options)
    const known = this.#little.find(given)
    if (known !== undefined) return (this.#latest = known)
    const memory = this.#much && given.memory
    return memory && this.#much?.get(memory[0])?.get(memory[1])?.find(given)
  }

  /** Keeps a plan if that does no harm: those of longer calls may hold much memory of their own. */
  remember(plan: Plan<T>, send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> {
    if ((plan.small?.nbytes ?? Infinity) > BOARD_NBYTES || !isPlain(send) || !isPlain(recv)) return plan
    const known = { plan, for: new Arguments(send, recv, options) }
    const { areLittle, memory } = known.for
    if (areLittle) this.#little.add((this.#latest = known))
    else if (memory !== undefined) this.#with(memory).add(known)
    return plan
  }

  #with([first, second]: readonly [ArrayBufferLike, ArrayBufferLike]): LatestPlans<T> {
    this.#much ??= new WeakMap()
    let others = this.#much.get(first)
    if (others === undefined) this.#much.set(first, (others = new WeakMap()))
    let plans = others.get(second)
    if (plans === undefined) others.set(second, (plans = new LatestPlans()))
    return plans
  }
}

/** Typed arrays, markers such as IN_PLACE, and what is not there. */
function isPlain(argument: unknown): boolean {
  return argument === undefined || typeof argument === 'symbol' || isTypedArray(argument)
}

function isTypedArray(argument: unknown): argument is TypedArray {
  return ArrayBuffer.isView(argument) && !(argument instanceof DataView)
}

function isLittle(argument: unknown): boolean {
  return !isTypedArray(argument) || isRemembered(argument)
}

function placeOf(argument: unknown): Place | undefined {
  return isTypedArray(argument) ? new Place(argument) : undefined
}
