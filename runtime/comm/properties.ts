/**
 * What programs and libraries hang on a communicator: a name, attributes, an error handler (MPI 4.1, sections 7.7, 7.8
 * and 9.3). All local; no message ever depends on it.
 */
import { located, MpiError } from '../base/errors.ts'
import { describe } from '../base/message-buffer.ts'
import { EMPTY_STATUS, type Status } from './status.ts'

/**
 * What happens to an attribute when its communicator is duplicated or freed.
 *
 * @example
 * const counted: KeyvalOptions<number> = { copy: (value) => value + 1 }
 * const key = Keyval.create(counted)
 * world.setAttribute(key, 1)
 * const twin = await world.dup()
 * log(twin.getAttribute(key)) // → 2
 * twin.free()
 */
export interface KeyvalOptions<T> {
  /** The value of the duplicate; undefined for none. Default: duplicates get none. */
  readonly copy?: (value: T) => T | undefined
  /** Called with a value that is replaced or deleted, or whose communicator is freed; `self` is when `main` has returned. */
  readonly delete?: (value: T) => void
}

/**
 * A key under which values are attached to communicators.
 *
 * @example
 * const cache = Keyval.create<Map<string, number>>()
 * world.setAttribute(cache, new Map([['answer', 42]]))
 * log(world.getAttribute(cache)?.get('answer')) // → 42
 */
export class Keyval<T> {
  readonly #options: KeyvalOptions<T>

  private constructor(options: KeyvalOptions<T>) {
    this.#options = options
  }

  /** A new key, different from all others. Local. */
  static create<T>(options: KeyvalOptions<T> = {}): Keyval<T> {
    return new Keyval(options)
  }

  /** What a duplicate gets of a value. Local. @internal */
  copy(value: T): T | undefined {
    return this.#options.copy?.(value)
  }

  /** Tells the owner of the key that a value is no longer attached. Local. @internal */
  delete(value: T): void {
    this.#options.delete?.(value)
  }
}

/**
 * Errors of the communicator's calls reject their promises, or throw in calls without promise. The default.
 *
 * @example
 * log(world.errorHandler === ERRORS_THROW) // → true
 */
export const ERRORS_THROW = 'throw'
/**
 * A message that does not fit its receive is told in `error` of the status instead of being thrown.
 *
 * @example
 * const lenient = await world.dup()
 * lenient.errorHandler = ERRORS_RETURN
 * const sent = lenient.isend(new Int32Array(2), { dest: world.rank })
 * const { error } = await lenient.recv(new Int32Array(1), { source: world.rank })
 * await sent.wait()
 * log(error?.code) // → MPI_ERR_TRUNCATE
 * lenient.free()
 */
export const ERRORS_RETURN = 'return'
/**
 * An error ends the whole job, even if the program would catch it.
 *
 * @example
 * const strict = await world.dup()
 * strict.errorHandler = ERRORS_ARE_FATAL // from now on a wrong call on it ends the job, caught or not
 * strict.free()
 */
export const ERRORS_ARE_FATAL = 'fatal'

/**
 * What is done with errors of a communicator's calls; a function sees the error before it is thrown.
 *
 * @example
 * const seen: string[] = []
 * const noting: ErrorHandler = (error) => void seen.push(error.code)
 * const watched = await world.dup()
 * watched.errorHandler = noting
 * await watched.send(new Int32Array(1), { dest: -7 }).catch(() => undefined)
 * log(seen) // → [ 'MPI_ERR_RANK' ]
 * watched.free()
 */
export type ErrorHandler =
  typeof ERRORS_THROW | typeof ERRORS_RETURN | typeof ERRORS_ARE_FATAL | ((error: MpiError) => void)

/** Deletes all attributes of a communicator that nobody frees: what `self` ends with. */
export let deleteAttributesOf: (comm: CommProperties) => void

/** What is made of the arguments of a call that makes a communicator of another, whose error handler sees what is wrong. */
export let checkedOn: <T>(comm: CommProperties, plan: () => T) => T

/** The base of all communicators. */
export abstract class CommProperties {
  static {
    deleteAttributesOf = (comm) => comm.deleteAttributes()
    checkedOn = (comm, plan) => comm.checked(plan)
  }

  #name = ''
  #errorHandler: ErrorHandler = ERRORS_THROW
  #attributes: Map<Keyval<unknown>, unknown> | undefined

  /** Shown in reports and traces; duplicates begin without one. */
  get name(): string {
    return this.#name
  }

  set name(name: string) {
    this.#name = name
    this.named(name)
  }

  /** The program has given it a name. */
  protected abstract named(name: string): void

  /** What is done with errors of its calls; communicators made of this one begin with the same. */
  get errorHandler(): ErrorHandler {
    return this.#errorHandler
  }

  set errorHandler(handler: ErrorHandler) {
    const known: readonly unknown[] = [ERRORS_THROW, ERRORS_RETURN, ERRORS_ARE_FATAL]
    if (typeof handler !== 'function' && !known.includes(handler))
      throw new MpiError(
        'MPI_ERR_ARG',
        `errorHandler is ${String(handler)}, expected ERRORS_THROW, ERRORS_RETURN, ERRORS_ARE_FATAL or a function`,
      )
    this.#errorHandler = handler
  }

  /**
   * Attaches a value; one that was there is deleted first. Local.
   *
   * @throws {MpiError} MPI_ERR_KEYVAL if the key is none
   * @example
   * const hits = Keyval.create({ copy: (count: number) => count })
   * world.setAttribute(hits, 3)
   * const copy = await world.dup()
   * world.deleteAttribute(hits)
   * log(world.getAttribute(hits), copy.getAttribute(hits)) // → undefined 3
   * copy.free()
   */
  setAttribute<T>(keyval: Keyval<T>, value: T): void {
    this.#checkKey('setAttribute', keyval)
    this.deleteAttribute(keyval)
    this.#attributes ??= new Map()
    this.#attributes.set(keyval as Keyval<unknown>, value)
  }

  /** The value attached, or undefined. Local. @throws {MpiError} MPI_ERR_KEYVAL if the key is none */
  getAttribute<T>(keyval: Keyval<T>): T | undefined {
    this.#checkKey('getAttribute', keyval)
    return this.#attributes?.get(keyval as Keyval<unknown>) as T | undefined
  }

  /** Takes a value off again and hands it to the key's `delete`; a no-op if there is none. Local. @throws {MpiError} MPI_ERR_KEYVAL if the key is none */
  deleteAttribute<T>(keyval: Keyval<T>): void {
    this.#checkKey('deleteAttribute', keyval)
    const key = keyval as Keyval<unknown>
    if (this.#attributes?.has(key) !== true) return
    const value = this.#attributes.get(key)
    this.#attributes.delete(key)
    keyval.delete(value as T)
  }

  #checkKey(call: string, keyval: unknown): void {
    // By a method: it may be of another copy of this package in the program's node_modules.
    if (typeof (keyval as Partial<Keyval<unknown>> | null | undefined)?.copy !== 'function')
      this.raise(
        new MpiError('MPI_ERR_KEYVAL', `${call}: the key is ${describe(keyval)}, expected one of Keyval.create`),
      )
  }

  /** Gives the communicator back. Local. */
  abstract free(): void

  /** Ends the job, for ERRORS_ARE_FATAL. */
  protected abstract die(error: unknown): never

  /** Takes over what a new communicator has of the one it was made of; attributes only if it is its duplicate. */
  protected inherit(parent: CommProperties, duplicate = false): this {
    this.#errorHandler = parent.#errorHandler
    if (!duplicate) return this
    try {
      this.#copyAttributes(parent)
    } catch (error) {
      // The program never gets it, and could not give it back.
      this.free()
      throw error
    }
    return this
  }

  #copyAttributes(parent: CommProperties): void {
    for (const [keyval, value] of parent.#attributes ?? []) {
      const copy = keyval.copy(value)
      if (copy !== undefined) this.setAttribute(keyval, copy)
    }
  }

  /** Deletes all attributes, the latest first (MPI 4.1, section 7.7.1). */
  protected deleteAttributes(): void {
    for (const keyval of [...(this.#attributes?.keys() ?? [])].reverse()) this.deleteAttribute(keyval)
  }

  /** A call that gives a status failed. @throws the error, unless the handler returns it */
  protected failed(reason: unknown): Status {
    const error = located(reason)
    if (this.#errorHandler === ERRORS_RETURN && isMessageError(error)) return { ...EMPTY_STATUS, error }
    return this.raise(error)
  }

  /** A collective call failed whose request is asked. @throws the error, after the handler has seen it */
  protected readonly toldError = (error: unknown): never => this.raise(located(error))

  /** What `plan` makes of the arguments of a call. @throws what is wrong with them, after the handler has seen it */
  protected checked<T>(plan: () => T): T {
    try {
      return plan()
    } catch (error) {
      return this.raise(error)
    }
  }

  /** A persistent request is used wrongly. @throws the error, after the handler has seen it */
  protected readonly refuse = (error: MpiError): never => this.raise(error)

  /** A call failed. @throws the error, after the handler has seen it */
  protected raise(error: unknown): never {
    if (error instanceof MpiError && this.#errorHandler === ERRORS_ARE_FATAL) this.die(error)
    if (error instanceof MpiError && typeof this.#errorHandler === 'function') this.#errorHandler(error)
    throw error
  }
}

/** True for what is wrong with a message that came, as opposed to the arguments of the call. */
function isMessageError(error: unknown): error is MpiError {
  return error instanceof MpiError && (error.code === 'MPI_ERR_TRUNCATE' || error.code === 'MPI_ERR_TYPE')
}
