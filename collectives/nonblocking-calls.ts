/**
 * The nonblocking collective calls (MPI 4.1, section 6.12): each starts what the blocking call of its name does, with the
 * same arguments, and returns a request. Wrong arguments throw at once. Buffers belong to the call until the request is
 * complete. Calls of a communicator are matched in the order in which they are made, blocking and nonblocking alike.
 */
import { BufferCalls, type ArgumentsOf } from './buffer-calls.ts'
import type { OpArgument, ReduceOptions } from './options.ts'
import type { Operand, Second } from './plans/reductions.ts'
import { PLANS } from './plans/table.ts'
import type { CollectiveRequest } from './requests.ts'

export class NonblockingCalls extends BufferCalls {
  /**
   * Starts a `barrier`: the request is complete when all ranks have started it. Collective.
   *
   * @throws {MpiError} like `barrier`
   * @example
   * const request = world.ibarrier()
   * while (request.test() === undefined) await new Promise((resolve) => setImmediate(resolve)) // work of one's own
   */
  ibarrier(): CollectiveRequest {
    return this.nonblocking(() => PLANS.barrier(this.member))
  }

  /**
   * Starts a `bcast`. Collective.
   *
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER
   * @example
   * const root = 1
   * const [data, all, mine] = [Int32Array.of(world.rank), new Int32Array(4), new Int32Array(1)]
   * await world.ibcast(data, { root }).wait()
   * await world.igather(Int32Array.of(world.rank), all, { root }).wait()
   * await world.iscatter(all, mine, { root }).wait()
   * if (world.rank === 3) log(data[0], mine[0]) // → 1 3
   * // Rank r gives, and gets back, r elements.
   * const [part, rows, back] = [new Int32Array(world.rank).fill(world.rank), new Int32Array(6), new Int32Array(world.rank)]
   * const counts = [0, 1, 2, 3]
   * await world.igatherv(part, rows, { root, counts }).wait()
   * await world.iscatterv(rows, back, { root, counts }).wait()
   * if (world.rank === 2) log(back.join()) // → 2,2
   */
  ibcast(...args: ArgumentsOf<'bcast'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.bcast(this.member, ...args))
  }

  /** Starts a `gather`. Collective. @throws like `gather` */
  igather(...args: ArgumentsOf<'gather'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.gather(this.member, ...args))
  }

  /** Starts a `gatherv`. Collective. @throws like `gatherv` */
  igatherv(...args: ArgumentsOf<'gatherv'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.gatherv(this.member, ...args))
  }

  /** Starts a `scatter`. Collective. @throws like `scatter` */
  iscatter(...args: ArgumentsOf<'scatter'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.scatter(this.member, ...args))
  }

  /** Starts a `scatterv`. Collective. @throws like `scatterv` */
  iscatterv(...args: ArgumentsOf<'scatterv'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.scatterv(this.member, ...args))
  }

  /**
   * Starts an `allgather`. Collective.
   *
   * @throws like `allgather`
   * @example
   * const mine = Int32Array.of(0, 1, 2, 3).map((i) => 10 * world.rank + i)
   * const [all, rows, columns, some] = [new Int32Array(16), new Int32Array(16), new Int32Array(4), new Int32Array(4)]
   * const ones = [1, 1, 1, 1]
   * const requests = [
   *   world.iallgather(mine, all), // all under way at the same time
   *   world.iallgatherv(mine, rows, { counts: [4, 4, 4, 4] }),
   *   world.ialltoall(mine, columns),
   *   world.ialltoallv(mine, some, { sendCounts: ones, recvCounts: ones }),
   * ]
   * await waitAll(requests)
   * if (world.rank === 2) log(rows[15], columns.join(), some.join()) // → 33 2,12,22,32 2,12,22,32
   */
  iallgather(...args: ArgumentsOf<'allgather'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.allgather(this.member, ...args))
  }

  /** Starts an `allgatherv`. Collective. @throws like `allgatherv` */
  iallgatherv(...args: ArgumentsOf<'allgatherv'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.allgatherv(this.member, ...args))
  }

  /** Starts an `alltoall`. Collective. @throws like `alltoall` */
  ialltoall(...args: ArgumentsOf<'alltoall'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.alltoall(this.member, ...args))
  }

  /** Starts an `alltoallv`. Collective. @throws like `alltoallv` */
  ialltoallv(...args: ArgumentsOf<'alltoallv'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.alltoallv(this.member, ...args))
  }

  /**
   * Starts a `reduce`; the result of the scalar form is the request's `value`. Collective.
   *
   * @throws like `reduce`
   * @example
   * const { rank } = world
   * const op = SUM
   * const requests = [world.ireduce(rank, { op }), world.iallreduce(rank, { op }), world.iscan(rank, { op }), world.iexscan(rank, { op })]
   * const [some, one] = [new Int32Array(1), new Int32Array(1)]
   * const dealt = [
   *   world.ireduceScatter(Int32Array.of(1, 2, 3, 4), some, { op }),
   *   world.ireduceScatterBlock(Int32Array.of(1, 2, 3, 4), one, { op }),
   * ]
   * await waitAll([...requests, ...dealt])
   * if (rank === 2) log(requests.map(({ value }) => value).join(), some[0], one[0]) // → ,6,3,1 12 12
   */
  ireduce(value: number, options: ReduceOptions): CollectiveRequest<number | undefined>
  /** Starts a `reduce` of buffers. */
  ireduce(...args: ArgumentsOf<'reduce'>): CollectiveRequest
  ireduce(
    send: Operand,
    recv: Second<ReduceOptions>,
    options?: ReduceOptions,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(() => PLANS.reduce(this.member, send, recv, options))
  }

  /** Starts an `allreduce`; the result of the scalar form is the request's `value`. Collective. @throws like `allreduce` */
  iallreduce(value: number, options: OpArgument): CollectiveRequest<number>
  /** Starts an `allreduce` of buffers. */
  iallreduce(...args: ArgumentsOf<'allreduce'>): CollectiveRequest
  iallreduce(
    send: Operand,
    recv: Second<OpArgument>,
    options?: OpArgument,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(() => PLANS.allreduce(this.member, send, recv, options))
  }

  /** Starts a `scan`; the result of the scalar form is the request's `value`. Collective. @throws like `scan` */
  iscan(value: number, options: OpArgument): CollectiveRequest<number>
  /** Starts a `scan` of buffers. */
  iscan(...args: ArgumentsOf<'scan'>): CollectiveRequest
  iscan(send: Operand, recv: Second<OpArgument>, options?: OpArgument): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(() => PLANS.scan(this.member, send, recv, options))
  }

  /** Starts an `exscan`; the result of the scalar form is the request's `value`. Collective. @throws like `exscan` */
  iexscan(value: number, options: OpArgument): CollectiveRequest<number | undefined>
  /** Starts an `exscan` of buffers. */
  iexscan(...args: ArgumentsOf<'exscan'>): CollectiveRequest
  iexscan(send: Operand, recv: Second<OpArgument>, options?: OpArgument): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(() => PLANS.exscan(this.member, send, recv, options))
  }

  /** Starts a `reduceScatter`. Collective. @throws like `reduceScatter` */
  ireduceScatter(...args: ArgumentsOf<'reduceScatter'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.reduceScatter(this.member, ...args))
  }

  /** Starts a `reduceScatterBlock`. Collective. @throws like `reduceScatterBlock` */
  ireduceScatterBlock(...args: ArgumentsOf<'reduceScatterBlock'>): CollectiveRequest {
    return this.nonblocking(() => PLANS.reduceScatterBlock(this.member, ...args))
  }
}
