/**
 * How waits, messages and ranks are put into words, for the reports of this folder. Pure.
 */
import { relative } from 'node:path'
import { callNumber } from '../base/call-numbers.ts'
import {
  membersOf,
  runsOf,
  type CommPicture,
  type RankReport,
  type UnreceivedPicture,
  type WaitPicture,
} from './picture.ts'

/** What is known of the communicators of a report. */
export interface WithComms {
  readonly communicators: readonly CommPicture[]
}

/** The communicator of a context as a rank knows it. */
export function commPicture(report: RankReport, context: number): CommPicture {
  return commOf(report.picture, context)
}

function commOf(source: WithComms | undefined, context: number): CommPicture {
  const found = source?.communicators.find((comm) => comm.context === context)
  return found ?? { context, name: 'a communicator that was freed', members: [], calls: 0, place: undefined }
}

/** Rank in a communicator of a world rank; the world rank, if it is no member. */
export function rankIn(comm: CommPicture, worldRank: number): number {
  const rank = membersOf(comm).indexOf(worldRank)
  return rank === -1 ? worldRank : rank
}

/** 'recv(source 1, tag 7) on world, prog.ts:12:9' */
export function waitText(wait: WaitPicture, source: WithComms | undefined): string {
  const comm = commOf(source, wait.context)
  const place = wait.place === undefined ? '' : `, ${shortPlace(wait.place)}`
  if (wait.collective !== undefined)
    return `${collectiveText(wait)} (${callNumber(wait.tag ?? 0)} on ${comm.name})${place}`
  return `${wait.call}(${partners(wait, comm)}) on ${comm.name}${place}`
}

/** 'collective call 3', 'persistent call 0' */
export function collectiveCall(tag: number | undefined): string {
  return callNumber(tag ?? 0).replace(/^call/, 'collective call')
}

/** 'ibcast with root 1': what the ranks must agree on, in the form that this rank has called. */
export function collectiveText({ call, collective = '' }: WaitPicture): string {
  return collective.replace(/^[\w.]+/, call)
}

function partners(wait: WaitPicture, comm: CommPicture): string {
  const tag = `tag ${wait.tag ?? 'ANY_TAG'}`
  const peer = wait.peer === undefined ? 'ANY_SOURCE' : String(rankIn(comm, wait.peer))
  if (wait.kind !== 'send') return `source ${peer}, ${tag}`
  return `dest ${peer}, ${tag}, ${bytes(wait.nbytes ?? 0)}`
}

/** '3 messages: tag 8 from rank 1 on world, 8 bytes (float64)' */
export function messageText(message: UnreceivedPicture, source: WithComms | undefined): string {
  const { messages, nbytes, elements, collective, tag, matched } = message
  const comm = commOf(source, message.context)
  const count = messages === 1 ? '1 message' : `${messages} messages`
  const who = comm.members.length === 0 ? 'world rank' : 'rank'
  const from = `from ${who} ${rankIn(comm, message.source)} on ${comm.name}`
  if (collective !== undefined) return `${count} ${from} of its ${collectiveCall(tag)}, ${collective}`
  const size = messages === 1 ? bytes(nbytes) : `the first of ${bytes(nbytes)}`
  return `${count} ${from}, tag ${tag}, ${size} (${elements})${matched ? ', matched by mprobe or improbe' : ''}`
}

/** 'rank 1 with tag 8 on world' */
export function envelopeText(report: RankReport, { context, source, tag }: UnreceivedPicture): string {
  const comm = commPicture(report, context)
  return `rank ${rankIn(comm, source)} with tag ${tag} on ${comm.name}`
}

/** 'rank 3', 'ranks 0-2 5' */
export function rankList(worldRanks: readonly number[]): string {
  const runs = runsOf(worldRanks).map(([first, last]) => (first === last ? String(first) : `${first}-${last}`))
  return `${worldRanks.length === 1 ? 'rank' : 'ranks'} ${runs.join(' ')}`
}

function bytes(nbytes: number): string {
  return nbytes === 1 ? '1 byte' : `${nbytes} bytes`
}

/** A place as seen from the current folder, if that is shorter. */
export function shortPlace(place: string): string {
  const path = relative(process.cwd(), place)
  return path.startsWith('..') ? place : path
}
