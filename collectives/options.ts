/** The options of collective calls, as users write them. Blocking, nonblocking and persistent forms take the same. */
import type { IN_PLACE } from '../runtime/base/constants.ts'
import type { BlockOptions } from './arguments.ts'
import type { Op } from './op.ts'

/** What a rank passes instead of a buffer whose elements are, or go, in the other one. */
export type InPlace = typeof IN_PLACE

/** Who has, or gets, the data. */
export interface RootOptions {
  /** Rank that gives or gets all (global); default 0. */
  readonly root?: number
}

/** What to reduce with. */
export interface OpArgument {
  /** SUM, MAX, … or an operation of `Op.create` (global). */
  readonly op: Op
}

/** What to reduce with, and who gets the result. */
export interface ReduceOptions extends OpArgument, RootOptions {}

/** What to reduce with, and how the result is dealt out. */
export interface ReduceScatterOptions extends OpArgument {
  /** Elements of each rank's block (global); default: equal blocks. */
  readonly counts?: readonly number[]
}

/** Of gatherv and scatterv: the blocks are the root's affair; elsewhere they are ignored. */
export interface RootBlockOptions extends RootOptions, Partial<BlockOptions> {}

/** Where the blocks to and from each rank, or each neighbour, lie. */
export interface AlltoallvOptions {
  /** Elements for each rank; ignored in place, where they are those of `recvCounts`. */
  readonly sendCounts: readonly number[]
  /** Elements from each rank: what it has in `sendCounts` for this one. */
  readonly recvCounts: readonly number[]
  /** Where each block begins; default: one after the other. */
  readonly sendDispls?: readonly number[]
  readonly recvDispls?: readonly number[]
}
