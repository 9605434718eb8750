/**
 * A communicator whose collective calls are planned: how a plan becomes a request. The blocking forms, which have
 * shortcuts of their own, stand in collective-comm.ts and intercomm-calls.ts.
 */
import { untilProgramGoesOn } from '../runtime/comm/buffer-checks.ts'
import type { Channel } from '../runtime/comm/channel.ts'
import { Comm } from '../runtime/comm/comm.ts'
import type { Plan } from './plan.ts'
import { CollectiveRequest, PersistentCollective, Run } from './requests.ts'
import { WatchedCall, watchedPlan } from './watched-buffers.ts'

/** A plan; with `--check`, and what watches its buffers each time it is made. */
interface Prepared<T> {
  readonly plan: Plan<T>
  readonly watch?: WatchedCall
}

export class PlannedComm extends Comm {
  /** Starts a call. @param plan checks the arguments */
  protected nonblocking<T>(plan: () => Plan<T>): CollectiveRequest<T> {
    const { engine } = this.job
    const prepared = this.#prepared(plan, (call) => `i${call}`)
    const run = this.#started(prepared, ({ call, particulars }) => this.channel(call, particulars, `i${call}`))
    const told = { refuse: this.refuse, failed: this.#failing(prepared), ended: this.#ending(prepared) }
    return new CollectiveRequest(engine, run, told)
  }

  /**
   * Prepares a call that can be started many times; its channel is matched by the order of preparation.
   *
   * @param plan checks the arguments
   */
  protected persistent(plan: () => Plan<unknown>): PersistentCollective {
    const prepared = this.#prepared(plan as () => Plan, (call) => `${call}Init`)
    return this.#startable(prepared, () => prepared)
  }

  /** Like `persistent`, of a call that takes values: each start plans anew, with what they are then. */
  protected persistentObject<T>(plan: () => Plan<T>): PersistentCollective<T> {
    const prepared = this.#prepared(plan, (call) => `${call}Init`)
    return this.#startable(prepared, () => ({ ...prepared, plan: this.checked(plan) }))
  }

  /** Makes a blocking call whose buffers are watched to its end: a program may have forgotten to await it. */
  protected async watched<T>(plan: () => Plan<T>, make: (made: Plan<T>) => Promise<T>): Promise<T> {
    const prepared = this.#prepared(plan, (call) => call)
    try {
      const [result] = await Promise.all([this.#begun(prepared, make), untilProgramGoesOn()])
      this.#ending(prepared)()
      return result
    } finally {
      prepared.watch?.abandon()
    }
  }

  #startable<T>(prepared: Prepared<T>, again: () => Prepared<T>): PersistentCollective<T> {
    const { engine } = this.job
    const { call, particulars } = prepared.plan
    const open = this.persistentChannel(call, particulars)
    const begin = (): Run<T> => this.#started(again(), open)
    return new PersistentCollective(
      engine,
      { call, begin, refuse: this.refuse },
      this.#failing(prepared),
      this.#ending(prepared),
    )
  }

  /** @param form what the program calls it */
  #prepared<T>(plan: () => Plan<T>, form: (call: string) => string): Prepared<T> {
    const { checks } = this.job
    if (checks === undefined) return { plan: this.checked(plan) }
    const { made, buffers } = this.checked(() => watchedPlan(plan))
    return { plan: made, watch: new WatchedCall(checks, form(made.call), buffers) }
  }

  #started<T>(prepared: Prepared<T>, open: (made: Plan<T>) => Channel): Run<T> {
    return this.#begun(prepared, (made) => {
      const channel = open(made)
      const run = new Run(this.job.engine, channel, made)
      prepared.watch?.mustBeCompleted(channel, run.whole)
      return run
    })
  }

  #begun<T, R>({ plan, watch }: Prepared<T>, begin: (made: Plan<T>) => R): R {
    if (watch === undefined) return begin(plan)
    this.checked(() => watch.start())
    try {
      return begin(plan)
    } catch (error) {
      watch.abandon()
      throw error
    }
  }

  #ending({ watch }: Prepared<unknown>): () => void {
    return watch === undefined ? nothing : () => this.checked(() => watch.complete())
  }

  #failing({ watch }: Prepared<unknown>): (error: Error) => never {
    if (watch === undefined) return this.toldError
    return (error) => {
      watch.abandon()
      return this.toldError(error)
    }
  }
}

const nothing = (): void => undefined
