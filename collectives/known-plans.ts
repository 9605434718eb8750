/**
 * The plans of a communicator's blocking calls, kept for the next call with the same arguments: what these mean takes several
 * times longer to find out than a small call takes to make (plan.ts).
 *
 * Invariants: a plan is used again only for the very buffers that it was made for, while they have the same length, and
 * only when the call before has ended. No buffer stays alive for the sake of its plan, but for the short ones of the latest
 * call: of long ones, plans last as long as the program holds both of them.
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

/** A plan, and what it was made for. */
interface Known<T> {
  readonly plan: Plan<T>
  readonly send: unknown
  readonly recv: unknown
  readonly op: Op | undefined
  readonly root: number | undefined
  /** Those of the two that are typed arrays, the same one twice if only one is; undefined if none is. */
  readonly arrays: readonly [TypedArray, TypedArray] | undefined
  /** Elements of both. */
  readonly count: number
}

export class KnownPlans<T> {
  #latest: Known<T> | undefined
  #others: WeakMap<TypedArray, WeakMap<TypedArray, Known<T>>> | undefined

  /** A plan for the same arguments. */
  recall(send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> | undefined {
    const latest = this.#latest
    const known = latest !== undefined && latest.send === send && latest.recv === recv ? latest : this.#find(send, recv)
    if (known === undefined || options?.op !== known.op || options?.root !== known.root) return undefined
    // A buffer that was transferred or resized meanwhile has another length.
    if (countOf(known.arrays) !== known.count || known.plan.underWay === true) return undefined
    return known.plan
  }

  #find(send: unknown, recv: unknown): Known<T> | undefined {
    if (this.#others === undefined) return undefined
    const arrays = arraysOf(send, recv)
    const known = arrays && this.#others.get(arrays[0])?.get(arrays[1])
    if (known === undefined || known.send !== send || known.recv !== recv) return undefined
    this.#take(known)
    return known
  }

  /** Keeps a plan if that does no harm: those of longer calls may hold much memory of their own. */
  remember(plan: Plan<T>, send: unknown, recv: unknown, options: PlanOptions | undefined): Plan<T> {
    if ((plan.small?.nbytes ?? Infinity) > BOARD_NBYTES || !isPlain(send) || !isPlain(recv)) return plan
    const arrays = arraysOf(send, recv)
    const known = { plan, send, recv, op: options?.op, root: options?.root, arrays, count: countOf(arrays) }
    this.#take(known)
    if (arrays === undefined) return plan
    this.#others ??= new WeakMap()
    const [first, second] = arrays
    let others = this.#others.get(first)
    if (others === undefined) this.#others.set(first, (others = new WeakMap()))
    others.set(second, known)
    return plan
  }

  /** What the program may let go while this is the latest is held by its plan alone. */
  #take(known: Known<T>): void {
    this.#latest = known.arrays?.every(isRemembered) === false ? undefined : known
  }
}

/** Typed arrays, markers such as IN_PLACE, and what is not there. */
function isPlain(argument: unknown): boolean {
  return argument === undefined || typeof argument === 'symbol' || isTypedArray(argument)
}

function isTypedArray(argument: unknown): argument is TypedArray {
  return ArrayBuffer.isView(argument) && !(argument instanceof DataView)
}

function arraysOf(send: unknown, recv: unknown): readonly [TypedArray, TypedArray] | undefined {
  const [first, second] = [send, recv].filter(isTypedArray)
  return first && [first, second ?? first]
}

/** `length`, not `byteLength`, which V8 makes a call of: 8 ns. */
function countOf(arrays: readonly [TypedArray, TypedArray] | undefined): number {
  return arrays === undefined ? 0 : arrays[0].length + arrays[1].length
}
