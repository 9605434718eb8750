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
  /** Prepares a `barrier`. Collective. */
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

  /** Prepares an `allgather`. Collective. @throws like `allgather` */
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

  /** Prepares a `reduce` of buffers. Collective. @throws like `reduce` */
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
