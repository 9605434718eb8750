/**
 * The collective calls on buffers: one for all, one block of equal length for each rank, or a reduction.
 *
 * Invariant: whatever the user passes, algorithms see contiguous arrays of matching types and lengths; allgathers and
 * reductions work in the receive buffer. A scalar is an array of one element.
 */
import { IN_PLACE } from '../runtime/base/constants.ts'
import { newArrayLike, type TypedArray } from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import type { MessageBuffer } from '../runtime/base/message-buffer.ts'
import { Comm, type Job } from '../runtime/comm/comm.ts'
import type { Group } from '../runtime/comm/group.ts'
import { checkDivisible, checkPair, checkRoot, present, readable, writable, type Target } from './arguments.ts'
import { barrierDissemination } from './barrier/dissemination.ts'
import { blocksAt, copyElements, equalBlocks, likeMine, type Blocks } from './blocks.ts'
import { gatherBinomial } from './gather/binomial.ts'
import { checkCounts, checkOp, type Op } from './op.ts'
import { exscanRecursiveDoubling, scanRecursiveDoubling } from './scan/recursive-doubling.ts'
import { scatterBinomial } from './scatter/binomial.ts'
import { select, type Algorithms, type Facts } from './selection.ts'

/** What a rank passes instead of a buffer whose elements are, or go, in the other one. */
export type InPlace = typeof IN_PLACE

/** Who has, or gets, the data. */
export interface RootOptions {
  /** Rank that gives or gets all (global); default 0. */
  readonly root?: number
}

/** What to reduce with. */
export interface OpArgument {
  /** SUM, MAX, … or an operation of `Op.create` (global). */
  readonly op: Op
}

/** What to reduce with, and who gets the result. */
export interface ReduceOptions extends OpArgument, RootOptions {}

/** What to reduce with, and how the result is dealt out. */
export interface ReduceScatterOptions extends OpArgument {
  /** Elements of each rank's block (global); default: equal blocks. */
  readonly counts?: readonly number[]
}

export class BufferCalls extends Comm {
  /** Algorithms to use whatever the table says. */
  protected readonly algorithms: Algorithms
  #oneHost: boolean | undefined

  constructor(job: Job, group: Group, context: number, algorithms: Algorithms = {}) {
    super(job, group, context)
    this.algorithms = algorithms
  }

  // ---- synchronization and data movement ---------------------------------------------------------------------

  /** Resolves when all ranks have called it. Collective. */
  async barrier(): Promise<void> {
    const channel = this.channel('barrier')
    await barrierDissemination(channel)
    channel.end()
  }

  /** Copies the root's elements to all ranks. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER */
  async bcast(buffer: MessageBuffer, { root = 0 }: RootOptions = {}): Promise<void> {
    checkRoot('bcast', root, this.size)
    const { array, commit } = writable(buffer, 'bcast', this.rank === root)
    const channel = this.channel('bcast', { root })
    await channel.uses(select('bcast', this.#facts(array), this.algorithms))(channel, array, root)
    if (this.rank !== root) commit()
    channel.end()
  }

  /**
   * Gives the root the blocks of all ranks, in rank order. Collective.
   *
   * @param send (local) the rank's block, of one length everywhere; IN_PLACE on the root if it is in `recv`
   * @param recv (root only) room for all blocks
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   */
  async gather(send: MessageBuffer | InPlace, recv?: MessageBuffer, { root = 0 }: RootOptions = {}): Promise<void> {
    checkRoot('gather', root, this.size)
    const target = this.rank === root ? this.#collected('gather', send, recv) : undefined
    const mine = target?.blocks.of(root) ?? readable(present('gather', 'the send buffer', send), 'gather')
    const channel = this.channel('gather', { root })
    await gatherBinomial(channel, mine, target?.blocks ?? likeMine(mine), root)
    target?.commit()
    channel.end()
  }

  /**
   * Gives each rank its block of the root's elements. Collective.
   *
   * @param send (root only) a block for each rank, all of one length
   * @param recv (local) where the rank's block goes; IN_PLACE on the root leaves its own where it is
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   */
  async scatter(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | InPlace,
    { root = 0 }: RootOptions = {},
  ): Promise<void> {
    checkRoot('scatter', root, this.size)
    const blocks = this.rank === root ? this.#dealt('scatter', send) : undefined
    const target = blocks !== undefined && recv === IN_PLACE ? inPlace(blocks.of(root)) : received('scatter', recv)
    if (blocks !== undefined && recv !== IN_PLACE) checkPair('scatter', blocks.of(root), target.array, 1)
    const channel = this.channel('scatter', { root })
    await scatterBinomial(channel, blocks ?? likeMine(target.array), target.array, root)
    target.commit()
    channel.end()
  }

  /**
   * Gives all ranks the blocks of all ranks, in rank order. Collective.
   *
   * @param send (local) the rank's block, of one length everywhere; IN_PLACE if it is in `recv`
   * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   */
  async allgather(send: MessageBuffer | InPlace, recv: MessageBuffer): Promise<void> {
    const { blocks, commit } = this.#collected('allgather', send, recv)
    const channel = this.channel('allgather')
    await channel.uses(select('allgather', this.#facts(blocks.array), this.algorithms))(channel, blocks)
    commit()
    channel.end()
  }

  /**
   * Sends a block to every rank and receives one from every rank: block i of rank j becomes block j of rank i.
   * Collective.
   *
   * @param send (local) a block for each rank, all of one length; IN_PLACE if they are in `recv`
   * @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   */
  async alltoall(send: MessageBuffer | InPlace, recv: MessageBuffer): Promise<void> {
    const { array, commit } = received('alltoall', recv, send === IN_PLACE)
    const length = checkDivisible('alltoall', array, this.size)
    const sent = send === IN_PLACE ? copyOf(array) : readable(send, 'alltoall')
    checkPair('alltoall', sent, array, 1)
    const channel = this.channel('alltoall')
    const algorithm = channel.uses(select('alltoall', this.#facts(array), this.algorithms))
    await algorithm(channel, equalBlocks(sent, length), equalBlocks(array, length))
    commit()
    channel.end()
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
   */
  reduce(send: MessageBuffer | InPlace, recv: MessageBuffer | undefined, options: ReduceOptions): Promise<void>
  async reduce(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | ReduceOptions | undefined,
    options?: ReduceOptions,
  ): Promise<number | undefined | void> {
    const scalar = typeof send === 'number'
    const { op, root = 0 } = reduceOptions(scalar ? recv : options)
    checkRoot('reduce', root, this.size)
    const target = scalar
      ? inPlace(scalarArray('reduce', send, op))
      : this.rank === root
        ? this.#accumulator('reduce', send, recv as MessageBuffer | undefined)
        : inPlace(copyOf(readable(present('reduce', 'the send buffer', send), 'reduce')))
    checkOp('reduce', op, target.array)
    const channel = this.channel('reduce', { op: op.name, root })
    await channel.uses(select('reduce', this.#facts(target.array, op), this.algorithms))(
      channel,
      target.array,
      op,
      root,
    )
    channel.end()
    if (this.rank !== root) return undefined
    target.commit()
    return scalar ? (target.array[0] as number) : undefined
  }

  /** Gives all ranks the reduction of all ranks' numbers. Collective. @throws {MpiError} MPI_ERR_OP */
  allreduce(value: number, options: OpArgument): Promise<number>
  /**
   * Reduces the ranks' elements, each with those at the same place, and gives all ranks the result, the same to the last
   * bit. Collective.
   *
   * @param send (local) the rank's elements; IN_PLACE if they are in `recv`
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   */
  allreduce(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void>
  async allreduce(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options?: OpArgument,
  ): Promise<number | void> {
    const { op, target } = this.#operands('allreduce', send, recv, options)
    const channel = this.channel('allreduce', { op: op.name })
    await channel.uses(select('allreduce', this.#facts(target.array, op), this.algorithms))(channel, target.array, op)
    target.commit()
    channel.end()
    if (typeof send === 'number') return target.array[0] as number
  }

  /** Gives each rank the reduction of the numbers of ranks 0 to itself. Collective. @throws {MpiError} MPI_ERR_OP */
  scan(value: number, options: OpArgument): Promise<number>
  /** Gives each rank the reduction over ranks 0 to itself. Collective. Arguments and errors are those of `allreduce`. */
  scan(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void>
  async scan(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options?: OpArgument,
  ): Promise<number | void> {
    const { op, target } = this.#operands('scan', send, recv, options)
    const channel = this.channel('scan', { op: op.name })
    await scanRecursiveDoubling(channel, target.array, op)
    target.commit()
    channel.end()
    if (typeof send === 'number') return target.array[0] as number
  }

  /** Gives each rank the reduction of the numbers of the ranks below it; undefined on rank 0. Collective. */
  exscan(value: number, options: OpArgument): Promise<number | undefined>
  /**
   * Gives each rank the reduction over the ranks below it; on rank 0 the result has no meaning. Collective. Arguments and
   * errors are those of `allreduce`.
   */
  exscan(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void>
  async exscan(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options?: OpArgument,
  ): Promise<number | undefined | void> {
    const { op, target } = this.#operands('exscan', send, recv, options)
    const channel = this.channel('exscan', { op: op.name })
    await exscanRecursiveDoubling(channel, target.array, op)
    target.commit()
    channel.end()
    if (typeof send === 'number') return this.rank === 0 ? undefined : (target.array[0] as number)
  }

  /**
   * Reduces the ranks' elements, each with those at the same place, and gives each rank its block of the result.
   * Collective.
   *
   * @param send (local) as many elements as all blocks have; IN_PLACE if they are in `recv`, whose first elements then
   *   become the result and whose others have no meaning
   * @param recv (local) where the rank's block goes
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER, MPI_ERR_ARG for wrong arguments
   */
  async reduceScatter(
    send: MessageBuffer | InPlace,
    recv: MessageBuffer,
    { op, counts }: ReduceScatterOptions,
  ): Promise<void> {
    const target = received('reduceScatter', recv, send === IN_PLACE)
    const work = send === IN_PLACE ? target.array : copyOf(readable(send, 'reduceScatter'))
    const blocks = this.#reduceBlocks(work, op, counts)
    if (send !== IN_PLACE) checkPair('reduceScatter', blocks.of(this.rank), target.array, 1)
    const channel = this.channel('reduceScatter', { op: op.name })
    await channel.uses(select('reduceScatter', this.#facts(work, op), this.algorithms))(channel, blocks, op)
    copyElements(target.array, blocks.of(this.rank))
    target.commit()
    channel.end()
  }

  // ---- arguments ---------------------------------------------------------------------------------------------

  #facts(array: TypedArray, op?: Op): Facts {
    return { nbytes: array.byteLength, size: this.size, oneHost: this.#isOneHost(), op }
  }

  /** The same on all ranks, since being near is mutual. */
  #isOneHost(): boolean {
    this.#oneHost ??= everyRank(this.group, (worldRank) => this.job.engine.transport.isNear(worldRank))
    return this.#oneHost
  }

  /** A receive buffer with a block for each rank, the caller's own in place. */
  #collected(
    call: string,
    send: MessageBuffer | InPlace,
    recv: MessageBuffer | undefined,
  ): { blocks: Blocks; commit: () => void } {
    const { array, commit } = received(call, recv, send === IN_PLACE)
    const blocks = equalBlocks(array, checkDivisible(call, array, this.size))
    if (send === IN_PLACE) return { blocks, commit }
    const mine = readable(send, call)
    checkPair(call, mine, array, this.size)
    copyElements(blocks.of(this.rank), mine)
    return { blocks, commit }
  }

  /** A send buffer with a block for each rank. */
  #dealt(call: string, send: MessageBuffer | undefined): Blocks {
    const array = readable(present(call, 'the send buffer', send), call)
    return equalBlocks(array, checkDivisible(call, array, this.size))
  }

  /** The receive buffer of a reduction with the rank's elements in it. */
  #accumulator(call: string, send: MessageBuffer | InPlace, recv: MessageBuffer | undefined): Target {
    const target = received(call, recv, send === IN_PLACE)
    if (send === IN_PLACE) return target
    const mine = readable(send, call)
    checkPair(call, mine, target.array, 1)
    copyElements(target.array, mine)
    return target
  }

  /** What a reduction to all works on, from the arguments of its scalar or of its buffer form. */
  #operands(
    call: string,
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options: OpArgument | undefined,
  ): { op: Op; target: Target } {
    const scalar = typeof send === 'number'
    const { op } = reduceOptions(scalar ? recv : options)
    const target = scalar ? inPlace(scalarArray(call, send, op)) : this.#accumulator(call, send, recv as MessageBuffer)
    checkOp(call, op, target.array)
    return { op, target }
  }

  #reduceBlocks(work: TypedArray, op: Op, counts: readonly number[] | undefined): Blocks {
    checkOp('reduceScatter', op, work)
    if (counts === undefined) {
      const length = checkDivisible('reduceScatter', work, this.size)
      checkCounts('reduceScatter', op, new Array<number>(this.size).fill(length), work.length)
      return equalBlocks(work, length)
    }
    if (counts.length !== this.size)
      throw new MpiError('MPI_ERR_ARG', `reduceScatter: counts has ${counts.length} entries, expected ${this.size}`)
    checkCounts('reduceScatter', op, counts, work.length)
    return blocksAt(work, counts)
  }
}

function everyRank(group: Group, holds: (worldRank: number) => boolean): boolean {
  for (let rank = 0; rank < group.size; rank++) if (!holds(group.worldRank(rank))) return false
  return true
}

/** A receive buffer that must be there. */
function received(call: string, recv: MessageBuffer | InPlace | undefined, filled = false): Target {
  return writable(present(call, 'the receive buffer', recv), call, filled)
}

function inPlace(array: TypedArray): Target {
  return { array, commit: () => undefined }
}

function copyOf(array: TypedArray): TypedArray {
  const copy = newArrayLike(array, array.length)
  copyElements(copy, array)
  return copy
}

/** The options of a reduction; a missing `op` is for `checkOp` to find. */
function reduceOptions(options: unknown): ReduceOptions {
  return (options ?? {}) as ReduceOptions
}

/** One number as an array that the operation is defined on: integers for bitwise operations. */
function scalarArray(call: string, value: number, op: Op | undefined): TypedArray {
  if (op?.bitwise !== true) return Float64Array.of(value)
  if ((value | 0) !== value)
    throw new MpiError('MPI_ERR_TYPE', `${call}: ${op.name} of ${value}, expected a 32-bit integer`)
  return Int32Array.of(value)
}
