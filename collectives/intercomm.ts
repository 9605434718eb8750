/**
 * Communicators between two groups without common members (MPI 4.1, sections 6.2.2, 6.2.3 and 7.6): how they are made and
 * merged. Ranks in arguments and statuses are those of the other side. Collective calls are in intercomm-calls.ts,
 * intercomm-nonblocking-calls.ts, intercomm-persistent-calls.ts and intercomm-object-calls.ts.
 */
import { MpiError } from '../runtime/base/errors.ts'
import { describe } from '../runtime/base/message-buffer.ts'
import type { Comm } from '../runtime/comm/comm.ts'
import { channelBeside, foundationOf, newContext, type Job } from '../runtime/comm/comm-context.ts'
import { Group } from '../runtime/comm/group.ts'
import { isRank } from '../runtime/comm/peer-and-tag.ts'
import { checkedOn } from '../runtime/comm/properties.ts'
import { checkNames } from './arguments.ts'
import { IntercommObjectCalls } from './intercomm-object-calls.ts'
import { swap, tellFrom } from './founding.ts'
import { agree, found, type Intracomm } from './intracomm.ts'
import { swapAcross } from './plans/across.ts'

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
  /** Tells calls apart that the leaders have under way in `peer` at the same time; default 0. */
  readonly tag?: number
}

const CREATE = 'Intercomm.create'
const OPTIONS = ['localLeader', 'peer', 'remoteLeader', 'tag']

/** What the leaders tell each other. */
interface Side {
  readonly context: number
  readonly worldRanks: readonly number[]
}

/** A communicator whose messages go from one group to another. */
export class Intercomm extends IntercommObjectCalls {
  /** The communicator it was made of, which may be freed: new ones choose algorithms as it does. */
  readonly #local: Intracomm

  private constructor(local: Intracomm, job: Job, remote: Group, context: number) {
    super(job, local, remote, context)
    this.#local = local
    this.inherit(local)
  }

  /**
   * Joins the ranks of `local` and those of another communicator. Collective over both.
   *
   * @throws {MpiError} MPI_ERR_RANK for wrong leaders, MPI_ERR_COMM if the leader has no `peer`, MPI_ERR_TAG,
   *   MPI_ERR_GROUP if the two have a rank in common
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const theirs = await inter.allgatherObject(world.rank)
   * if (world.rank === 0) log(theirs) // → [ 1, 3 ]
   * inter.free()
   * half.free()
   */
  static async create(local: Intracomm, options: IntercommOptions): Promise<Intercomm> {
    checkedOn(local, () => checkLeaders(local, options))
    const { localLeader = 0, peer, remoteLeader, tag = 0 } = options
    const { job, group } = foundationOf(local)
    const leads = local.rank === localLeader
    const mine: Side = { context: newContext(job), worldRanks: group.worldRanks }
    const sides = await agree(local, CREATE, function* (channel) {
      if (!leads) return yield* tellFrom<readonly Side[]>(channel, localLeader)
      const between = channelBeside(peer as Comm, CREATE, tag, undefined, channel.record)
      const theirs = yield* swap<Side>(between, mine, remoteLeader)
      return yield* tellFrom(channel, localLeader, [mine, theirs])
    })
    const [remote, context] = [new Group(sides[1]?.worldRanks ?? []), commonContext(sides)]
    checkedOn(local, () => checkApart(group, remote))
    return new Intercomm(local, job, remote, context)
  }

  /** The processes of the other side. */
  get remoteGroup(): Group {
    return this.peers
  }

  /**
   * An intercommunicator of the same ranks whose messages never meet this one's. Collective.
   *
   * @throws {MpiError} MPI_ERR_COMM if it has been freed
   * @example
   * const half = (await world.split(world.rank % 2)) as Intracomm
   * const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - (world.rank % 2) })
   * const [twin, all] = [await inter.dup(), await inter.merge(world.rank % 2 === 1)]
   * log(twin.compare(inter), await all.allgatherObject(world.rank)) // → congruent [ 0, 2, 1, 3 ]
   * for (const comm of [all, twin, inter, half]) comm.free()
   */
  async dup(): Promise<Intercomm> {
    const context = await this.#newContext()
    const made = new Intercomm(this.#local, this.job, this.peers, context)
    made.inherit(this, true)
    return made
  }

  /**
   * One communicator of all ranks of both sides. Collective.
   *
   * @param high (the same on all ranks of a side) the side that says true comes after the other; if both say the same,
   *   the one whose first rank has the lower world rank comes first
   * @throws {MpiError} MPI_ERR_COMM if the intercommunicator has been freed
   */
  async merge(high = false): Promise<Intracomm> {
    const sides = await this.#swap('merge', Int32Array.of(newContext(this.job), Number(high)))
    const [theirContext = 0, theirHigh = 0] = sides.theirs
    const [myContext = 0, myHigh = 0] = sides.mine
    const first = myHigh === theirHigh ? this.group.worldRank(0) < this.peers.worldRank(0) : myHigh < theirHigh
    const [low, up] = first ? [this.group, this.peers] : [this.peers, this.group]
    const made = found(this.#local, low.union(up), Math.min(myContext, theirContext))
    made.errorHandler = this.errorHandler
    return made
  }

  /** A context that both sides agree on. */
  async #newContext(): Promise<number> {
    const { mine, theirs } = await this.#swap('dup', Int32Array.of(newContext(this.job)))
    return Math.min(mine[0] as number, theirs[0] as number)
  }

  /** Both leaders' numbers, on all ranks of both sides. */
  async #swap(call: 'dup' | 'merge', mine: Int32Array): Promise<{ mine: Int32Array; theirs: Int32Array }> {
    const theirs = new Int32Array(mine.length)
    await this.blocking(() => swapAcross(call, this.sides, mine, theirs))
    return { mine, theirs }
  }
}

/** Only the leaders need to know more than who they are. */
function checkLeaders(local: Intracomm, options: IntercommOptions): void {
  checkNames(CREATE, options, OPTIONS)
  const { localLeader = 0, peer, remoteLeader } = options
  if (!isRank(localLeader, local.size))
    throw new MpiError(
      'MPI_ERR_RANK',
      `${CREATE}: localLeader is ${describe(localLeader)}, expected 0..${local.size - 1}`,
    )
  if (local.rank !== localLeader) return
  if (peer === undefined)
    throw new MpiError('MPI_ERR_COMM', `${CREATE}: the leader passes no peer, expected a communicator`)
  if (!isRank(remoteLeader, peer.size))
    throw new MpiError(
      'MPI_ERR_RANK',
      `${CREATE}: remoteLeader is ${describe(remoteLeader)}, expected 0..${peer.size - 1}`,
    )
}

function checkApart(local: Group, remote: Group): void {
  const both = local.intersection(remote)
  if (both.size > 0)
    throw new MpiError(
      'MPI_ERR_GROUP',
      `${CREATE}: world rank ${both.worldRank(0)} is on both sides, expected groups without common ranks`,
    )
}

/** Contexts are different wherever they come from, so both sides choose the same. */
function commonContext(sides: readonly Side[]): number {
  return Math.min(...sides.map(({ context }) => context))
}
