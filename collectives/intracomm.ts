/**
 * Communicators of one group, as programs see them: point-to-point calls from `Comm`, collective calls on buffers from
 * buffer-calls.ts and vector-calls.ts (MPI 4.1, chapter 6), and here those on objects and the making of communicators
 * (chapter 7).
 *
 * Every method checks its arguments, takes a channel of its own before anything is awaited, so that calls keep the order
 * in which the program makes them, and leaves the work to an algorithm from the folder of its name. All ranks of the
 * communicator make the same calls in the same order; a rank whose arguments are refused has not taken part.
 */
import { UNDEFINED } from '../runtime/base/constants.ts'
import { MpiError } from '../runtime/base/errors.ts'
import { describe } from '../runtime/base/message-buffer.ts'
import { Comm, deserializeObject, newContext, serializeObject } from '../runtime/comm/comm.ts'
import { Group } from '../runtime/comm/group.ts'
import { checkRoot } from './arguments.ts'
import { bcastBinomialObject } from './bcast/binomial-object.ts'
import { equalBlocks } from './blocks.ts'
import type { RootOptions } from './buffer-calls.ts'
import { gatherBinomialObject } from './gather/binomial-object.ts'
import { scatterBinomialObject } from './scatter/binomial-object.ts'
import { checkAlgorithms, select, type Algorithms } from './selection.ts'
import { VectorCalls } from './vector-calls.ts'

/** What a duplicate may do differently. */
export interface DupOptions {
  /** Algorithms to use instead of the table's choice; passed on to communicators made of this one. */
  readonly algorithms?: Algorithms
}

/** A communicator: point-to-point calls from `Comm`, and collective calls of all its ranks. */
export class Intracomm extends VectorCalls {
  // ---- objects -----------------------------------------------------------------------------------------------

  /**
   * Gives all ranks the root's value; on the other ranks, `value` is ignored. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be structured-cloned, MPI_ERR_ROOT
   */
  async bcastObject<T>(value: T | undefined, { root = 0 }: RootOptions = {}): Promise<T> {
    checkRoot('bcastObject', root, this.size)
    const mine = this.rank === root ? serializeObject(value, 'bcastObject') : undefined
    const channel = this.channel('bcastObject', { root })
    const bytes = await bcastBinomialObject(channel, mine, root)
    channel.end()
    return this.rank === root ? (value as T) : deserializeObject<T>(bytes)
  }

  /**
   * Gives the root the values of all ranks, by rank; resolves to undefined elsewhere. Collective.
   *
   * @throws {MpiError} MPI_ERR_TYPE if the value cannot be structured-cloned, MPI_ERR_ROOT
   */
  async gatherObject<T>(value: T, { root = 0 }: RootOptions = {}): Promise<T[] | undefined> {
    checkRoot('gatherObject', root, this.size)
    const mine = serializeObject(value, 'gatherObject')
    const channel = this.channel('gatherObject', { root })
    const all = await gatherBinomialObject(channel, mine, root)
    channel.end()
    return all?.map((bytes) => deserializeObject<T>(bytes))
  }

  /**
   * Gives each rank its value of the root's list; on the other ranks, `values` is ignored. Collective.
   *
   * @param values one for each rank, on the root
   * @throws {MpiError} MPI_ERR_COUNT if there are more or fewer, MPI_ERR_TYPE if one cannot be cloned, MPI_ERR_ROOT
   */
  async scatterObject<T>(values: readonly T[] | undefined, { root = 0 }: RootOptions = {}): Promise<T> {
    checkRoot('scatterObject', root, this.size)
    if (this.rank === root && values?.length !== this.size)
      throw new MpiError(
        'MPI_ERR_COUNT',
        `scatterObject: the root passes ${values === undefined ? 'no values' : `${values.length} values`}, expected ${this.size}, one for each rank`,
      )
    const mine = this.rank === root ? values?.map((value) => serializeObject(value, 'scatterObject')) : undefined
    const channel = this.channel('scatterObject', { root })
    const bytes = await scatterBinomialObject(channel, mine, root)
    channel.end()
    return deserializeObject<T>(bytes)
  }

  /** Gives all ranks the values of all ranks, by rank. Collective. @throws {MpiError} MPI_ERR_TYPE if one cannot be cloned */
  async allgatherObject<T>(value: T): Promise<T[]> {
    const mine = serializeObject(value, 'allgatherObject')
    const channel = this.channel('allgatherObject')
    const gathered = await gatherBinomialObject(channel, mine, 0)
    const list = gathered === undefined ? undefined : serializeObject(gathered, 'allgatherObject')
    const all = deserializeObject<Uint8Array[]>(await bcastBinomialObject(channel, list, 0))
    channel.end()
    return all.map((bytes) => deserializeObject<T>(bytes))
  }

  // ---- communicators -----------------------------------------------------------------------------------------

  /**
   * A communicator of the same ranks whose messages never meet this one's. Collective.
   *
   * @throws {MpiError} MPI_ERR_ARG if `algorithms` names none that exists
   */
  async dup({ algorithms = {} }: DupOptions = {}): Promise<Intracomm> {
    checkAlgorithms('dup', algorithms)
    const context = Int32Array.of(this.rank === 0 ? newContext(this.job) : 0)
    const channel = this.channel('dup')
    const bcast = select('bcast', { nbytes: context.byteLength, size: this.size }, this.algorithms)
    await bcast(channel, context, 0)
    channel.end()
    const made = new Intracomm(this.job, this.group, context[0] as number, { ...this.algorithms, ...algorithms })
    return made.inherit(this, true)
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
    table.set([color, key, this.rank === 0 ? newContext(this.job) : 0], 3 * this.rank)
    const channel = this.channel('split')
    const allgather = select('allgather', { nbytes: table.byteLength, size: this.size }, this.algorithms)
    await allgather(channel, equalBlocks(table, 3))
    channel.end()
    if (color === UNDEFINED) return undefined
    const members = membersOf(table, color).map((rank) => this.group.worldRank(rank))
    return this.#found(new Group(members), table[2] as number)
  }

  /**
   * Divides the ranks into those that share memory: one new communicator for each host, its ranks ordered by key, equal
   * keys by rank here. Collective. Ranks of a machine in different processes (`--ranks-per-agent`, `--emulate-hosts`,
   * `--transport zmq`) share none.
   *
   * @throws {MpiError} MPI_ERR_ARG for wrong arguments
   */
  async splitType(type: 'host', key = 0): Promise<Intracomm> {
    if (type !== 'host')
      throw new MpiError('MPI_ERR_ARG', `splitType: type is ${describe(type)}, expected the string "host"`)
    const { transport } = this.job.engine
    const first = this.group.worldRanks.findIndex((worldRank) => transport.isNear(worldRank))
    return (await this.split(first, key)) as Intracomm
  }

  /**
   * A communicator of the members of `group`, in its order; undefined on ranks that are not in it. Collective: all ranks
   * of this communicator pass the group that they will be in, or any they are not in.
   *
   * @throws {MpiError} MPI_ERR_GROUP if a member is no rank of this communicator
   */
  async create(group: Group): Promise<Intracomm | undefined> {
    this.#checkMembers('create', group)
    const context = Int32Array.of(this.rank === 0 ? newContext(this.job) : 0)
    await this.bcast(context)
    // Groups made by the same call have no rank in common: they share a context, as those of `split` do.
    return isMember(this, group) ? this.#found(group, context[0] as number) : undefined
  }

  /**
   * Like `create`, but collective over the members of `group` only.
   *
   * @param tag tells calls apart that a rank has under way at the same time; default 0
   * @throws {MpiError} MPI_ERR_GROUP if a member is no rank of this communicator, or the caller none of the group;
   *   MPI_ERR_TAG
   */
  async createGroup(group: Group, { tag = 0 }: { readonly tag?: number } = {}): Promise<Intracomm> {
    this.#checkMembers('createGroup', group)
    if (!isMember(this, group))
      throw new MpiError('MPI_ERR_GROUP', 'createGroup: the caller is not in the group, expected calls of members only')
    // A context beside the pair of this communicator, so that no receive of the program takes the message.
    const members = new Comm(this.job, group, ~this.context)
    const context = Int32Array.of(members.rank === 0 ? newContext(this.job) : 0)
    if (members.rank > 0) await members.recv(context, { source: 0, tag })
    else for (let dest = 1; dest < members.size; dest++) await members.send(context, { dest, tag })
    return this.#found(group, context[0] as number)
  }

  #found(group: Group, context: number): Intracomm {
    return new Intracomm(this.job, group, context, this.algorithms).inherit(this)
  }

  #checkMembers(call: string, group: Group): void {
    this.checkUsable(call)
    const strangers = group.difference(this.group).worldRanks
    if (strangers.length > 0)
      throw new MpiError(
        'MPI_ERR_GROUP',
        `${call}: the group has world rank ${strangers[0]}, expected ranks of the communicator only`,
      )
  }
}

/** Ranks of a colour by key, in a table of (color, key, context) by rank. `sort` is stable: equal keys keep rank order. */
function membersOf(table: Int32Array, color: number): number[] {
  const ranks = Array.from({ length: table.length / 3 }, (_, rank) => rank)
  const keyOf = (rank: number): number => table[3 * rank + 1] as number
  return ranks.filter((rank) => table[3 * rank] === color).sort((a, b) => keyOf(a) - keyOf(b))
}

function isMember(comm: Intracomm, group: Group): boolean {
  return group.rankOf(comm.group.worldRank(comm.rank)) !== undefined
}

function isInt32(value: number): boolean {
  return (value | 0) === value
}
