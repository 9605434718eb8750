/**
 * Handles of nonblocking and persistent collective calls (MPI 4.1, sections 6.12 and 6.13), and how steps are driven.
 *
 * Invariant: a call goes on whenever an operation it waits for has ended, by itself while its rank waits for anything at
 * all, and inside `test`, so that a program that computes between tests without ever waiting makes progress too.
 */
import { ANY_SOURCE, ANY_TAG } from '../runtime/base/constants.ts'
import { MpiError } from '../runtime/base/errors.ts'
import type { Channel, Steps } from '../runtime/comm/channel.ts'
import { PersistentRequest, Request, type PreparedCall, type StatusOf } from '../runtime/comm/request.ts'
import { EMPTY_STATUS } from '../runtime/comm/status.ts'
import type { Engine } from '../runtime/engine/engine.ts'
import { COMPOSED, Operation } from '../runtime/engine/operation.ts'
import type { Plan } from './plan.ts'

/** Runs steps to their end, waiting where they wait. */
export async function complete<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const operation = step.value
    if (!operation.done || operation.error !== undefined) await operation.settled()
  }
}

/** One run of a call. `whole` ends when the last step has been taken, or one has failed. */
export class Run<T = void> {
  readonly whole: Operation
  readonly #steps: Steps<T>
  readonly #channel: Channel
  #awaited: Operation | undefined
  #value: T | undefined

  /** The steps start at once. */
  constructor(engine: Engine, channel: Channel, plan: Plan<T>) {
    this.whole = new Operation(engine, plan.call, { context: COMPOSED, source: ANY_SOURCE, tag: ANY_TAG })
    this.#channel = channel
    this.#steps = plan.steps(channel)
    this.advance()
  }

  /** What the blocking form of the call resolves to, once `whole` has ended well. */
  get value(): T {
    return this.#value as T
  }

  /** Takes the steps as far as they go without waiting. */
  readonly advance = (): void => {
    while (!this.whole.done && this.#awaited?.done !== false) {
      try {
        if (this.#awaited?.error !== undefined) throw this.#awaited.error
        this.#step()
      } catch (error) {
        this.whole.fail(error as Error)
      }
    }
  }

  #step(): void {
    const step = this.#steps.next()
    if (step.done === true) {
      this.#value = step.value
      this.#channel.end()
      this.whole.complete()
      return
    }
    this.#awaited = step.value
    if (!step.value.done) step.value.settled().then(this.advance, this.advance)
  }
}

/** What a request tells its communicator. */
interface Told {
  /** Throws a mistake, after the error handler of the communicator has seen it. */
  readonly refuse: (error: MpiError) => never
  readonly failed: (error: Error) => never
  readonly ended: () => void
}

/**
 * A collective call that has been started. Complete it with `wait`, or with `test` until that returns a status.
 *
 * @example
 * const total = world.iallreduce(world.rank, { op: SUM })
 * await total.wait()
 * log(total.value) // → 6
 */
export class CollectiveRequest<T = void> extends Request {
  readonly #run: Run<T>
  readonly #told: Told

  /** Programs get requests from the calls whose names begin with i. @internal */
  constructor(engine: Engine, run: Run<T>, told: Told) {
    super(engine, run.whole, emptyStatusAfter(told.ended), told.failed)
    this.#run = run
    this.#told = told
  }

  /** What the blocking form of the call resolves to. Local. @throws {MpiError} MPI_ERR_REQUEST if it is not complete yet */
  get value(): T {
    const { whole, value } = this.#run
    return isComplete(this.#run) ? value : this.#refuse(incomplete(whole.call))
  }

  /** Takes the steps that have become possible. Local. @internal */
  override advance(): void {
    this.#run.advance()
  }

  /**
   * Collective calls cannot be cancelled (MPI 4.1, section 6.12).
   *
   * @throws {MpiError} MPI_ERR_REQUEST always
   * @example
   * const request = world.ibarrier()
   * try {
   *   request.cancel()
   * } catch (error) {
   *   log((error as MpiError).code) // → MPI_ERR_REQUEST
   * }
   * await request.wait()
   */
  override cancel(): never {
    return this.#refuse(uncancellable(this.#run.whole.call))
  }

  #refuse(message: string): never {
    return this.#told.refuse(new MpiError('MPI_ERR_REQUEST', message))
  }
}

/** A collective call that `start` makes. */
interface PreparedRun<T> extends Omit<PreparedCall, 'post'> {
  readonly begin: () => Run<T>
}

/**
 * A collective call that can be started again and again. All ranks make the persistent requests of a communicator in the
 * same order; they may start them in any order. Between two starts a request must be completed, by a wait or test.
 *
 * @example
 * const [mine, sum] = [new Int32Array(1), new Int32Array(1)]
 * const request = world.allreduceInit(mine, sum, { op: SUM })
 * for (mine[0] = 1; mine[0] < 4; mine[0]++) {
 *   request.start()
 *   await request.wait()
 * }
 * log(sum[0]) // → 12
 * request.free()
 */
export class PersistentCollective<T = void> extends PersistentRequest {
  readonly #call: string
  #run: Run<T> | undefined
  #freed = false

  /** Programs get persistent requests from the calls whose names end in Init. @internal */
  constructor(engine: Engine, prepared: PreparedRun<T>, failed: (error: Error) => never, ended: () => void) {
    const { call, begin, refuse } = prepared
    super(engine, { call, post: () => this.#begin(begin), refuse }, emptyStatusAfter(ended), failed)
    this.#call = call
  }

  #begin(begin: () => Run<T>): Operation {
    if (this.#freed) this.refuse(`start: the request of ${this.#call} has been freed`)
    this.#run = begin()
    return this.#run.whole
  }

  /**
   * What the blocking form of the call resolves to, of the latest start. Local.
   *
   * @throws {MpiError} MPI_ERR_REQUEST if it is not complete, or has never been started
   */
  get value(): T {
    if (this.#run === undefined) this.refuse(`${this.#call}: value of a request that has never been started`)
    return isComplete(this.#run) ? this.#run.value : this.refuse(incomplete(this.#call))
  }

  /** Takes the steps that have become possible. Local. @internal */
  override advance(): void {
    this.#run?.advance()
  }

  /**
   * Collective calls cannot be cancelled.
   *
   * @throws {MpiError} MPI_ERR_REQUEST always
   * @example
   * const request = world.barrierInit()
   * try {
   *   request.cancel()
   * } catch (error) {
   *   log((error as MpiError).code) // → MPI_ERR_REQUEST
   * }
   * request.free()
   */
  override cancel(): never {
    return this.refuse(uncancellable(this.#call))
  }

  /** Gives the request back; it cannot be started again. Local. @throws {MpiError} MPI_ERR_REQUEST if it is active */
  free(): void {
    if (this.active) this.refuse(`free: the request of ${this.#call} is active, expected a wait or test first`)
    this.#freed = true
  }
}

function emptyStatusAfter(ended: () => void): StatusOf {
  return () => {
    ended()
    return EMPTY_STATUS
  }
}

function isComplete({ whole }: Run<unknown>): boolean {
  return whole.done && whole.error === undefined
}

function incomplete(call: string): string {
  return `${call}: value of a request that is not complete; wait() first`
}

function uncancellable(call: string): string {
  return `cancel: ${call} is a collective call and cannot be cancelled`
}
