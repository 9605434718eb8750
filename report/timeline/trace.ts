/**
 * A trace of tsmpirun as plain columns of numbers, small enough to be part of a page. Invariant: times are microseconds
 * since the first event; calls that do not block (`isend`) are told from those that do. Layer below: none.
 */

/** What a rank does during a call. */
export const STATES = ['send', 'wait', 'collective', 'send under way'] as const
export type State = (typeof STATES)[number]

export interface TraceRank {
  readonly rank: number
  readonly host: string
  /** First and last event, in us. */
  readonly begun: number
  readonly ended: number
}

/** One entry a call, column by column. */
export interface Slices {
  /** Index in `ranks`. */
  readonly row: readonly number[]
  /** Index in STATES. */
  readonly state: readonly number[]
  /** Index in `names`. */
  readonly name: readonly number[]
  /** In us. */
  readonly begun: readonly number[]
  readonly ended: readonly number[]
}

/** One entry a message. */
export interface Messages {
  /** Indices in `ranks`. */
  readonly from: readonly number[]
  readonly to: readonly number[]
  /** In us. */
  readonly sent: readonly number[]
  readonly received: readonly number[]
}

export interface Trace {
  readonly file: string
  /** By host, then by rank. */
  readonly ranks: readonly TraceRank[]
  /** What calls say of themselves, such as `recv from 3, tag 7, 8 B, program.ts:12`. */
  readonly names: readonly string[]
  readonly slices: Slices
  readonly messages: Messages
  /** What the file has; a page shows the longest of it. */
  readonly total: { readonly slices: number; readonly messages: number }
}

/** So many of each are kept; a page with more is slow to load. */
const KEPT = 40_000

/** Rows of one rank in the file: calls that overlap are on further ones. */
const LANES = 16

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly tid: number
  readonly pid: number
  readonly id?: string
  readonly ts?: number
  readonly dur?: number
  readonly args?: Readonly<Record<string, unknown>>
}

/** Reads a trace, whose closing bracket may be missing. Local. @returns what is wrong with it, if anything is */
export function parseTrace(text: string, file: string): Trace | string {
  const events = eventsOf(text)
  if (events === undefined) return 'is no JSON: expected a trace of tsmpirun --trace'
  const ranks = ranksOf(events)
  if (ranks.length === 0) return 'has no rows named "rank 0", "rank 1", …: expected a trace of tsmpirun --trace'
  const start = events.reduce((least, { ts }) => (ts === undefined ? least : Math.min(least, ts)), Infinity)
  const rowOf = new Map(ranks.map(({ rank }, row) => [rank, row]))
  const calls = callsOf(events, rowOf, start)
  const arrows = arrowsOf(events, rowOf, start)
  if (calls.length === 0) return 'has no calls: nothing was recorded'
  const slices = longest(calls)
  const messages = longest(arrows)
  const names = [...new Set(slices.map(({ name }) => name))]
  const numberOf = new Map(names.map((name, index) => [name, index]))
  return {
    file,
    ranks: ranks.map((rank, row) => ({ ...rank, ...spanOf(calls, row) })),
    names,
    slices: {
      row: slices.map(({ row }) => row),
      state: slices.map(({ state }) => STATES.indexOf(state)),
      name: slices.map(({ name }) => numberOf.get(name) as number),
      begun: slices.map(({ begun }) => begun),
      ended: slices.map(({ ended }) => ended),
    },
    messages: {
      from: messages.map(({ from }) => from),
      to: messages.map(({ to }) => to),
      sent: messages.map(({ begun }) => begun),
      received: messages.map(({ ended }) => ended),
    },
    total: { slices: calls.length, messages: arrows.length },
  }
}

/** A launcher that was killed leaves no closing bracket, and perhaps half a line. */
function eventsOf(text: string): TraceEvent[] | undefined {
  const whole = text.trimEnd()
  const lastLine = whole.slice(0, whole.lastIndexOf('\n')).replace(/,\s*$/, '')
  for (const candidate of [whole, `${whole.replace(/,$/, '')}]`, `${lastLine}]`])
    try {
      const value = JSON.parse(candidate) as unknown
      if (Array.isArray(value)) return value.filter((one): one is TraceEvent => typeof one?.ph === 'string')
    } catch {
      // The next repair may do.
    }
  return undefined
}

function ranksOf(events: readonly TraceEvent[]): { rank: number; host: string }[] {
  const meta = events.filter(({ ph }) => ph === 'M')
  const hosts = new Map(meta.flatMap(({ name, pid, args }) => (name === 'process_name' ? [[pid, String(args?.['name']).replace(/^host /, '')] as const] : []))) // prettier-ignore
  const rows = meta.flatMap(({ name, pid, tid, args }) => {
    const rank = name === 'thread_name' ? /^rank (\d+)$/.exec(String(args?.['name']))?.[1] : undefined
    return rank === undefined ? [] : [{ pid, tid, rank: Number(rank), host: hosts.get(pid) ?? String(pid) }]
  })
  return rows.sort((a, b) => a.pid - b.pid || a.rank - b.rank).map(({ rank, host }) => ({ rank, host }))
}

interface Span {
  readonly begun: number
  readonly ended: number
}

interface Call extends Span {
  readonly row: number
  readonly state: State
  readonly name: string
}

function callsOf(events: readonly TraceEvent[], rowOf: ReadonlyMap<number, number>, start: number): Call[] {
  return events.flatMap((event) => {
    const { ph, name, cat, tid, ts = 0, dur = 0 } = event as TraceEvent & { cat?: string }
    const row = rowOf.get(Math.floor(tid / LANES))
    const state = ph === 'X' ? stateOf(name, cat) : undefined
    if (row === undefined || state === undefined) return []
    return [{ row, state, name: describe(event), begun: round(ts - start), ended: round(ts - start + dur) }]
  })
}

/** Receives under way tell nothing: they are posted long before; the waiting for them is shown. */
function stateOf(name: string, category: string | undefined): State | undefined {
  const nonblocking = /^i(?!probe|mprobe)[a-z]/.test(name)
  const sends = /send(Object)?$/i.test(name)
  if (nonblocking) return sends ? 'send under way' : undefined
  if (category === 'collective') return 'collective'
  return sends ? 'send' : 'wait'
}

function describe({ name, args = {} }: TraceEvent): string {
  const { dest, source, tag, bytes, algorithm, at } = args
  const parts = [
    dest === undefined ? undefined : `to ${dest}`,
    source === undefined ? undefined : `from ${source}`,
    algorithm,
    tag === undefined ? undefined : `tag ${tag}`,
    bytes === undefined ? undefined : `${bytes} B`,
    typeof at === 'string' ? at.replace(/^.*\//, '') : undefined,
  ]
  return [name, ...parts.filter((part) => part !== undefined)].join(', ')
}

interface Arrow extends Span {
  readonly from: number
  readonly to: number
}

/** Both ends of an arrow carry the same id; one without its other end is left out. */
function arrowsOf(events: readonly TraceEvent[], rowOf: ReadonlyMap<number, number>, start: number): Arrow[] {
  const at = ({ tid, ts = 0 }: TraceEvent) => ({ row: rowOf.get(Math.floor(tid / LANES)), time: round(ts - start) })
  const sent = new Map(events.flatMap((event) => (event.ph === 's' && event.id !== undefined ? [[event.id, at(event)]] : []))) // prettier-ignore
  return events.flatMap((event) => {
    const from = event.ph === 'f' && event.id !== undefined ? sent.get(event.id) : undefined
    const to = at(event)
    if (from?.row === undefined || to.row === undefined) return []
    return [{ from: from.row, to: to.row, begun: from.time, ended: to.time }]
  })
}

/** The longest, in the order of their begin. */
function longest<T extends Span>(spans: readonly T[]): T[] {
  const byLength = spans.length <= KEPT ? spans : spans.toSorted((a, b) => b.ended - b.begun - (a.ended - a.begun)).slice(0, KEPT) // prettier-ignore
  return byLength.toSorted((a, b) => a.begun - b.begun)
}

function spanOf(calls: readonly Call[], row: number): Span {
  const mine = calls.filter((call) => call.row === row)
  return {
    begun: mine.reduce((least, { begun }) => Math.min(least, begun), Infinity),
    ended: mine.reduce((most, { ended }) => Math.max(most, ended), -Infinity),
  }
}

/** To a tenth of a microsecond: what is left out is below the clocks' grain. */
function round(us: number): number {
  return Math.round(us * 10) / 10
}
