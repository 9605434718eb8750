/**
 * What can be told of the cause of a hang, from the ranks' pictures: sentences. Pure.
 */
import { callNumber } from '../base/call-numbers.ts'
import {
  givesRequest,
  ranksOf,
  type CommPicture,
  type Leftovers,
  type RankReport,
  type UnreceivedPicture,
  type WaitPicture,
} from './picture.ts'
import { collectiveCall, collectiveText, commPicture, envelopeText, rankIn, rankList } from './wording.ts'
import { isOver, type Reason } from './wait-graph.ts'

/** Hints beyond this many repeat themselves. */
const MOST_HINTS = 6

/** Sentences about a job in which nothing moves, without repetition. */
export function hintsOf(reports: readonly RankReport[], reason: Reason | undefined): string[] {
  const hints = [
    ...exitHints(reports),
    ...nearMisses(reports),
    ...strayHints(reports),
    ...collectiveHints(reports),
    ...reports.flatMap((report) => sidesHint(reports, report)),
    ...sendHints(reason),
    ...wildcardHints(reports),
    ...reports.flatMap(selfHint),
    ...reports.flatMap(forgottenHint),
    ...signalHints(reports),
  ]
  return [...new Set(hints)].slice(0, MOST_HINTS)
}

/** A message that lies there and differs in one thing from what its rank asks for. */
export function nearMisses(reports: readonly RankReport[]): string[] {
  return reports.flatMap((report) =>
    (report.picture?.waits ?? [])
      .filter(({ kind, collective }) => kind !== 'send' && collective === undefined)
      .flatMap((wait) =>
        (report.picture?.unreceived ?? []).flatMap((message) => nearMiss(report, wait, message) ?? []),
      ),
  )
}

function nearMiss(report: RankReport, wait: WaitPicture, message: UnreceivedPicture): string | undefined {
  if (message.collective !== undefined) return undefined
  const { rank } = report
  if (message.matched) return matchedMiss(report, wait, message)
  const lies = `a message from ${envelopeText(report, message)} lies unmatched at rank ${rank}, which`
  const sameSource = wait.peer === undefined || wait.peer === message.source
  const sameTag = wait.tag === undefined || wait.tag === message.tag
  if (wait.context !== message.context)
    return sameSource && sameTag
      ? `${lies} waits on ${commPicture(report, wait.context).name}: sender and receiver use different communicators`
      : undefined
  if (sameSource && !sameTag) return `${lies} waits for tag ${wait.tag}: the tags differ`
  if (!sameSource && sameTag)
    return `${lies} waits for rank ${rankIn(commPicture(report, wait.context), wait.peer as number)}: the sources differ`
  return undefined
}

/** A message that the receive would take if no probe had. */
function matchedMiss(report: RankReport, wait: WaitPicture, message: UnreceivedPicture): string | undefined {
  const { source, context, tag } = message
  if (wait.context !== context || (wait.peer ?? source) !== source || (wait.tag ?? tag) !== tag) return undefined
  return `rank ${report.rank} has matched a message from ${envelopeText(report, message)} with mprobe or improbe: only recv or irecv of that Message receives it, ${wait.call} does not`
}

/** Receives from a rank that has been through a collective call of which these ranks have only the messages. */
function strayHints(reports: readonly RankReport[]): string[] {
  const waiting = new Map<string, { readonly call: string; readonly ranks: number[] }>()
  for (const report of reports)
    for (const wait of report.picture?.waits.filter(isReceive) ?? [])
      for (const message of report.picture?.unreceived ?? []) {
        if (!isStray(message, wait) || isInCall(reports, message)) continue
        const { name } = commPicture(report, wait.context)
        const called = `rank ${message.source} has called ${message.collective}, ${collectiveCall(message.tag)} on ${name}`
        const others = waiting.get(called) ?? { call: wait.call, ranks: [] }
        waiting.set(called, others)
        others.ranks.push(report.rank)
      }
  return [...waiting].map(
    ([called, { call, ranks }]) =>
      `${called}, and ${rankList(ranks)} ${ranks.length === 1 ? 'waits' : 'wait'} in ${call} instead: all ranks make a collective call, and no ${call} takes its messages`,
  )
}

function isReceive({ kind, collective }: WaitPicture): boolean {
  return kind === 'receive' && collective === undefined
}

function isStray(message: UnreceivedPicture, { context, peer }: WaitPicture): boolean {
  return message.collective !== undefined && message.context === context && (peer ?? message.source) === message.source
}

/** True if the sender is still in the call that has sent the message. */
function isInCall(reports: readonly RankReport[], { source, context, tag }: UnreceivedPicture): boolean {
  const waits = reports.find(({ rank }) => rank === source)?.picture?.waits ?? []
  return waits.some((wait) => wait.collective !== undefined && wait.context === context && wait.tag === tag)
}

/** What a program may have forgotten that has left calls under way. */
export function leftoverHints(left: readonly Leftovers[]): string[] {
  const open = left.flatMap(({ started, neverCompleted }) => [...started, ...neverCompleted])
  const requests = open.filter(({ call }) => givesRequest(call))
  const blocking = open.filter(({ call }) => !givesRequest(call))
  return [
    ...(blocking.length > 0 ? [`main has not waited for ${callsOf(blocking)}: is an await missing?`] : []),
    ...(requests.length > 0
      ? [`requests of ${callsOf(requests)} are complete after await request.wait(), or await waitAll(requests)`]
      : []),
    ...(open.some(({ place }) => place === undefined) && !left.some(({ checked }) => checked)
      ? ['tsmpirun --check tells where calls were started']
      : []),
  ]
}

function callsOf(waits: readonly WaitPicture[]): string {
  return [...new Set(waits.map(({ call }) => call))].join(', ')
}

/** Ranks of a communicator that are not in the collective call that others are in. */
function collectiveHints(reports: readonly RankReport[]): string[] {
  const seen = new Set<string>()
  return reports.flatMap((report) =>
    (report.picture?.waits ?? []).flatMap((wait) => {
      if (wait.collective === undefined || seen.has(`${wait.context} ${wait.tag}`)) return []
      seen.add(`${wait.context} ${wait.tag}`)
      return collectiveHint(reports, report, wait)
    }),
  )
}

function collectiveHint(reports: readonly RankReport[], report: RankReport, wait: WaitPicture): string[] {
  const comm = commPicture(report, wait.context)
  const inCall = `rank ${report.rank} is in ${collectiveText(wait)}, ${collectiveCall(wait.tag)} on ${comm.name}`
  // Of a call among neighbours, the others are none of this rank's business.
  const members = new Set(isAmongNeighbours(wait) ? [wait.peer] : everybodyOf(comm))
  const others = reports.filter((other) => members.has(other.rank) && other.rank !== report.rank)
  const over = others.filter(isOver).map(({ rank }) => rank)
  const different = others.flatMap((other) => {
    const theirs = callOn(other, comm)
    const differs = theirs !== undefined && theirs.tag === wait.tag && !agree(theirs.collective, wait.collective)
    return differs ? [`${inCall}; there rank ${other.rank} is in ${collectiveText(theirs)}`] : []
  })
  const elsewhere = others
    .filter((other) => other.picture !== undefined && !isOver(other) && !callOn(other, comm))
    .map(({ rank }) => rank)
  const behind = others.flatMap((other) => {
    const theirs = callOn(other, comm)
    return theirs !== undefined && (theirs.tag as number) < (wait.tag as number) ? { other, theirs } : []
  })
  return [
    ...(over.length > 0 ? [`${inCall}, but ${rankList(over)} ${over.length === 1 ? 'has' : 'have'} ended`] : []),
    ...different,
    ...(elsewhere.length > 0 ? [`${inCall}, ${rankList(elsewhere)} in none on ${comm.name}`] : []),
    ...behind.map(({ other, theirs }) => {
      const both = `${inCall}, rank ${other.rank} in ${callNumber(theirs.tag ?? 0)}, ${collectiveText(theirs)}`
      const known = firstDifference(report, other, comm)
      return `${both}: ${known ?? 'one of the two may have made a call too many or too few, or one with another root or operation'}`
    }),
  ]
}

/** True if two ranks have called the same. Of two sides, the ranks beside the root name neither root nor operation. */
function agree(call = '', other = ''): boolean {
  return call === other || call.startsWith(`${other} with `) || other.startsWith(`${call} with `)
}

/** Where two ranks have parted, in words, as far as both know what they have called. */
function firstDifference(report: RankReport, other: RankReport, { context, name }: CommPicture): string | undefined {
  for (const [first, last, call] of commPicture(report, context).latest ?? [])
    for (const [from, to, theirs] of commPicture(other, context).latest ?? []) {
      const number = Math.max(first, from)
      if (number <= Math.min(last, to) && !agree(call, theirs))
        return `${collectiveCall(number)} on ${name} was ${call} on rank ${report.rank} and ${theirs} on rank ${other.rank}`
    }
  return undefined
}

/** Two ranks that both look for the root of a call on the other side of an intercommunicator, or both are it. */
function sidesHint(reports: readonly RankReport[], report: RankReport): string[] {
  return (report.picture?.waits ?? []).flatMap((wait) => {
    const comm = commPicture(report, wait.context)
    const [ownSide, otherSide] = [ranksOf(comm.ownSide ?? []), ranksOf(comm.members)]
    if (!/ root \d/.test(wait.collective ?? '') || !otherSide.includes(wait.peer as number)) return []
    const other = reports.find((one) => {
      const theirs = otherSide.includes(one.rank) && one.rank > report.rank ? callOn(one, comm) : undefined
      return theirs?.tag === wait.tag && theirs?.kind === wait.kind && ownSide.includes(theirs.peer as number)
    })
    if (other === undefined) return []
    const isRoot = /^(bcast|scatter)/.test(wait.collective ?? '') === (wait.kind === 'send')
    const why = isRoot
      ? 'both give ROOT: only one side has the root, and the other names its rank'
      : 'each waits for a root on the side of the other: on one side, the root gives ROOT and the others PROC_NULL'
    return [
      `ranks ${report.rank} and ${other.rank} are in ${collectiveText(wait)}, ${collectiveCall(wait.tag)} on ${comm.name}, and ${why}`,
    ]
  })
}

function isAmongNeighbours({ collective = '' }: WaitPicture): boolean {
  return collective.startsWith('neighbor')
}

/** Both sides of an intercommunicator. */
function everybodyOf({ members, ownSide = [] }: CommPicture): number[] {
  return ranksOf([...members, ...ownSide])
}

function callOn(report: RankReport, comm: CommPicture): WaitPicture | undefined {
  return report.picture?.waits.find(({ collective, context }) => collective !== undefined && context === comm.context)
}

/** In MPI this is a process that exits without MPI_Finalize. */
function exitHints(reports: readonly RankReport[]): string[] {
  return reports
    .filter(({ state }) => state === 'exited')
    .map(({ rank }) => `rank ${rank} has ended before main had returned: does it call process.exit?`)
}

function sendHints(reason: Reason | undefined): string[] {
  if (reason === undefined) return []
  const ended = reason.steps.at(-1)
  if (reason.kind === 'ended' && ended?.wait.collective === undefined)
    return [`rank ${ended?.next} has ended: it will neither send nor receive any more`]
  const hasSends = reason.steps.every(({ wait }) => wait.kind === 'send' && wait.collective === undefined)
  if (reason.kind !== 'cycle' || !hasSends) return []
  return [
    'all of them send and nobody receives: a synchronous or a large message is sent only when it is received; use sendrecv, or start one of the two with isend or irecv',
  ]
}

/** A receive from any source that nobody can send to: all others wait themselves. */
function wildcardHints(reports: readonly RankReport[]): string[] {
  return reports.flatMap((report) => {
    const wild = report.picture?.waits.filter(({ kind, peer }) => kind !== 'send' && peer === undefined) ?? []
    return wild.length > 0
      ? [`rank ${report.rank} waits for a message from any rank, and every other rank waits or has ended`]
      : []
  })
}

/** Listeners of packages that tidy up at the end look the same as those of a program that lives by signals. */
function signalHints(reports: readonly RankReport[]): string[] {
  const signals = [...new Set(reports.flatMap(({ picture }) => picture?.signals ?? []))]
  const names = signals.map((name) => name.slice(3)).join(',')
  return signals.map((signal) => {
    const listeners = reports.filter(({ picture }) => picture?.signals.includes(signal)).map(({ rank }) => rank)
    const listen = `${rankList(listeners)} ${listeners.length === 1 ? 'listens' : 'listen'} to ${signal}`
    return `${listen}; if what is missing comes from there, name the signal: --forward-signals ${names}`
  })
}

function selfHint({ rank, picture }: RankReport): string[] {
  const own = picture?.waits.find(({ peer, collective }) => peer === rank && collective === undefined)
  if (own === undefined) return []
  const verb = own.kind === 'send' ? 'send to' : 'receive from'
  return [`rank ${rank} waits in a ${verb} itself: start the other half with isend or irecv first`]
}

/** A main function that has returned does not wait any more. */
function forgottenHint(report: RankReport): string[] {
  const waits = isOver(report) ? (report.picture?.waits ?? []) : []
  return waits.length === 0
    ? []
    : [`main of rank ${report.rank} has returned and not waited for ${callsOf(waits)}: is an await missing?`]
}
