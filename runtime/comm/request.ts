/**
 * Handles of nonblocking operations (MPI 4.1, sections 3.7 and 3.9). A request is no promise on purpose: `await
 * comm.irecv(…)` by mistake would wait where the program meant to go on; `wait()` says it.
 *
 * A request is *active* until one of the calls below has told its outcome. Those that pick among many leave out requests
 * that are not active, so that a loop of `waitAny` meets each request once. The status of one that has ended stays.
 */
import { UNDEFINED } from '../base/constants.ts'
import { located, MpiError } from '../base/errors.ts'
import { describe } from '../base/message-buffer.ts'
import { faultOfNames } from '../base/option-names.ts'
import type { Engine } from '../engine/engine.ts'
import { allEnded, anyEnded, type Operation } from '../engine/operation.ts'
import { EMPTY_STATUS, PROC_NULL_STATUS, type Status } from './status.ts'

/** What tells the status of an operation that has ended. */
export type StatusOf = (operation: Operation) => Status

/**
 * How to wait.
 *
 * @example
 * const limit: WaitOptions = { signal: AbortSignal.timeout(10_000) }
 * const request = world.ibarrier()
 * await request.wait(limit)
 */
export interface WaitOptions {
  /** Ends the wait, with the signal's reason as error; the operation itself goes on. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What `waitAny`, `waitSome`, `testAny` and `testSome` tell: a place in the list and the status of the request there.
 *
 * @example
 * const first: Completion = await waitAny([world.ibarrier()])
 * log(first.index) // → 0
 */
export interface Completion {
  readonly index: number
  readonly status: Status
}

/**
 * A send, receive or collective call that has been started. Complete it with `wait`, or with `test` until that returns a status.
 *
 * @example
 * const data = new Int32Array(1)
 * const request = world.irecv(data, { source: world.rank })
 * await world.send(Int32Array.of(5), { dest: world.rank })
 * const { count } = await request.wait()
 * log(count, data[0]) // → 1 5
 */
export class Request {
  readonly #engine: Engine
  readonly #statusOf: StatusOf
  readonly #failed: (error: Error) => Status
  #operation: Operation | undefined
  #idle: Status
  #active = true

  /**
   * @param operation undefined if it is complete from the start, as one with PROC_NULL is
   * @param failed throws the error, or gives a status that tells it
   * @param idle status if there is no operation
   * @internal
   */
  constructor(
    engine: Engine,
    operation: Operation | undefined,
    statusOf: StatusOf,
    failed: (error: Error) => Status = rethrow,
    idle: Status = PROC_NULL_STATUS,
  ) {
    this.#engine = engine
    this.#idle = idle
    this.#operation = operation
    this.#statusOf = statusOf
    this.#failed = failed
  }

  /** True from the start until a wait or test has told the outcome. */
  get active(): boolean {
    return this.#active
  }

  /** Waits until the operation is complete. Local. @throws {MpiError} what the operation itself fails with; the reason of `signal` */
  async wait(options?: WaitOptions): Promise<Status> {
    const signal = signalIn('wait', options)
    const operation = this.#operation
    if (operation?.done === false)
      try {
        await (signal === undefined ? operation.settled() : anyEnded([operation], signal))
      } catch (reason) {
        if (!operation.done) throw reason
      }
    return this.#outcome(operation)
  }

  /**
   * The status if the operation is complete, undefined if it is not. Local.
   *
   * @throws {MpiError} what the operation fails with
   * @example
   * const data = new Int32Array(1)
   * const request = world.irecv(data, { source: world.rank })
   * log(request.test(), request.poll()) // → undefined false
   * await world.send(Int32Array.of(5), { dest: world.rank })
   * while (request.test() === undefined) await new Promise((resolve) => setImmediate(resolve)) // work of one's own
   * log(data[0]) // → 5
   */
  test(): Status | undefined {
    return this.poll() ? this.#outcome(this.#operation) : undefined
  }

  /** Looks for progress; true if a wait would return at once. The request stays active; no error is told yet. Local. */
  poll(): boolean {
    if (this.unended !== undefined) {
      this.#engine.progress()
      this.advance()
    }
    return this.unended === undefined
  }

  /** Does what has become possible since the last look for progress. Sends and receives have nothing left to do then. Local. @internal */
  advance(): void {
    return
  }

  /**
   * Takes a receive back that no message has matched yet; a no-op on sends and matched receives. Local.
   *
   * @example
   * const request = world.irecv(new Int32Array(1), { source: world.rank, tag: 9 }) // which nobody sends
   * request.cancel()
   * log((await request.wait()).cancelled) // → true
   */
  cancel(): void {
    if (this.#operation !== undefined) this.#engine.cancel(this.#operation)
  }

  /** What has not ended yet, if anything. For the functions below. */
  get unended(): Operation | undefined {
    return this.#operation?.done === false ? this.#operation : undefined
  }

  /** True if the outcome that nobody has been told yet is an error. */
  get failed(): boolean {
    return this.#active && this.#operation?.error !== undefined
  }

  /** For persistent requests: nothing is under way yet. */
  protected rest(): void {
    this.#idle = EMPTY_STATUS
    this.#active = false
  }

  /** For persistent requests: begins anew with another operation. */
  protected restart(operation: Operation | undefined): void {
    this.#operation = operation
    this.#idle = PROC_NULL_STATUS
    this.#active = true
  }

  #outcome(operation: Operation | undefined): Status {
    if (operation === this.#operation) this.#active = false
    if (operation === undefined) return this.#idle
    return operation.error === undefined ? this.#statusOf(operation) : this.#failed(operation.error)
  }
}

function rethrow(error: Error): never {
  throw located(error)
}

/** A call that `start` makes, with arguments that are known to be good. */
export interface PreparedCall {
  readonly call: string
  readonly post: () => Operation | undefined
  /** Throws a mistake, after the error handler of the communicator has seen it. */
  readonly refuse: (error: MpiError) => never
}

/**
 * An operation with fixed arguments that can be started again and again (MPI 4.1, section 3.9). Between a wait or
 * test that told its outcome and the next `start`, the buffer is the program's.
 *
 * @example
 * const step = new Int32Array(1)
 * const request = world.sendInit(step, { dest: world.rank })
 * for (step[0] = 0; step[0] < 3; step[0]++) {
 *   request.start()
 *   await world.recv(new Int32Array(1), { source: world.rank })
 *   await request.wait()
 * }
 */
export class PersistentRequest extends Request {
  readonly #prepared: PreparedCall

  /** Users get them from `sendInit`, `ssendInit`, `recvInit`; those of collective calls are `PersistentCollective`s. @internal */
  constructor(engine: Engine, prepared: PreparedCall, statusOf: StatusOf, failed?: (error: Error) => Status) {
    super(engine, undefined, statusOf, failed)
    this.rest()
    this.#prepared = prepared
  }

  /** Starts the operation. Local. @throws {MpiError} MPI_ERR_REQUEST if it is active or freed; MPI_ERR_COMM if its communicator is freed */
  start(): void {
    const { call, post } = this.#prepared
    if (this.active) this.refuse(`start: the request of ${call} is active, expected a wait or test first`)
    this.restart(post())
  }

  /** @throws {MpiError} MPI_ERR_REQUEST, after the error handler of the communicator has seen it */
  protected refuse(message: string): never {
    return this.#prepared.refuse(new MpiError('MPI_ERR_REQUEST', message))
  }
}

/**
 * Starts all requests, in their order. Local, but for collective calls.
 *
 * @throws {MpiError} MPI_ERR_REQUEST if one is active, or no persistent request: then none is started
 * @example
 * const { rank, size } = world
 * const halo = new Float64Array(2)
 * const exchange = [
 *   world.recvInit(halo.subarray(0, 1), { source: (rank + size - 1) % size }),
 *   world.sendInit(halo.subarray(1), { dest: (rank + 1) % size }),
 * ]
 * for (let step = 0; step < 10; step++) {
 *   startAll(exchange)
 *   await waitAll(exchange)
 * }
 */
export function startAll(requests: readonly PersistentRequest[]): void {
  checkRequests('startAll', requests, 'start', 'persistent requests, such as those of sendInit and recvInit')
  for (const request of requests) request.start()
}

/**
 * Waits for all requests; statuses in their order. Local.
 *
 * @throws {MpiError} of the first that failed, after all have ended; MPI_ERR_REQUEST if one is no request
 * @example
 * const received = [1, 2].map(() => new Int32Array(1))
 * const receives = received.map((buffer, tag) => world.irecv(buffer, { source: world.rank, tag }))
 * const sends = received.map((_, tag) => world.isend(Int32Array.of(10 * tag), { dest: world.rank, tag }))
 * const statuses = await waitAll([...receives, ...sends])
 * log(statuses.length, received[1]?.[0]) // → 4 10
 */
export async function waitAll(requests: readonly Request[], options?: WaitOptions): Promise<Status[]> {
  checkRequests('waitAll', requests)
  if (signalIn('waitAll', options) !== undefined) return eachWaited(requests, options as WaitOptions)
  const open = unended(requests)
  if (open.length > 0) await allEnded(open)
  return outcomesOf(requests)
}

/** Tells the outcome of each, all of which have ended. @throws the first failure, after the last is told */
function outcomesOf(requests: readonly Request[]): Status[] {
  const statuses: Status[] = []
  let failure: { readonly error: unknown } | undefined
  for (const request of requests)
    try {
      statuses.push(request.test() as Status)
    } catch (error) {
      failure ??= { error }
    }
  if (failure !== undefined) throw failure.error
  return statuses
}

async function eachWaited(requests: readonly Request[], options: WaitOptions): Promise<Status[]> {
  const outcomes = await Promise.allSettled(requests.map((request) => request.wait(options)))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<Status>).value)
}

/**
 * Waits until one active request is complete; its index and status. If none is active, the index is UNDEFINED. Local.
 *
 * @throws {MpiError} what the operation fails with; the reason of `signal`; MPI_ERR_REQUEST like `waitAll`
 * @example
 * const requests = [world.irecv(new Int32Array(1), { source: world.rank, tag: 3 }), world.ibarrier()]
 * const first = await waitAny(requests)
 * log(first.index) // → 1
 * await world.send(new Int32Array(1), { dest: world.rank, tag: 3 })
 * await waitAny(requests)
 */
export async function waitAny(requests: readonly Request[], options?: WaitOptions): Promise<Completion> {
  checkRequests('waitAny', requests)
  const signal = signalIn('waitAny', options)
  for (;;) {
    const found = anyOf(requests)
    if (found !== undefined) return found
    await anyEnded(unended(requests), signal)
  }
}

/**
 * Waits until at least one active request is complete; all that are, none if no request is active. Local.
 *
 * @throws {MpiError} of the first that failed; the reason of `signal`; MPI_ERR_REQUEST like `waitAll`
 * @example
 * const requests = [world.ibarrier(), world.iallreduce(1, { op: SUM })]
 * for (let left = requests.length; left > 0; ) left -= (await waitSome(requests)).length
 * log(await waitSome(requests)) // → []
 */
export async function waitSome(requests: readonly Request[], options?: WaitOptions): Promise<Completion[]> {
  checkRequests('waitSome', requests)
  const signal = signalIn('waitSome', options)
  for (;;) {
    const found = someOf(requests)
    if (found.length > 0 || !requests.some(({ active }) => active)) return found
    await anyEnded(unended(requests), signal)
  }
}

/**
 * The statuses if all requests are complete, else undefined. Local.
 *
 * @throws {MpiError} of the first that failed, after all have ended: none is active then; MPI_ERR_REQUEST like `waitAll`
 * @example
 * const requests = [world.ibarrier(), world.iallreduce(1, { op: SUM })]
 * while (testAll(requests) === undefined) await new Promise((resolve) => setImmediate(resolve)) // work of one's own
 */
export function testAll(requests: readonly Request[]): Status[] | undefined {
  checkRequests('testAll', requests)
  progress(requests)
  if (unended(requests).length > 0) return undefined
  return outcomesOf(requests)
}

/**
 * Index and status of a complete active request, or undefined if there is none yet. If none is active, the index is
 * UNDEFINED. Local. @throws {MpiError} what the operation fails with; MPI_ERR_REQUEST like `waitAll`
 *
 * @example
 * const request = world.irecv(new Int32Array(1), { source: world.rank })
 * log(testAny([request])) // → undefined
 * await world.send(new Int32Array(1), { dest: world.rank })
 * log(testAny([request])?.index) // → 0
 */
export function testAny(requests: readonly Request[]): Completion | undefined {
  checkRequests('testAny', requests)
  return anyOf(requests)
}

function anyOf(requests: readonly Request[]): Completion | undefined {
  if (!requests.some(({ active }) => active)) return { index: UNDEFINED, status: EMPTY_STATUS }
  progress(requests)
  const index = requests.findIndex(hasEnded)
  return index === -1 ? undefined : { index, status: (requests[index] as Request).test() as Status }
}

/**
 * Index and status of every complete active request. Local.
 *
 * @throws {MpiError} of the first that failed; the others that are complete stay active for the next call;
 *   MPI_ERR_REQUEST like `waitAll`
 * @example
 * const requests = [1, 2].map((tag) => world.irecv(new Int32Array(1), { source: world.rank, tag }))
 * await world.send(new Int32Array(1), { dest: world.rank, tag: 2 })
 * log(testSome(requests).map(({ index }) => index)) // → [ 1 ]
 * requests[0]?.cancel()
 * await requests[0]?.wait()
 */
export function testSome(requests: readonly Request[]): Completion[] {
  checkRequests('testSome', requests)
  return someOf(requests)
}

function someOf(requests: readonly Request[]): Completion[] {
  progress(requests)
  requests.find(({ failed }) => failed)?.test()
  return requests.flatMap((request, index) => (hasEnded(request) ? [{ index, status: request.test() as Status }] : []))
}

/**
 * Programs run without being checked against types: a list that has the promise of a blocking call in it would be taken
 * for one without active requests. Requests are known by a method: they may be of another copy of this package in the
 * program's node_modules.
 *
 * @throws {MpiError} MPI_ERR_REQUEST
 */
function checkRequests(
  call: string,
  requests: readonly unknown[],
  method: 'poll' | 'start' = 'poll',
  expected = 'requests, such as those of isend and irecv',
): void {
  if (!Array.isArray(requests))
    throw new MpiError('MPI_ERR_REQUEST', `${call}: the list is ${describe(requests)}, expected an array of requests`)
  for (const request of requests as readonly (Partial<PersistentRequest> | null | undefined)[])
    if (typeof request?.[method] !== 'function')
      throw new MpiError('MPI_ERR_REQUEST', `${call}: the list has ${describe(request)} in it, expected ${expected}`)
}

/** @throws {MpiError} MPI_ERR_ARG if the options are none, or name other things */
function signalIn(call: string, options: WaitOptions | undefined): AbortSignal | undefined {
  if (options === undefined) return undefined
  const fault = faultOfNames(call, options, ['signal'])
  if (fault !== undefined) throw fault
  return options.signal
}

/** One look for messages serves all requests of a rank; what comes of it each does on its own. */
function progress(requests: readonly Request[]): void {
  requests.find(({ unended }) => unended !== undefined)?.poll()
  for (const request of requests) request.advance()
}

function hasEnded(request: Request): boolean {
  return request.active && request.unended === undefined
}

function unended(requests: readonly Request[]): Operation[] {
  const operations = []
  for (const { unended } of requests) if (unended !== undefined) operations.push(unended)
  return operations
}
