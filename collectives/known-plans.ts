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

/** Lengths and places of blocks. */
const LISTS = ['counts', 'displs', 'sendCounts', 'sendDispls', 'recvCounts', 'recvDispls'] as const
type Lists = { readonly [K in (typeof LISTS)[number]]?: readonly number[] }

/** The options of calls whose plans are kept. */
export interface PlanOptions extends Lists {
  readonly op?: Op
  readonly root?: number
}

/** Latest plans that are kept: buffers take turns, and so do views of one. */
const KEPT = 16

/** A buffer, a marker such as IN_PLACE, or what is not there. */
class Argument {
  readonly value: unknown
  /** Where the elements of a typed array lie. */
  readonly memory: ArrayBufferLike | undefined
  readonly #offset: number
  readonly #length: number
  readonly #type: unknown

  constructor(value: unknown) {
    const array = isTypedArray(value) ? value : undefined
    this.value = value
    this.memory = array?.buffer
    this.#offset = array?.byteOffset ?? 0
    this.#length = array?.length ?? 0
    this.#type = array?.constructor
  }

  /** The same marker, or the same elements, if through another view. */
  isLike(other: Argument): boolean {
    if (this.#offset !== other.#offset || this.#length !== other.#length || this.memory !== other.memory) return false
    return this.memory === undefined ? this.value === other.value : this.#type === other.#type
  }

  /** Not transferred or resized meanwhile. `byteLength` would not do: V8 makes a call of it, 8 ns. */
  get isWhole(): boolean {
    return this.memory === undefined || (this.value as TypedArray).length === this.#length
  }

  /** No memory, or so little that it may be kept. */
  get isLittle(): boolean {
    return this.memory === undefined || isRemembered(this.value)
  }
}

/** What a call is made with. */
class Arguments {
  readonly #send: Argument
  readonly #recv: Argument
  readonly #op: Op | undefined
  readonly #root: number | undefined
  /** Of calls that have some: copies, since programs change them from call to call. */
  readonly #lists: Lists | undefined
  /** Names that stand in the options: one more may be misspelt. */
  readonly #names: number

  constructor(send: unknown, recv: unknown, options: PlanOptions | undefined, hasLists: boolean) {
    this.#send = new Argument(send)
    this.#recv = new Argument(recv)
    this.#op = options?.op
    this.#root = options?.root
    this.#lists = hasLists ? copyLists(options) : undefined
    this.#names = hasLists ? namesIn(options) : 0
  }

  /** These very ones. */
  are(send: unknown, recv: unknown, options: PlanOptions | undefined): boolean {
    if (this.#send.value !== send || this.#recv.value !== recv) return false
    if (this.#op !== options?.op || this.#root !== options?.root) return false
    return this.#lists === undefined || (this.#names === namesIn(options) && areSame(this.#lists, options))
  }

  areLike(other: Arguments): boolean {
    if (this.#op !== other.#op || this.#root !== other.#root) return false
    if (this.#names !== other.#names) return false
    if (this.#lists !== undefined && !areSame(this.#lists, other.#lists)) return false
    return this.#send.isLike(other.#send) && this.#recv.isLike(other.#recv)
  }

  get areWhole(): boolean {
    return this.#send.isWhole && this.#recv.isWhole
  }

  get areLittle(): boolean {
    return this.#send.isLittle && this.#recv.isLittle
  }

  /** The memory of both buffers, of one of them twice if there is no other. */
  get memory(): Memory | undefined {
    const [sent, received] = [this.#send.memory, this.#recv.memory]
    const first = sent ?? received
    return first && [first, received ?? first]
  }
}

type Memory = readonly [ArrayBufferLike, ArrayBufferLike]

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

  /** One that can be used: a call that overlaps another like it, or follows one that failed, has made a plan of its own. */
  find(given: Arguments): Known<T> | undefined {
    return this.#known.find((known) => known.for.areLike(given) && isUsable(known))
  }
}

export class KnownPlans<T> {
  readonly #hasLists: boolean
  #latest: Known<T> | undefined
  readonly #little = new LatestPlans<T>()
  #much: WeakMap<ArrayBufferLike, WeakMap<ArrayBufferLike, LatestPlans<T>>> | undefined

  /** @param hasLists whether the options of the calls may have lists of numbers */
  constructor(hasLists = false) {
    this.#hasLists = hasLists
  }

  /** A plan for the same arguments. */
  recall(send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> | undefined {
    const latest = this.#latest
    if (latest?.for.are(send, recv, options) === true && isUsable(latest)) return latest.plan
    return this.#find(new Arguments(send, recv, options, this.#hasLists))?.plan
  }

  #find(given: Arguments): Known<T> | undefined {
    const known = this.#little.find(given)
    if (known !== undefined) return (this.#latest = known)
    const memory = this.#much && given.memory
    return memory && this.#much?.get(memory[0])?.get(memory[1])?.find(given)
  }

  /** Keeps a plan if that does no harm: those of longer calls may hold much memory of their own. */
  remember(plan: Plan<T>, send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> {
    if ((plan.small?.nbytes ?? Infinity) > BOARD_NBYTES || !isPlain(send) || !isPlain(recv)) return plan
    const known = { plan, for: new Arguments(send, recv, options, this.#hasLists) }
    const { areLittle, memory } = known.for
    if (areLittle) this.#little.add((this.#latest = known))
    else if (memory !== undefined) this.#with(memory).add(known)
    return plan
  }

  #with([first, second]: Memory): LatestPlans<T> {
    this.#much ??= new WeakMap()
    let others = this.#much.get(first)
    if (others === undefined) this.#much.set(first, (others = new WeakMap()))
    let plans = others.get(second)
    if (plans === undefined) others.set(second, (plans = new LatestPlans()))
    return plans
  }
}

function namesIn(options: object | null | undefined): number {
  return Object.keys(options ?? {}).length
}

/** What is no list stays as it is, for the call to refuse. */
function copyLists(options: Lists | null | undefined): Lists {
  const copy = (list: readonly number[] | undefined): typeof list =>
    Array.isArray(list) || ArrayBuffer.isView(list) ? Array.from(list as readonly number[]) : list
  return Object.fromEntries(LISTS.map((name) => [name, copy(options?.[name])]))
}

function areSame(known: Lists, given: Lists | undefined): boolean {
  for (const name of LISTS) if (!isSame(known[name], given?.[name])) return false
  return true
}

function isSame(known: readonly number[] | undefined, given: readonly number[] | null | undefined): boolean {
  if (known === undefined || given === undefined || given === null) return known === given
  if (known.length !== given.length) return false
  for (let i = 0; i < known.length; i++) if (known[i] !== given[i]) return false
  return true
}

/** The call before has ended, and the buffers are as they were. */
function isUsable({ plan, for: made }: Known<unknown>): boolean {
  return plan.underWay !== true && made.areWhole
}

/** Not an ndarray or a DataView, which are resolved anew each time. */
function isPlain(argument: unknown): boolean {
  return argument === undefined || typeof argument === 'symbol' || isTypedArray(argument)
}

function isTypedArray(argument: unknown): argument is TypedArray {
  return ArrayBuffer.isView(argument) && !(argument instanceof DataView)
}
