/**
 * The blocking collective calls on buffers (MPI 4.1, chapter 6): one buffer for all, a block for each rank, or a
 * reduction. Arguments are checked by the plans in plans/; a wrong one rejects before anything is sent.
 */
import type { MessageBuffer } from '../runtime/base/message-buffer.ts'
import type { BlockOptions } from './arguments.ts'
import { CollectiveComm } from './collective-comm.ts'
import type { Member, Plan } from './plan.ts'
import { KnownPlans } from './known-plans.ts'
import type {
  AlltoallvOptions,
  InPlace,
  OpArgument,
  ReduceOptions,
  ReduceScatterOptions,
  RootBlockOptions,
  RootOptions,
} from './options.ts'
import type { Operand, Second } from './plans/reductions.ts'
import { PLANS } from './plans/table.ts'

/**
 * The arguments of a call on buffers; those of its nonblocking and persistent forms too.
 *
 * @inline
 */
export type ArgumentsOf<C extends keyof typeof PLANS> = Parameters<BufferCalls[C]>

function bcastPlanned(member: Member, buffer: MessageBuffer, _: undefined, options: RootOptions | undefined): Plan {
  return PLANS.bcast(member, buffer, options)
}

export class BufferCalls extends CollectiveComm {
  readonly #barrier = new KnownPlans<void>()
  readonly #bcast = new KnownPlans<void>()
  readonly #gather = new KnownPlans<void>()
  readonly #gatherv = new KnownPlans<void>(true)
  readonly #scatter = new KnownPlans<void>()
  readonly #scatterv = new KnownPlans<void>(true)
  readonly #allgather = new KnownPlans<void>()
  readonly #allgatherv = new KnownPlans<void>(true)
  readonly #alltoall = new KnownPlans<void>()
  readonly #alltoallv = new KnownPlans<void>(true)
  readonly #reduce = new KnownPlans<number | undefined>()
  readonly #reduceOf = new KnownPlans<number | undefined>()
  readonly #allreduce = new KnownPlans<number | undefined>()
  readonly #allreduceOf = new KnownPlans<number | undefined>()
  readonly #scan = new KnownPlans<number | undefined>()
  readonly #scanOf = new KnownPlans<number | undefined>()
  readonly #exscan = new KnownPlans<number | undefined>()
  readonly #exscanOf = new KnownPlans<number | undefined>()
  readonly #reduceScatter = new KnownPlans<void>(true)
  readonly #reduceScatterBlock = new KnownPlans<void>()

  // ---- synchronization and data movement ---------------------------------------------------------------------

  /**
   * Resolves when all ranks have called it. Collective.
   *
   * @throws {MpiError} MPI_ERR_COMM if the communicator has been freed; MPI_ERR_OTHER if the ranks called different
   *   collectives, as from all that are collective
   * @example
   * await world.barrier()
   */
  barrier(): Promise<void> {
    return this.repeated(this.#barrier, PLANS.barrier, undefined, undefined, undefined)
  }

  /**
   * Copies the root's elements to all ranks. Collective.
   *
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER
   * @example
   * const data = new Float64Array(3)
   * if (world.rank === 1) data.set([1, 2, 3])
   * await world.bcast(data, { root: 1 })
   * log(data.join()) // → 1,2,3
   */
  bcast(buffer: MessageBuffer, options?: RootOptions): Promise<void> {
    return this.repeated(this.#bcast, bcastPlanned, buffer, undefined, options)
  }

  /**
   * Gives the root the blocks of all ranks, in rank order. Collective.
   *
   * @param send (local) the rank's block, of one length everywhere; IN_PLACE on the root if it is in `recv`
   * @param recv (root only) room for all blocks
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const all = world.rank === 0 ? new Int32Array(world.size) : undefined
   * await world.gather(Int32Array.of(world.rank), all)
   * if (world.rank === 0) log(all?.join()) // → 0,1,2,3
   */
  gather(send: MessageBuffer | InPlace, recv?: MessageBuffer, options?: RootOptions): Promise<void> {
    return this.repeated(this.#gather, PLANS.gather, send, recv, options)
  }

  /**
   * Gives the root the blocks of all ranks, of any lengths. Collective.
   *
   * @param send (local) the rank's block; IN_PLACE on the root if it is in `recv`
   * @param recv (root only) where the blocks go, by `counts` and `displs`
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const all = world.rank === 0 ? new Int32Array(6) : undefined
   * await world.gatherv(new Int32Array(world.rank).fill(world.rank), all, { counts: [0, 1, 2, 3] })
   * if (world.rank === 0) log(all?.join('')) // → 122333
   */
  gatherv(send: MessageBuffer | InPlace, recv: MessageBuffer | undefined, options: RootBlockOptions): Promise<void> {
    return this.repeated(this.#gatherv, PLANS.gatherv, send, recv, options)
  }

  /**
   * Gives each rank its block of the root's elements. Collective.
   *
   * @param send (root only) a block for each rank, all of one length
   * @param recv (local) where the rank's block goes; IN_PLACE on the root leaves its own where it is
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const all = world.rank === 0 ? Int32Array.of(10, 11, 12, 13) : undefined
   * const mine = new Int32Array(1)
   * await world.scatter(all, mine)
   * if (world.rank === 2) log(mine[0]) // → 12
   */
  scatter(send: MessageBuffer | undefined, recv: MessageBuffer | InPlace, options?: RootOptions): Promise<void> {
    return this.repeated(this.#scatter, PLANS.scatter, send, recv, options)
  }

  /**
   * Gives each rank its block of the root's elements, of any length. Collective.
   *
   * @param send (root only) the blocks, by `counts` and `displs`
   * @param recv (local) where the rank's block goes; IN_PLACE on the root leaves its own where it is
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const all = world.rank === 0 ? Int32Array.of(1, 2, 2, 3, 3, 3) : undefined
   * const mine = new Int32Array(world.rank)
   * await world.scatterv(all, mine, { counts: [0, 1, 2, 3] })
   * if (world.rank === 3) log(mine.join()) // → 3,3,3
   */
  scatterv(send: MessageBuffer | undefined, recv: MessageBuffer | InPlace, options: RootBlockOptions): Promise<void> {
    return this.repeated(this.#scatterv, PLANS.scatterv, send, recv, options)
  }

  /**
   * Gives all ranks the blocks of all ranks, in rank order. Collective.
   *
   * @param send (local) the rank's block, of one length everywhere; IN_PLACE if it is in `recv`
   * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const all = new Int32Array(world.size)
   * await world.allgather(Int32Array.of(world.rank), all)
   * log(all.join()) // → 0,1,2,3
   */
  allgather(send: MessageBuffer | InPlace, recv: MessageBuffer): Promise<void> {
    return this.repeated(this.#allgather, PLANS.allgather, send, recv, undefined)
  }

  /**
   * Gives all ranks the blocks of all ranks, of any lengths. Collective.
   *
   * @param send (local) the rank's block; IN_PLACE if it is in `recv`
   * @param options `counts` (global) and `displs` (local) of the blocks in `recv`
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const all = new Int32Array(6)
   * await world.allgatherv(new Int32Array(world.rank).fill(world.rank), all, { counts: [0, 1, 2, 3] })
   * log(all.join('')) // → 122333
   */
  allgatherv(send: MessageBuffer | InPlace, recv: MessageBuffer, options: BlockOptions): Promise<void> {
    return this.repeated(this.#allgatherv, PLANS.allgatherv, send, recv, options)
  }

  /**
   * Sends a block to every rank and receives one from every rank: block i of rank j becomes block j of rank i.
   * Collective.
   *
   * @param send (local) a block for each rank, all of one length; IN_PLACE if they are in `recv`
   * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const sent = Int32Array.from({ length: world.size }, (_, dest) => 10 * world.rank + dest)
   * const received = new Int32Array(world.size)
   * await world.alltoall(sent, received)
   * if (world.rank === 1) log(received.join()) // → 1,11,21,31
   */
  alltoall(send: MessageBuffer | InPlace, recv: MessageBuffer): Promise<void> {
    return this.repeated(this.#alltoall, PLANS.alltoall, send, recv, undefined)
  }

  /**
   * Sends a block to every rank and receives one from every rank, of any lengths. Collective.
   *
   * @param send (local) the blocks; IN_PLACE if they are in `recv`, by `recvCounts` and `recvDispls`
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER for wrong arguments
   * @example
   * // One element for rank 0, none for the others.
   * const recvCounts = new Array<number>(world.size).fill(world.rank === 0 ? 1 : 0)
   * const received = new Int32Array(world.rank === 0 ? world.size : 0)
   * await world.alltoallv(Int32Array.of(world.rank), received, { sendCounts: [1, 0, 0, 0], recvCounts })
   * if (world.rank === 0) log(received.join()) // → 0,1,2,3
   */
  alltoallv(send: MessageBuffer | InPlace, recv: MessageBuffer, options: AlltoallvOptions): Promise<void> {
    return this.repeated(this.#alltoallv, PLANS.alltoallv, send, recv, options)
  }

  // ---- reductions --------------------------------------------------------------------------------------------

  /** Gives the root the reduction of all ranks' numbers; undefined elsewhere. Collective. @throws {MpiError} MPI_ERR_OP */
  reduce(value: number, options: ReduceOptions): Promise<number | undefined>
  /**
   * Reduces the ranks' elements, each with those at the same place, to the root. Collective.
   *
   * @param send (local) the rank's elements; IN_PLACE on the root if they are in `recv`
   * @param recv (root only) where the result goes
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const sum = new Float64Array(2)
   * await world.reduce(Float64Array.of(1, world.rank), sum, { op: SUM, root: 3 })
   * if (world.rank === 3) log(sum.join()) // → 4,6
   */
  reduce(send: MessageBuffer | InPlace, recv: MessageBuffer | undefined, options: ReduceOptions): Promise<void>
  reduce(send: Operand, recv: Second<ReduceOptions>, options?: ReduceOptions): Promise<number | undefined | void> {
    if (typeof send === 'number') return this.repeatedOf(this.#reduceOf, PLANS.reduce, send, recv as ReduceOptions)
    return this.repeated(this.#reduce, PLANS.reduce, send, recv, options)
  }

  /** Gives all ranks the reduction of all ranks' numbers. Collective. @throws {MpiError} MPI_ERR_OP */
  allreduce(value: number, options: OpArgument): Promise<number>
  /**
   * Reduces the ranks' elements, each with those at the same place, and gives all ranks the result, the same to the last
   * bit. Collective.
   *
   * @param send (local) the rank's elements; IN_PLACE if they are in `recv`
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   * @example
   * const sum = new Float64Array(2)
   * await world.allreduce(Float64Array.of(1, world.rank), sum, { op: SUM })
   * log(sum.join(), await world.allreduce(world.rank, { op: MAX })) // → 4,6 3
   */
  allreduce(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void>
  allreduce(send: Operand, recv: Second<OpArgument>, options?: OpArgument): Promise<number | undefined | void> {
    if (typeof send === 'number') return this.repeatedOf(this.#allreduceOf, PLANS.allreduce, send, recv as OpArgument)
    return this.repeated(this.#allreduce, PLANS.allreduce, send, recv, options)
  }

  /** Gives each rank the reduction of the numbers of ranks 0 to itself. Collective. @throws {MpiError} MPI_ERR_OP */
  scan(value: number, options: OpArgument): Promise<number>
  /**
   * Gives each rank the reduction over ranks 0 to itself. Collective. Arguments and errors are those of `allreduce`.
   *
   * @example
   * const sum = new Float64Array(1)
   * await world.scan(Float64Array.of(world.rank), sum, { op: SUM })
   * if (world.rank === 2) log(sum[0]) // → 3
   */
  scan(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void>
  scan(send: Operand, recv: Second<OpArgument>, options?: OpArgument): Promise<number | undefined | void> {
    if (typeof send === 'number') return this.repeatedOf(this.#scanOf, PLANS.scan, send, recv as OpArgument)
    return this.repeated(this.#scan, PLANS.scan, send, recv, options)
  }

  /**
   * Gives each rank the reduction of the numbers of the ranks below it; undefined on rank 0. Collective.
   *
   * @throws {MpiError} like `allreduce`
   */
  exscan(value: number, options: OpArgument): Promise<number | undefined>
  /**
   * Gives each rank the reduction over the ranks below it; on rank 0 the result has no meaning. Collective. Arguments and
   * errors are those of `allreduce`.
   *
   * @example
   * const before = await world.exscan(10, { op: SUM })
   * if (world.rank === 2) log(before) // → 20
   */
  exscan(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void>
  exscan(send: Operand, recv: Second<OpArgument>, options?: OpArgument): Promise<number | undefined | void> {
    if (typeof send === 'number') return this.repeatedOf(this.#exscanOf, PLANS.exscan, send, recv as OpArgument)
    return this.repeated(this.#exscan, PLANS.exscan, send, recv, options)
  }

  /**
   * Reduces the ranks' elements, each with those at the same place, and gives each rank its block of the result.
   * Collective.
   *
   * @param send (local) as many elements as all blocks have; IN_PLACE if they are in `recv`, whose first elements then
   *   become the result and whose others have no meaning
   * @param recv (local) where the rank's block goes
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER, MPI_ERR_ARG for wrong arguments
   * @example
   * const block = new Int32Array(1)
   * await world.reduceScatter(Int32Array.of(1, 2, 3, 4), block, { op: SUM })
   * if (world.rank === 3) log(block[0]) // → 16
   */
  reduceScatter(send: MessageBuffer | InPlace, recv: MessageBuffer, options: ReduceScatterOptions): Promise<void> {
    return this.repeated(this.#reduceScatter, PLANS.reduceScatter, send, recv, options)
  }

  /**
   * `reduceScatter` with equal blocks (MPI_Reduce_scatter_block). Collective. Arguments and errors are those of it.
   *
   * @example
   * const block = new Int32Array(1)
   * await world.reduceScatterBlock(Int32Array.of(1, 2, 3, 4), block, { op: SUM })
   * if (world.rank === 2) log(block[0]) // → 12
   */
  reduceScatterBlock(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void> {
    return this.repeated(this.#reduceScatterBlock, PLANS.reduceScatterBlock, send, recv, options)
  }
}
