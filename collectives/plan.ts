/**
 * A collective call that has been checked and can be made: what its blocking, nonblocking and persistent forms share.
 *
 * Invariant: making a plan looks at arguments only; every run of its steps reads the user's buffers anew, posts its
 * first messages before it yields, and leaves the result where the user wants it.
 */
import type { TypedArray } from '../runtime/base/element-type.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import type { CollectiveName, Particulars } from '../runtime/base/signature.ts'
import { BOARD_NBYTES, Span, type Payload, type Terms } from '../runtime/engine/board.ts'
import type { Hosts } from './hosts.ts'
import type { Op } from './op.ts'
import type { Algorithm, Selectable } from './selection.ts'

/** What the other ranks of a host have posted for a call. */
export interface Postings {
  /** Copies what a rank has posted, from byte `offset` on, as much as `target` takes. */
  read(rank: number, target: Span, offset?: number): void
  /**
   * Operands of a reduction, an array for each rank of `ranks`, a mask: what they have posted from element `first` on, as
   * many as `own` has, which are this rank's. They may be used up.
   */
  operands(ranks: number, own: TypedArray, first?: number): TypedArray[]
  /** All that has been posted, as elements like those of `own`. */
  memory(own: TypedArray): TypedArray
  /** In which element of that memory lies element `first` of what each rank has posted; of no meaning for ranks that have not. */
  places(own: TypedArray, first: number): Int32Array
}

/** Who posts what in a small call, and for whom. Masks have a bit for each rank, and mean nothing where there are more ranks than bits. */
export interface Roles {
  /** What the ranks must agree on in type and length: the vector, or a rank's block. */
  readonly unit: TypedArray
  /** Bytes that a rank posts, of those that post, or as good as that where ranks post different amounts. The same on all ranks. */
  readonly nbytes: number
  /** Ranks that take what this one posts; 0 if it posts nothing. */
  readonly dest: number
  /** Ranks whose posts this one takes. */
  readonly source: number
}

/** What ranks do for each other between posting and taking: each part is done by one of them, whoever comes first. */
export interface Parts {
  readonly count: number
  /** Does a part; all have posted, and nobody takes before all parts are done. Its result takes the place of what was posted. */
  work(postings: Postings, part: number): void
}

/** What another rank has posted for this one has a length that it does not expect. */
export interface Difference {
  readonly rank: number
  readonly nbytes: number
  /** As many elements as it expects. */
  readonly expected: TypedArray
}

/** What a rank does in a small call. */
export interface Deeds<T = void> {
  /** What this rank posts, once loaded. */
  readonly given: TypedArray | Payload
  load(): void
  /** All of `source` have posted and make the same call: what is wrong with the lengths, if they are not the same everywhere. */
  differs?(postings: Postings): Difference | undefined
  /** All of `source` have posted. */
  take(postings: Postings): void
  finish(): T
}

/** How a small call is made, if not as most are. */
export interface Manner {
  /** Most bytes with which the board is the quickest way; default: as many as may be posted. */
  readonly mostNbytes: number
  /** Undefined if each rank does for itself what it takes. Else all ranks post, none of them a payload of a few bytes. */
  readonly parts: Parts | undefined
  /** What follows by messages, on those ranks that send or take some. */
  readonly rest: ((channel: Channel) => Steps) | undefined
  /** Whether other ranks may have a rest, also for this one that does not expect it: what is wrong then, `differs` tells. */
  readonly mayFollow: boolean
}

/** A small call as the ranks of one host make it through their board (small-calls.ts). */
export interface SmallCall<T = void> extends Roles, Required<Deeds<T>>, Manner {
  readonly given: Payload
  // Found out when the call is made first.
  /** Whether the board serves it. */
  byBoard: boolean | undefined
  terms: Terms | undefined
}

/**
 * A small call: all are made here, so that they have one shape. With `...roles` in each plan V8 gave each a map of its own, and
 * looked everything up that it reads of them.
 */
export function smallCall<T>(
  { unit, nbytes, dest, source }: Roles,
  { given, load, differs = never, take, finish }: Deeds<T>,
  { mostNbytes = BOARD_NBYTES, parts, rest, mayFollow = false }: Partial<Manner> = {},
): SmallCall<T> {
  const [byBoard, terms] = [undefined, undefined]
  return {
    unit,
    nbytes,
    dest,
    source,
    given: ArrayBuffer.isView(given) ? new Span(given) : given,
    load,
    differs,
    take,
    finish,
    mostNbytes,
    parts,
    rest,
    mayFollow,
    byBoard,
    terms,
  }
}

const never = (): undefined => undefined

/** All ranks but one, as a mask. */
export function othersThan(rank: number, size: number): number {
  return ((1 << size) - 1) & ~(1 << rank)
}

export interface Plan<T = void> {
  readonly call: CollectiveName
  /** What the ranks must agree on besides the call. */
  readonly particulars?: Particulars
  /** The call whose algorithms it uses, if not its own. */
  readonly algorithmsOf?: CollectiveName
  /** Undefined for calls that always take messages. */
  readonly small?: SmallCall<T> | undefined
  /** A blocking call runs it, or has failed with it: it may use memory of the plan's own, so that no other call may run it. */
  underWay?: boolean
  /** Of a call that takes a number: makes it the one that the plan is run for. False if that is none for the operation. */
  readonly put?: ((value: number) => boolean) | undefined
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
