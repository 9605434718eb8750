/**
 * The nonblocking collective calls on buffers of intercommunicators (MPI 4.1, section 6.12): each starts what the blocking
 * call of its name does, with the same arguments, and returns a request. Wrong arguments throw at once.
 */
import { IntercommCalls, type ArgumentsAcross } from './intercomm-calls.ts'
import type { OpArgument } from './options.ts'
import type { IntercommReduceOptions, OperandAcross } from './plans/across-reductions.ts'
import type { Second } from './plans/reductions.ts'
import { ACROSS } from './plans/table.ts'
import type { CollectiveRequest } from './requests.ts'

export class IntercommNonblockingCalls extends IntercommCalls {
  /**
   * Starts a `barrier`: the request is complete when all ranks of both sides have started it. Collective.
   *
   * @throws {MpiError} like `barrier`
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const request = inter.ibarrier()
   * while (request.test() === undefined) await new Promise((resolve) => setImmediate(resolve)) // work of one's own
   * inter.free()
   * half.free()
   */
  ibarrier(): CollectiveRequest {
    return this.nonblocking(() => ACROSS.barrier(this.sides))
  }

  /**
   * Starts a `bcast`. Collective. @throws like `bcast`
   *
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const [data, all, block] = [Int32Array.of(world.rank), new Int32Array(3), new Int32Array(1)]
   * const requests = [
   *   inter.ibcast(data, { root }),
   *   inter.igather(Int32Array.of(world.rank), all.subarray(0, 2), { root }),
   *   inter.iscatter(Int32Array.of(10, 20), block, { root }),
   * ]
   * await waitAll(requests)
   * if (world.rank === 3) log(data[0], block[0]) // → 0 20
   * // Blocks of one element and two.
   * const [mine, part] = [new Int32Array(half.rank + 1).fill(world.rank), new Int32Array(half.rank + 1)]
   * const blocks = { root, counts: [1, 2] }
   * await waitAll([inter.igatherv(mine, all, blocks), inter.iscatterv(Int32Array.of(4, 5, 6), part, blocks)])
   * if (world.rank === 0) log(all.join()) // → 1,3,3
   * if (world.rank === 3) log(part.join()) // → 5,6
   * inter.free()
   * half.free()
   */
  ibcast(...args: ArgumentsAcross<'bcast'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.bcast(this.sides, ...args))
  }

  /** Starts a `gather`. Collective. @throws like `gather` */
  igather(...args: ArgumentsAcross<'gather'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.gather(this.sides, ...args))
  }

  /** Starts a `gatherv`. Collective. @throws like `gatherv` */
  igatherv(...args: ArgumentsAcross<'gatherv'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.gatherv(this.sides, ...args))
  }

  /** Starts a `scatter`. Collective. @throws like `scatter` */
  iscatter(...args: ArgumentsAcross<'scatter'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.scatter(this.sides, ...args))
  }

  /** Starts a `scatterv`. Collective. @throws like `scatterv` */
  iscatterv(...args: ArgumentsAcross<'scatterv'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.scatterv(this.sides, ...args))
  }

  /**
   * Starts an `allgather`. Collective. @throws like `allgather`
   *
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const mine = Int32Array.of(10 * world.rank, 10 * world.rank + 1)
   * const [all, some, blocks, rows] = [4, 4, 2, 2].map((length) => new Int32Array(length))
   * await waitAll([
   *   inter.iallgather(mine, all as Int32Array),
   *   inter.iallgatherv(mine, some as Int32Array, { counts: [2, 2] }),
   *   inter.ialltoall(mine, blocks as Int32Array),
   *   inter.ialltoallv(mine, rows as Int32Array, { sendCounts: [1, 1], recvCounts: [1, 1] }),
   * ])
   * if (world.rank === 0) log(all?.join(), blocks?.join()) // → 10,11,30,31 10,30
   * inter.free()
   * half.free()
   */
  iallgather(...args: ArgumentsAcross<'allgather'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.allgather(this.sides, ...args))
  }

  /** Starts an `allgatherv`. Collective. @throws like `allgatherv` */
  iallgatherv(...args: ArgumentsAcross<'allgatherv'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.allgatherv(this.sides, ...args))
  }

  /** Starts an `alltoall`. Collective. @throws like `alltoall` */
  ialltoall(...args: ArgumentsAcross<'alltoall'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.alltoall(this.sides, ...args))
  }

  /** Starts an `alltoallv`. Collective. @throws like `alltoallv` */
  ialltoallv(...args: ArgumentsAcross<'alltoallv'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.alltoallv(this.sides, ...args))
  }

  /**
   * Starts a `reduce`; the result of the scalar form is the request's `value`. Collective. @throws like `reduce`
   *
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const [sum, product] = [inter.iallreduce(world.rank, { op: SUM }), inter.ireduce(world.rank, { op: PROD, root })]
   * const [one, two] = [new Int32Array(1), new Int32Array(1)]
   * const both = Int32Array.of(world.rank, 10)
   * const others = [inter.ireduceScatter(both, one, { op: SUM }), inter.ireduceScatterBlock(both, two, { op: MAX })]
   * await waitAll([sum, product, ...others])
   * if (world.rank === 0) log(sum.value, product.value, one[0], two[0]) // → 4 3 4 3
   * inter.free()
   * half.free()
   */
  ireduce(value: number | undefined, options: IntercommReduceOptions): CollectiveRequest<number | undefined>
  /** Starts a `reduce` of buffers. */
  ireduce(...args: ArgumentsAcross<'reduce'>): CollectiveRequest
  ireduce(
    send: OperandAcross,
    recv: Second<IntercommReduceOptions>,
    options?: IntercommReduceOptions,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(() => ACROSS.reduce(this.sides, send, recv, options))
  }

  /** Starts an `allreduce`; the result of the scalar form is the request's `value`. Collective. @throws like `allreduce` */
  iallreduce(value: number, options: OpArgument): CollectiveRequest<number>
  /** Starts an `allreduce` of buffers. */
  iallreduce(...args: ArgumentsAcross<'allreduce'>): CollectiveRequest
  iallreduce(
    send: OperandAcross,
    recv: Second<OpArgument>,
    options?: OpArgument,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(() => ACROSS.allreduce(this.sides, send, recv, options))
  }

  /** Starts a `reduceScatter`. Collective. @throws like `reduceScatter` */
  ireduceScatter(...args: ArgumentsAcross<'reduceScatter'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.reduceScatter(this.sides, ...args))
  }

  /** Starts a `reduceScatterBlock`. Collective. @throws like `reduceScatterBlock` */
  ireduceScatterBlock(...args: ArgumentsAcross<'reduceScatterBlock'>): CollectiveRequest {
    return this.nonblocking(() => ACROSS.reduceScatterBlock(this.sides, ...args))
  }
}
