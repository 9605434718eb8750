/** Handles of receives of objects: a request with the value that has come (request.ts has the rest). */
import { MpiError } from '../base/errors.ts'
import type { Engine } from '../engine/engine.ts'
import type { Operation } from '../engine/operation.ts'
import { deserializeObject } from './object-messages.ts'
import { Request, type StatusOf } from './request.ts'
import type { Status } from './status.ts'

/**
 * A receive of an object that has been started. Complete it with `wait`, or with `test` until that returns a status.
 *
 * @example
 * const request = world.irecvObject<string[]>({ source: world.rank })
 * await world.sendObject(['a', 'b'], { dest: world.rank })
 * await request.wait()
 * log(request.value) // → [ 'a', 'b' ]
 */
export class ObjectRequest<T> extends Request {
  readonly #operation: Operation | undefined
  readonly #refuse: (error: MpiError) => never
  #opened: { readonly value: T } | undefined

  /** Programs get them from `irecvObject`. @param operation undefined for PROC_NULL @internal */
  constructor(
    engine: Engine,
    operation: Operation | undefined,
    statusOf: StatusOf,
    { failed, refuse }: { readonly failed: (error: Error) => Status; readonly refuse: (error: MpiError) => never },
  ) {
    super(engine, operation, statusOf, failed)
    this.#operation = operation
    this.#refuse = refuse
  }

  /**
   * The value that has come, the same at every look; undefined if the receive was cancelled, or from PROC_NULL. Local.
   *
   * @throws {MpiError} MPI_ERR_REQUEST if the request is not complete yet, or failed
   */
  get value(): T {
    const operation = this.#operation
    if (operation !== undefined && (!operation.done || operation.error !== undefined))
      this.#refuse(
        new MpiError('MPI_ERR_REQUEST', 'irecvObject: there is no value, the request is not complete or has failed'),
      )
    this.#opened ??= { value: opened<T>(operation) }
    return this.#opened.value
  }
}

function opened<T>(operation: Operation | undefined): T {
  if (operation === undefined || operation.cancelled) return undefined as T
  return deserializeObject<T>(operation.payload as Uint8Array)
}
