/**
 * Communicators between two groups without common members (MPI 4.1, sections 6.2.2, 6.2.3 and 7.6). Ranks in arguments
 * and statuses are those of the other side.
 *
 * Collective calls go through the first rank of each side: a collective call inside the side, one message between the
 * two, a collective call inside the other. `#bridge` is this communicator under a context that the program's own
 * receives never see; calls are numbered by tag, so that several may be under way.
 */
import { PROC_NULL, ROOT } from '../runtime/base/constants.ts'
import { newArrayLike, type TypedArray } from '../runtime/base/element-type.ts'
import { MpiError } from '../runtime/base/errors.ts'
import { describe, type MessageBuffer } from '../runtime/base/message-buffer.ts'
import { Comm, foundationOf, newContext, type Job } from '../runtime/comm/comm.ts'
import { Group } from '../runtime/comm/group.ts'
import { waitAll } from '../runtime/comm/request.ts'
import { checkDivisible, present, received, sent, target } from './arguments.ts'
import { equalBlocks } from './blocks.ts'
import { found, type Intracomm } from './intracomm.ts'
import type { OpArgument } from './options.ts'

/**
 * How two communicators find each other.
 *
 * @example
 * const half = (await world.split(world.rank % 2)) as Intracomm
 * const options: IntercommOptions = { peer: world, remoteLeader: 1 - (world.rank % 2) }
 * const inter = await Intercomm.create(half, options)
 * log(inter.size, inter.remoteSize) // → 2 2
 * inter.free()
 * half.free()
 */
export interface IntercommOptions {
  /** Rank in the local communicator that speaks for it (the same on all its ranks); default 0. */
  readonly localLeader?: number
  /** A communicator with both leaders in it. Only the leaders need it. */
  readonly peer?: Comm
  /** Rank in `peer` of the other side's leader. */
  readonly remoteLeader: number
  /** Tag of the leaders' messages in `peer`; default 0. */
  readonly tag?: number
}

/**
 * Who has, or gets, the data of a rooted call.
 *
 * @example
 * const half = (await world.split(world.rank % 2)) as Intracomm
 * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
 * // Rank 0 of the odd side gives, all ranks of the even side get.
 * const role: IntercommRootOptions = { root: world.rank % 2 === 0 ? 0 : half.rank === 0 ? ROOT : PROC_NULL }
 * const value = await inter.bcastObject(half.rank === 0 ? 'odd' : undefined, role)
 * if (world.rank === 2) log(value) // → odd
 * inter.free()
 * half.free()
 */
export interface IntercommRootOptions {
  /** On the root's side: ROOT on the root, PROC_NULL on the others. On the other side: the root's rank over there. */
  readonly root: number
}

/** What the leaders tell each other. */
interface Side {
  readonly context: number
  readonly worldRanks: readonly number[]
}

/** The first rank of a side speaks for it. */
const LEADER = 0

/** A communicator whose messages go from one group to another. */
export class Intercomm extends Comm {
  /** Number of processes on the other side. */
  readonly remoteSize: number
  readonly #local: Intracomm
  readonly #bridge: Comm
  #calls = 0

  private constructor(local: Intracomm, job: Job, group: Group, remote: Group, context: number) {
    super(job, group, context, remote)
    this.remoteSize = remote.size
    this.#local = local
    this.#bridge = new Comm(job, group, ~context, remote)
    this.inherit(local)
  }

  /**
   * Joins the ranks of `local` and those of another communicator. Collective over both.
   *
   * @throws {MpiError} MPI_ERR_RANK for wrong leaders, MPI_ERR_COMM if the leader has no `peer`, MPI_ERR_GROUP if the two
   *   have a rank in common
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const theirs = await inter.allgatherObject(world.rank)
   * if (world.rank === 0) log(theirs) // → [ 1, 3 ]
   * inter.free()
   * half.free()
   */
  static async create(local: Intracomm, options: IntercommOptions): Promise<Intercomm> {
    const { localLeader = 0, peer, remoteLeader, tag = 0 } = options
    if (!Number.isInteger(localLeader) || localLeader < 0 || localLeader >= local.size)
      throw new MpiError(
        'MPI_ERR_RANK',
        `Intercomm.create: localLeader is ${describe(localLeader)}, expected 0..${local.size - 1}`,
      )
    const { job, group } = foundationOf(local)
    const leads = local.rank === localLeader
    if (leads && peer === undefined)
      throw new MpiError('MPI_ERR_COMM', 'Intercomm.create: the leader passes no peer, expected a communicator')
    const mine: Side = { context: newContext(job), worldRanks: group.worldRanks }
    const theirs = leads ? await swapObjects(peer as Comm, mine, remoteLeader, tag) : undefined
    const sides = await local.bcastObject(leads ? [mine, theirs as Side] : undefined, { root: localLeader })
    const [remote, context] = [new Group(sides[1]?.worldRanks ?? []), commonContext(sides)]
    const both = group.intersection(remote)
    if (both.size > 0)
      throw new MpiError(
        'MPI_ERR_GROUP',
        `Intercomm.create: world rank ${both.worldRank(0)} is on both sides, expected groups without common ranks`,
      )
    return new Intercomm(await local.dup(), job, group, remote, context)
  }

  /** The processes of the other side. */
  get remoteGroup(): Group {
    return this.peers
  }

  /** An intercommunicator of the same ranks whose messages never meet this one's. Collective. */
  async dup(): Promise<Intercomm> {
    const context = await this.#newContext('dup')
    const made = new Intercomm(await this.#local.dup(), this.job, this.group, this.peers, context)
    made.inherit(this, true)
    return made
  }

  /**
   * One communicator of all ranks of both sides. Collective.
   *
   * @param high (the same on all ranks of a side) the side that says true comes after the other; if both say the same,
   *   the one whose first rank has the lower world rank comes first
   */
  async merge(high = false): Promise<Intracomm> {
    const tag = this.#begin('merge')
    const mine = Int32Array.of(newContext(this.job), Number(high))
    const sides = await this.#swap(mine, tag)
    const [theirContext = 0, theirHigh = 0] = sides.theirs
    const [myContext = 0, myHigh = 0] = sides.mine
    const first = myHigh === theirHigh ? this.group.worldRank(0) < this.peers.worldRank(0) : myHigh < theirHigh
    const [low, up] = first ? [this.group, this.peers] : [this.peers, this.group]
    const made = found(this.#local, low.union(up), Math.min(myContext, theirContext))
    made.errorHandler = this.errorHandler
    return made
  }

  override free(): void {
    super.free()
    this.#local.free()
  }

  // ---- collectives -------------------------------------------------------------------------------------------

  /** Resolves when all ranks of both sides have called it. Collective. */
  async barrier(): Promise<void> {
    const tag = this.#begin('barrier')
    const nothing = new Int8Array(0)
    await this.#local.barrier()
    if (this.#leads) await this.#exchange(nothing, nothing, tag)
    await this.#local.barrier()
  }

  /** Copies the root's elements to all ranks of the other side. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_BUFFER */
  async bcast(buffer: MessageBuffer | undefined, { root }: IntercommRootOptions): Promise<void> {
    const tag = this.#begin('bcast', root)
    if (root === PROC_NULL) return
    const { array, load, commit } = target(present('bcast', 'the buffer', buffer), 'bcast')
    if (root === ROOT) {
      load()
      return this.#bridge.send(array, { dest: LEADER, tag })
    }
    if (this.#leads) await this.#receive('bcast', array, root, tag)
    await this.#local.bcast(array, { root: LEADER })
    commit()
  }

  /** Gives the root the other side's blocks, by rank there. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  async gather(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    { root }: IntercommRootOptions,
  ): Promise<void> {
    const tag = this.#begin('gather', root)
    if (root === PROC_NULL) return
    if (root === ROOT) return this.#collect('gather', recv, tag)
    const mine = elementsOf('gather', send)
    const all = this.#leads ? newArrayLike(mine, mine.length * this.size) : undefined
    await this.#local.gather(mine, all, { root: LEADER })
    if (all !== undefined) await this.#bridge.send(all, { dest: root, tag })
  }

  /** Gives each rank of the other side its block of the root's elements. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  async scatter(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    { root }: IntercommRootOptions,
  ): Promise<void> {
    const tag = this.#begin('scatter', root)
    if (root === PROC_NULL) return
    if (root === ROOT) {
      const all = elementsOf('scatter', send)
      checkDivisible('scatter', all, this.remoteSize)
      return this.#bridge.send(all, { dest: LEADER, tag })
    }
    const into = received('scatter', recv)
    const all = this.#leads ? newArrayLike(into.array, into.array.length * this.size) : undefined
    if (all !== undefined) await this.#receive('scatter', all, root, tag)
    await this.#local.scatter(all, into.array, { root: LEADER })
    into.commit()
  }

  /** Gives all ranks the blocks of the other side's ranks. Collective. @throws {MpiError} MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER */
  async allgather(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    const tag = this.#begin('allgather')
    const mine = elementsOf('allgather', send)
    const into = received('allgather', recv)
    checkDivisible('allgather', into.array, this.remoteSize)
    const all = this.#leads ? newArrayLike(mine, mine.length * this.size) : undefined
    await this.#local.gather(mine, all, { root: LEADER })
    if (all !== undefined) await this.#exchange(all, into.array, tag)
    await this.#local.bcast(into.array, { root: LEADER })
    into.commit()
  }

  /** Sends a block to every rank of the other side and receives one from each. Collective. @throws {MpiError} MPI_ERR_COUNT, MPI_ERR_TYPE, MPI_ERR_BUFFER */
  async alltoall(send: MessageBuffer, recv: MessageBuffer): Promise<void> {
    const tag = this.#begin('alltoall')
    const into = received('alltoall', recv)
    const blocks = equalBlocks(into.array, checkDivisible('alltoall', into.array, this.remoteSize))
    const all = elementsOf('alltoall', send)
    const from = equalBlocks(all, checkDivisible('alltoall', all, this.remoteSize))
    const ranks = Array.from({ length: this.remoteSize }, (_, rank) => rank)
    const receives = ranks.map((source) => this.#bridge.irecv(blocks.of(source), { source, tag }))
    const sends = ranks.map((dest) => this.#bridge.isend(from.of(dest), { dest, tag }))
    const statuses = await waitAll([...receives, ...sends])
    for (const source of ranks) checkCount('alltoall', blocks.of(source), statuses[source]?.count ?? 0)
    into.commit()
  }

  /** Gives the root the reduction of the other side's elements. Collective. @throws {MpiError} MPI_ERR_ROOT, MPI_ERR_OP, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  async reduce(
    send: MessageBuffer | undefined,
    recv: MessageBuffer | undefined,
    { op, root }: OpArgument & IntercommRootOptions,
  ): Promise<void> {
    const tag = this.#begin('reduce', root)
    if (root === PROC_NULL) return
    if (root === ROOT) return this.#collect('reduce', recv, tag)
    const mine = elementsOf('reduce', send)
    const result = await this.#reduceHere(mine, { op })
    if (this.#leads) await this.#bridge.send(result, { dest: root, tag })
  }

  /** Gives all ranks the reduction of the other side's elements. Collective. @throws {MpiError} MPI_ERR_OP, MPI_ERR_TYPE, MPI_ERR_COUNT, MPI_ERR_BUFFER */
  async allreduce(send: MessageBuffer, recv: MessageBuffer, options: OpArgument): Promise<void> {
    const tag = this.#begin('allreduce')
    const into = received('allreduce', recv)
    const result = await this.#reduceHere(elementsOf('allreduce', send), options)
    if (this.#leads) await this.#exchange(result, into.array, tag)
    await this.#local.bcast(into.array, { root: LEADER })
    into.commit()
  }

  /** Gives all ranks of the other side the root's value; undefined on the root's side. Collective. @throws {MpiError} MPI_ERR_TYPE, MPI_ERR_ROOT */
  async bcastObject<T>(value: T | undefined, { root }: IntercommRootOptions): Promise<T | undefined> {
    const tag = this.#begin('bcastObject', root)
    if (root === PROC_NULL) return undefined
    if (root === ROOT) {
      await this.#bridge.sendObject(value, { dest: LEADER, tag })
      return undefined
    }
    const got = this.#leads ? (await this.#bridge.recvObject<T>({ source: root, tag })).value : undefined
    return this.#local.bcastObject<T>(got, { root: LEADER })
  }

  /** Gives all ranks the values of the other side's ranks, by rank there. Collective. @throws {MpiError} MPI_ERR_TYPE if one cannot be cloned */
  async allgatherObject<T>(value: T): Promise<T[]> {
    const tag = this.#begin('allgatherObject')
    const mine = await this.#local.gatherObject(value, { root: LEADER })
    const theirs = this.#leads ? await swapObjects(this.#bridge, mine as T[], LEADER, tag) : undefined
    return this.#local.bcastObject<T[]>(theirs, { root: LEADER })
  }

  // ---- inside ------------------------------------------------------------------------------------------------

  get #leads(): boolean {
    return this.rank === LEADER
  }

  /** Checks and numbers a call, before it waits for anything. */
  #begin(call: string, root?: number): number {
    this.checkUsable(call)
    const allowed = root === undefined || root === ROOT || root === PROC_NULL
    if (!allowed && !(Number.isInteger(root) && root >= 0 && root < this.remoteSize))
      throw new MpiError(
        'MPI_ERR_ROOT',
        `${call}: root is ${describe(root)}, expected ROOT, PROC_NULL or a rank of the other side, 0..${this.remoteSize - 1}`,
      )
    return this.#calls++
  }

  /** Both leaders' arrays, on all ranks of both sides. */
  async #swap(mine: Int32Array, tag: number): Promise<{ mine: Int32Array; theirs: Int32Array }> {
    const both = new Int32Array(2 * mine.length)
    both.set(mine)
    if (this.#leads) await this.#exchange(mine, both.subarray(mine.length), tag)
    await this.#local.bcast(both, { root: LEADER })
    return { mine: both.subarray(0, mine.length), theirs: both.subarray(mine.length) }
  }

  async #newContext(call: string): Promise<number> {
    const { mine, theirs } = await this.#swap(Int32Array.of(newContext(this.job)), this.#begin(call))
    return Math.min(mine[0] as number, theirs[0] as number)
  }

  /** The leader's message for the other leader's. */
  async #exchange(sent: TypedArray, received: TypedArray, tag: number): Promise<void> {
    const options = { dest: LEADER, source: LEADER, sendTag: tag, recvTag: tag }
    const { count } = await this.#bridge.sendrecv(sent, received, options)
    checkCount('sendrecv', received, count)
  }

  async #receive(call: string, array: TypedArray, source: number, tag: number): Promise<void> {
    const { count } = await this.#bridge.recv(array, { source, tag })
    checkCount(call, array, count)
  }

  /** On the root: what the other side's leader has brought together. */
  async #collect(call: string, recv: MessageBuffer | undefined, tag: number): Promise<void> {
    const into = received(call, recv)
    await this.#receive(call, into.array, LEADER, tag)
    into.commit()
  }

  /** The reduction of this side's elements, on its leader. */
  async #reduceHere(mine: TypedArray, { op }: OpArgument): Promise<TypedArray> {
    const result = newArrayLike(mine, mine.length)
    await this.#local.reduce(mine, result, { op, root: LEADER })
    return result
  }
}

/** The user's elements. @throws {MpiError} MPI_ERR_BUFFER */
function elementsOf(call: string, send: MessageBuffer | undefined): TypedArray {
  const { array, load } = sent(call, send)
  load()
  return array
}

/** Sends a value and receives one from the same rank. */
async function swapObjects<T>(comm: Comm, value: T, partner: number, tag: number): Promise<T> {
  const [received] = await Promise.all([
    comm.recvObject<T>({ source: partner, tag }),
    comm.sendObject(value, { dest: partner, tag }),
  ])
  return received.value
}

/** Contexts are different wherever they come from, so both sides choose the same. */
function commonContext(sides: readonly Side[]): number {
  return Math.min(...sides.map(({ context }) => context))
}

/** @throws {MpiError} MPI_ERR_COUNT if the other side sent fewer elements than there is room for */
function checkCount(call: string, array: TypedArray, count: number): void {
  if (count !== array.length)
    throw new MpiError(
      'MPI_ERR_COUNT',
      `${call}: the other side sent ${count} elements, expected ${array.length}, as the receive buffer holds`,
    )
}
