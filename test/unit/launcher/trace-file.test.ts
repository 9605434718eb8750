/** What a trace shows of records: rows, the slices that arrows end in, and the names of communicators and algorithms. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TraceFile } from '../../../runtime/launcher/trace-file.ts'
import { blankRecord } from '../../../runtime/trace/record-keeper.ts'
import { RECORD, TraceMemory, UNDER_WAY, type TraceRecord } from '../../../runtime/trace/trace-memory.ts'
import { row, slicesAt, type TraceEvent } from '../../helpers/trace-events.ts'

const folder = mkdtempSync(join(tmpdir(), 'tsmpi-trace-file-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const CAPACITY = 16_384
const names = {
  calls: new Map<number, string>(),
  places: new Map<number, string>(),
  communicators: new Map<number, string>(),
}
const callNumber = (name: string): number => {
  names.calls.set(names.calls.size + 1, name)
  return names.calls.size
}
const ALLREDUCE = callNumber('allreduce')
const ISEND = callNumber('isend')

type Given = Partial<TraceRecord>
const collective = (tag: number, begun: number, ended: number, more: Given = {}): Given => {
  return { kind: RECORD.COLLECTIVE, call: ALLREDUCE, tag, begun, ended, ...more }
}
const inside = (tag: number, id: number, at: number, kind: number = RECORD.SENT): Given => {
  return { kind, call: ALLREDUCE, tag, id, peer: 1, begun: at, ended: at }
}
const isend = (id: number, begun: number, ended: number): Given => {
  return { kind: RECORD.SEND, call: ISEND, id, peer: 1, tag: 0, begun, ended }
}

/** The events of the trace of one rank with these records, in this order, handed over in so many parts. */
function traced(...parts: readonly (readonly Given[])[]): TraceEvent[] {
  const path = join(folder, 'trace.json')
  const rank = { rank: 0, host: 'here', hostNumber: 0 }
  const file = new TraceFile(path, 0, [rank], (error) => {
    throw error
  })
  const memory = new TraceMemory(TraceMemory.create(CAPACITY, 2), 2)
  for (const part of parts) {
    for (const record of part) memory.write({ ...blankRecord(), ...record })
    memory.publish()
    memory.take(CAPACITY, CAPACITY, (bytes) => {
      file.records(rank, bytes, names, () => 0)
    })
  }
  file.close()
  return JSON.parse(readFileSync(path, 'utf8')) as TraceEvent[]
}

const slicesOf = (events: readonly TraceEvent[]): TraceEvent[] => events.filter(({ ph }) => ph === 'X')
const arrowsOf = (events: readonly TraceEvent[]): TraceEvent[] => events.filter(({ ph }) => ph === 's' || ph === 'f')

t.test('the messages of collective calls that overlap end on the rows of their calls', async (t) => {
  const [one, two] = [collective(1, 0, 2), collective(2, 1, 3)]
  const events = traced([inside(1, 10, 0.5), inside(2, 20, 1.25)], [inside(1, 11, 1.5, RECORD.RECEIVED), one], [two])
  const [first, second] = slicesOf(events)
  t.not(row(first as TraceEvent), row(second as TraceEvent))
  for (const arrow of arrowsOf(events))
    t.equal(slicesAt(events, arrow)[0], arrow.id === '0.20' ? second : first, arrow.id ?? '')
  t.equal(arrowsOf(events).length, 3)
})

t.test('a call that a rank makes inside of another one does not take the arrows of that one for its own', async (t) => {
  const events = traced([isend(1, 1, 2), inside(7, 2, 1.5), collective(7, 0, 3)])
  const [send, call] = slicesOf(events)
  for (const arrow of arrowsOf(events))
    t.equal(slicesAt(events, arrow)[0], arrow.id === '0.1' ? send : call, arrow.id ?? '')
})

t.test('nor does a message that comes when a send begins take the arrow of that', async (t) => {
  const came: Given = { kind: RECORD.RECEIVE, call: ISEND, id: 5, peer: 1, begun: 1, ended: 1.5 }
  const events = traced([came, isend(1, 1, 2)])
  const [first, second] = slicesOf(events)
  for (const arrow of arrowsOf(events)) t.equal(slicesAt(events, arrow)[0], arrow.ph === 's' ? second : first)
})

t.test('arrows end inside of their slices, whatever the rounding', async (t) => {
  const records: Given[] = []
  for (let i = 0; i < 200; i++) {
    const begun = i / 100 + i / 7e6
    const ended = begun + (i % 5) / 3e6
    records.push({ ...isend(2 * i, begun, ended), kind: i % 2 === 0 ? RECORD.SEND : RECORD.RECEIVE })
    records.push(inside(i, 2 * i + 1, ended + 1e-6, RECORD.RECEIVED), collective(i, ended, ended + 2e-7))
  }
  const events = traced(records)
  for (const arrow of arrowsOf(events)) {
    const slice = slicesAt(events, arrow)[0]
    t.equal(slice?.name, Number(arrow.id?.split('.')[1]) % 2 === 0 ? 'isend' : 'allreduce', arrow.id ?? '')
  }
  t.equal(arrowsOf(events).length, 400)
})

t.test('arrows of a call that has not ended have its row, those of a call that is not drawn the first', async (t) => {
  const waits = collective(2, 1, 3, { kind: RECORD.COLLECTIVE | UNDER_WAY })
  const events = traced([isend(1, 0.5, 2), inside(2, 2, 1.5), inside(3, 3, 1.75), waits])
  const call = slicesOf(events).find(({ name }) => name === 'allreduce')
  t.match(call?.args, { ended: false, tag: undefined })
  const rows = new Map(arrowsOf(events).map((arrow) => [arrow.id, arrow.tid]))
  t.strictSame([rows.get('0.2'), rows.get('0.3')], [call?.tid, 0])
})

t.test('of a call with more messages than are kept none is missing', async (t) => {
  const count = 10_000
  const arrows = Array.from({ length: count }, (_, i) => inside(1, i, 1 + i / count))
  const events = traced([...arrows, collective(1, 0.5, 2.5)])
  t.equal(new Set(arrowsOf(events).map(({ id }) => id)).size, count)
  for (const arrow of arrowsOf(events)) if (slicesAt(events, arrow)[0]?.name !== 'allreduce') t.fail(arrow.id ?? '')
})

t.test('a communicator has its number, and the name that the program has given it last', async (t) => {
  const told = (...contexts: number[]): unknown[] =>
    slicesOf(traced(contexts.map((context, i) => collective(i, i, i + 0.5, { context })))).map(
      ({ args }) => args?.['communicator'],
    )
  t.strictSame(told(0, 2, 16), ['world', 'self', 'communicator 8'])
  names.communicators.set(16, 'row "0"')
  t.strictSame(told(0, 16), ['world', 'communicator 8 "row "0""'])
  names.communicators.set(16, 'row 1')
  t.strictSame(told(16), ['communicator 8 "row 1"'])
  // At the foundation of another, messages have the complement of their communicator's context.
  t.strictSame(told(~0 & ~1, ~16 & ~1), ['world', 'communicator 8 "row 1"'])
})

t.test('algorithms are named without the name of the call', async (t) => {
  for (const [call, algorithm, shown] of [
    ['allreduce', 'allreduceRecursiveDoubling', 'recursive-doubling'],
    ['reduceScatterBlock', 'reduceScatterPairwise', 'pairwise'],
    ['allgatherv', 'allgatherRing', 'ring'],
    ['bcastObject', 'bcastBinomialObject', 'binomial'],
    ['reduceObject', 'gatherBinomialObject', 'gather-binomial'],
    ['neighborAlltoall', 'allAtOnce', 'all-at-once'],
  ] as const) {
    const [slice] = slicesOf(traced([collective(1, 0, 1, { call: callNumber(call), id: callNumber(algorithm) })]))
    t.match(slice, { name: call, args: { algorithm: shown } })
  }
})
