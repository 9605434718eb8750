/**
 * Which ranks and tags a point-to-point call may name (MPI 4.1, section 3.2.3).
 */
import { ANY_SOURCE, ANY_TAG, PROC_NULL, TAG_UB } from '../base/constants.ts'
import { MpiError } from '../base/errors.ts'
import { describe } from '../base/message-buffer.ts'
import { faultOfNames } from '../base/option-names.ts'
import type { RecvOptions, SendOptions, SendrecvOptions } from './options.ts'

const SEND_OPTIONS = ['dest', 'tag']
const RECV_OPTIONS = ['source', 'tag', 'signal']
const EXCHANGE_OPTIONS = ['dest', 'source', 'sendTag', 'recvTag']

export function isRank(rank: number, size: number): boolean {
  return Number.isInteger(rank) && rank >= 0 && rank < size
}

export function isTag(tag: number): boolean {
  return Number.isInteger(tag) && tag >= 0 && tag <= TAG_UB
}

export interface Rules {
  /** Of the group that ranks belong to. */
  readonly size: number
  /** Whether the names of all options are looked at, which takes as long as a small message, or only where no source is given. */
  readonly allNames: boolean
}

/** Stands for options that a program has left out though it must not: they are refused for want of `dest`. */
export const NO_OPTIONS = {} as SendOptions & SendrecvOptions

/** What is wrong with the options of a send; undefined if nothing is. */
export function faultOfSend(
  call: string,
  options: SendOptions | null = NO_OPTIONS,
  rules: Rules,
): MpiError | undefined {
  if (options === null) return faultOfNames(call, options, SEND_OPTIONS)
  const { dest, tag = 0 } = options
  return faultOfDest(call, dest, tag, rules) ?? (rules.allNames ? faultOfNames(call, options, SEND_OPTIONS) : undefined)
}

function faultOfDest(call: string, dest: number, tag: number, { size }: Rules): MpiError | undefined {
  if (!isRank(dest, size) && dest !== PROC_NULL) return wrongRank(call, 'dest', dest, `0..${size - 1} or PROC_NULL`)
  return faultOfTag(call, tag)
}

/** What is wrong with a tag that must be one; undefined if nothing is. */
export function faultOfTag(call: string, tag: number): MpiError | undefined {
  return isTag(tag) ? undefined : wrongTag(call, tag, `0..${TAG_UB}`)
}

/** What is wrong with the options of a receive or a probe; undefined if nothing is. */
export function faultOfReceive(call: string, options: RecvOptions | null, rules: Rules): MpiError | undefined {
  if (options === null) return faultOfNames(call, options, RECV_OPTIONS)
  const { source = ANY_SOURCE, tag = ANY_TAG } = options
  const { size, allNames } = rules
  if (!isRank(source, size) && source !== ANY_SOURCE && source !== PROC_NULL)
    return wrongRank(call, 'source', source, `0..${size - 1}, ANY_SOURCE or PROC_NULL`)
  if (!isTag(tag) && tag !== ANY_TAG) return wrongTag(call, tag, `0..${TAG_UB} or ANY_TAG`)
  return allNames || options.source === undefined ? faultOfNames(call, options, RECV_OPTIONS) : undefined
}

/** What is wrong with the options of a send and a receive at the same time; undefined if nothing is. */
export function faultOfExchange(
  call: string,
  options: SendrecvOptions | null = NO_OPTIONS,
  rules: Rules,
): MpiError | undefined {
  if (options === null) return faultOfNames(call, options, EXCHANGE_OPTIONS)
  const { dest, source = ANY_SOURCE, sendTag = 0, recvTag = ANY_TAG } = options
  return (
    faultOfDest(call, dest, sendTag, rules) ??
    faultOfReceive(call, { source, tag: recvTag }, rules) ??
    (rules.allNames || options.source === undefined ? faultOfNames(call, options, EXCHANGE_OPTIONS) : undefined)
  )
}

function wrongRank(call: string, name: string, rank: number, allowed: string): MpiError {
  return new MpiError('MPI_ERR_RANK', `${call}: ${name} is ${describe(rank)}, expected ${allowed}`)
}

function wrongTag(call: string, tag: number, allowed: string): MpiError {
  return new MpiError('MPI_ERR_TAG', `${call}: tag is ${describe(tag)}, expected ${allowed}`)
}
