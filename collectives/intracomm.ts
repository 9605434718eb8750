/**
 * Communicators of one group, as programs see them: point-to-point calls from `Comm`, collective calls from
 * buffer-calls.ts, nonblocking-calls.ts, persistent-calls.ts and object-calls.ts (MPI 4.1, chapter 6), and here the making
 * of communicators (chapter 7).
 *
 * Every call checks its arguments, takes a channel of its own before anything is awaited, so that calls keep the order
 * in which the program makes them, and leaves the work to an algorithm from the folder of its name. All ranks of the
 * communicator make the same calls in the same order; a rank whose arguments are refused has not taken part.
 */
import { UNDEFINED } from '../runtime/base/constants.ts'
import { MpiError } from '../runtime/base/errors.ts'
import { describe } from '../runtime/base/message-buffer.ts'
import type { Job } from '../runtime/comm/comm.ts'
import { Group } from '../runtime/comm/group.ts'
import { equalBlocks } from './blocks.ts'
import { ObjectCalls } from './object-calls.ts'
import { complete } from './requests.ts'
import { checkAlgorithms, type Algorithms, type Selection } from './selection.ts'

/** What a duplicate may do differently. */
export interface DupOptions {
  /** Algorithms to use instead of the table's choice; passed on to communicators made of this one. */
  readonly algorithms?: Algorithms
  /**
   * True: reductions combine the ranks' elements in one fixed tree, so that a result depends on the elements and the
   * number of ranks only, to the last bit: not on the algorithm, the length of the vector, the root or the hosts. Default:
   * as this communicator does. Passed on to communicators made of this one.
   */
  readonly reproducible?: boolean
}

/** What communicators are made of. */
export type Foundation = readonly [job: Job, group: Group, context: number, selection: Selection]

/** A communicator: point-to-point calls from `Comm`, and collective calls of all its ranks. */
export class Intracomm extends ObjectCalls {
  /**
   * A communicator of the same ranks whose messages never meet this one's. Collective.
   *
   * @throws {MpiError} MPI_ERR_ARG if `algorithms` names none that exists
   */
  async dup({ algorithms = {}, reproducible = this.algorithms.reproducible }: DupOptions = {}): Promise<Intracomm> {
    checkAlgorithms('dup', algorithms)
    const context = Int32Array.of(this.rank === 0 ? this.#newContext() : 0)
    const channel = this.channel('dup')
    await complete(this.member.select('bcast', context.byteLength)(channel, context, 0, this.hosts))
    channel.end()
    const forced = { ...this.algorithms.forced, ...algorithms }
    const selection = { ...this.algorithms, forced, ...(reproducible === undefined ? {} : { reproducible }) }
    return new Intracomm(this.job, this.group, context[0] as number, selection)
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
    const foundation = await Intracomm.divided(this, color, key)
    return foundation && new Intracomm(...foundation)
  }

  /** What `split` makes its communicators of; for those of other classes. Collective. @throws like `split` */
  protected static async divided(comm: Intracomm, color: number, key: number): Promise<Foundation | undefined> {
    return comm.#divide(color, key)
  }

  async #divide(color: number, key: number): Promise<Foundation | undefined> {
    if (color !== UNDEFINED && !(isInt32(color) && color >= 0))
      throw new MpiError('MPI_ERR_ARG', `split: color is ${describe(color)}, expected an integer >= 0 or UNDEFINED`)
    if (!isInt32(key)) throw new MpiError('MPI_ERR_ARG', `split: key is ${describe(key)}, expected a 32-bit integer`)
    const table = new Int32Array(3 * this.size)
    table.set([color, key, this.rank === 0 ? this.#newContext() : 0], 3 * this.rank)
    const channel = this.channel('split')
    await complete(this.member.select('allgather', table.byteLength)(channel, equalBlocks(table, 3)))
    channel.end()
    if (color === UNDEFINED) return undefined
    const members = membersOf(table, color).map((rank) => this.group.worldRank(rank))
    return [this.job, new Group(members), table[2] as number, this.algorithms]
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

function isInt32(value: number): boolean {
  return (value | 0) === value
}
