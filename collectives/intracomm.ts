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
import { MpiError, type MpiErrorClass } from '../runtime/base/errors.ts'
import { describe } from '../runtime/base/message-buffer.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import { channelBeside, newContext, type Job } from '../runtime/comm/comm-context.ts'
import { checkGroup, Group } from '../runtime/comm/group.ts'
import type { CollectiveName } from '../runtime/base/signature.ts'
import { checkNames } from './arguments.ts'
import { equalBlocks } from './blocks.ts'
import { foundGroup, tellAll } from './founding.ts'
import { ObjectCalls } from './object-calls.ts'
import { complete } from './requests.ts'
import { checkAlgorithms, type Algorithms, type Selection } from './selection.ts'

/**
 * What a duplicate may do differently.
 *
 * @example
 * const options: DupOptions = { reproducible: true, algorithms: { bcast: 'binomial' } }
 * const exact = await world.dup(options)
 * log(await exact.allreduce(0.1, { op: SUM })) // → 0.4
 * exact.free()
 */
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

const DUP_OPTIONS = ['algorithms', 'reproducible']

/** What communicators are made of. */
export type Foundation = readonly [job: Job, group: Group, context: number, selection: Selection]

/** The calls that divide a communicator, for reports. */
type DividingCall = 'split' | 'splitType' | 'Cartcomm.create' | 'Cartcomm.sub' | 'Grid.create'

/** The calls that make one of the same ranks who tell each other something. */
type GatheringCall = 'Distgraph.create' | 'Distgraph.createAdjacent'

/** What all ranks of a call must say the same of. */
export interface Agreed {
  /** The same number of them on all ranks. */
  readonly values: readonly number[]
  /** What a rank that passes these asks for. */
  readonly describe: (values: readonly number[]) => string
}

/** Which part a rank will be in, its place there, the call that divides, and what all must agree on. */
type Division = [color: number, key: number, call?: DividingCall, agreed?: Agreed]

/** A communicator of a group that does what another does; for the other classes of communicators. */
export let found: (parent: Intracomm, group: Group, context: number) => Intracomm

/** What ranks that make a communicator tell each other, as one collective call of another; for other classes. */
export let agree: <T>(comm: Intracomm, call: CollectiveName, steps: (channel: Channel) => Steps<T>) => Promise<T>

/**
 * A communicator: point-to-point calls from `Comm`, and collective calls of all its ranks.
 *
 * @example
 * const half = (await world.split(world.rank % 2)) as Intracomm
 * log(half.size, await world.allreduce(world.rank, { op: SUM })) // → 2 6
 * half.free()
 */
export class Intracomm extends ObjectCalls {
  static {
    found = (parent, group, context) => parent.#found(group, context)
    agree = (comm, call, steps) => comm.#agree(comm.channel(call), steps)
  }

  /**
   * A communicator of the same ranks whose messages never meet this one's. Collective.
   *
   * @throws {MpiError} MPI_ERR_ARG if `algorithms` names none that exists, or the options are wrong
   * @example
   * const mine = await world.dup()
   * // A library sends on a communicator of its own: its messages never meet the program's.
   * const request = mine.isend(Int32Array.of(1), { dest: world.rank })
   * log(world.iprobe({ source: world.rank })) // → undefined
   * await mine.recv(new Int32Array(1), { source: world.rank })
   * await request.wait()
   * mine.free()
   */
  async dup(options: DupOptions = {}): Promise<Intracomm> {
    return new Intracomm(...(await this.duplicated(options))).inherit(this, true)
  }

  /** What `dup` makes its communicator of; for those of other classes. Collective. @throws like `dup` */
  protected async duplicated(options: DupOptions): Promise<Foundation> {
    this.checked(() => checkNames('dup', options, DUP_OPTIONS))
    const { algorithms = {}, reproducible = this.algorithms.reproducible } = options
    this.checked(() => checkAlgorithms('dup', algorithms))
    const context = await this.#agreedContext('dup')
    const forced = { ...this.algorithms.forced, ...algorithms }
    const selection = { ...this.algorithms, forced, ...(reproducible === undefined ? {} : { reproducible }) }
    return [this.job, this.group, context, selection]
  }

  /** A new context, the same on all ranks. */
  async #agreedContext(call: 'dup' | 'create'): Promise<number> {
    const context = Int32Array.of(this.rank === 0 ? newContext(this.job) : 0)
    const bcast = this.member.select('bcast', context.byteLength)
    await this.#agree(this.channel(call), (channel) => channel.uses(bcast)(channel, context, 0, this.hosts))
    return context[0] as number
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
    return this.splitFor(color, key)
  }

  /** Divides a communicator as `split` does, for another call. Collective. @internal */
  async splitFor(...division: Division): Promise<Intracomm | undefined> {
    const foundation = await this.#divide(...division)
    return foundation && new Intracomm(...foundation).inherit(this)
  }

  /** What `split` makes its communicators of; for those of other classes. Collective. @throws like `split` */
  protected static async divided(comm: Intracomm, ...division: Division): Promise<Foundation | undefined> {
    return comm.#divide(...division)
  }

  /** What all ranks pass, by rank, and what to make a communicator of the same ranks of. Collective. */
  protected static async gathered<T>(comm: Intracomm, call: GatheringCall, value: T): Promise<[T[], Foundation]> {
    const { job, group, algorithms } = comm
    const mine = { value, context: comm.rank === 0 ? newContext(job) : 0 }
    const all = await agree(comm, call, (channel) => tellAll(channel, mine))
    return [all.map(({ value }) => value), [job, group, all[0]?.context as number, algorithms]]
  }

  async #divide(...[color, key, call = 'split', agreed]: Division): Promise<Foundation | undefined> {
    if (color !== UNDEFINED && !(isInt32(color) && color >= 0))
      this.#refuse('MPI_ERR_ARG', `${call}: color is ${describe(color)}, expected an integer >= 0 or UNDEFINED`)
    if (!isInt32(key)) this.#refuse('MPI_ERR_ARG', `${call}: key is ${describe(key)}, expected a 32-bit integer`)
    const mine = [color, key, this.rank === 0 ? newContext(this.job) : 0, ...(agreed?.values ?? [])]
    const table = new Int32Array(mine.length * this.size)
    table.set(mine, mine.length * this.rank)
    const blocks = equalBlocks(table, mine.length)
    const allgather = this.member.select('allgather', table.byteLength)
    await this.#agree(this.channel(call), (channel) => channel.uses(allgather)(channel, blocks))
    const rows = Array.from({ length: this.size }, (_, rank) => [...blocks.of(rank)] as number[])
    if (agreed !== undefined) this.#checkAgreed(call, rows, agreed)
    if (color === UNDEFINED) return undefined
    const members = membersOf(rows, color).map((rank) => this.group.worldRank(rank))
    return [this.job, new Group(members), rows[0]?.[2] as number, this.algorithms]
  }

  /** All ranks see all that is asked for, and so all fail if two differ. */
  #checkAgreed(call: string, rows: readonly (readonly number[])[], { describe }: Agreed): void {
    const asked = rows.map((row) => describe(row.slice(3)))
    const other = asked.findIndex((words) => words !== asked[0])
    if (other === -1) return
    const [first, second] = [0, other].map(
      (rank) => `world rank ${this.group.worldRank(rank)} asked for ${asked[rank]}`,
    )
    this.#refuse('MPI_ERR_ARG', `${call}: the ranks disagree: ${first}, ${second}`)
  }

  /**
   * Divides the ranks into those that share memory: one new communicator for each host, its ranks ordered by key, equal
   * keys by rank here. Collective. Ranks of a machine in different processes (`--ranks-per-agent`, `--emulate-hosts`,
   * `--transport zmq`) share none.
   *
   * @throws {MpiError} MPI_ERR_ARG for wrong arguments
   * @example
   * const near = await world.splitType('host')
   * log(near.hosts.count, near.size === near.hosts.neighbours(0).length) // → 1 true
   * near.free()
   */
  async splitType(type: 'host', key = 0): Promise<Intracomm> {
    if (type !== 'host') this.#refuse('MPI_ERR_ARG', `splitType: type is ${describe(type)}, expected the string "host"`)
    const { transport } = this.job.engine
    const first = this.group.worldRanks.findIndex((worldRank) => transport.isNear(worldRank))
    return new Intracomm(...((await this.#divide(first, key, 'splitType')) as Foundation)).inherit(this)
  }

  /**
   * A communicator of the members of `group`, in its order; undefined on ranks that are not in it. Collective: all ranks
   * of this communicator pass the group that they will be in, or any they are not in.
   *
   * @throws {MpiError} MPI_ERR_GROUP if a member is no rank of this communicator
   * @example
   * const odd = world.group.incl([3, 1])
   * const comm = await world.create(odd)
   * if (comm !== undefined) {
   *   const twin = await world.createGroup(odd) // called by its members only
   *   log(await comm.allgatherObject(world.rank), twin.compare(comm)) // → [ 3, 1 ] congruent
   *   for (const one of [comm, twin]) one.free()
   * }
   */
  async create(group: Group): Promise<Intracomm | undefined> {
    this.#checkMembers('create', group)
    const context = await this.#agreedContext('create')
    // Groups made by the same call have no rank in common: they share a context, as those of `split` do.
    return isMember(this, group) ? this.#found(group, context) : undefined
  }

  /**
   * Like `create`, but of the members of `group` only. Collective over these.
   *
   * @param options `tag` tells calls apart that a rank has under way at the same time; default 0
   * @throws {MpiError} MPI_ERR_GROUP if a member is no rank of this communicator, the caller none of the group, or members
   *   pass different groups; MPI_ERR_TAG
   */
  async createGroup(group: Group, options: { readonly tag?: number } = {}): Promise<Intracomm> {
    this.#checkMembers('createGroup', group)
    this.checked(() => checkNames('createGroup', options, ['tag']))
    const { tag = 0 } = options
    if (!isMember(this, group))
      this.#refuse('MPI_ERR_GROUP', 'createGroup: the caller is not in the group, expected calls of members only')
    const channel = this.checked(() => channelBeside(this, 'createGroup', tag, group))
    const context = await this.#agree(channel, () => foundGroup(channel, group, () => newContext(this.job)))
    return this.#found(group, context)
  }

  /** What ranks tell each other to make a communicator. @throws that they call different collectives */
  async #agree<T>(channel: Channel, steps: (channel: Channel) => Steps<T>): Promise<T> {
    try {
      const result = await complete(steps(channel))
      channel.end()
      return result
    } catch (error) {
      return this.toldError(error)
    }
  }

  #found(group: Group, context: number): Intracomm {
    return new Intracomm(this.job, group, context, this.algorithms).inherit(this)
  }

  #refuse(code: MpiErrorClass, message: string): never {
    return this.raise(new MpiError(code, message))
  }

  #checkMembers(call: string, group: Group): void {
    this.checkUsable(call)
    this.checked(() => checkGroup(call, group))
    const strangers = group.difference(this.group).worldRanks
    if (strangers.length > 0)
      this.#refuse(
        'MPI_ERR_GROUP',
        `${call}: the group has world rank ${strangers[0]}, expected ranks of the communicator only`,
      )
  }
}

/** Ranks of a colour by key, in rows of [color, key, …] by rank. `sort` is stable: equal keys keep rank order. */
function membersOf(rows: readonly (readonly number[])[], color: number): number[] {
  const keyOf = (rank: number): number => rows[rank]?.[1] as number
  return [...rows.keys()].filter((rank) => rows[rank]?.[0] === color).sort((a, b) => keyOf(a) - keyOf(b))
}

function isMember(comm: Intracomm, group: Group): boolean {
  return group.rankOf(comm.group.worldRank(comm.rank)) !== undefined
}

function isInt32(value: number): boolean {
  return (value | 0) === value
}
