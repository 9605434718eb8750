/**
 * The blocking collective calls on buffers of intercommunicators (MPI 4.1, section 6.2.3): what a rank gets comes from the
 * other side. Arguments are checked by the plans in plans/across*.ts; a wrong one rejects before anything is sent. Calls
 * are matched in the order in which they are made, on both sides together.
 *
 * `root` is ROOT on the root, PROC_NULL on the others of its side, and the root's rank on the other side. Buffers that a
 * rank neither gives nor gets may be undefined.
 */
import { located } from '../runtime/base/errors.ts'
import type { MessageBuffer } from '../runtime/base/message-buffer.ts'
import type { Job } from '../runtime/comm/comm-context.ts'
import type { Group } from '../runtime/comm/group.ts'
import type { BlockOptions } from './arguments.ts'
import { memberOf, type CollectiveComm } from './collective-comm.ts'
import type { AlltoallvOptions, OpArgument, ReduceScatterOptions } from './options.ts'
import type { Plan } from './plan.ts'
import { PlannedComm } from './planned-comm.ts'
import type { IntercommRootOptions, Sides } from './plans/across.ts'
import type { IntercommReduceOptions, OperandAcross } from './plans/across-reductions.ts'
import type { IntercommBlockOptions } from './plans/across-vector.ts'
import type { Second } from './plans/reductions.ts'
import { ACROSS } from './plans/table.ts'
import { complete } from './requests.ts'

/**
 * The arguments of a call on buffers; those of its nonblocking and persistent forms too.
 *
 * @inline
 */
export type ArgumentsAcross<C extends keyof typeof ACROSS> = Parameters<IntercommCalls[C]>

export class IntercommCalls extends PlannedComm {
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

  /**
   * Resolves when all ranks of both sides have called it. Collective.
   *
   * @throws {MpiError} MPI_ERR_COMM if the communicator has been freed; MPI_ERR_OTHER if the ranks called different
   *   collectives, as from all that are collective
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * await inter.barrier()
   * inter.free()
   * half.free()
   */
  barrier(): Promise<void> {
    return this.blocking(() => ACROSS.barrier(this.sides))
  }

  /**
   * Copies the root's elements to all ranks of the other side. Collective.
   *
   * @param buffer as many elements on the root and over there
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const data = new Float64Array(2).fill(world.rank)
   * await inter.bcast(data, { root })
   * if (world.rank === 3) log(data.join()) // → 0,0
   * inter.free()
   * half.free()
   */
  bcast(buffer: MessageBuffer | undefined, options: IntercommRootOptions): Promise<void> {
    return this.blocking(() => ACROSS.bcast(this.sides, buffer, options))
  }

  /**
   * Gives the root the other side's blocks, by rank there. Collective.
   *
   * @param send (other side) the rank's block, of one length everywhere
   * @param recv (root only) room for all blocks
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_COUNT, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const all = root === ROOT ? new Int32Array(2) : undefined
   * await inter.gather(Int32Array.of(world.rank), all, { root })
   * if (world.rank === 0) log(all?.join()) // → 1,3
   * inter.free()
   * half.free()
   */
  gather(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommRootOptions,
  ): Promise<void> {
    return this.blocking(() => ACROSS.gather(this.sides, send, recv, options))
  }

  /**
   * Like `gather`, with blocks of any lengths. Collective.
   *
   * @param options `counts` and `displs` for each rank of the other side, in elements (root only)
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * // Ranks of the other side give one element and two.
   * const all = root === ROOT ? new Int32Array(4) : undefined
   * await inter.gatherv(new Int32Array(half.rank + 1).fill(world.rank), all, { root, counts: [1, 2], displs: [0, 2] })
   * if (world.rank === 0) log(all?.join()) // → 1,0,3,3
   * inter.free()
   * half.free()
   */
  gatherv(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommBlockOptions,
  ): Promise<void> {
    return this.blocking(() => ACROSS.gatherv(this.sides, send, recv, options))
  }

  /**
   * Gives each rank of the other side its block of the root's elements. Collective.
   *
   * @param send (root only) a block for each rank over there, all of one length
   * @param recv (other side) room for the rank's block
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_COUNT, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const mine = new Int32Array(1)
   * await inter.scatter(root === ROOT ? Int32Array.of(10, 20) : undefined, mine, { root })
   * if (world.rank === 3) log(mine[0]) // → 20
   * inter.free()
   * half.free()
   */
  scatter(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommRootOptions,
  ): Promise<void> {
    return this.blocking(() => ACROSS.scatter(this.sides, send, recv, options))
  }

  /**
   * Like `scatter`, with blocks of any lengths. Collective.
   *
   * @param options `counts` and `displs` for each rank of the other side, in elements (root only)
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const mine = new Int32Array(half.rank + 1)
   * const all = root === ROOT ? Int32Array.of(10, 20, 21) : undefined
   * await inter.scatterv(all, mine, { root, counts: [1, 2] })
   * if (world.rank === 3) log(mine.join()) // → 20,21
   * inter.free()
   * half.free()
   */
  scatterv(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommBlockOptions,
  ): Promise<void> {
    return this.blocking(() => ACROSS.scatterv(this.sides, send, recv, options))
  }

  /**
   * Gives all ranks the blocks of the other side's ranks. Collective.
   *
   * @param send (local) the rank's block, of one length on its side
   * @param recv (local) room for a block of each rank over there
   * @throws {MpiError} MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const theirs = new Int32Array(inter.remoteSize)
   * await inter.allgather(Int32Array.of(world.rank), theirs)
   * if (world.rank === 0) log(theirs.join()) // → 1,3
   * inter.free()
   * half.free()
   */
  allgather(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    return this.blocking(() => ACROSS.allgather(this.sides, send, recv))
  }

  /**
   * Like `allgather`, with blocks of any lengths. Collective.
   *
   * @param options the same on all ranks of a side: `counts` and `displs` for each rank of the other, in elements
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const theirs = new Int32Array(3)
   * await inter.allgatherv(new Int32Array(half.rank + 1).fill(world.rank), theirs, { counts: [1, 2] })
   * if (world.rank === 2) log(theirs.join()) // → 1,3,3
   * inter.free()
   * half.free()
   */
  allgatherv(send: MessageBuffer, recv: MessageBuffer, options: BlockOptions): Promise<void> {
    return this.blocking(() => ACROSS.allgatherv(this.sides, send, recv, options))
  }

  /**
   * Sends a block to every rank of the other side and receives one from each. Collective.
   *
   * @param send (local) a block for each rank over there, all of one length
   * @param recv (local) room for a block of each rank over there
   * @throws {MpiError} MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const theirs = new Int32Array(2)
   * await inter.alltoall(Int32Array.of(10 * world.rank, 10 * world.rank + 1), theirs)
   * if (world.rank === 2) log(theirs.join()) // → 11,31
   * inter.free()
   * half.free()
   */
  alltoall(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    return this.blocking(() => ACROSS.alltoall(this.sides, send, recv))
  }

  /**
   * Like `alltoall`, with blocks of any lengths. Collective.
   *
   * @param options counts and places of the blocks for and from each rank of the other side, in elements
   * @throws {MpiError} MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The second rank of either side gets two elements of everyone, the first none.
   * const theirs = new Int32Array(4 * half.rank)
   * const recvCounts = [2 * half.rank, 2 * half.rank]
   * await inter.alltoallv(new Int32Array(2).fill(world.rank), theirs, { sendCounts: [0, 2], recvCounts })
   * if (world.rank === 2) log(theirs.join()) // → 1,1,3,3
   * inter.free()
   * half.free()
   */
  alltoallv(send: MessageBuffer, recv: MessageBuffer, options: AlltoallvOptions): Promise<void> {
    return this.blocking(() => ACROSS.alltoallv(this.sides, send, recv, options))
  }

  /**
   * Gives the root the other side's numbers, reduced in rank order; resolves to undefined elsewhere. Collective.
   *
   * @param value (other side) anything on the root's side
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_OP, MPI_ERR_TYPE
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * // The first even rank is the root.
   * const root = world.rank % 2 === 1 ? 0 : half.rank === 0 ? ROOT : PROC_NULL
   * const largest = await inter.reduce(world.rank, { op: MAX, root })
   * if (world.rank === 0) log(largest) // → 3
   * inter.free()
   * half.free()
   */
  reduce(value: number | undefined, options: IntercommReduceOptions): Promise<number | undefined>
  /**
   * The same, element by element.
   *
   * @param send (other side) elements
   * @param recv (root only) room for as many
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_OP, MPI_ERR_COUNT, MPI_ERR_BUFFER
   */
  reduce(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    options: IntercommReduceOptions,
  ): Promise<void>
  reduce(
    send: OperandAcross,
    recv: Second<IntercommReduceOptions>,
    options?: IntercommReduceOptions,
  ): Promise<number | undefined | void> {
    return this.blocking(() => ACROSS.reduce(this.sides, send, recv, options))
  }

  /**
   * Gives all ranks the other side's numbers, reduced in rank order. Collective.
   *
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const sum = await inter.allreduce(world.rank, { op: SUM })
   * if (world.rank === 2) log(sum) // → 4
   * inter.free()
   * half.free()
   */
  allreduce(value: number, options: OpArgument): Promise<number>
  /**
   * The same, element by element.
   *
   * @param send (local) as many elements on all ranks of both sides
   * @param recv (local) room for as many
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER
   */
  allreduce(send: MessageBuffer, recv: MessageBuffer, options: OpArgument): Promise<void>
  allreduce(send: OperandAcross, recv: Second<OpArgument>, options?: OpArgument): Promise<number | undefined | void> {
    return this.blocking(() => ACROSS.allreduce(this.sides, send, recv, options))
  }

  /**
   * Reduces the other side's elements and deals the result over this side's ranks. Collective.
   *
   * @param send (local) as many elements on all ranks of both sides
   * @param recv (local) room for the rank's block of the result
   * @param options `counts`: the length of the block of each rank of this side; default: equal blocks
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_ARG, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const mine = new Int32Array(half.rank + 1)
   * await inter.reduceScatter(Int32Array.of(1, 2, 3), mine, { op: SUM, counts: [1, 2] })
   * if (world.rank === 2) log(mine.join()) // → 4,6
   * inter.free()
   * half.free()
   */
  reduceScatter(send: MessageBuffer, recv: MessageBuffer, options: ReduceScatterOptions): Promise<void> {
    return this.blocking(() => ACROSS.reduceScatter(this.sides, send, recv, options))
  }

  /**
   * Like `reduceScatter`, with equal blocks. Collective.
   *
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const mine = new Int32Array(1)
   * await inter.reduceScatterBlock(Int32Array.of(world.rank, 10), mine, { op: SUM })
   * if (world.rank === 0) log(mine[0]) // → 4
   * inter.free()
   * half.free()
   */
  reduceScatterBlock(send: MessageBuffer, recv: MessageBuffer, options: OpArgument): Promise<void> {
    return this.blocking(() => ACROSS.reduceScatterBlock(this.sides, send, recv, options))
  }

  /** Makes a call and waits; its own errors reject. @param plan checks the arguments */
  protected async blocking<T>(plan: () => Plan<T>): Promise<T> {
    if (this.job.checks !== undefined) return this.watched(plan, (made) => this.#make(made))
    return this.#make(this.checked(plan))
  }

  async #make<T>(made: Plan<T>): Promise<T> {
    const channel = this.channel(made.call, made.particulars)
    try {
      const result = await complete(made.steps(channel))
      channel.end()
      return result
    } catch (error) {
      return this.raise(located(error))
    }
  }
}
