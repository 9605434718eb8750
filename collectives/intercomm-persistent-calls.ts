/**
 * The persistent collective calls on buffers of intercommunicators (MPI 4.1, section 6.13): each prepares what the blocking
 * call of its name does, with the same arguments, and returns a request to start as often as wanted. All ranks of both
 * sides prepare theirs in the same order, which is what matches them; they may start them in any order.
 */
import type { ArgumentsAcross } from './intercomm-calls.ts'
import { IntercommNonblockingCalls } from './intercomm-nonblocking-calls.ts'
import { ACROSS } from './plans/table.ts'
import type { PersistentCollective } from './requests.ts'

export class IntercommPersistentCalls extends IntercommNonblockingCalls {
  /**
   * Prepares a `barrier`. Collective.
   *
   * @throws {MpiError} like `barrier`
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const [data, all, block] = [new Int32Array(1), new Int32Array(3), new Int32Array(half.rank + 1)]
   * const [mine, blocks] = [new Int32Array(half.rank + 1), { root, counts: [1, 2] }]
   * const requests = [
   *   inter.barrierInit(),
   *   inter.bcastInit(data, { root }),
   *   inter.gatherInit(data, all.subarray(0, 2), { root }),
   *   inter.scatterInit(all.subarray(0, 2), data, { root }),
   *   inter.gathervInit(mine, all, blocks),
   *   inter.scattervInit(all, block, blocks),
   * ]
   * for (const request of requests) {
   *   mine.fill(world.rank)
   *   request.start()
   *   await request.wait()
   *   request.free()
   * }
   * if (world.rank === 3) log(block.join()) // → 3,3
   * inter.free()
   * half.free()
   */
  barrierInit(): PersistentCollective {
    return this.persistent(() => ACROSS.barrier(this.sides))
  }

  /** Prepares a `bcast`. Collective. @throws like `bcast` */
  bcastInit(...args: ArgumentsAcross<'bcast'>): PersistentCollective {
    return this.persistent(() => ACROSS.bcast(this.sides, ...args))
  }

  /** Prepares a `gather`. Collective. @throws like `gather` */
  gatherInit(...args: ArgumentsAcross<'gather'>): PersistentCollective {
    return this.persistent(() => ACROSS.gather(this.sides, ...args))
  }

  /** Prepares a `gatherv`. Collective. @throws like `gatherv` */
  gathervInit(...args: ArgumentsAcross<'gatherv'>): PersistentCollective {
    return this.persistent(() => ACROSS.gatherv(this.sides, ...args))
  }

  /** Prepares a `scatter`. Collective. @throws like `scatter` */
  scatterInit(...args: ArgumentsAcross<'scatter'>): PersistentCollective {
    return this.persistent(() => ACROSS.scatter(this.sides, ...args))
  }

  /** Prepares a `scatterv`. Collective. @throws like `scatterv` */
  scattervInit(...args: ArgumentsAcross<'scatterv'>): PersistentCollective {
    return this.persistent(() => ACROSS.scatterv(this.sides, ...args))
  }

  /**
   * Prepares an `allgather`. Collective. @throws like `allgather`
   *
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const [all, some, blocks, rows] = [4, 4, 2, 2].map((length) => new Int32Array(length))
   * const mine = Int32Array.of(10 * world.rank, 10 * world.rank + 1)
   * const requests = [
   *   inter.allgatherInit(mine, all as Int32Array),
   *   inter.allgathervInit(mine, some as Int32Array, { counts: [2, 2] }),
   *   inter.alltoallInit(mine, blocks as Int32Array),
   *   inter.alltoallvInit(mine, rows as Int32Array, { sendCounts: [1, 1], recvCounts: [1, 1] }),
   * ]
   * startAll(requests)
   * await waitAll(requests)
   * if (world.rank === 0) log(some?.join(), rows?.join()) // → 10,11,30,31 10,30
   * for (const request of requests) request.free()
   * inter.free()
   * half.free()
   */
  allgatherInit(...args: ArgumentsAcross<'allgather'>): PersistentCollective {
    return this.persistent(() => ACROSS.allgather(this.sides, ...args))
  }

  /** Prepares an `allgatherv`. Collective. @throws like `allgatherv` */
  allgathervInit(...args: ArgumentsAcross<'allgatherv'>): PersistentCollective {
    return this.persistent(() => ACROSS.allgatherv(this.sides, ...args))
  }

  /** Prepares an `alltoall`. Collective. @throws like `alltoall` */
  alltoallInit(...args: ArgumentsAcross<'alltoall'>): PersistentCollective {
    return this.persistent(() => ACROSS.alltoall(this.sides, ...args))
  }

  /** Prepares an `alltoallv`. Collective. @throws like `alltoallv` */
  alltoallvInit(...args: ArgumentsAcross<'alltoallv'>): PersistentCollective {
    return this.persistent(() => ACROSS.alltoallv(this.sides, ...args))
  }

  /**
   * Prepares a `reduce` of buffers. Collective. @throws like `reduce`
   *
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const [sum, most, one, two] = [new Int32Array(2), new Int32Array(2), new Int32Array(1), new Int32Array(1)]
   * const mine = Int32Array.of(world.rank, 10)
   * const requests = [
   *   inter.reduceInit(mine, sum, { op: SUM, root }),
   *   inter.allreduceInit(mine, most, { op: MAX }),
   *   inter.reduceScatterInit(mine, one, { op: SUM }),
   *   inter.reduceScatterBlockInit(mine, two, { op: SUM }),
   * ]
   * startAll(requests)
   * await waitAll(requests)
   * if (world.rank === 0) log(sum.join(), most.join(), one[0], two[0]) // → 4,20 3,10 4 4
   * for (const request of requests) request.free()
   * inter.free()
   * half.free()
   */
  reduceInit(...args: ArgumentsAcross<'reduce'>): PersistentCollective {
    return this.persistent(() => ACROSS.reduce(this.sides, ...args))
  }

  /** Prepares an `allreduce` of buffers. Collective. @throws like `allreduce` */
  allreduceInit(...args: ArgumentsAcross<'allreduce'>): PersistentCollective {
    return this.persistent(() => ACROSS.allreduce(this.sides, ...args))
  }

  /** Prepares a `reduceScatter`. Collective. @throws like `reduceScatter` */
  reduceScatterInit(...args: ArgumentsAcross<'reduceScatter'>): PersistentCollective {
    return this.persistent(() => ACROSS.reduceScatter(this.sides, ...args))
  }

  /** Prepares a `reduceScatterBlock`. Collective. @throws like `reduceScatterBlock` */
  reduceScatterBlockInit(...args: ArgumentsAcross<'reduceScatterBlock'>): PersistentCollective {
    return this.persistent(() => ACROSS.reduceScatterBlock(this.sides, ...args))
  }
}
