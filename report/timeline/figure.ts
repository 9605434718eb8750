/** The timeline of a trace as a figure, with a table of what each rank did. Layer below: draw.ts. */
import { digits, percent, type Figure } from '../figure.ts'
import { TIMELINE_LEGEND, timelinePlot, wholeWindow } from './draw.ts'
import { STATES, type Trace } from './trace.ts'

/** @param number of the trace among all, for the name */
export function timelineFigure(trace: Trace, number: number): Figure {
  const rows = trace.ranks.map(({ rank, host, begun, ended }, row) => {
    const seconds = STATES.map((_, state) => timeIn(trace, row, state) / 1e6)
    const [send = 0, wait = 0, collective = 0] = seconds
    const all = (ended - begun) / 1e6
    return { rank, host, all, seconds, talking: (send + wait + collective) / all }
  })
  const most = rows.reduce((a, b) => (b.talking > a.talking ? b : a))
  const window = wholeWindow(trace)
  const hosts = new Set(rows.map(({ host }) => host)).size
  return {
    id: `timeline-${number}`,
    title: `Timeline: ${trace.file}`,
    summary: `What each rank did from moment to moment: ${trace.ranks.length} ranks, ${hosts === 1 ? 'one host' : `${hosts} hosts`}, ${digits((window.to - window.from) / 1e6, 3)} s, ${trace.total.messages} messages. An arrow leads from the sending of a message to its receipt. Rank ${most.rank} spends most in calls that block, ${percent(Math.min(1, most.talking))} of its time.`, // prettier-ignore
    legend: TIMELINE_LEGEND,
    tables: [
      {
        title: 'Seconds in calls; calls may nest',
        columns: ['host', 'rank', 'from first to last call', ...STATES],
        rows: rows.map(({ host, rank, all, seconds }) => [host, rank, all, ...seconds]),
      },
      { title: 'Messages', columns: ['from rank', 'to rank', 'messages', 'mean flight, us'], rows: pairsOf(trace) },
    ],
    plot: (width) => timelinePlot(trace, window, width),
    live: trace,
  }
}

/** Microseconds in which some call of a kind is open: what overlaps counts once. */
function timeIn({ slices }: Trace, row: number, state: number): number {
  let [sum, until] = [0, -Infinity]
  for (let k = 0; k < slices.row.length; k++) {
    if (slices.row[k] !== row || slices.state[k] !== state) continue
    const [begun, ended] = [slices.begun[k] as number, slices.ended[k] as number]
    sum += Math.max(0, ended - Math.max(begun, until))
    until = Math.max(until, ended)
  }
  return sum
}

function pairsOf({ ranks, messages }: Trace): number[][] {
  const pairs = new Map<string, { from: number; to: number; count: number; us: number }>()
  for (let k = 0; k < messages.from.length; k++) {
    const [from, to] = [messages.from[k] as number, messages.to[k] as number]
    const pair = pairs.get(`${from} ${to}`) ?? { from, to, count: 0, us: 0 }
    pair.count++
    pair.us += (messages.received[k] as number) - (messages.sent[k] as number)
    pairs.set(`${from} ${to}`, pair)
  }
  const rankOf = (row: number): number => (ranks[row] as Trace['ranks'][number]).rank
  return [...pairs.values()]
    .map(({ from, to, count, us }) => [rankOf(from), rankOf(to), count, Math.round((10 * us) / count) / 10])
    .sort((a, b) => (a[0] as number) - (b[0] as number) || (a[1] as number) - (b[1] as number))
}
