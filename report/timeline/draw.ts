/**
 * The timeline of a trace in a window of time: a row for each rank with what it does, arrows for messages. Used for the
 * page as it is written and, in the reader's browser, after each zoom. Invariant: the number of marks is bounded by the
 * pixels of the picture, however long the trace. Layer below: trace.ts, Observable Plot.
 */
import * as Plot from '@observablehq/plot'
import { digits, type Legend } from '../figure.ts'
import { STATES, type Trace } from './trace.ts'

/** In us since the first event. */
export interface Window {
  readonly from: number
  readonly to: number
}

/** Waiting is pale: what is done stands out. */
export const TIMELINE_LEGEND: Legend = {
  names: ['compute', ...STATES, 'message'],
  colors: ['#4269d0', '#e28b00', '#b4bcc9', '#3fa7ad', '#3ca951', '#c0297e'],
  marks: ['area', 'area', 'area', 'area', 'area', 'line'],
}
const COLOR = new Map(TIMELINE_LEGEND.names.map((name, index) => [name, TIMELINE_LEGEND.colors[index] as string]))

/** Arrows at most: more would hide the rest. */
const MOST_ARROWS = 150
const MARGIN = { left: 96, right: 16 } as const

/** The whole trace. Local. */
export function wholeWindow({ ranks }: Trace): Window {
  return { from: Math.min(...ranks.map(({ begun }) => begun)), to: Math.max(...ranks.map(({ ended }) => ended)) }
}

/** Where in a picture of this width time runs: from the first to the second, in pixels. Local. */
export function timeRange(width: number): [number, number] {
  return [MARGIN.left, width - MARGIN.right]
}

interface Bar {
  readonly row: number
  readonly state: number
  readonly from: number
  to: number
  name: string
  calls: number
}

/**
 * The picture of a window.
 *
 * @param live whether somebody can point at it: then what is pointed at is told
 */
export function timelinePlot(trace: Trace, window: Window, width: number, { live = false } = {}): Plot.PlotOptions {
  const { ranks } = trace
  const pixel = (window.to - window.from) / (width - MARGIN.left - MARGIN.right)
  const unit = unitOf(window)
  const time = (us: number): number => (Math.min(Math.max(us, window.from), window.to) - window.from) / unit.us
  const rows = ranks.map((_, row) => row)
  const bars = visibleBars(trace, window, pixel)
  const arrows = visibleArrows(trace, window)
  const bar = (data: readonly Bar[], inset: number): Plot.Markish =>
    Plot.barX(data, {
      x1: ({ from }: Bar) => time(from),
      x2: ({ to }: Bar) => time(to),
      y: 'row',
      fill: ({ state }: Bar) => STATES[state],
      insetTop: inset,
      ...(live && { title: barTitle, tip: true }),
    })
  const begin = window.from / unit.us
  return {
    width,
    height: 60 + ranks.length * Math.max(18, Math.min(44, 480 / ranks.length)),
    marginLeft: MARGIN.left,
    marginRight: MARGIN.right,
    marginBottom: 44,
    color: { domain: [...TIMELINE_LEGEND.names], range: [...TIMELINE_LEGEND.colors] },
    x: { domain: [0, (window.to - window.from) / unit.us], label: begin === 0 ? unit.name : `${unit.name} since ${Number(begin.toPrecision(7))} ${unit.name}`, grid: true }, // prettier-ignore
    y: { type: 'band', domain: rows, padding: 0.25, label: null, tickFormat: (row: number) => rowName(trace, row) },
    marks: [
      Plot.barX(ranks.filter((one) => one.ended > window.from && one.begun < window.to), {
        x1: ({ begun }) => time(begun),
        x2: ({ ended }) => time(ended),
        y: (one) => ranks.indexOf(one),
        fill: () => 'compute',
      }),
      bar(bars.filter(({ state }) => STATES[state] !== 'send under way'), 0),
      bar(bars.filter(({ state }) => STATES[state] === 'send under way'), 11),
      Plot.arrow(arrows, {
        x1: ({ sent }: Message) => time(sent),
        y1: 'from',
        x2: ({ received }: Message) => time(received),
        y2: 'to',
        stroke: COLOR.get('message') as string,
        strokeWidth: 1,
        strokeOpacity: arrows.length > 50 ? 0.5 : 0.8,
        headLength: 5,
        headAngle: 50,
      }),
    ],
  } // prettier-ignore
}

/** What of the window's messages is drawn, in words. Local. */
export function windowInWords(trace: Trace, window: Window): string {
  const { messages, total } = trace
  const inside = messages.sent.filter((sent, k) => sent < window.to && (messages.received[k] as number) > window.from).length // prettier-ignore
  const unit = unitOf(window)
  const span = `${digits((window.to - window.from) / unit.us)} ${unit.name} from ${Number((window.from / unit.us).toPrecision(7))} ${unit.name}`
  const arrows = inside > MOST_ARROWS ? `the ${MOST_ARROWS} longest of ${inside} messages` : `${inside} messages`
  const kept = messages.sent.length < total.messages || trace.slices.row.length < total.slices ? `; of ${total.slices} calls and ${total.messages} messages the longest are on this page` : '' // prettier-ignore
  return `${span}: ${arrows}${kept}`
}

function rowName({ ranks }: Trace, row: number): string {
  const { rank, host } = ranks[row] as Trace['ranks'][number]
  return ranks[row - 1]?.host === host ? `rank ${rank}` : `${host}  rank ${rank}`
}

function unitOf({ from, to }: Window): { readonly us: number; readonly name: string } {
  if (to - from >= 2e6) return { us: 1e6, name: 's' }
  return to - from >= 2e3 ? { us: 1e3, name: 'ms' } : { us: 1, name: 'us' }
}

/** Calls in the window; neighbours of one kind that are shorter than a pixel become one bar. */
function visibleBars({ slices, names }: Trace, { from, to }: Window, pixel: number): Bar[] {
  const bars: Bar[] = []
  const last = new Map<number, Bar>()
  for (let k = 0; k < slices.row.length; k++) {
    const [begun, ended] = [slices.begun[k] as number, slices.ended[k] as number]
    if (ended < from || begun > to) continue
    const [row, state] = [slices.row[k] as number, slices.state[k] as number]
    const before = last.get(row * STATES.length + state)
    if (before !== undefined && ended - begun < pixel && begun - before.to < pixel) {
      before.to = Math.max(before.to, ended)
      before.calls++
      continue
    }
    const bar = { row, state, from: begun, to: ended, name: names[slices.name[k] as number] as string, calls: 1 }
    last.set(row * STATES.length + state, bar)
    bars.push(bar)
  }
  return bars
}

function barTitle({ name, from, to, calls }: Bar): string {
  const more = calls > 1 ? `\nand ${calls - 1} more; zoom in` : ''
  return `${name}${more}\n${(to - from).toFixed(1)} us`
}

interface Message {
  readonly from: number
  readonly to: number
  readonly sent: number
  readonly received: number
}

/** The longest in the window; both ends are inside, or cut off at its edges. */
function visibleArrows({ messages }: Trace, window: Window): Message[] {
  const inside = messages.sent.flatMap((sent, k): Message[] => {
    const received = messages.received[k] as number
    if (sent >= window.to || received <= window.from) return []
    return [{ from: messages.from[k] as number, to: messages.to[k] as number, sent, received }]
  })
  return inside.sort((a, b) => b.received - b.sent - (a.received - a.sent)).slice(0, MOST_ARROWS)
}
