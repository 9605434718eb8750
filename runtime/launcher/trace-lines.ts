/**
 * The lines of a trace in the Chrome trace format, one for each thing that is drawn.
 *
 * Invariant: a slice costs little: agents hand over 10 000 a second of each rank, and the launcher may have its core from a
 * rank that would rather go on. Programs repeat themselves, so all of a line but its times and the message's number is kept
 * and used again. With what reads and writes it an event takes 1.6 to 2.3 us so, and 3.4 to 5.5 if each line is made anew.
 */
import { commName, homeOf } from '../base/contexts.ts'
import { RECORD, UNDER_WAY, type TraceRecord } from '../trace/trace-memory.ts'

/**
 * What one rank's numbers stand for. A number is known before it is used, and stands for the same from then on; only
 * communicators may get another name.
 */
export interface Names {
  readonly calls: ReadonlyMap<number, string>
  /** The call, a tab, and the file:line:column. */
  readonly places: ReadonlyMap<number, string>
  /** By context, those that the program has named. */
  readonly communicators: ReadonlyMap<number, string>
}

export interface TraceRank {
  readonly rank: number
  readonly host: string
  /** Number of the host. */
  readonly hostNumber: number
}

/** From when to when, in whole nanoseconds since the trace began. */
export interface Slice {
  readonly begun: number
  readonly ended: number
}

/** Rows of one rank at most; what overlaps more than that is drawn on the last. */
export const LANES = 16
/** Wordings that are kept of a rank, the latest: a loop of a program makes a few different calls. */
const WORDINGS = 16

/** The parts of a slice's line between its times, and of the arrow that goes with it, and what they were made from. */
interface Wording {
  readonly record: TraceRecord
  readonly lane: number
  /** The name that the program has given its communicator. */
  readonly given: string | undefined
  readonly head: string
  readonly tail: string
  readonly arrow: readonly [head: string, tail: string] | undefined
}

/** Words what one rank has recorded. */
export class SliceWords {
  readonly #rank: TraceRank
  readonly #names: Names
  readonly #wordings: Wording[] = []
  #next = 0

  constructor(rank: TraceRank, names: Names) {
    this.#rank = rank
    this.#names = names
  }

  /** Appends the pieces of a slice's line, and of its message's arrow; each line begins with what separates it from the one before. */
  append(text: string[], lane: number, record: TraceRecord, slice: Slice): void {
    const { begun, ended } = slice
    const { head, tail, arrow } = this.#wordingOf(lane, record)
    text.push(head, micros(begun), ',"dur":', micros(ended - begun), tail)
    if (arrow !== undefined)
      text.push(arrow[0], String(record.id), '","ts":', micros(leaves(record) ? begun : lastOf(slice)), arrow[1])
  }

  #wordingOf(lane: number, record: TraceRecord): Wording {
    const given = this.#names.communicators.get(communicatorOf(record))
    for (const wording of this.#wordings)
      if (wording.lane === lane && wording.given === given && saysTheSame(wording.record, record)) return wording
    const wording = { record, lane, given, ...this.#word(lane, record, given) }
    this.#wordings[this.#next++ % WORDINGS] = wording
    return wording
  }

  #word(lane: number, record: TraceRecord, given: string | undefined): Pick<Wording, 'head' | 'tail' | 'arrow'> {
    const kind = record.kind & ~UNDER_WAY
    const name = this.#names.calls.get(record.call) ?? 'another call'
    const category = kind === RECORD.COLLECTIVE ? 'collective' : 'point-to-point'
    const where = `"pid":${this.#rank.hostNumber},"tid":${rowOf(this.#rank, lane)}`
    return {
      head: `,\n{"name":"${name}","cat":"${category}","ph":"X","ts":`,
      tail: `,${where},"args":${JSON.stringify({ communicator: commName(communicatorOf(record), given), ...this.#args(name, record) })}}`,
      arrow: kind === RECORD.SEND || kind === RECORD.RECEIVE ? arrowWords(this.#rank, lane, record) : undefined,
    }
  }

  /** What a click on the slice shows besides the communicator. */
  #args(name: string, record: TraceRecord): object {
    const { peer, tag, nbytes, id, place } = record
    const kind = record.kind & ~UNDER_WAY
    const sends = kind === RECORD.SEND || kind === RECORD.WAIT_OF_SEND
    const algorithm = kind === RECORD.COLLECTIVE && id > 0 ? this.#names.calls.get(id) : undefined
    return {
      ...(peer >= 0 && { [sends ? 'dest' : 'source']: peer }),
      ...(tag >= 0 && kind !== RECORD.COLLECTIVE && { tag }),
      ...(kind !== RECORD.CALL && { bytes: nbytes }),
      ...(algorithm !== undefined && { algorithm: algorithmName(name, algorithm) }),
      at: this.#names.places.get(place)?.split('\t')[1],
      ...(kind !== record.kind && { ended: false }),
    }
  }
}

/** The context that stands for the communicator. Beside it, at its foundation, it has the complement, made even as all are here. */
const communicatorOf = ({ context }: TraceRecord): number => homeOf(context) & ~1

function saysTheSame(a: TraceRecord, b: TraceRecord): boolean {
  const alike = a.kind === b.kind && a.call === b.call && a.place === b.place && a.peer === b.peer
  // Neither the number of a message is in the words nor that of a collective call; that of an algorithm is.
  const rest = a.kind === RECORD.COLLECTIVE ? a.id === b.id : a.tag === b.tag
  return alike && rest && a.nbytes === b.nbytes && a.context === b.context
}

/** An end of a message's arrow: both ends carry the sender's rank and its number of the message, which goes between these. */
function arrowWords(rank: TraceRank, lane: number, { kind, peer }: TraceRecord): readonly [string, string] {
  const sends = leaves({ kind })
  const [phase, sender, binding] = sends ? ['s', rank.rank, ''] : ['f', peer, ',"bp":"e"']
  return [
    `,\n{"name":"message","cat":"message","ph":"${phase}"${binding},"id":"${sender}.`,
    `,"pid":${rank.hostNumber},"tid":${rowOf(rank, lane)}}`,
  ]
}

/** Whether the record is of the end at which a message leaves. */
function leaves({ kind }: Pick<TraceRecord, 'kind'>): boolean {
  return (kind & ~UNDER_WAY) === RECORD.SEND || kind === RECORD.SENT
}

/** The last moment within a slice: what begins where it ends is the next one's, and an arrow that ends there too. */
export const lastOf = ({ ended }: Slice): number => ended - 1

/** An end of an arrow inside of a collective call. */
export function arrow(rank: TraceRank, lane: number, record: TraceRecord, at: number): string {
  const [head, tail] = arrowWords(rank, lane, record)
  return `${head}${record.id}","ts":${micros(at)}${tail}`
}

/** A mark on the row of a rank. */
export function instant(rank: TraceRank, at: number, name: string): string {
  return `,\n{"name":${JSON.stringify(name)},"ph":"i","s":"t","ts":${micros(at)},"pid":${rank.hostNumber},"tid":${rowOf(rank, 0)}}`
}

/** Two lines that name a row of a rank. */
export function rowNames(rank: TraceRank, lane: number): string[] {
  const row = rowOf(rank, lane)
  const name = lane === 0 ? `rank ${rank.rank}` : `rank ${rank.rank}, overlapping`
  return [
    metadata('thread_name', rank.hostNumber, row, { name }),
    metadata('thread_sort_index', rank.hostNumber, row, { sort_index: row }),
  ]
}

export function metadata(name: string, pid: number, tid: number, args: object): string {
  return JSON.stringify({ name, ph: 'M', pid, tid, args })
}

const rowOf = ({ rank }: TraceRank, lane: number): number => rank * LANES + lane

/** Nanoseconds as microseconds with three digits behind the point, as `toFixed` gives them in many times the time. */
function micros(ns: number): string {
  if (ns < 0) return (ns / 1000).toFixed(3)
  const us = Math.trunc(ns / 1000)
  return `${us}.${THOUSANDTHS[ns - 1000 * us] as string}`
}

const THOUSANDTHS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))

/** allreduceRecursiveDoubling of allreduce is recursive-doubling, bcastBinomialObject of bcastObject binomial. */
function algorithmName(call: string, functionName: string): string {
  const kind = call.replace(/(v|Block|Object)$/, '')
  const name = functionName.replace(new RegExp(`^${kind}|Object$`, 'g'), '')
  return name.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase()
}
