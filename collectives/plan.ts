/**
 * A collective call that has been checked and can be made: what its blocking, nonblocking and persistent forms share.
 *
 * Invariant: making a plan looks at arguments only; every run of its steps reads the user's buffers anew, posts its
 * first messages before it yields, and leaves the result where the user wants it.
 */
import type { ElementType, TypedArray } from '../runtime/base/element-type.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import type { CollectiveName, Particulars } from '../runtime/comm/signature.ts'
import type { Hosts } from './hosts.ts'
import type { Op } from './op.ts'
import type { Algorithm, Selectable } from './selection.ts'

/** A small call as the ranks of one host make it through their board (small-calls.ts). */
export interface SmallCall<T = void> {
  /** What is given, and what the result is put into. */
  readonly array: TypedArray
  /** Who gives or gets all; undefined if all do. */
  readonly root?: number
  /** What to reduce with; undefined if there is nothing to reduce. */
  readonly op?: Op
  load(): void
  finish(): T
  /** Found out when the call is made first: its signature, the elements' type, the array as bytes. */
  signature?: number
  type?: ElementType
  bytes?: Uint8Array
}

export interface Plan<T = void> {
  readonly call: CollectiveName
  /** What the ranks must agree on besides the call. */
  readonly particulars?: Particulars
  /** Undefined for calls that always take messages. */
  readonly small?: SmallCall<T>
  /** One run of the call; returns what a scalar or object form resolves to. */
  steps(channel: Channel): Steps<T>
}

/**
 * The steps of most plans. A generator made once, here, and not one in each plan: V8 gives every generator function a prototype
 * and its objects a map of their own, which costs 2.5 us for one that is called once.
 */
export function* inOrder<T>(load: () => void, run: () => Steps, finish: () => T): Steps<T> {
  load()
  yield* run()
  return finish()
}

/** The rank that plans, as a member of its communicator. */
export interface Member {
  readonly rank: number
  readonly size: number
  /** Which ranks share memory. */
  readonly hosts: Hosts
  /** The algorithm for a call that moves or reduces `nbytes` bytes. */
  select<K extends Selectable>(collective: K, nbytes: number, op?: Op): Algorithm<K>
}
