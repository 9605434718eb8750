/**
 * The nonblocking collective calls (MPI 4.1, section 6.12): each starts what the blocking call of its name does, with the
 * same arguments, and returns a request. Wrong arguments throw at once. Buffers belong to the call until the request is
 * complete. Calls of a communicator are matched in the order in which they are made, blocking and nonblocking alike.
 */
import type { MessageBuffer } from '../runtime/base/message-buffer.ts'
import type { BlockOptions } from './arguments.ts'
import { BufferCalls } from './buffer-calls.ts'
import type {
  AlltoallvOptions,
  InPlace,
  OpArgument,
  ReduceOptions,
  ReduceScatterOptions,
  RootBlockOptions,
  RootOptions,
} from './options.ts'
import { allgatherPlan, alltoallPlan, barrierPlan, bcastPlan, gatherPlan, scatterPlan } from './plans/movement.ts'
import { allreducePlan, exscanPlan, reducePlan, reduceScatterPlan, scanPlan } from './plans/reductions.ts'
import { allgathervPlan, alltoallvPlan, gathervPlan, scattervPlan } from './plans/vector.ts'
import type { CollectiveRequest } from './requests.ts'

export class NonblockingCalls extends BufferCalls {
  /** Starts a `barrier`: the request is complete when all ranks have started it. Collective. */
  ibarrier(): CollectiveRequest {
    return this.nonblocking(barrierPlan(this.member))
  }

  /** Starts a `bcast`. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER */
  ibcast(buffer: MessageBuffer, options: RootOptions = {}): CollectiveRequest {
    return this.nonblocking(bcastPlan(this.member, buffer, options))
  }

  /** Starts a `gather`. Collective. @throws like `gather` */
  igather(send: MessageBuffer | InPlace, recv?: MessageBuffer, options: RootOptions = {}): CollectiveRequest {
    return this.nonblocking(gatherPlan(this.member, send, recv, options))
  }

  /** Starts a `gatherv`. Collective. @throws like `gatherv` */
  igatherv(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer | undefined,
    options: RootBlockOptions,
  ): CollectiveRequest {
    return this.nonblocking(gathervPlan(this.member, send, recv, options))
  }

  /** Starts a `scatter`. Collective. @throws like `scatter` */
  iscatter(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | InPlace,
    options: RootOptions = {},
  ): CollectiveRequest {
    return this.nonblocking(scatterPlan(this.member, send, recv, options))
  }

  /** Starts a `scatterv`. Collective. @throws like `scatterv` */
  iscatterv(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | InPlace,
    options: RootBlockOptions,
  ): CollectiveRequest {
    return this.nonblocking(scattervPlan(this.member, send, recv, options))
  }

  /** Starts an `allgather`. Collective. @throws like `allgather` */
  iallgather(send: MessageBuffer | InPlace, recv: MessageBuffer): CollectiveRequest {
    return this.nonblocking(allgatherPlan(this.member, send, recv))
  }

  /** Starts an `allgatherv`. Collective. @throws like `allgatherv` */
  iallgatherv(send: MessageBuffer | InPlace, recv: MessageBuffer, options: BlockOptions): CollectiveRequest {
    return this.nonblocking(allgathervPlan(this.member, send, recv, options))
  }

  /** Starts an `alltoall`. Collective. @throws like `alltoall` */
  ialltoall(send: MessageBuffer | InPlace, recv: MessageBuffer): CollectiveRequest {
    return this.nonblocking(alltoallPlan(this.member, send, recv))
  }

  /** Starts an `alltoallv`. Collective. @throws like `alltoallv` */
  ialltoallv(send: MessageBuffer | InPlace, recv: MessageBuffer, options: AlltoallvOptions): CollectiveRequest {
    return this.nonblocking(alltoallvPlan(this.member, send, recv, options))
  }

  /** Starts a `reduce`; the result of the scalar form is the request's `value`. Collective. @throws like `reduce` */
  ireduce(value: number, options: ReduceOptions): CollectiveRequest<number | undefined>
  /** Starts a `reduce` of buffers. */
  ireduce(send: MessageBuffer | InPlace, recv: MessageBuffer | undefined, options: ReduceOptions): CollectiveRequest
  ireduce(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | ReduceOptions | undefined,
    options?: ReduceOptions,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(reducePlan(this.member, send, recv, options))
  }

  /** Starts an `allreduce`; the result of the scalar form is the request's `value`. Collective. @throws like `allreduce` */
  iallreduce(value: number, options: OpArgument): CollectiveRequest<number>
  /** Starts an `allreduce` of buffers. */
  iallreduce(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): CollectiveRequest
  iallreduce(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options?: OpArgument,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(allreducePlan(this.member, send, recv, options))
  }

  /** Starts a `scan`; the result of the scalar form is the request's `value`. Collective. @throws like `scan` */
  iscan(value: number, options: OpArgument): CollectiveRequest<number>
  /** Starts a `scan` of buffers. */
  iscan(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): CollectiveRequest
  iscan(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options?: OpArgument,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(scanPlan(send, recv, options))
  }

  /** Starts an `exscan`; the result of the scalar form is the request's `value`. Collective. @throws like `exscan` */
  iexscan(value: number, options: OpArgument): CollectiveRequest<number | undefined>
  /** Starts an `exscan` of buffers. */
  iexscan(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): CollectiveRequest
  iexscan(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options?: OpArgument,
  ): CollectiveRequest<number | undefined | void> {
    return this.nonblocking(exscanPlan(this.member, send, recv, options))
  }

  /** Starts a `reduceScatter`. Collective. @throws like `reduceScatter` */
  ireduceScatter(send: MessageBuffer | InPlace, recv: MessageBuffer, options: ReduceScatterOptions): CollectiveRequest {
    return this.nonblocking(reduceScatterPlan(this.member, send, recv, options))
  }

  /** Starts a `reduceScatterBlock`. Collective. @throws like `reduceScatterBlock` */
  ireduceScatterBlock(send: MessageBuffer | InPlace, recv: MessageBuffer, { op }: OpArgument): CollectiveRequest {
    return this.nonblocking(reduceScatterPlan(this.member, send, recv, { op }))
  }
}
