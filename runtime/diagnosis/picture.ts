/**
 * What a rank tells of itself when it is asked what it is doing: plain data, sent as JSON. Ranks are world ranks unless
 * said otherwise; communicators are named by their context, which is the same on all members.
 */

/** The question what a rank is doing. */
export interface Inquiry {
  /** Also whether something that Node does not list could wake it, which costs some ten milliseconds. */
  readonly thorough: boolean
}

/** The name among `resources` of what Node has none for. */
export const HIDDEN_WORK = "work of Node's thread pool or of a native module"

/** A communicator that the rest of the picture speaks of. */
export interface CommPicture {
  readonly context: number
  readonly name: string
  /** World ranks of the members by rank, as runs of consecutive numbers. */
  readonly members: readonly Run[]
  /** Of an intercommunicator, whose members are those of the other side: this rank's own side. */
  readonly ownSide?: readonly Run[]
  /** Collective calls that this rank has made on it. */
  readonly calls: number
  /** What the latest of these were, as far as it is known and wanted. */
  readonly latest?: readonly PastCalls[]
  /** Where the program made it; undefined for those it was given. */
  readonly place: string | undefined
}

/** Collective calls of successive numbers that were all the same, in full: `bcast with root 1`. */
export type PastCalls = readonly [first: number, last: number, call: string]

/** first, first + 1, …, last */
export type Run = readonly [first: number, last: number]

/** Something a rank waits for, or has started. */
export interface WaitPicture {
  readonly kind: 'receive' | 'probe' | 'send'
  /** The call that started it; of a collective call, the form that the program has called: `ibarrier`. */
  readonly call: string
  readonly context: number
  /** Who has to act; undefined for any source. */
  readonly peer: number | undefined
  /** undefined for any tag. Of a collective call, its number on the communicator (base/call-numbers.ts). */
  readonly tag: number | undefined
  /** undefined for objects and probes. */
  readonly nbytes: number | undefined
  /** What the collective call it is part of is called in full; undefined for point-to-point. */
  readonly collective: string | undefined
  /** `file:line:column` of the program. */
  readonly place: string | undefined
}

/** Messages of one source, tag and communicator that nobody has received. */
export interface UnreceivedPicture {
  readonly source: number
  readonly context: number
  readonly tag: number
  /** Of the first. */
  readonly nbytes: number
  readonly elements: string
  readonly messages: number
  /** The collective call that sent them; undefined for point-to-point. */
  readonly collective: string | undefined
  /** `mprobe` has taken them, so that no other receive can. */
  readonly matched: boolean
}

/** What only the rank itself knows. */
export interface RankPicture {
  /** What is waited for, oldest first; the rest is only counted. */
  readonly waits: readonly WaitPicture[]
  readonly moreWaits: number
  /** Started, not ended, and not waited for. */
  readonly started: readonly WaitPicture[]
  readonly moreStarted: number
  readonly unreceived: readonly UnreceivedPicture[]
  readonly moreUnreceived: number
  readonly communicators: readonly CommPicture[]
  /** What else could wake it: timers, sockets, files, in Node's names. */
  readonly resources: readonly string[]
  /** Signals that it listens to and that do not count among these. */
  readonly signals: readonly string[]
}

/** A rank as its agent sees it. */
export interface RankReport {
  readonly rank: number
  /** `exited`: its thread has ended though its main function had not returned. */
  readonly state: 'starting' | 'running' | 'finished' | 'ended' | 'exited'
  /** undefined if the rank did not answer: it computes, or is inside a call of the system. */
  readonly picture: RankPicture | undefined
  /** Of a rank that did not answer: where it computes, innermost call first. */
  readonly stack: readonly string[]
  /** Seconds since it last sent or took a message. */
  readonly silentSeconds: number
}

/** What a rank leaves behind when its main function returns. */
export interface Leftovers {
  readonly started: readonly WaitPicture[]
  readonly moreStarted: number
  readonly unreceived: readonly UnreceivedPicture[]
  readonly moreUnreceived: number
  readonly communicators: readonly CommPicture[]
  /** Whether `--check` is on, which tells where calls were started. */
  readonly checked: boolean
  /** With `--check`: requests that have ended but that no wait or test has completed. */
  readonly neverCompleted: readonly WaitPicture[]
  readonly moreNeverCompleted: number
  /** Communicators that were not freed: which, and where they were made. */
  readonly unfreed: readonly { readonly name: string; readonly place: string | undefined }[]
  readonly moreUnfreed: number
}

/** What came to a rank when its thread had ended; its communicators have their numbers only. */
export type LateMessages = Pick<Leftovers, 'unreceived' | 'moreUnreceived' | 'communicators'>

/** World ranks in order as runs. */
export function runsOf(worldRanks: Iterable<number>): Run[] {
  const runs: [number, number][] = []
  for (const worldRank of worldRanks) {
    const last = runs.at(-1)
    if (last !== undefined && worldRank === last[1] + 1) last[1] = worldRank
    else runs.push([worldRank, worldRank])
  }
  return runs
}

/** World ranks of the members by rank; of an intercommunicator, those of the other side. */
export function membersOf({ members }: CommPicture): number[] {
  return ranksOf(members)
}

/** The numbers in runs. */
export function ranksOf(runs: readonly Run[]): number[] {
  return runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
}

/** True for the name of a call that gives a request, which something else completes: `isend`, `recvInit`. */
export function givesRequest(call: string): boolean {
  return /^i|Init$/.test(call)
}
