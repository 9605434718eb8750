/**
 * The collective calls of intercommunicators, blocking and nonblocking (MPI 4.1, sections 6.2.3 and 6.12): the same plans,
 * driven in two ways. Calls are matched in the order in which they are made, on both sides together.
 */
import type { MessageBuffer } from '../runtime/base/message-buffer.ts'
import { located } from '../runtime/base/errors.ts'
import { Comm } from '../runtime/comm/comm.ts'
import type { Job } from '../runtime/comm/comm-context.ts'
import type { Group } from '../runtime/comm/group.ts'
import { memberOf, type CollectiveComm } from './collective-comm.ts'
import type { OpArgument } from './options.ts'
import type { Plan } from './plan.ts'
import {
  allgatherAcross,
  allgatherObjectAcross,
  allreduceAcross,
  alltoallAcross,
  barrierAcross,
  bcastAcross,
  bcastObjectAcross,
  gatherAcross,
  reduceAcross,
  scatterAcross,
  type IntercommRootOptions,
  type Sides,
} from './plans/across.ts'
import { CollectiveRequest, complete, Run } from './requests.ts'

export class IntercommCalls extends Comm {
  /** Number of processes on the other side. */
  readonly remoteSize: number
  protected readonly sides: Sides

  /**
   * @param local a communicator of this side, which says how algorithms are chosen
   * @internal
   */
  constructor(job: Job, local: CollectiveComm, remote: Group, context: number) {
    super(job, local.group, context, remote)
    this.remoteSize = remote.size
    this.sides = { member: memberOf(local), remote }
  }

  /** Resolves when all ranks of both sides have called it. Collective. */
  barrier(): Promise<void> {
    return this.blocking(() => barrierAcross(this.sides))
  }

  /** Starts a `barrier`: the request is complete when all ranks of both sides have started it. Collective. */
  ibarrier(): CollectiveRequest {
    return this.#nonblocking(() => barrierAcross(this.sides))
  }

  /** Copies the root's elements to all ranks of the other side. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER */
  bcast(buffer: MessageBuffer | undefined, options: IntercommRootOptions): Promise<void> {
    return this.blocking(() => bcastAcross(this.sides, buffer, options))
  }

  /** Starts a `bcast`. Collective. @throws like `bcast` */
  ibcast(buffer: MessageBuffer | undefined, options: IntercommRootOptions): CollectiveRequest {
    return this.#nonblocking(() => bcastAcross(this.sides, buffer, options))
  }

  /** Gives the root the other side's blocks, by rank there. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  gather(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommRootOptions,
  ): Promise<void> {
    return this.blocking(() => gatherAcross(this.sides, send, recv, options))
  }

  /** Starts a `gather`. Collective. @throws like `gather` */
  igather(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommRootOptions,
  ): CollectiveRequest {
    return this.#nonblocking(() => gatherAcross(this.sides, send, recv, options))
  }

  /** Gives each rank of the other side its block of the root's elements. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  scatter(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommRootOptions,
  ): Promise<void> {
    return this.blocking(() => scatterAcross(this.sides, send, recv, options))
  }

  /** Starts a `scatter`. Collective. @throws like `scatter` */
  iscatter(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommRootOptions,
  ): CollectiveRequest {
    return this.#nonblocking(() => scatterAcross(this.sides, send, recv, options))
  }

  /** Gives all ranks the blocks of the other side's ranks. Collective. @throws {MpiError} MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER */
  allgather(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    return this.blocking(() => allgatherAcross(this.sides, send, recv))
  }

  /** Starts an `allgather`. Collective. @throws like `allgather` */
  iallgather(send: MessageBuffer, recv: MessageBuffer): CollectiveRequest {
    return this.#nonblocking(() => allgatherAcross(this.sides, send, recv))
  }

  /** Sends a block to every rank of the other side and receives one from each. Collective. @throws {MpiError} MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER */
  alltoall(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    return this.blocking(() => alltoallAcross(this.sides, send, recv))
  }

  /** Starts an `alltoall`. Collective. @throws like `alltoall` */
  ialltoall(send: MessageBuffer, recv: MessageBuffer): CollectiveRequest {
    return this.#nonblocking(() => alltoallAcross(this.sides, send, recv))
  }

  /** Gives the root the reduction of the other side's elements. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_OP, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  reduce(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: OpArgument & IntercommRootOptions,
  ): Promise<void> {
    return this.blocking(() => reduceAcross(this.sides, send, recv, options))
  }

  /** Starts a `reduce`. Collective. @throws like `reduce` */
  ireduce(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: OpArgument & IntercommRootOptions,
  ): CollectiveRequest {
    return this.#nonblocking(() => reduceAcross(this.sides, send, recv, options))
  }

  /** Gives all ranks the reduction of the other side's elements. Collective. @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  allreduce(send: MessageBuffer, recv: MessageBuffer, options: OpArgument): Promise<void> {
    return this.blocking(() => allreduceAcross(this.sides, send, recv, options))
  }

  /**
   * Starts an `allreduce`. Collective. @throws like `allreduce`
   *
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const theirs = new Int32Array(1)
   * const request = inter.iallreduce(Int32Array.of(world.rank), theirs, { op: SUM })
   * await request.wait()
   * if (world.rank === 0) log(theirs[0]) // → 4
   * inter.free()
   * half.free()
   */
  iallreduce(send: MessageBuffer, recv: MessageBuffer, options: OpArgument): CollectiveRequest {
    return this.#nonblocking(() => allreduceAcross(this.sides, send, recv, options))
  }

  /** Gives all ranks of the other side the root's value; undefined on the root's side. Collective. @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_ROOT */
  bcastObject<T>(value: T | undefined, options: IntercommRootOptions): Promise<T | undefined> {
    return this.blocking(() => bcastObjectAcross(this.sides, value, options))
  }

  /** Starts a `bcastObject`. Collective. @throws like `bcastObject` */
  ibcastObject<T>(value: T | undefined, options: IntercommRootOptions): CollectiveRequest<T | undefined> {
    return this.#nonblocking(() => bcastObjectAcross(this.sides, value, options))
  }

  /** Gives all ranks the values of the other side's ranks, by rank there. Collective. @throws {MpiError} MPI_ERR_TYPE if one cannot be cloned */
  allgatherObject<T>(value: T): Promise<T[]> {
    return this.blocking(() => allgatherObjectAcross(this.sides, value))
  }

  /** Starts an `allgatherObject`. Collective. @throws like `allgatherObject` */
  iallgatherObject<T>(value: T): CollectiveRequest<T[]> {
    return this.#nonblocking(() => allgatherObjectAcross(this.sides, value))
  }

  /** Makes a call and waits; its own errors reject. @param plan checks the arguments */
  protected async blocking<T>(plan: () => Plan<T>): Promise<T> {
    const made = this.checked(plan)
    const channel = this.channel(made.call, made.particulars)
    try {
      const result = await complete(made.steps(channel))
      channel.end()
      return result
    } catch (error) {
      return this.raise(located(error))
    }
  }

  #nonblocking<T>(plan: () => Plan<T>): CollectiveRequest<T> {
    const { engine } = this.job
    const made = this.checked(plan)
    const run = new Run(engine, this.channel(made.call, made.particulars), made)
    return new CollectiveRequest(engine, run, this.toldError)
  }
}
