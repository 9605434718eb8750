/**
 * What makes a communicator: a group of processes and a context of its own, from its foundation until it is freed, and the
 * channels of the collective calls on it (MPI 4.1, sections 7.2 and 7.4).
 *
 * Invariant: no two communicators of a job have the same context. Collective calls are numbered in the order in which they
 * are made, which is the same on all ranks; persistent ones count apart.
 */
import { PERSISTENT_TAGS } from '../base/call-numbers.ts'
import { MpiError } from '../base/errors.ts'
import { describe } from '../base/message-buffer.ts'
import type { Region } from '../base/region.ts'
import type { Board } from '../engine/board.ts'
import type { Engine } from '../engine/engine.ts'
import { LatestCalls } from '../engine/latest-calls.ts'
import type { BufferChecks } from './buffer-checks.ts'
import { Channel } from './channel.ts'
import { commName, isBorn } from '../base/contexts.ts'
import type { Communicators } from './communicators.ts'
import { differentCalls } from './different-calls.ts'
import type { Group } from './group.ts'
import { faultOfTag } from './peer-and-tag.ts'
import { CommProperties } from './properties.ts'
import type { CollectiveName, Particulars } from '../base/signature.ts'

/** What all communicators of a rank share. */
export interface Job {
  readonly engine: Engine
  /** Context of the next communicator that this rank founds, as rank 0 of its parent. No other rank gives out the same. */
  nextContext: number
  /** Ends the whole job with an exit code. */
  abort(code: number): never
  readonly communicators: Communicators
  /** Memory of boards whose communicators this rank has freed (collectives/small-calls.ts). */
  readonly retiredBoards: { readonly board: Board; readonly memory: Region }[]
  /** Whether every send is synchronous. */
  readonly ssendAll: boolean
  /** The costly checks, if they are wanted. */
  readonly checks: BufferChecks | undefined
}

/** What new communicators are made from. */
export interface Foundation {
  readonly job: Job
  readonly group: Group
  readonly context: number
}

/** The inside of a communicator, for the other classes of communicators. */
export let foundationOf: (comm: CommContext) => Foundation

/**
 * A channel for a call that not all ranks of a communicator make: those who do tell it from others by a tag.
 *
 * @param members those whom ranks in its messages mean
 * @param record of the call that it is a part of
 * @throws {MpiError} MPI_ERR_TAG; MPI_ERR_COMM if the communicator has been freed
 */
export let channelBeside: (
  comm: CommContext,
  call: CollectiveName,
  tag: number,
  members?: Group,
  record?: Channel['record'],
) => Channel

/**
 * A context that no other communicator of the job has: this rank's world rank is part of the number, so that
 * communicators can be founded anywhere at the same time without agreement.
 */
export function newContext(job: Job): number {
  const context = job.nextContext
  if (context >= 0x7fff_fffe) throw new MpiError('MPI_ERR_OTHER', 'this rank has founded too many communicators')
  job.nextContext += 2 * job.engine.worldSize
  return context
}

function freed(call: string): MpiError {
  return new MpiError('MPI_ERR_COMM', `${call}: the communicator has been freed`)
}

/** By what no other class has: it may be of another copy of this package in the program's node_modules. */
function isComm(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'errorHandler' in value
}

/** A communicator without calls that send or receive. */
export abstract class CommContext extends CommProperties {
  /** Rank of the caller, 0..size-1. */
  readonly rank: number
  /** Number of processes. */
  readonly size: number
  protected readonly job: Job
  /** The processes, in the order of their ranks; of an intercommunicator, those of the caller's side. */
  readonly group: Group
  /** Those whom ranks in arguments and statuses mean: the group, or the other side of an intercommunicator. */
  protected readonly peers: Group
  protected readonly context: number
  /** Its collective calls, but for persistent ones. */
  protected readonly latestCalls = new LatestCalls()
  #collectives = 0
  #persistent = 0
  #underWay = 0
  /** With `--check`: where the collective calls under way were made, by number. Those that fail never end. */
  readonly #made: Map<number, Error> | undefined
  readonly #callEnded = (number: number): void => this.endCall(number)
  #freed = false

  static {
    foundationOf = (comm) => ({ job: comm.job, group: comm.group, context: comm.context })
    channelBeside = (comm, call, tag, members = comm.peers, record) => {
      const fault = comm.#freed ? freed(call) : faultOfTag(call, tag)
      if (fault !== undefined) throw fault
      const { engine } = comm.job
      const rank = members.rankOf(engine.worldRank) ?? comm.rank
      const place = { group: members, rank, context: ~comm.context, tag, ended: () => undefined }
      return new Channel(engine, place, call, undefined, record)
    }
  }

  /** Users get communicators from `run`, `dup` and `split`. @internal */
  constructor(job: Job, group: Group, context: number, peers = group) {
    super()
    const rank = group.rankOf(job.engine.worldRank)
    if (rank === undefined)
      throw new MpiError('MPI_ERR_COMM', `world rank ${job.engine.worldRank} is no member of this communicator`)
    this.job = job
    this.group = group
    this.peers = peers
    this.context = context
    this.rank = rank
    this.size = group.size
    this.#made = job.checks && new Map()
    // Others are beside a communicator, for its own use.
    if (context < 0) return
    const calls = (): number => this.#collectives
    const madeBy = (number: number): Error | undefined => this.#made?.get(number)
    const latest = this.latestCalls
    job.communicators.add({ context, name: () => this.name, group, peers, calls, latest, madeBy })
  }

  protected override named(name: string): void {
    this.job.engine.recorder?.named(this.context, name)
  }

  /**
   * Ends the whole job at once: every rank is stopped and the launcher exits with `code`. Local.
   *
   * @param code of which a system keeps the lowest 8 bits; 1 if these are all 0 and it is not, so that a job that was aborted
   *   does not look like one that ended well
   * @example
   * if (world.size > 1000) world.abort(3) // more ranks than this program is made for
   */
  abort(code = 1): never {
    return this.job.abort(code)
  }

  /**
   * Gives the communicator back; its calls fail from now on. What is under way still completes, through its requests.
   * Local.
   *
   * @throws {MpiError} MPI_ERR_COMM if it is freed already, or `world` or `self`
   * @example
   * const release = (comm: Comm): void => comm.free()
   * const twin = await world.dup()
   * release(twin)
   * await twin.send(new Int32Array(1), { dest: 0 }).catch((error: MpiError) => log(error.code)) // → MPI_ERR_COMM
   */
  free(): void {
    this.checkUsable('free')
    if (isBorn(this.context))
      this.raise(
        new MpiError(
          'MPI_ERR_COMM',
          `free: ${commName(this.context)} cannot be freed, expected a communicator that the program has made`,
        ),
      )
    this.deleteAttributes()
    this.#freed = true
    this.job.communicators.remove(this.context)
    const { engine } = this.job
    for (const context of [this.context, this.context + 1, ~this.context]) engine.retire(context)
  }

  /**
   * 'ident' if both are the same object, 'congruent' if they have the same ranks in the same order, 'similar' if in another
   * order, else 'unequal'. Local.
   *
   * @throws {MpiError} MPI_ERR_COMM if one is freed, or the other no communicator
   * @example
   * const reversed = (await world.split(0, -world.rank)) as Intracomm
   * log(world.compare(world), world.compare(self), world.compare(reversed)) // → ident unequal similar
   * reversed.free()
   */
  compare(other: CommContext): 'ident' | 'congruent' | 'similar' | 'unequal' {
    this.checkUsable('compare')
    if (!isComm(other))
      this.raise(new MpiError('MPI_ERR_COMM', `compare: other is ${describe(other)}, expected a communicator`))
    if (other.isFreed) this.raise(freed('compare'))
    if (other === this) return 'ident'
    const here = this.group.compare(other.group)
    const there = this.peers.compare(other.peers)
    if (here === 'unequal' || there === 'unequal' || this.#isInter !== other.#isInter) return 'unequal'
    return here === 'ident' && there === 'ident' ? 'congruent' : 'similar'
  }

  get #isInter(): boolean {
    return this.peers !== this.group
  }

  /**
   * A channel for one collective call. All ranks of the communicator call their collectives in the same order.
   *
   * @param form as the program calls it, for reports
   */
  protected channel(call: CollectiveName, particulars?: Particulars, form: string = call): Channel {
    const { group, rank } = this
    const context = this.context + 1
    const tag = this.beginCall(call)
    const place = { group, rank, context, tag, ended: this.#callEnded, form }
    const channel = new Channel(this.job.engine, place, call, particulars)
    this.latestCalls.note(tag, channel.signature)
    return channel
  }

  /** Number of a collective call that begins here; `endCall` follows if it ends well. */
  protected beginCall(call: CollectiveName): number {
    this.checkUsable(call)
    const number = this.#collectives
    this.#checkStray(call, this.context + 1, number)
    this.#collectives = number + 1 === PERSISTENT_TAGS ? 0 : number + 1
    this.#underWay++
    this.#made?.set(number, new Error(call))
    return number
  }

  /** @param number of the call */
  protected endCall(number: number): void {
    this.#underWay--
    this.#made?.delete(number)
  }

  /**
   * What opens a channel for each start of one persistent collective call. All ranks prepare theirs in the same order;
   * messages of successive starts share a tag and stay in order because messages of a pair do not overtake.
   */
  protected persistentChannel(call: CollectiveName, particulars?: Particulars): () => Channel {
    this.checkUsable(call)
    const { group, rank } = this
    const context = this.context + 1
    const tag = PERSISTENT_TAGS + this.#persistent++
    const place = { group, rank, context, tag, ended: () => this.#made?.delete(tag), form: `${call}Init` }
    return () => {
      this.checkUsable(call)
      this.#made?.set(tag, new Error(call))
      return new Channel(this.job.engine, place, call, particulars)
    }
  }

  /**
   * When all earlier calls have ended here, nobody will ever receive a message that belongs to one of them: its sender
   * called something else. A call that failed never ends, so that what it leaves behind raises no second alarm.
   */
  #checkStray(call: string, context: number, tag: number): void {
    if (this.#underWay > 0) return
    const stray = this.job.engine.oldestUnexpected(context)
    // Messages of ranks that are ahead have later tags; the distance tells, also when tags have begun anew at 0.
    if (stray === undefined || stray.tag >= PERSISTENT_TAGS) return
    if (tag - stray.tag <= 0 || tag - stray.tag > PERSISTENT_TAGS / 2) return
    const { worldRank } = this.job.engine
    const own = { worldRank, signature: this.latestCalls.signatureOf(stray.tag) }
    this.raise(differentCalls({ call, number: tag }, stray.tag, { worldRank: stray.source, signature: stray.aux }, own))
  }

  protected get isFreed(): boolean {
    return this.#freed
  }

  protected checkUsable(call: string): void {
    if (this.#freed) this.raise(freed(call))
  }

  protected die(error: unknown): never {
    console.error(error)
    return this.job.abort(1)
  }
}
