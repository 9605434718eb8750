/**
 * The trace of a job in the Chrome trace format (JSON array form), which Perfetto and chrome://tracing open: a process
 * for each host, a row for each rank, arrows for messages (trace-lines.ts).
 *
 * Invariant: after every write the file is complete but for its closing bracket, which the format allows to be missing;
 * so a launcher that is killed leaves a trace that opens. Calls of a rank that overlap (nonblocking ones) go to further
 * rows of the rank, since slices of one row must nest; the end of an arrow lies inside of its call's slice, on the same row,
 * since viewers take the innermost slice there for the arrow's.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { decodeRecords, RECORD, UNDER_WAY, type TraceRecord } from '../trace/trace-memory.ts'
import {
  arrow,
  instant,
  LANES,
  lastOf,
  metadata,
  rowNames,
  SliceWords,
  type Names,
  type Slice,
  type TraceRank,
} from './trace-lines.ts'

/** Slices shorter than this could not be seen or clicked, nor hold the end of an arrow. */
const SHORTEST_NS = 100
/** Ends of arrows that are kept of a rank until their collective calls are drawn; older ones go to its first row. */
const MOST_ARROWS = 4096

/** What is drawn of a rank. */
interface Drawing {
  readonly rank: TraceRank
  readonly words: SliceWords
  readonly lanes: Slice[][]
  /** Of messages inside of collective calls: the row of such a call is known when it ends. */
  arrows: ArrowEnd[]
}

interface ArrowEnd {
  readonly record: TraceRecord
  readonly at: number
}

export class TraceFile {
  readonly #file: number
  readonly #startMs: number
  readonly #drawings = new Map<number, Drawing>()
  readonly #onError: (error: NodeJS.ErrnoException) => void
  /** Pieces of what is to be written. */
  readonly #text: string[] = []
  #failed = false
  /** Records that the ranks had no room for. */
  lost = 0

  /**
   * Begins the file, with names of the rows.
   *
   * @param path file to write; what is there is replaced
   * @param startMs this machine's clock when the trace begins
   * @param onError called once, when writing has failed later on; the rest is dropped
   * @throws the system's error if the file cannot be written
   */
  constructor(
    path: string,
    startMs: number,
    ranks: readonly TraceRank[],
    onError: (error: NodeJS.ErrnoException) => void,
  ) {
    this.#startMs = startMs
    this.#onError = onError
    this.#file = openSync(path, 'w')
    const hosts = new Map(ranks.map(({ host, hostNumber }) => [hostNumber, host]))
    const lines = [...hosts].map(([pid, host]) => metadata('process_name', pid, 0, { name: `host ${host}` }))
    lines.push(...ranks.flatMap((rank) => rowNames(rank, 0)))
    writeSync(this.#file, `[\n${lines.join(',\n')}`)
  }

  /**
   * @param names those of the rank
   * @param offsetAt what the clock of the rank's machine says more than this one's when it says so much
   */
  records(rank: TraceRank, bytes: Uint8Array, names: Names, offsetAt: (theirMs: number) => number): void {
    const drawing = this.#drawings.get(rank.rank) ?? newDrawing(rank, names)
    this.#drawings.set(rank.rank, drawing)
    for (const record of decodeRecords(bytes)) this.#record(drawing, record, this.#startMs + offsetAt(record.ended))
    this.#flush()
  }

  /** A remark about the whole trace. */
  remark(name: string, args: object): void {
    this.#text.push(',\n', metadata(name, 0, 0, args))
    this.#flush()
  }

  close(): void {
    for (const { rank, arrows } of this.#drawings.values()) this.#drawArrows(rank, 0, arrows)
    this.#flush()
    this.#append('\n]\n')
    closeSync(this.#file)
  }

  #record(drawing: Drawing, record: TraceRecord, shift: number): void {
    const { rank, words, arrows } = drawing
    const { kind } = record
    // Rounded before anything is computed from them, so that an arrow ends within its slice in the file too.
    const begun = nanoseconds(record.begun - shift)
    const slice = { begun, ended: Math.max(nanoseconds(record.ended - shift), begun + SHORTEST_NS) }
    if (kind === RECORD.LOST) {
      this.lost += record.nbytes
      this.#text.push(instant(rank, begun, `${record.nbytes} events not recorded`))
    } else if (kind === RECORD.SENT || kind === RECORD.RECEIVED) {
      arrows.push({ record, at: begun })
      if (arrows.length > MOST_ARROWS) this.#drawArrows(rank, 0, arrows.splice(0, MOST_ARROWS / 2))
    } else {
      const inside = (kind & ~UNDER_WAY) === RECORD.COLLECTIVE ? takeArrows(drawing, record, slice) : []
      const ends = kind === RECORD.SEND ? [begun] : inside.map(({ at }) => at)
      const lane = this.#laneOf(drawing, slice, ends)
      words.append(this.#text, lane, record, slice)
      this.#drawArrows(rank, lane, inside)
    }
  }

  #drawArrows(rank: TraceRank, lane: number, arrows: readonly ArrowEnd[]): void {
    for (const { record, at } of arrows) this.#text.push(arrow(rank, lane, record, at))
  }

  /**
   * The first row on which the slice nests, and where no slice inside of it is at the ends of its arrows. Slices come in the
   * order of their ends.
   */
  #laneOf({ rank, lanes }: Drawing, slice: Slice, ends: readonly number[]): number {
    const free = lanes.findIndex((row) => nests(row, slice) && !ends.some((at) => isTaken(row, at)))
    const lane = free === -1 ? Math.min(lanes.length, LANES - 1) : free
    if (lane === lanes.length) {
      lanes.push([])
      for (const line of rowNames(rank, lane)) this.#text.push(',\n', line)
    }
    occupy(lanes[lane] as Slice[], slice)
    return lane
  }

  #flush(): void {
    if (this.#text.length > 0) this.#append(this.#text.splice(0).join(''))
  }

  #append(text: string): void {
    if (this.#failed) return
    try {
      writeSync(this.#file, text)
    } catch (error) {
      this.#failed = true
      this.#onError(error as NodeJS.ErrnoException)
    }
  }
}

function newDrawing(rank: TraceRank, names: Names): Drawing {
  return { rank, words: new SliceWords(rank, names), lanes: [[]], arrows: [] }
}

const nanoseconds = (ms: number): number => Math.round(ms * 1e6)

/** The ends of arrows inside of a collective call, which has this slice. */
function takeArrows(drawing: Drawing, { context, tag }: TraceRecord, slice: Slice): ArrowEnd[] {
  const isInside = ({ record }: ArrowEnd): boolean => record.context === context && record.tag === tag
  const inside = drawing.arrows.filter(isInside)
  if (inside.length > 0) drawing.arrows = drawing.arrows.filter((end) => !isInside(end))
  return inside.map(({ record, at }) => ({ record, at: Math.min(Math.max(at, slice.begun), lastOf(slice)) }))
}

/** Outermost slices of a row that a later one can still overlap: the last ones are enough. */
const REMEMBERED = 64

/** True if the slice overlaps none of the row's but those that lie inside of it. */
function nests(row: readonly Slice[], slice: Slice): boolean {
  // Those that begin before it lie one after the other, since each has found the row free: the last of them tells.
  const before = row.findLast(({ begun }) => begun < slice.begun)
  return before === undefined || before.ended <= slice.begun
}

/** True if one of the row's slices is there at that time. */
function isTaken(row: readonly Slice[], at: number): boolean {
  const before = row.findLast(({ begun }) => begun <= at)
  return before !== undefined && before.ended > at
}

function occupy(row: Slice[], slice: Slice): void {
  while (row.length > 0 && (row.at(-1) as Slice).begun >= slice.begun) row.pop()
  row.push(slice)
  if (row.length > REMEMBERED) row.shift()
}
