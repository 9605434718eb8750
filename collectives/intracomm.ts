/**
 * Communicators of one group: the collective calls of MPI 4.1, chapter 6, and the making of communicators, chapter 7.
 *
 * Every method checks its arguments, takes a channel of its own before anything is awaited, so that calls keep the order
 * in which the program makes them, and leaves the work to an algorithm from the folder of its name. All ranks of the
 * communicator make the same calls in the same order.
 */
import { IN_PLACE, UNDEFINED } from '../runtime/base/constants.ts'
import type { TypedArray } from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import { describe, type MessageBuffer } from '../runtime/base/message-buffer.ts'
import { Comm, type Job } from '../runtime/comm/comm.ts'
import { Group } from '../runtime/comm/group.ts'
import { checkDivisible, checkPair, checkRoot, present, readable, writable } from './arguments.ts'
import { barrierDissemination } from './barrier/dissemination.ts'
import { block, copyElements } from './blocks.ts'
import { checkOp, type Op } from './op.ts'
import { checkAlgorithms, select, type Algorithms } from './selection.ts'

export interface RootOptions {
  /** Rank that gives or gets all; default 0. */
  readonly root?: number
}

export interface OpArgument {
  readonly op: Op
}

export interface DupOptions {
  /** Algorithms to use instead of the table's choice; passed on to communicators made of this one. */
  readonly algorithms?: Algorithms
}

/** What a rank passes instead of a send buffer whose elements are in the receive buffer. */
export type InPlace = typeof IN_PLACE

export class Intracomm extends Comm {
  readonly #algorithms: Algorithms

  constructor(job: Job, group: Group, context: number, algorithms: Algorithms = {}) {
    super(job, group, context)
    this.#algorithms = algorithms
  }

  // ---- synchronization and broadcast -------------------------------------------------------------------------

  /** Resolves when all ranks have called it. Collective. */
  async barrier(): Promise<void> {
    await barrierDissemination(this.channel('barrier'))
  }

  /**
   * Copies the root's elements to all ranks. Collective.
   *
   * @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER for wrong arguments
   */
  async bcast(buffer: MessageBuffer, { root = 0 }: RootOptions = {}): Promise<void> {
    checkRoot('bcast', root, this.size)
    const { array, commit } = writable(buffer, 'bcast', this.rank === root)
    const channel = this.channel('bcast', { root })
    await select('bcast', { nbytes: array.byteLength, size: this.size }, this.#algorithms)(channel, array, root)
    if (this.rank !== root) commit()
    channel.end()
  }

  /** Gives all ranks the blocks of all ranks, in rank order; `send` may be IN_PLACE. Collective. @throws {MpiError} */
  async allgather(send: MessageBuffer | InPlace, recv: MessageBuffer): Promise<void> {
    const { array, commit } = writable(recv, 'allgather', send === IN_PLACE)
    const length = checkDivisible('allgather', array, this.size)
    if (send !== IN_PLACE) {
      const mine = readable(send, 'allgather')
      checkPair('allgather', mine, array, this.size)
      copyElements(block(array, this.rank, length), mine)
    }
    const channel = this.channel('allgather')
    await select('allgather', { nbytes: array.byteLength, size: this.size }, this.#algorithms)(channel, array, length)
    commit()
    channel.end()
  }

  // ---- reductions --------------------------------------------------------------------------------------------

  /** Gives all ranks the reduction of all ranks' numbers. Collective. @throws {MpiError} MPI_ERR_OP */
  allreduce(value: number, options: OpArgument): Promise<number>
  /**
   * Reduces the ranks' elements, each with those at the same place, and gives all ranks the result, the same to the last
   * bit. `send` may be IN_PLACE. Collective.
   *
   * @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER for wrong arguments
   */
  allreduce(send: MessageBuffer | InPlace, recv: MessageBuffer, options: OpArgument): Promise<void>
  async allreduce(
    send: number | MessageBuffer | InPlace,
    recv: MessageBuffer | OpArgument,
    options?: OpArgument,
  ): Promise<number | void> {
    if (typeof send === 'number') {
      const { op } = recv as OpArgument
      const scalar = scalarArray('allreduce', send, op)
      await this.#allreduce(scalar, op)
      return scalar[0] as number
    }
    const { op } = options as OpArgument
    const target = this.#reduceTarget('allreduce', send, recv as MessageBuffer)
    await this.#allreduce(target.array, op)
    target.commit()
  }

  async #allreduce(data: TypedArray, op: Op): Promise<void> {
    checkOp('allreduce', op, data)
    const channel = this.channel('allreduce', { op: op.name })
    await select('allreduce', { nbytes: data.byteLength, size: this.size, op }, this.#algorithms)(channel, data, op)
    channel.end()
  }

  /** The receive buffer with this rank's elements in it. */
  #reduceTarget(call: string, send: MessageBuffer | InPlace, recv: MessageBuffer): ReturnType<typeof writable> {
    const target = writable(present(call, 'the receive buffer', recv), call, send === IN_PLACE)
    if (send === IN_PLACE) return target
    const mine = readable(send, call)
    checkPair(call, mine, target.array, 1)
    copyElements(target.array, mine)
    return target
  }

  // ---- communicators -----------------------------------------------------------------------------------------

  /**
   * A communicator of the same ranks whose messages never meet this one's. Collective.
   *
   * @throws {MpiError} MPI_ERR_ARG if `algorithms` names none that exists
   */
  async dup({ algorithms = {} }: DupOptions = {}): Promise<Intracomm> {
    checkAlgorithms('dup', algorithms)
    const context = Int32Array.of(this.rank === 0 ? this.#newContext() : 0)
    await this.bcast(context)
    return new Intracomm(this.job, this.group, context[0] as number, { ...this.#algorithms, ...algorithms })
  }

  /**
   * Divides the ranks by colour: one new communicator for each, its ranks ordered by key, equal keys by rank here.
   * Collective. Resolves to undefined on ranks of colour UNDEFINED.
   *
   * @param color integer >= 0, or UNDEFINED (local)
   * @param key any 32-bit integer (local); default 0
   * @throws {MpiError} MPI_ERR_ARG for wrong arguments
   */
  async split(color: number, key = 0): Promise<Intracomm | undefined> {
    if (color !== UNDEFINED && !(isInt32(color) && color >= 0))
      throw new MpiError('MPI_ERR_ARG', `split: color is ${describe(color)}, expected an integer >= 0 or UNDEFINED`)
    if (!isInt32(key)) throw new MpiError('MPI_ERR_ARG', `split: key is ${describe(key)}, expected a 32-bit integer`)
    const table = new Int32Array(3 * this.size)
    await this.allgather(Int32Array.of(color, key, this.rank === 0 ? this.#newContext() : 0), table)
    if (color === UNDEFINED) return undefined
    const members = membersOf(table, color).map((rank) => this.group.worldRank(rank))
    return new Intracomm(this.job, new Group(members), table[2] as number, this.#algorithms)
  }

  /**
   * A context that no other communicator of the job has. Rank 0 of the parent chooses it: its own world rank is part of
   * the number, so that communicators can be founded anywhere at the same time without agreement. The groups of one
   * split share a context: no two of them have a rank in common, and messages are matched by world rank too.
   */
  #newContext(): number {
    const context = this.job.nextContext
    if (!isInt32(context + 1)) throw new MpiError('MPI_ERR_OTHER', 'this rank has founded too many communicators')
    this.job.nextContext += 2 * this.job.engine.worldSize
    return context
  }
}

/** Ranks of a colour by key, in a table of (color, key, context) by rank. `sort` is stable: equal keys keep rank order. */
function membersOf(table: Int32Array, color: number): number[] {
  const ranks = Array.from({ length: table.length / 3 }, (_, rank) => rank)
  const keyOf = (rank: number): number => table[3 * rank + 1] as number
  return ranks.filter((rank) => table[3 * rank] === color).sort((a, b) => keyOf(a) - keyOf(b))
}

/** One number as an array that the operation is defined on: integers for bitwise operations. */
function scalarArray(call: string, value: number, op: Op): Int32Array | Float64Array {
  if (!op?.bitwise) return Float64Array.of(value)
  if (!isInt32(value)) throw new MpiError('MPI_ERR_TYPE', `${call}: ${op.name} of ${value}, expected a 32-bit integer`)
  return Int32Array.of(value)
}

function isInt32(value: number): boolean {
  return (value | 0) === value
}
