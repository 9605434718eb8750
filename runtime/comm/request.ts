/**
 * Handles of nonblocking operations (MPI 4.1, section 3.7). A request is no promise on purpose: `await comm.irecv(…)` by
 * mistake would wait where the program meant to go on; `wait()` says it.
 */
import { MpiError } from '../base/errors.ts'
import type { Engine } from '../engine/engine.ts'
import type { Operation } from '../engine/operation.ts'
import { PROC_NULL_STATUS, type Status } from './status.ts'

/** A send or receive that has been started. Complete it with `wait`, or with `test` until that returns a status. */
export class Request {
  readonly #engine: Engine
  readonly #operation: Operation | undefined
  readonly #statusOf: (operation: Operation) => Status

  /** @param operation undefined for an operation with PROC_NULL, which is complete from the start */
  constructor(engine: Engine, operation: Operation | undefined, statusOf: (operation: Operation) => Status) {
    this.#engine = engine
    this.#operation = operation
    this.#statusOf = statusOf
  }

  /** Waits until the operation is complete. Local. @throws {MpiError} what the operation itself fails with */
  async wait(): Promise<Status> {
    if (this.#operation === undefined) return PROC_NULL_STATUS
    await this.#operation.settled()
    return this.#statusOf(this.#operation)
  }

  /** The status if the operation is complete, undefined if it is not. Local. @throws {MpiError} what the operation fails with */
  test(): Status | undefined {
    if (this.#operation === undefined) return PROC_NULL_STATUS
    if (!this.#operation.done) this.#engine.progress()
    if (!this.#operation.done) return undefined
    if (this.#operation.error !== undefined) throw this.#operation.error
    return this.#statusOf(this.#operation)
  }

  /** Takes a receive back that no message has matched yet; a no-op on sends and matched receives. Local. */
  cancel(): void {
    if (this.#operation !== undefined) this.#engine.cancel(this.#operation)
  }

  /** Settles when the operation ends; for the functions below. */
  ended(): Promise<void> {
    return this.#operation?.settled() ?? Promise.resolve()
  }
}

/** Waits for all requests; statuses in their order. Local. @throws {MpiError} of the first that failed, after all have ended */
export async function waitAll(requests: readonly Request[]): Promise<Status[]> {
  const outcomes = await Promise.allSettled(requests.map((request) => request.wait()))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<Status>).value)
}

/** Waits until one request is complete; its index and status. Local. @throws {MpiError} MPI_ERR_REQUEST if the list is empty */
export async function waitAny(requests: readonly Request[]): Promise<{ index: number; status: Status }> {
  for (;;) {
    const found = testAny(requests)
    if (found !== undefined) return found
    await Promise.race(requests.map((request) => request.ended()))
  }
}

/** Waits until at least one request is complete; all that are. Local. @throws {MpiError} MPI_ERR_REQUEST if the list is empty */
export async function waitSome(requests: readonly Request[]): Promise<{ index: number; status: Status }[]> {
  await waitAny(requests)
  return testSome(requests)
}

/** The statuses if all requests are complete, else undefined. Local. */
export function testAll(requests: readonly Request[]): Status[] | undefined {
  const statuses = requests.map((request) => request.test())
  return statuses.includes(undefined) ? undefined : (statuses as Status[])
}

/** Index and status of a complete request, or undefined if none is. Local. @throws {MpiError} MPI_ERR_REQUEST if the list is empty */
export function testAny(requests: readonly Request[]): { index: number; status: Status } | undefined {
  if (requests.length === 0) throw new MpiError('MPI_ERR_REQUEST', 'waiting for any of no requests would never end')
  for (const [index, request] of requests.entries()) {
    const status = request.test()
    if (status !== undefined) return { index, status }
  }
  return undefined
}

/** Index and status of every complete request. Local. */
export function testSome(requests: readonly Request[]): { index: number; status: Status }[] {
  return requests.flatMap((request, index) => {
    const status = request.test()
    return status === undefined ? [] : [{ index, status }]
  })
}
