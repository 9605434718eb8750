/**
 * Which ranks and tags a point-to-point call may name (MPI 4.1, section 3.2.3).
 */
import { ANY_SOURCE, ANY_TAG, PROC_NULL, TAG_UB } from '../base/constants.ts'
import { MpiError } from '../base/errors.ts'
import { describe } from '../base/message-buffer.ts'

export function isRank(rank: number, size: number): boolean {
  return Number.isInteger(rank) && rank >= 0 && rank < size
}

export function isTag(tag: number): boolean {
  return Number.isInteger(tag) && tag >= 0 && tag <= TAG_UB
}

/** What is wrong with the arguments of a send to one of `size` ranks; undefined if nothing is. */
export function faultOfSend(call: string, dest: number, tag: number, size: number): MpiError | undefined {
  if (!isRank(dest, size) && dest !== PROC_NULL) return wrongRank(call, 'dest', dest, `0..${size - 1} or PROC_NULL`)
  return isTag(tag) ? undefined : wrongTag(call, tag, `0..${TAG_UB}`)
}

/** What is wrong with the arguments of a receive or a probe; undefined if nothing is. */
export function faultOfReceive(call: string, source: number, tag: number, size: number): MpiError | undefined {
  if (!isRank(source, size) && source !== ANY_SOURCE && source !== PROC_NULL)
    return wrongRank(call, 'source', source, `0..${size - 1}, ANY_SOURCE or PROC_NULL`)
  return isTag(tag) || tag === ANY_TAG ? undefined : wrongTag(call, tag, `0..${TAG_UB} or ANY_TAG`)
}

function wrongRank(call: string, name: string, rank: number, allowed: string): MpiError {
  return new MpiError('MPI_ERR_RANK', `${call}: ${name} is ${describe(rank)}, expected ${allowed}`)
}

function wrongTag(call: string, tag: number, allowed: string): MpiError {
  return new MpiError('MPI_ERR_TAG', `${call}: tag is ${describe(tag)}, expected ${allowed}`)
}
