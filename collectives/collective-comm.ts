/**
 * A communicator as its collective calls see it: which algorithms it uses, where its ranks run, and how a
 * planned call is made and waited for. The calls themselves stand on top, a file for each kind.
 */
import { located } from '../runtime/base/errors.ts'
import { Channel } from '../runtime/comm/channel.ts'
import type { Job } from '../runtime/comm/comm-context.ts'
import type { Group } from '../runtime/comm/group.ts'
import { Hosts } from './hosts.ts'
import type { KnownPlans, PlanOptions } from './known-plans.ts'
import type { Op } from './op.ts'
import type { Member, Plan, SmallCall } from './plan.ts'
import { PlannedComm } from './planned-comm.ts'
import { complete } from './requests.ts'
import { select, type Algorithm, type Selectable, type Selection } from './selection.ts'
import { SmallCalls } from './small-calls.ts'

/** The caller as a member of a communicator; for plans that use several. */
export let memberOf: (comm: CollectiveComm) => Member

/** Checks the arguments of a call. */
type PlanOf<T, S, R, O> = (member: Member, send: S, recv: R, options: O) => Plan<T>

/** As a class: V8 looks everything up anew in a literal with a getter. */
class CollectiveMember implements Member {
  readonly rank: number
  readonly size: number
  readonly #comm: CollectiveComm
  readonly #algorithms: Selection

  constructor(comm: CollectiveComm, algorithms: Selection) {
    this.rank = comm.rank
    this.size = comm.size
    this.#comm = comm
    this.#algorithms = algorithms
  }

  get hosts(): Hosts {
    return this.#comm.hosts
  }

  select<K extends Selectable>(collective: K, nbytes: number, op?: Op): Algorithm<K> {
    return select(collective, { nbytes, size: this.size, hosts: this.hosts, op }, this.#algorithms)
  }
}

export class CollectiveComm extends PlannedComm {
  /** How algorithms are chosen; passed on to communicators made of this one. */
  protected readonly algorithms: Selection
  protected readonly member: Member
  #hosts: Hosts | undefined
  readonly #small: SmallCalls

  static {
    memberOf = (comm) => comm.member
  }

  /** @internal */
  constructor(job: Job, group: Group, context: number, algorithms: Selection = {}) {
    super(job, group, context)
    this.algorithms = algorithms
    const { rank, size } = this
    this.member = new CollectiveMember(this, algorithms)
    const { engine, retiredBoards: retired } = job
    this.#small = new SmallCalls(
      {
        engine,
        group,
        rank,
        size,
        context: context + 1,
        retired,
        latest: this.latestCalls,
        begin: (call) => this.beginCall(call),
        end: (number) => this.endCall(number),
        channel: (made, tag, record) => {
          const place = { group, rank, context: context + 1, tag, ended: () => this.endCall(tag) }
          return new Channel(engine, place, made.call, made.particulars, record)
        },
        raise: (error) => this.raise(error),
      },
      () => this.hosts.count === 1,
    )
  }

  /** The ranks by the host they run on. Local. */
  get hosts(): Hosts {
    const { transport } = this.job.engine
    this.#hosts ??= new Hosts(
      Array.from({ length: this.size }, (_, rank) => transport.hostOf(this.group.worldRank(rank))),
    )
    return this.#hosts
  }

  override free(): void {
    super.free()
    this.#small.leave()
  }

  /** Makes a call and waits; its own errors reject. @param plan checks the arguments */
  protected async blocking<T>(plan: () => Plan<T>): Promise<T> {
    if (this.job.checks !== undefined) return this.watched(plan, (made) => this.#make(made))
    return this.#make(this.checked(plan))
  }

  /**
   * Like `blocking`, for small calls that loops make again and again: what the arguments were found to mean is kept, as
   * for a persistent call.
   */
  protected repeated<T, S, R, O extends PlanOptions | undefined>(
    plans: KnownPlans<T>,
    plan: PlanOf<T, S, R, O>,
    send: S,
    recv: R,
    options: O,
  ): Promise<T> {
    const known = plans.recall(send, recv, options)
    return known === undefined ? this.#first(plans, plan, send, recv, options) : this.#make(known)
  }

  /** Apart, since a function with a closure in it pays for it in each call. */
  #first<T, S, R, O extends PlanOptions | undefined>(
    plans: KnownPlans<T>,
    plan: PlanOf<T, S, R, O>,
    send: S,
    recv: R,
    options: O,
  ): Promise<T> {
    return this.#remembered(plans, () => plan(this.member, send, recv, options), send, recv, options)
  }

  /** Like `repeated`, for calls that take a number. */
  protected repeatedOf<T, O extends PlanOptions | undefined>(
    plans: KnownPlans<T>,
    plan: PlanOf<T, number, O, undefined>,
    value: number,
    options: O,
  ): Promise<T> {
    const known = plans.recall(undefined, undefined, options)
    return known?.put?.(value) === true ? this.#make(known) : this.#firstOf(plans, plan, value, options)
  }

  #firstOf<T, O extends PlanOptions | undefined>(
    plans: KnownPlans<T>,
    plan: PlanOf<T, number, O, undefined>,
    value: number,
    options: O,
  ): Promise<T> {
    const made = (): Plan<T> => plan(this.member, value, options, undefined)
    return this.#remembered(plans, made, undefined, undefined, options)
  }

  #remembered<T>(
    plans: KnownPlans<T>,
    made: () => Plan<T>,
    send: unknown,
    recv: unknown,
    options: PlanOptions | undefined,
  ): Promise<T> {
    // With `--check`, each call has memory of its own.
    if (this.job.checks !== undefined) return this.blocking(made)
    return this.blocking(() => plans.remember(made(), send, recv, options))
  }

  #make<T>(made: Plan<T>): Promise<T> {
    const { small } = made
    if (small === undefined || !(small.byBoard ??= this.#isServed(made, small))) return this.#byMessages(made, false)
    const { board } = this.#small
    if (board === undefined && !this.#small.isFounding) return this.#byMessages(made, true)
    return this.#small.make(made, small, board)
  }

  #isServed({ call, algorithmsOf = call }: Plan<unknown>, small: SmallCall<unknown>): boolean {
    const forced = this.algorithms.forced ?? {}
    return !(algorithmsOf in forced) && this.#small.serves(small)
  }

  async #byMessages<T>(made: Plan<T>, small: boolean): Promise<T> {
    const channel = this.channel(made.call, made.particulars)
    made.underWay = true
    try {
      if (small && this.#small.isDue()) await this.#small.found(channel)
      const result = await complete(made.steps(channel))
      made.underWay = false
      channel.end()
      return result
    } catch (error) {
      return this.raise(located(error))
    }
  }
}
