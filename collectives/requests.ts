/**
 * Handles of nonblocking and persistent collective calls (MPI 4.1, sections 6.12 and 6.13), and how steps are driven.
 *
 * Invariant: a call goes on whenever an operation it waits for has ended, by itself while its rank waits for anything at
 * all, and inside `test`, so that a program that computes between tests without ever waiting makes progress too.
 */
import { ANY_SOURCE, ANY_TAG } from '../runtime/base/constants.ts'
import { MpiError } from '../runtime/base/errors.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import { Request } from '../runtime/comm/request.ts'
import type { Status } from '../runtime/comm/status.ts'
import type { Engine } from '../runtime/engine/engine.ts'
import { Operation } from '../runtime/engine/operation.ts'
import type { Plan } from './plan.ts'

/** Nothing was received from anybody in particular. */
const COLLECTIVE_STATUS: Status = { source: ANY_SOURCE, tag: ANY_TAG, count: 0, nbytes: 0, cancelled: false }

/** Runs steps to their end, waiting where they wait. */
export async function complete<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const operation = step.value
    if (!operation.done || operation.error !== undefined) await operation.settled()
  }
}

/** A collective call that has been started. Complete it with `wait`, or with `test` until that returns a status. */
export class CollectiveRequest<T = void> extends Request {
  readonly #engine: Engine
  readonly #whole: Operation
  readonly #steps: Steps<T>
  readonly #channel: Channel
  #awaited: Operation | undefined
  #value: T | undefined

  /** Programs get requests from the calls whose names begin with i. The steps start at once. */
  constructor(engine: Engine, channel: Channel, plan: Plan<T>) {
    const whole = new Operation(engine, plan.call, { context: -1, source: ANY_SOURCE, tag: ANY_TAG })
    super(engine, whole, () => COLLECTIVE_STATUS)
    this.#engine = engine
    this.#whole = whole
    this.#channel = channel
    this.#steps = plan.steps(channel)
    this.#advance()
  }

  /** What the blocking form of the call resolves to. Local. @throws {MpiError} MPI_ERR_REQUEST if it is not complete yet */
  get value(): T {
    if (this.#whole.done && this.#whole.error === undefined) return this.#value as T
    throw new MpiError('MPI_ERR_REQUEST', `${this.#whole.call}: value of a request that is not complete; wait() first`)
  }

  /** The status if the call is complete on this rank, undefined if it is not. Local. @throws {MpiError} what the call fails with */
  override test(): Status | undefined {
    if (!this.#whole.done) {
      this.#engine.progress()
      this.#advance()
    }
    return super.test()
  }

  /** Collective calls cannot be cancelled (MPI 4.1, section 6.12). @throws {MpiError} MPI_ERR_REQUEST always */
  override cancel(): never {
    throw new MpiError('MPI_ERR_REQUEST', `cancel: ${this.#whole.call} is a collective call and cannot be cancelled`)
  }

  /** Takes the steps as far as they go without waiting. */
  readonly #advance = (): void => {
    while (!this.#whole.done && this.#awaited?.done !== false) {
      try {
        if (this.#awaited?.error !== undefined) throw this.#awaited.error
        this.#step()
      } catch (error) {
        this.#whole.fail(error as Error)
      }
    }
  }

  #step(): void {
    const step = this.#steps.next()
    if (step.done === true) {
      this.#value = step.value
      this.#channel.end()
      this.#whole.complete()
      return
    }
    this.#awaited = step.value
    if (!step.value.done) step.value.settled().then(this.#advance, this.#advance)
  }
}

/**
 * A collective call that can be started again and again. All ranks make the persistent requests of a communicator in the
 * same order; they may start them in any order. Between two starts a request must be completed, by `wait` or `test`.
 */
export class PersistentCollective extends Request {
  readonly #call: string
  readonly #begin: () => CollectiveRequest
  #current: CollectiveRequest | undefined
  #freed = false

  /** Programs get persistent requests from the calls whose names end in Init. */
  constructor(engine: Engine, call: string, begin: () => CollectiveRequest) {
    super(engine, undefined, () => COLLECTIVE_STATUS)
    this.#call = call
    this.#begin = begin
  }

  /** Starts the call with what is in its buffers now. Collective. @throws {MpiError} MPI_ERR_REQUEST if it is active or freed */
  start(): void {
    if (this.#freed) throw new MpiError('MPI_ERR_REQUEST', `start: the request of ${this.#call} has been freed`)
    if (this.#current !== undefined)
      throw new MpiError(
        'MPI_ERR_REQUEST',
        `start: ${this.#call} has been started and not completed; wait for it before the next start`,
      )
    this.#current = this.#begin()
  }

  /** Waits until the call is complete on this rank; at once if it is not started. Local. */
  override async wait(): Promise<Status> {
    const status = await (this.#current?.wait() ?? COLLECTIVE_STATUS)
    this.#current = undefined
    return status
  }

  /** The status if the call is complete on this rank or not started. Local. */
  override test(): Status | undefined {
    const status = this.#current === undefined ? COLLECTIVE_STATUS : this.#current.test()
    if (status !== undefined) this.#current = undefined
    return status
  }

  /** Collective calls cannot be cancelled. @throws {MpiError} MPI_ERR_REQUEST always */
  override cancel(): never {
    throw new MpiError('MPI_ERR_REQUEST', `cancel: ${this.#call} is a collective call and cannot be cancelled`)
  }

  /** Settles when the started call ends; for `waitAny` and its like. */
  override ended(): Promise<void> {
    return this.#current?.ended() ?? Promise.resolve()
  }

  /** Gives the request back; it cannot be started again. Local. @throws {MpiError} MPI_ERR_REQUEST if it is active */
  free(): void {
    if (this.#current !== undefined)
      throw new MpiError('MPI_ERR_REQUEST', `free: ${this.#call} has been started and not completed; wait for it first`)
    this.#freed = true
  }
}
