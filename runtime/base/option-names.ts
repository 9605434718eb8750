/** The names of options: types catch a wrong one, but programs run without being checked against them. Below: errors.ts. */
import { MpiError } from './errors.ts'
import { describe } from './message-buffer.ts'

/**
 * What is wrong if `options` is no object, or has a name that the call does not know; undefined if nothing is. So that
 * `bcast(buffer, 1)` and `recv(buffer, { src: 1 })` do not quietly mean root 0 and ANY_SOURCE.
 */
export function faultOfNames(call: string, options: unknown, known: readonly string[]): MpiError | undefined {
  const expected = (): string => `expected { ${known.join(', ')} }`
  if (typeof options !== 'object' || options === null)
    return new MpiError('MPI_ERR_ARG', `${call}: the options are ${describe(options)}, ${expected()}`)
  for (const name in options)
    if (!known.includes(name))
      return new MpiError('MPI_ERR_ARG', `${call}: there is no option "${name}", ${expected()}`)
  return undefined
}
