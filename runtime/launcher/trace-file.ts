/**
 * The trace of a job in the Chrome trace format (JSON array form), which Perfetto and chrome://tracing open: a process
 * for each host, a row for each rank, arrows for messages.
 *
 * Invariant: after every write the file is complete but for its closing bracket, which the format allows to be missing;
 * so a launcher that is killed leaves a trace that opens. Calls of a rank that overlap (nonblocking ones) go to further
 * rows of the rank, since slices of one row must nest.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { decodeRecords, RECORD, type TraceRecord } from '../trace/trace-memory.ts'

/** What one rank's numbers stand for. */
export interface Names {
  readonly calls: ReadonlyMap<number, string>
  /** The call, a tab, and the file:line:column. */
  readonly places: ReadonlyMap<number, string>
}

export interface TraceRank {
  readonly rank: number
  readonly host: string
  /** Number of the host. */
  readonly hostNumber: number
}

/** Slices shorter than this could not be seen or clicked, nor hold the end of an arrow. */
const SHORTEST_MS = 1e-4
/** Rows of one rank at most; what overlaps more than that is drawn on the last. */
const LANES = 16

export class TraceFile {
  readonly #file: number
  readonly #startMs: number
  readonly #lanes = new Map<number, Slice[][]>()
  readonly #onError: (error: NodeJS.ErrnoException) => void
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
    writeSync(this.#file, `[${separated([...lines, ...ranks.flatMap((rank) => rowNames(rank, 0))])}`)
  }

  /** @param offsetAt what the clock of the rank's machine says more than this one's when it says so much */
  records(rank: TraceRank, bytes: Uint8Array, names: Names, offsetAt: (theirMs: number) => number): void {
    const lines: string[] = []
    for (const record of decodeRecords(bytes))
      this.#record(lines, rank, record, names, this.#startMs + offsetAt(record.ended))
    this.#write(lines)
  }

  /** A remark about the whole trace. */
  remark(name: string, args: object): void {
    this.#write([JSON.stringify({ name, ph: 'M', pid: 0, tid: 0, args })])
  }

  close(): void {
    this.#append('\n]\n')
    closeSync(this.#file)
  }

  #record(lines: string[], rank: TraceRank, record: TraceRecord, names: Names, shift: number): void {
    const { kind } = record
    const begun = record.begun - shift
    const ended = Math.max(record.ended - shift, begun + SHORTEST_MS)
    if (kind === RECORD.LOST) {
      this.lost += record.nbytes
      lines.push(instant(rank, begun, `${record.nbytes} events not recorded`))
    } else if (kind === RECORD.SENT) lines.push(arrow('s', rank, 0, begun, record))
    else if (kind === RECORD.RECEIVED) lines.push(arrow('f', rank, 0, begun, record))
    else this.#appendSlice(lines, rank, record, names, { begun, ended })
  }

  #appendSlice(lines: string[], rank: TraceRank, record: TraceRecord, names: Names, slice: Slice): void {
    const lane = this.#laneOf(lines, rank, slice)
    lines.push(sliceLine(rank, lane, record, names, slice))
    if (record.kind === RECORD.SEND) lines.push(arrow('s', rank, lane, slice.begun, record))
    if (record.kind === RECORD.RECEIVE) lines.push(arrow('f', rank, lane, slice.ended, record))
  }

  /** The first row on which the slice nests. Slices come in the order of their ends. */
  #laneOf(lines: string[], rank: TraceRank, slice: Slice): number {
    const lanes = this.#lanes.get(rank.rank) ?? [[]]
    this.#lanes.set(rank.rank, lanes)
    const free = lanes.findIndex((lane) => nests(lane, slice))
    const lane = free === -1 ? Math.min(lanes.length, LANES - 1) : free
    if (lane === lanes.length) {
      lanes.push([])
      lines.push(...rowNames(rank, lane))
    }
    occupy(lanes[lane] as Slice[], slice)
    return lane
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.#append(`,${separated(lines)}`)
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

function separated(lines: readonly string[]): string {
  return lines.map((line) => `\n${line}`).join(',')
}

interface Slice {
  readonly begun: number
  readonly ended: number
}

/** Outermost slices of a row that a later one can still overlap: the last ones are enough. */
const REMEMBERED = 64

/** True if the slice overlaps none of the row's but those that lie inside of it. */
function nests(row: readonly Slice[], slice: Slice): boolean {
  return row.every((other) => other.ended <= slice.begun || other.begun >= slice.begun)
}

function occupy(row: Slice[], slice: Slice): void {
  while (row.length > 0 && (row.at(-1) as Slice).begun >= slice.begun) row.pop()
  row.push(slice)
  if (row.length > REMEMBERED) row.shift()
}

const rowOf = ({ rank }: TraceRank, lane: number): number => rank * LANES + lane
const micros = (ms: number): string => (ms * 1000).toFixed(3)

function rowNames(rank: TraceRank, lane: number): string[] {
  const row = rowOf(rank, lane)
  const name = lane === 0 ? `rank ${rank.rank}` : `rank ${rank.rank}, overlapping`
  return [
    metadata('thread_name', rank.hostNumber, row, { name }),
    metadata('thread_sort_index', rank.hostNumber, row, { sort_index: row }),
  ]
}

function metadata(name: string, pid: number, tid: number, args: object): string {
  return JSON.stringify({ name, ph: 'M', pid, tid, args })
}

function instant(rank: TraceRank, at: number, name: string): string {
  return `{"name":${JSON.stringify(name)},"ph":"i","s":"t","ts":${micros(at)},"pid":${rank.hostNumber},"tid":${rowOf(rank, 0)}}`
}

function sliceLine(rank: TraceRank, lane: number, record: TraceRecord, names: Names, { begun, ended }: Slice): string {
  const name = names.calls.get(record.call) ?? 'another call'
  const place = names.places.get(record.place)?.split('\t')[1]
  const { kind, context, peer, tag, nbytes, id } = record
  const parts = [`"communicator":"${communicatorName(context)}"`]
  if (peer >= 0) parts.push(`"${kind === RECORD.SEND ? 'dest' : 'source'}":${peer}`)
  if (tag >= 0) parts.push(`"tag":${tag}`)
  if (kind !== RECORD.CALL) parts.push(`"bytes":${nbytes}`)
  if (kind === RECORD.COLLECTIVE && id > 0)
    parts.push(`"algorithm":"${algorithmName(name, names.calls.get(id) ?? '')}"`)
  if (place !== undefined) parts.push(`"at":${JSON.stringify(place)}`)
  const category = kind === RECORD.COLLECTIVE ? 'collective' : 'point-to-point'
  return `{"name":"${name}","cat":"${category}","ph":"X","ts":${micros(begun)},"dur":${micros(ended - begun)},"pid":${rank.hostNumber},"tid":${rowOf(rank, lane)},"args":{${parts.join(',')}}}`
}

/** An end of a message's arrow: both ends carry the sender's rank and its number of the message. */
function arrow(phase: 's' | 'f', rank: TraceRank, lane: number, at: number, { id, peer }: TraceRecord): string {
  const sender = phase === 's' ? rank.rank : peer
  const binding = phase === 'f' ? ',"bp":"e"' : ''
  return `{"name":"message","cat":"message","ph":"${phase}"${binding},"id":"${sender}.${id}","ts":${micros(at)},"pid":${rank.hostNumber},"tid":${rowOf(rank, lane)}}`
}

/** The number of a communicator's context, or the name of the two that every rank is born with. */
function communicatorName(context: number): string {
  return context === 0 ? 'world' : context === 2 ? 'self' : `#${context / 2}`
}

/** allreduceRecursiveDoubling of allreduce is recursive-doubling. */
export function algorithmName(call: string, functionName: string): string {
  const name = functionName.startsWith(call) ? functionName.slice(call.length) : functionName
  return name.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase()
}
