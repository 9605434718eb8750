/** Calls that have been noted get consecutive times in their order, whatever their kinds, and are summed by kind. */
import t from 'tap'
import { machineMs } from '../../../runtime/base/machine-clock.ts'
import { EventClock } from '../../../runtime/trace/event-clock.ts'
import { NotedCalls } from '../../../runtime/trace/noted-calls.ts'
import { NumberedNames } from '../../../runtime/trace/numbered-names.ts'
import { summarize } from '../../../runtime/trace/profile-sums.ts'
import { ProfileTally } from '../../../runtime/trace/profile-tally.ts'
import { RecordKeeper } from '../../../runtime/trace/record-keeper.ts'
import { decodeRecords, RECORD, TraceMemory, type TraceRecord } from '../../../runtime/trace/trace-memory.ts'

function open(capacity: number) {
  const memory = new TraceMemory(TraceMemory.create(capacity, 2), 2)
  const clock = new EventClock(() => undefined)
  const keeper = new RecordKeeper(memory)
  const names = new NumberedNames(() => undefined, 'wait')
  const notes = new NotedCalls(clock, new ProfileTally(memory), keeper, names.call('wait'))
  const taken = (): TraceRecord[] => {
    const records: TraceRecord[] = []
    keeper.close(clock.latest)
    memory.take(capacity, capacity, (bytes) => records.push(...decodeRecords(bytes)))
    return records
  }
  return { memory, clock, names, notes, taken }
}

t.test('sends and receives that take turns are drawn in turn, one after the other', (t) => {
  const { memory, names, notes, taken } = open(64)
  const [send, recv] = [names.call('send'), names.call('recv')]
  for (let i = 1; i <= 5; i++) {
    notes.note(notes.sends, send, 0, 1, 7, 100, -i)
    notes.note(notes.receives, recv, 0, 1, 8, 10, -i)
  }
  notes.settle()
  const records = taken()
  t.strictSame(
    records.map(({ kind, tag, id }) => [kind, tag, id]),
    [1, 2, 3, 4, 5].flatMap((i) => [
      [RECORD.SEND, 7, -i],
      [RECORD.RECEIVE, 8, -i],
    ]),
  )
  for (const [i, { begun, ended }] of records.entries()) {
    t.ok(begun < ended)
    t.ok(i === 0 || Math.abs(begun - (records[i - 1] as TraceRecord).ended) < 1e-6)
  }
  const { calls, sent } = summarize(memory, machineMs())
  const sums = calls.map(({ number, count, nbytes }) => [number, count, nbytes])
  t.strictSame(sums, [
    [send.number, 5, 500],
    [recv.number, 5, 50],
  ])
  t.strictSame(sent, [[1, 500]])
  t.end()
})

t.test('a call unlike the noted ones of its kind settles all, in their order', (t) => {
  const { names, notes, taken } = open(64)
  const [send, recv] = [names.call('send'), names.call('recv')]
  notes.note(notes.receives, recv, 0, 1, 0, 10, -1)
  notes.note(notes.sends, send, 0, 1, 0, 10, -2)
  notes.note(notes.sends, send, 0, 1, 1, 10, -3)
  notes.note(notes.receives, recv, 2, 1, 0, 10, -4)
  notes.settle()
  const records = taken()
  t.strictSame(
    records.map(({ context, tag, id }) => [context, tag, id]),
    [
      [0, 0, -1],
      [0, 0, -2],
      [0, 1, -3],
      [2, 0, -4],
    ],
  )
  t.ok(records.every(({ begun }, i) => i === 0 || begun >= (records[i - 1] as TraceRecord).begun))
  t.end()
})

t.test('waits that are noted begin when they began, and end together before what follows', (t) => {
  const { memory, clock, names, notes, taken } = open(64)
  const [send, wait] = [names.call('send'), names.call('wait')]
  notes.note(notes.sends, send, 0, 1, 0, 10, -1)
  notes.settle()
  const begun = clock.read()
  notes.waitsBegin()
  clock.read()
  notes.noteWait(notes.waits, wait, 0, 1, 0, 10, -1)
  notes.noteWait(notes.waits, wait, 0, 1, 0, 10, -2)
  notes.note(notes.sends, send, 0, 1, 0, 10, -2)
  notes.noteWait(notes.vainWaits, wait, 0, 1, 0, 0, 0)
  notes.settle()
  const [, first, second, sent, vain] = taken() as [TraceRecord, TraceRecord, TraceRecord, TraceRecord, TraceRecord]
  t.strictSame([first.begun, second.begun, vain.begun], [begun, begun, begun])
  t.equal(second.ended, first.ended)
  t.ok(sent.begun >= first.ended - 1e-6)
  t.ok(vain.ended >= sent.ended)
  t.strictSame([sent.kind, vain.kind, vain.id], [RECORD.SEND, RECORD.CALL, 0])
  const sum = summarize(memory, machineMs()).calls.find(({ number }) => number === wait.number)
  t.equal(sum?.count, 3)
  t.ok(Math.abs((sum?.ms ?? 0) - (vain.ended - begun)) < 1e-6, 'no time counts twice')
  t.end()
})

t.test('a memory that is full loses whole runs, and says how many', (t) => {
  const { names, notes, taken } = open(8)
  const send = names.call('send')
  for (let i = 1; i <= 192; i++) notes.note(notes.sends, send, 0, 1, 0, 10, -i)
  const records = taken()
  const lost = records.filter(({ kind }) => kind === RECORD.LOST).reduce((sum, { nbytes }) => sum + nbytes, 0)
  const kept = records.filter(({ kind }) => kind === RECORD.SEND)
  t.ok(lost > 0)
  t.equal(kept.length + lost, 192)
  t.strictSame(
    kept.map(({ id }) => id),
    kept.map((_, i) => -i - 1),
  )
  t.end()
})

t.test('a receive that is held is noted before whatever comes next, as its message is then', (t) => {
  const { clock, names, notes, taken } = open(64)
  const [send, recv, wait] = [names.call('send'), names.call('recv'), names.call('wait')]
  // One header for all, as an engine has it.
  const header = { context: 0, tag: 8, source: 1, dest: 0, nbytes: 10, id: 0 }
  const message = (id: number) => Object.assign(header, { id })
  notes.hold(recv, message(-1))
  notes.note(notes.sends, send, 0, 1, 7, 100, -2)
  notes.hold(recv, message(-3))
  notes.hold(recv, message(-4))
  notes.noteHeld()
  notes.hold(recv, message(-5))
  clock.read()
  notes.waitsBegin()
  notes.hold(recv, message(-6))
  notes.noteWait(notes.waits, wait, 0, 1, 9, 10, -7)
  notes.hold(recv, message(-8))
  notes.settle()
  const records = taken()
  t.strictSame(
    records.map(({ kind, tag, id }) => [kind, tag, id]),
    [-1, -2, -3, -4, -5, -6, -7, -8].map((id) =>
      id === -2 ? [RECORD.SEND, 7, id] : [RECORD.RECEIVE, id === -7 ? 9 : 8, id],
    ),
  )
  t.end()
})
