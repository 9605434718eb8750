/**
 * The reports that a user reads: what a hanging or a running job does, and what a job left behind. Pure.
 */
import { hintsOf, leftoverHints, nearMisses } from './hints.ts'
import {
  membersOf,
  ranksOf,
  type CommPicture,
  type LateMessages,
  type Leftovers,
  type RankReport,
  type WaitPicture,
} from './picture.ts'
import { isOver, reasonOf, type Step } from './wait-graph.ts'
import { messageText, rankList, shortPlace, waitText } from './wording.ts'

/** Steps of a cycle shown one by one. */
const SHOWN_STEPS = 12

/** Why nothing can move any more, what every rank does, and what may be wrong. */
export function deadlockReport(reports: readonly RankReport[]): string {
  const reason = reasonOf(reports)
  const hints = hintsOf(reports, reason)
  return [
    ...(reason === undefined ? [] : chain(reason.steps, reason.kind, reports)),
    'All ranks:',
    ...rollCall(reports),
    ...lines(hints),
  ].join('\n')
}

/** What every rank of a job does whose time is over. */
export function timeoutReport(reports: readonly RankReport[]): string {
  return [...rollCall(reports), ...lines(nearMisses(reports))].join('\n')
}

function lines(hints: readonly string[]): string[] {
  return hints.map((hint) => `Hint: ${hint}${hint.endsWith('?') ? '' : '.'}`)
}

/** What every rank does, one line for ranks that do the same. */
export function rollCall(reports: readonly RankReport[]): string[] {
  const groups = new Map<string, number[]>()
  for (const report of reports) {
    const text = doing(report)
    groups.set(text, [...(groups.get(text) ?? []), report.rank])
  }
  const ranks = [...groups].map(([text, members]) => `  ${rankList(members)}: ${text}`)
  return [...ranks, ...legend(reports)]
}

/** Who the members of communicators are: calls name ranks as their communicator counts them. */
function legend(reports: readonly RankReport[]): string[] {
  const comms = reports.flatMap(({ picture }) => picture?.communicators ?? []).filter(({ context }) => context !== 0)
  const lines = comms.map((comm) => {
    const made = comm.place === undefined ? '' : `, made at ${shortPlace(comm.place)}`
    return `  ${comm.name}: ${sidesOf(comm)}${made}`
  })
  return [...new Set(lines)].sort()
}

/** 'world ranks 0-2'; of an intercommunicator 'world ranks 0-1 and, on the other side, world rank 2', from whichever side. */
function sidesOf(comm: CommPicture): string {
  const sides = [membersOf(comm), ...(comm.ownSide === undefined ? [] : [ranksOf(comm.ownSide)])]
  sides.sort(([a = 0], [b = 0]) => a - b)
  return sides.map((side) => `world ${rankList(side)}`).join(' and, on the other side, ')
}

function chain(steps: readonly Step[], kind: 'cycle' | 'ended', reports: readonly RankReport[]): string[] {
  const byRank = new Map(reports.map((report) => [report.rank, report]))
  const shown = steps.slice(0, SHOWN_STEPS).map(({ rank, wait }) => {
    const report = byRank.get(rank)
    return `  rank ${rank} waits in ${waitText(wait, report?.picture)}`
  })
  const more = steps.length > SHOWN_STEPS ? [`  … and ${steps.length - SHOWN_STEPS} ranks more`] : []
  const last = (steps.at(-1) as Step).next
  const end = kind === 'cycle' ? `  → rank ${last}, where the cycle closes` : `  → rank ${last}, which has ended`
  const title = kind === 'cycle' ? 'Each of these waits for the next:' : 'These wait for a rank that has ended:'
  return [title, ...[...shown, ...more].map((line, index) => (index === 0 ? line : line.replace(/^ {2}/, '  → '))), end]
}

/** What one rank does, in words; several lines if it is several things. */
export function doing(report: RankReport): string {
  const { state, picture } = report
  if (state === 'ended') return 'ended'
  if (state === 'exited') return 'ended before main had returned'
  if (state === 'starting') return 'has not called run yet'
  if (picture === undefined) return busy(report)
  const main = isOver(report) ? 'main has returned' : 'in no call of the runtime'
  return [
    ...(picture.waits.length === 0 || isOver(report) ? [main] : []),
    ...picture.waits.map((wait) => `in ${waitText(wait, picture)}`),
    ...andMore(picture.moreWaits, 'calls'),
    ...(picture.resources.length > 0 ? [`can be woken by ${counted(picture.resources)}`] : []),
    ...picture.started.map((one) => `started: ${waitText(one, picture)}`),
    ...andMore(picture.moreStarted, 'calls'),
    ...picture.unreceived.map((message) => `not received: ${messageText(message, picture)}`),
    ...andMore(picture.moreUnreceived, 'messages'),
  ].join('\n      ')
}

function andMore(count: number, what: string): string[] {
  return count > 0 ? [`… and ${count} ${what} more`] : []
}

function busy({ stack, silentSeconds }: RankReport): string {
  const where = stack.length === 0 ? '' : ` in ${stack.map(shortStackLine).join(' ← ')}`
  const since = silentSeconds >= 1 ? `; no message sent or taken for ${Math.floor(silentSeconds)} s` : ''
  return `computes${where}${since}`
}

function shortStackLine(line: string): string {
  return line.replace(/\/[^()]*:\d+(?=\)?( calling .*)?$)/, shortPlace)
}

/** 'Timeout' twice and 'TCPSocketWrap' as '2 Timeout, TCPSocketWrap' */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} ${name}`)).join(', ')
}

/** What the ranks left behind, a line for each thing, and what may have been forgotten. */
export function leftoversReport(
  byRank: ReadonlyMap<number, Leftovers>,
  late: ReadonlyMap<number, LateMessages>,
): string {
  const ranks = [...new Set([...byRank.keys(), ...late.keys()])].sort((a, b) => a - b)
  const told = ranks.flatMap((rank) => {
    const [left, then] = [byRank.get(rank), late.get(rank)]
    const texts = [
      ...(left === undefined ? [] : leftoversText(left)),
      ...(then === undefined ? [] : messageTexts(then)),
    ]
    return texts.map((line) => `  rank ${rank}: ${line}`)
  })
  return [...told, ...lines(leftoverHints([...byRank.values()]))].join('\n')
}

function leftoversText(left: Leftovers): string[] {
  const started = (what: WaitPicture['kind'] | 'collective'): string[] =>
    left.started
      .filter(({ collective, kind }) => (collective === undefined ? kind : 'collective') === what)
      .map((one) => waitText(one, left))
  const uncompleted = left.neverCompleted.map((one) => waitText(one, left))
  const comms = left.unfreed.map(
    ({ name, place }) => `${name} was not freed${place === undefined ? '' : `, made at ${shortPlace(place)}`}`,
  )
  return [
    ...alike(started('send'), 'a send is not complete', 'sends are not complete'),
    ...alike(started('receive'), 'a receive is not complete', 'receives are not complete'),
    ...alike(started('probe'), 'a probe is not complete', 'probes are not complete'),
    ...alike(started('collective'), 'a collective call is not complete', 'collective calls are not complete'),
    ...andMore(left.moreStarted, 'requests'),
    ...alike(uncompleted, 'no wait or test has completed a request', 'requests that no wait or test has completed'),
    ...andMore(left.moreNeverCompleted, 'requests'),
    ...messageTexts(left),
    ...comms,
    ...andMore(left.moreUnfreed, 'communicators'),
  ]
}

function messageTexts(left: LateMessages): string[] {
  const messages = left.unreceived.map((message) => `nobody received ${messageText(message, left)}`)
  return [...messages, ...andMore(left.moreUnreceived, 'messages')]
}

/** A line for each text, one for those that are the same. */
function alike(texts: readonly string[], one: string, many: string): string[] {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].map(([text, count]) => (count === 1 ? `${one}: ${text}` : `${count} ${many}: ${text}`))
}
