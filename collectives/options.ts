/** The options of collective calls, as users write them. Blocking, nonblocking and persistent forms take the same. */
import type { IN_PLACE } from '../runtime/base/constants.ts'
import type { BlockOptions } from './arguments.ts'
import type { Op } from './op.ts'

/**
 * What a rank passes instead of a buffer whose elements are, or go, in the other one.
 *
 * @example
 * const sum = (send: MessageBuffer | InPlace, recv: MessageBuffer): Promise<void> => world.allreduce(send, recv, { op: SUM })
 * const data = Int32Array.of(1)
 * await sum(IN_PLACE, data)
 * log(data[0]) // → 4
 */
export type InPlace = typeof IN_PLACE

/**
 * Who has, or gets, the data.
 *
 * @example
 * const fromLast: RootOptions = { root: world.size - 1 }
 * log(await world.bcastObject(world.rank, fromLast)) // → 3
 */
export interface RootOptions {
  /** Rank that gives or gets all (global); default 0. */
  readonly root?: number
}

/**
 * What to reduce with.
 *
 * @example
 * const largest: OpArgument = { op: MAX }
 * log(await world.allreduce(world.rank, largest)) // → 3
 */
export interface OpArgument {
  /** SUM, MAX, … or an operation of `Op.create` (global). */
  readonly op: Op
}

/**
 * What to reduce with, and who gets the result.
 *
 * @example
 * const toLast: ReduceOptions = { op: SUM, root: 3 }
 * const total = await world.reduce(world.rank, toLast)
 * if (world.rank === 3) log(total) // → 6
 */
export interface ReduceOptions extends OpArgument, RootOptions {}

/**
 * What to reduce with, and how the result is dealt out.
 *
 * @example
 * // Rank 0 gets two elements of the sum, the others one each.
 * const options: ReduceScatterOptions = { op: SUM, counts: [2, 1, 1, 1] }
 * const block = new Int32Array(world.rank === 0 ? 2 : 1)
 * await world.reduceScatter(Int32Array.of(1, 2, 3, 4, 5), block, options)
 * if (world.rank === 0) log(block.join()) // → 4,8
 */
export interface ReduceScatterOptions extends OpArgument {
  /** Elements of each rank's block (global); default: equal blocks. */
  readonly counts?: readonly number[]
}

/**
 * Of gatherv and scatterv: the blocks are the root's affair; elsewhere they are ignored.
 *
 * @example
 * // Rank r gives r + 1 elements; the root says where they go.
 * const blocks: RootBlockOptions = world.rank === 0 ? { root: 0, counts: [1, 2, 3, 4] } : { root: 0 }
 * const all = world.rank === 0 ? new Int32Array(10) : undefined
 * await world.gatherv(new Int32Array(world.rank + 1).fill(world.rank), all, blocks)
 * if (world.rank === 0) log(all?.join('')) // → 0112223333
 */
export interface RootBlockOptions extends RootOptions, Partial<BlockOptions> {}

/**
 * Where the blocks to and from each rank, or each neighbour, lie.
 *
 * @example
 * // Every rank sends d elements to rank d.
 * const { rank, size } = world
 * const options: AlltoallvOptions = { sendCounts: [0, 1, 2, 3], recvCounts: new Array<number>(size).fill(rank) }
 * const received = new Int32Array(size * rank)
 * await world.alltoallv(new Int32Array(6).fill(rank), received, options)
 * if (rank === 2) log(received.join('')) // → 00112233
 */
export interface AlltoallvOptions {
  /** Elements for each rank; ignored in place, where they are those of `recvCounts`. */
  readonly sendCounts: readonly number[]
  /** Elements from each rank: what it has in `sendCounts` for this one. */
  readonly recvCounts: readonly number[]
  /** Where each block begins; default: one after the other. */
  readonly sendDispls?: readonly number[]
  readonly recvDispls?: readonly number[]
}
