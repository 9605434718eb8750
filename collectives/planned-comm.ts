/**
 * A communicator whose collective calls are planned: how a plan becomes a request. The blocking forms, which have
 * shortcuts of their own, stand in collective-comm.ts and intercomm-calls.ts.
 */
import { Comm } from '../runtime/comm/comm.ts'
import type { Plan } from './plan.ts'
import { CollectiveRequest, PersistentCollective, Run } from './requests.ts'

export class PlannedComm extends Comm {
  /** Starts a call. @param plan checks the arguments */
  protected nonblocking<T>(plan: () => Plan<T>): CollectiveRequest<T> {
    const { engine } = this.job
    const made = this.checked(plan)
    const run = new Run(engine, this.channel(made.call, made.particulars, `i${made.call}`), made)
    return new CollectiveRequest(engine, run, this.toldError)
  }

  /**
   * Prepares a call that can be started many times; its channel is matched by the order of preparation.
   *
   * @param plan checks the arguments
   */
  protected persistent(plan: () => Plan<unknown>): PersistentCollective {
    const made = this.checked(plan)
    return this.#startable(made as Plan, () => made as Plan)
  }

  /** Like `persistent`, of a call that takes values: each start plans anew, with what they are then. */
  protected persistentObject<T>(plan: () => Plan<T>): PersistentCollective<T> {
    return this.#startable(this.checked(plan), () => this.checked(plan))
  }

  #startable<T>({ call, particulars }: Plan<T>, plan: () => Plan<T>): PersistentCollective<T> {
    const { engine } = this.job
    const open = this.persistentChannel(call, particulars)
    const begin = (): Run<T> => {
      const made = plan()
      return new Run(engine, open(), made)
    }
    return new PersistentCollective(engine, call, begin, this.toldError)
  }
}
