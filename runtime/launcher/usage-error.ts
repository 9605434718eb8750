/** Mistakes in what the user gave the launcher: printed without a stack, all of one source together, exit code 2. */

export const EXIT_USAGE = 2

export class UsageError extends Error {
  override readonly name = 'UsageError'

  /** @param problems one line each: what was read, where, what is allowed */
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
  }
}
