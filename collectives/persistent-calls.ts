/**
 * The persistent collective calls (MPI 4.1, section 6.13): each prepares what the blocking call of its name does, with
 * the same arguments, and returns a request to start as often as wanted. Wrong arguments throw at once. All ranks prepare
 * the persistent calls of a communicator in the same order, which is what matches them; they may start them in any order.
 */
import type { ArgumentsOf } from './buffer-calls.ts'
import { NonblockingCalls } from './nonblocking-calls.ts'
import type { Plan } from './plan.ts'
import { PLANS } from './plans/table.ts'
import type { PersistentCollective } from './requests.ts'

export class PersistentCalls extends NonblockingCalls {
  /**
   * Prepares a `barrier`. Collective.
   *
   * @throws {MpiError} like `barrier`
   * @example
   * const root = 1
   * const [data, all, mine] = [Int32Array.of(world.rank), new Int32Array(4), new Int32Array(1)]
   * const [rows, part] = [new Int32Array(10), new Int32Array(world.rank + 1)]
   * const blocks = { root, counts: [1, 2, 3, 4] }
   * const requests = [
   *   world.barrierInit(),
   *   world.gatherInit(data, all, { root }),
   *   world.scatterInit(all, mine, { root }),
   *   world.bcastInit(data, { root }),
   *   world.gathervInit(part, rows, blocks),
   *   world.scattervInit(rows, part, blocks),
   * ]
   * for (const request of requests) {
   *   part.fill(world.rank)
   *   request.start()
   *   await request.wait()
   *   request.free()
   * }
   * if (world.rank === 2) log(data[0], mine[0], part.join()) // → 1 2 2,2,2
   */
  barrierInit(): PersistentCollective {
    return this.persistent(() => PLANS.barrier(this.member))
  }

  /** Prepares a `bcast`. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER */
  bcastInit(...args: ArgumentsOf<'bcast'>): PersistentCollective {
    return this.persistent(() => PLANS.bcast(this.member, ...args))
  }

  /** Prepares a `gather`. Collective. @throws like `gather` */
  gatherInit(...args: ArgumentsOf<'gather'>): PersistentCollective {
    return this.persistent(() => PLANS.gather(this.member, ...args))
  }

  /** Prepares a `gatherv`. Collective. @throws like `gatherv` */
  gathervInit(...args: ArgumentsOf<'gatherv'>): PersistentCollective {
    return this.persistent(() => PLANS.gatherv(this.member, ...args))
  }

  /** Prepares a `scatter`. Collective. @throws like `scatter` */
  scatterInit(...args: ArgumentsOf<'scatter'>): PersistentCollective {
    return this.persistent(() => PLANS.scatter(this.member, ...args))
  }

  /** Prepares a `scatterv`. Collective. @throws like `scatterv` */
  scattervInit(...args: ArgumentsOf<'scatterv'>): PersistentCollective {
    return this.persistent(() => PLANS.scatterv(this.member, ...args))
  }

  /**
   * Prepares an `allgather`. Collective.
   *
   * @throws like `allgather`
   * @example
   * const mine = Int32Array.of(0, 1, 2, 3)
   * const [all, rows, columns, some] = [new Int32Array(16), new Int32Array(16), new Int32Array(4), new Int32Array(4)]
   * const ones = [1, 1, 1, 1]
   * const requests = [
   *   world.allgatherInit(mine, all),
   *   world.allgathervInit(mine, rows, { counts: [4, 4, 4, 4] }),
   *   world.alltoallInit(mine, columns),
   *   world.alltoallvInit(mine, some, { sendCounts: ones, recvCounts: ones }),
   * ]
   * mine.fill(world.rank) // as at the start, not as when the requests were made
   * startAll(requests)
   * await waitAll(requests)
   * if (world.rank === 2) log(rows[15], columns.join(), some.join()) // → 3 0,1,2,3 0,1,2,3
   * for (const request of requests) request.free()
   */
  allgatherInit(...args: ArgumentsOf<'allgather'>): PersistentCollective {
    return this.persistent(() => PLANS.allgather(this.member, ...args))
  }

  /** Prepares an `allgatherv`. Collective. @throws like `allgatherv` */
  allgathervInit(...args: ArgumentsOf<'allgatherv'>): PersistentCollective {
    return this.persistent(() => PLANS.allgatherv(this.member, ...args))
  }

  /** Prepares an `alltoall`. Collective. @throws like `alltoall` */
  alltoallInit(...args: ArgumentsOf<'alltoall'>): PersistentCollective {
    return this.persistent(() => PLANS.alltoall(this.member, ...args))
  }

  /** Prepares an `alltoallv`. Collective. @throws like `alltoallv` */
  alltoallvInit(...args: ArgumentsOf<'alltoallv'>): PersistentCollective {
    return this.persistent(() => PLANS.alltoallv(this.member, ...args))
  }

  /**
   * Prepares a `reduce` of buffers. Collective.
   *
   * @throws like `reduce`
   * @example
   * const mine = Int32Array.of(1, 2, 3, 4)
   * const [total, largest, upTo, below] = [1, 2, 3, 4].map(() => new Int32Array(4))
   * const [some, one] = [new Int32Array(1), new Int32Array(1)]
   * const requests = [
   *   world.reduceInit(mine, total, { op: SUM }),
   *   world.allreduceInit(mine, largest as Int32Array, { op: MAX }),
   *   world.scanInit(mine, upTo as Int32Array, { op: SUM }),
   *   world.exscanInit(mine, below as Int32Array, { op: SUM }),
   *   world.reduceScatterInit(mine, some, { op: SUM }),
   *   world.reduceScatterBlockInit(mine, one, { op: SUM }),
   * ]
   * startAll(requests)
   * await waitAll(requests)
   * if (world.rank === 2) log(upTo?.join(), below?.join(), some[0], one[0]) // → 3,6,9,12 2,4,6,8 12 12
   * for (const request of requests) request.free()
   */
  reduceInit(...args: ArgumentsOf<'reduce'>): PersistentCollective {
    return this.persistent(() => PLANS.reduce(this.member, ...args) as Plan)
  }

  /** Prepares an `allreduce` of buffers. Collective. @throws like `allreduce` */
  allreduceInit(...args: ArgumentsOf<'allreduce'>): PersistentCollective {
    return this.persistent(() => PLANS.allreduce(this.member, ...args) as Plan)
  }

  /** Prepares a `scan` of buffers. Collective. @throws like `scan` */
  scanInit(...args: ArgumentsOf<'scan'>): PersistentCollective {
    return this.persistent(() => PLANS.scan(this.member, ...args) as Plan)
  }

  /** Prepares an `exscan` of buffers. Collective. @throws like `exscan` */
  exscanInit(...args: ArgumentsOf<'exscan'>): PersistentCollective {
    return this.persistent(() => PLANS.exscan(this.member, ...args) as Plan)
  }

  /** Prepares a `reduceScatter`. Collective. @throws like `reduceScatter` */
  reduceScatterInit(...args: ArgumentsOf<'reduceScatter'>): PersistentCollective {
    return this.persistent(() => PLANS.reduceScatter(this.member, ...args))
  }

  /** Prepares a `reduceScatterBlock`. Collective. @throws like `reduceScatterBlock` */
  reduceScatterBlockInit(...args: ArgumentsOf<'reduceScatterBlock'>): PersistentCollective {
    return this.persistent(() => PLANS.reduceScatterBlock(this.member, ...args))
  }
}
