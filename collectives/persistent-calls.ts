/**
 * The persistent collective calls (MPI 4.1, section 6.13): each prepares what the blocking call of its name does, with
 * the same arguments, and returns a request to start as often as wanted. Wrong arguments throw at once. All ranks prepare
 * the persistent calls of a communicator in the same order, which is what matches them; they may start them in any order.
 */
import type { MessageBuffer } from '../runtime/base/message-buffer.ts'
import type { BlockOptions } from './arguments.ts'
import { NonblockingCalls } from './nonblocking-calls.ts'
import type {
  AlltoallvOptions,
  InPlace,
  OpArgument,
  ReduceOptions,
  ReduceScatterOptions,
  RootBlockOptions,
  RootOptions,
} from './options.ts'
import type { Plan } from './plan.ts'
import { allgatherPlan, alltoallPlan, barrierPlan, bcastPlan, gatherPlan, scatterPlan } from './plans/movement.ts'
import { allreducePlan, exscanPlan, reducePlan, reduceScatterPlan, scanPlan } from './plans/reductions.ts'
import { allgathervPlan, alltoallvPlan, gathervPlan, scattervPlan } from './plans/vector.ts'
import type { PersistentCollective } from './requests.ts'

export class PersistentCalls extends NonblockingCalls {
  /** Prepares a `barrier`. Collective. */
  barrierInit(): PersistentCollective {
    return this.persistent(barrierPlan(this.member))
  }

  /** Prepares a `bcast`. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER */
  bcastInit(buffer: MessageBuffer, options: RootOptions = {}): PersistentCollective {
    return this.persistent(bcastPlan(this.member, buffer, options))
  }

  /** Prepares a `gather`. Collective. @throws like `gather` */
  gatherInit(send: MessageBuffer | InPlace, recv?: MessageBuffer, options: RootOptions = {}): PersistentCollective {
    return this.persistent(gatherPlan(this.member, send, recv, options))
  }

  /** Prepares a `gatherv`. Collective. @throws like `gatherv` */
  gathervInit(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer | undefined,
    options: RootBlockOptions,
  ): PersistentCollective {
    return this.persistent(gathervPlan(this.member, send, recv, options))
  }

  /** Prepares a `scatter`. Collective. @throws like `scatter` */
  scatterInit(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | InPlace,
    options: RootOptions = {},
  ): PersistentCollective {
    return this.persistent(scatterPlan(this.member, send, recv, options))
  }

  /** Prepares a `scatterv`. Collective. @throws like `scatterv` */
  scattervInit(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | InPlace,
    options: RootBlockOptions,
  ): PersistentCollective {
    return this.persistent(scattervPlan(this.member, send, recv, options))
  }

  /** Prepares an `allgather`. Collective. @throws like `allgather` */
  allgatherInit(send: MessageBuffer | InPlace, recv: MessageBuffer): PersistentCollective {
    return this.persistent(allgatherPlan(this.member, send, recv))
  }

  /** Prepares an `allgatherv`. Collective. @throws like `allgatherv` */
  allgathervInit(send: MessageBuffer | InPlace, recv: MessageBuffer, options: BlockOptions): PersistentCollective {
    return this.persistent(allgathervPlan(this.member, send, recv, options))
  }

  /** Prepares an `alltoall`. Collective. @throws like `alltoall` */
  alltoallInit(send: MessageBuffer | InPlace, recv: MessageBuffer): PersistentCollective {
    return this.persistent(alltoallPlan(this.member, send, recv))
  }

  /** Prepares an `alltoallv`. Collective. @throws like `alltoallv` */
  alltoallvInit(send: MessageBuffer | InPlace, recv: MessageBuffer, options: AlltoallvOptions): PersistentCollective {
    return this.persistent(alltoallvPlan(this.member, send, recv, options))
  }

  /** Prepares a `reduce` of buffers. Collective. @throws like `reduce` */
  reduceInit(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer | undefined,
    options: ReduceOptions,
  ): PersistentCollective {
    return this.persistent(reducePlan(this.member, send, recv, options) as Plan)
  }

  /** Prepares an `allreduce` of buffers. Collective. @throws like `allreduce` */
  allreduceInit(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): PersistentCollective {
    return this.persistent(allreducePlan(this.member, send, recv, options) as Plan)
  }

  /** Prepares a `scan` of buffers. Collective. @throws like `scan` */
  scanInit(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): PersistentCollective {
    return this.persistent(scanPlan(send, recv, options) as Plan)
  }

  /** Prepares an `exscan` of buffers. Collective. @throws like `exscan` */
  exscanInit(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): PersistentCollective {
    return this.persistent(exscanPlan(this.member, send, recv, options) as Plan)
  }

  /** Prepares a `reduceScatter`. Collective. @throws like `reduceScatter` */
  reduceScatterInit(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer,
    options: ReduceScatterOptions,
  ): PersistentCollective {
    return this.persistent(reduceScatterPlan(this.member, send, recv, options))
  }

  /** Prepares a `reduceScatterBlock`. Collective. @throws like `reduceScatterBlock` */
  reduceScatterBlockInit(send: MessageBuffer | InPlace, recv: MessageBuffer, { op }: OpArgument): PersistentCollective {
    return this.persistent(reduceScatterPlan(this.member, send, recv, { op }))
  }
}
