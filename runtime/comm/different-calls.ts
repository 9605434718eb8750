/** The error of ranks whose collective calls of one number do not agree, when that is found in a later call. */
import { MpiError } from '../base/errors.ts'
import { describeSignature } from '../base/signature.ts'

/** What a rank has called. */
export interface CallMade {
  readonly worldRank: number
  /** Undefined if that is not known any more. */
  readonly signature: number | undefined
}

/**
 * @param found name and number of the call that has found it
 * @param number of the calls that do not agree
 */
export function differentCalls(
  found: { readonly call: string; readonly number: number },
  number: number,
  theirs: CallMade & { readonly signature: number },
  own: CallMade,
): MpiError {
  const [there, here] = [`world rank ${theirs.worldRank}`, `world rank ${own.worldRank}`]
  const called = describeSignature(theirs.signature)
  const where = `; found in call number ${found.number}, a later one`
  if (own.signature === theirs.signature)
    return new MpiError(
      'MPI_ERR_OTHER',
      `${found.call}: the ranks of a communicator called ${called}, call number ${number}, in different ways: ${here} has not received a message of ${there}, so that the numbers of elements or the algorithms may differ${where}`,
    )
  const other =
    own.signature === undefined
      ? `which does not agree with that of ${here}`
      : `that of ${here} was ${describeSignature(own.signature)}`
  return new MpiError(
    'MPI_ERR_OTHER',
    `${found.call}: the ranks of a communicator called different collectives: call number ${number} of ${there} was ${called}, ${other}${where}`,
  )
}
