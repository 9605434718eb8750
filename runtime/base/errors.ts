/**
 * The error class of the runtime and the check for our own mistakes.
 *
 * A user's mistake becomes an `MpiError` whose `code` is the error class of the MPI standard (MPI 4.1, section 9.4) and
 * whose message names the call, the argument, the value seen and the values allowed. Our own mistakes fail
 * `invariant()`. Nothing in the runtime logs an error and goes on.
 */

/** Error classes of the MPI standard that the runtime raises, with what each stands for. */
export const MPI_ERROR_CLASSES = {
  MPI_ERR_BUFFER: 'the buffer argument is no memory that a message can use',
  MPI_ERR_COUNT: 'the number of elements is wrong',
  MPI_ERR_TYPE: 'element types of sender and receiver differ, or a value has no type that can be sent',
  MPI_ERR_TAG: 'the tag is outside its range',
  MPI_ERR_COMM: 'the communicator is freed or unusable',
  MPI_ERR_RANK: 'the rank is outside the communicator',
  MPI_ERR_ROOT: 'the root is outside the communicator',
  MPI_ERR_GROUP: 'the group does not fit the communicator',
  MPI_ERR_REQUEST: 'the request cannot be used this way',
  MPI_ERR_OP: 'the reduction operation does not fit the elements',
  MPI_ERR_KEYVAL: 'the key of an attribute is none',
  MPI_ERR_DIMS: 'the dimensions of a grid are wrong',
  MPI_ERR_ARG: 'an argument is wrong',
  MPI_ERR_TRUNCATE: 'the message is longer than the receive buffer',
  MPI_ERR_NO_MEM: 'memory is exhausted',
  MPI_ERR_OTHER: 'the job cannot go on',
} as const

/**
 * The name of an error class: what `MpiError.code` may be.
 *
 * @example
 * const hint: Partial<Record<MpiErrorClass, string>> = { MPI_ERR_TRUNCATE: 'make the buffer longer' }
 * log(hint.MPI_ERR_TRUNCATE) // → make the buffer longer
 */
export type MpiErrorClass = keyof typeof MPI_ERROR_CLASSES

/**
 * An error with an error class of the MPI standard. Caught, it leaves the communicator usable, unless it says that ranks
 * disagreed about a collective call.
 *
 * @example
 * try {
 *   await world.send(new Float64Array(1), { dest: world.size })
 * } catch (error) {
 *   if (error instanceof MpiError) log(error.message) // → MPI_ERR_RANK: send: dest is 4, expected 0..3 or PROC_NULL
 * }
 */
export class MpiError extends Error {
  override readonly name = 'MpiError'
  /** Error class of the standard, for programs to branch on. */
  readonly code: MpiErrorClass

  constructor(code: MpiErrorClass, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options)
    this.code = code
  }
}

/**
 * An error that came up while messages were delivered, with the stack of the call that throws it: the program's line is in
 * that one.
 */
export function located(error: unknown): unknown {
  if (error instanceof MpiError) Error.captureStackTrace(error, located)
  return error
}

/** Fails with a bug report if `condition` does not hold. For our mistakes only; users' mistakes throw `MpiError`. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`tsmpi internal error (please report it): ${what}`)
}
