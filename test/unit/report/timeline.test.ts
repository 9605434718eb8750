/** Traces as a report reads them: what ranks do, messages, what is cut off, and how much of it is drawn. */
import t from 'tap'
import { drawPlot, type Document } from '../../../report/compose.ts'
import { timelinePlot, wholeWindow, windowInWords } from '../../../report/timeline/draw.ts'
import { timelineFigure } from '../../../report/timeline/figure.ts'
import { parseTrace, STATES, type Trace } from '../../../report/timeline/trace.ts'
import { parseHTML } from 'linkedom'

const row = (rank: number, host: number): object[] => [
  { name: 'process_name', ph: 'M', pid: host, tid: 0, args: { name: `host h${host}` } },
  { name: 'thread_name', ph: 'M', pid: host, tid: 16 * rank, args: { name: `rank ${rank}` } },
]
const call = (name: string, rank: number, ts: number, dur: number, args: object = {}, cat = 'point-to-point'): object => ({ name, cat, ph: 'X', ts, dur, pid: 0, tid: 16 * rank, args }) // prettier-ignore
const end = (ph: 's' | 'f', id: string, rank: number, ts: number): object => ({ name: 'message', cat: 'message', ph, id, ts, pid: 0, tid: 16 * rank }) // prettier-ignore

const EVENTS = [
  ...row(1, 1),
  ...row(0, 0),
  call('send', 0, 1000, 10, { dest: 1, tag: 7, bytes: 8, at: '/home/me/a.ts:3:5' }),
  end('s', '0.1', 0, 1000),
  call('recv', 1, 990, 30, { source: 0 }),
  end('f', '0.1', 1, 1020),
  call('isend', 1, 1100, 50),
  call('irecv', 1, 1100, 50),
  call('issendObject', 1, 1100, 50),
  call('ssendObject', 1, 1155, 5),
  call('allreduce', 0, 1200, 100, { algorithm: 'ring' }, 'collective'),
  end('s', '0.2', 0, 1210),
]

const parsed = (text: string): Trace => {
  const trace = parseTrace(text, 'trace.json')
  if (typeof trace === 'string') throw new Error(trace)
  return trace
}
const draw = (trace: Trace, from: number, to: number): string => {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as { document: Document }
  return drawPlot(timelinePlot(trace, { from, to }, 860), document).outerHTML
}

t.test('calls become what a rank does, messages have two ends', async (t) => {
  const trace = parsed(JSON.stringify(EVENTS))
  t.strictSame(trace.ranks, [
    { rank: 0, host: 'h0', begun: 10, ended: 310 },
    { rank: 1, host: 'h1', begun: 0, ended: 170 },
  ])
  const states = trace.slices.state.map((state) => STATES[state])
  t.strictSame(
    states,
    ['wait', 'send', 'send under way', 'send under way', 'send', 'collective'],
    'receives under way are not shown',
  )
  t.match(trace.names, ['recv, from 0', 'send, to 1, tag 7, 8 B, a.ts:3:5'])
  t.strictSame(
    trace.messages,
    { from: [0], to: [1], sent: [10], received: [30] },
    'an arrow without its end is left out',
  )
})

t.test('a trace without its closing bracket, or with half a line at its end, is read', async (t) => {
  const whole = `[\n${EVENTS.map((event) => JSON.stringify(event)).join(',\n')}`
  t.equal(parsed(`${whole}\n]\n`).total.slices, 6)
  t.equal(parsed(whole).total.slices, 6)
  t.equal(parsed(`${whole},\n{"name":"mess`).total.slices, 6)
  t.match(parseTrace('[x\nx\n', 'x'), /no JSON/)
  t.match(parseTrace('[]', 'x'), /no rows/)
})

t.test('the table of a timeline adds up what each rank did, overlaps once', async (t) => {
  const events = [...row(0, 0), call('wait', 0, 0, 100), call('recv', 0, 50, 100), call('send', 0, 150, 50)]
  const { tables } = timelineFigure(parsed(JSON.stringify(events)), 1)
  t.strictSame(tables[0]?.rows, [['h0', 0, 0.0002, 0.00005, 0.00015, 0, 0]])
})

t.test('a long trace is drawn with few marks, and zooming in shows single calls', async (t) => {
  const calls = Array.from({ length: 20_000 }, (_, k) => call('recv', 0, 10 * k, 5))
  const arrows = Array.from({ length: 1000 }, (_, k) => [end('s', `0.${k}`, 0, 10 * k), end('f', `0.${k}`, 1, 10 * k + 8)]) // prettier-ignore
  const trace = parsed(JSON.stringify([...row(0, 0), ...row(1, 0), ...calls, call('recv', 1, 0, 5), ...arrows.flat()]))
  const whole = wholeWindow(trace)
  const count = (svg: string): number => svg.match(/<rect /g)?.length ?? 0
  t.ok(count(draw(trace, whole.from, whole.to)) < 3000)
  t.match(windowInWords(trace, whole), /the 150 longest of 1000 messages/)
  t.ok(count(draw(trace, 1000, 1100)) >= 10, 'ten calls in a hundred microseconds')
  t.match(windowInWords(trace, { from: 1000, to: 1100 }), /^100 us from 1000 us: 1[01] messages$/)
})
