/** What the recorder makes of an engine's operations: sums that are exact, and numbers that both ends of a message agree on. */
import t from 'tap'
import { createWorld } from '../../../collectives/world.ts'
import { SUM } from '../../../collectives/op.ts'
import { waitAll, waitAny } from '../../../runtime/comm/request.ts'
import { machineMs } from '../../../runtime/base/machine-clock.ts'
import { Engine } from '../../../runtime/engine/engine.ts'
import { CALL_NOW } from '../../../runtime/engine/recorder.ts'
import { EventRecorder } from '../../../runtime/trace/event-recorder.ts'
import { summarize, type ProfileSums } from '../../../runtime/trace/profile-sums.ts'
import { decodeRecords, RECORD, TraceMemory, UNDER_WAY, type TraceRecord } from '../../../runtime/trace/trace-memory.ts'
import { InprocHub } from '../../../runtime/transport/inproc.ts'

/** A rank under record. */
function open(size: number) {
  const hub = new InprocHub(size)
  return Array.from({ length: size }, (_, rank) => {
    const memory = new TraceMemory(TraceMemory.create(1024, size), size)
    const names = new Map<number, string>()
    const recorder = new EventRecorder(memory, {
      quickLooks: 1,
      locate: () => 'program.ts:1:1',
      placeIn: () => undefined,
      announce: (kind, number, text) => void (kind === 'call' && names.set(number, text)),
    })
    const { world } = createWorld(new Engine((progress) => hub.open(rank, progress), recorder), () => process.exit(1))
    return { world, memory, recorder, names }
  })
}

function recordsOf(memory: TraceMemory): TraceRecord[] {
  const records: TraceRecord[] = []
  memory.take(1024, 1024, (bytes) => records.push(...decodeRecords(bytes)))
  return records
}

/** Finds no lines, tells nobody. */
const QUIET = { quickLooks: 1, locate: () => undefined, placeIn: () => undefined, announce: () => undefined }

for (const size of [2, 3, 5, 8])
  t.test(`every call is counted once, with its bytes: p=${size}`, async (t) => {
    const ranks = open(size)
    await Promise.all(
      ranks.map(async ({ world, recorder }) => {
        const right = (world.rank + 1) % size
        const left = (world.rank + size - 1) % size
        for (let i = 0; i < 10; i++) {
          const receive = world.irecv(new Float64Array(1000), { source: left, tag: 1 })
          await waitAll([receive, world.isend(new Float64Array(1000), { dest: right, tag: 1 })])
          await world.allreduce(1, { op: SUM })
        }
        recorder.close()
      }),
    )
    for (const { memory, names } of ranks) {
      const sums: ProfileSums = summarize(memory, machineMs())
      const of = (name: string) => sums.calls.find(({ number }) => names.get(number) === name)
      t.equal(of('isend')?.count, 10)
      t.equal(of('isend')?.nbytes, 80_000)
      t.equal(of('irecv')?.count, 10)
      t.equal((of('irecv')?.nbytes ?? 0) + (of('wait')?.nbytes ?? 0), 80_000, 'a message counts where it is received')
      t.equal(of('allreduce')?.count, 10)
      t.ok(sums.communicationMs <= sums.totalMs)
    }
    const records = ranks.flatMap(({ memory }, rank) => recordsOf(memory).map((record) => ({ ...record, rank })))
    const sent = records.filter(({ kind }) => kind === RECORD.SEND || kind === RECORD.SENT)
    const received = records.filter(({ kind }) => kind === RECORD.RECEIVE || kind === RECORD.RECEIVED)
    t.strictSame(
      received.map(({ peer, id }) => `${peer}.${id}`).sort(),
      sent.map(({ rank, id }) => `${rank}.${id}`).sort(),
      'each message has one sender and one receiver',
    )
    t.ok(records.every(({ begun, ended }) => begun <= ended))
    const numberOf = ({ rank, context, tag }: (typeof records)[0]): string => `${rank} ${context} ${tag}`
    const calls = new Set(records.filter(({ kind }) => kind === RECORD.COLLECTIVE).map(numberOf))
    t.equal(calls.size, 10 * size)
    const inside = records.filter(({ kind }) => kind === RECORD.SENT || kind === RECORD.RECEIVED)
    t.ok(
      inside.length > 0 && inside.every((record) => calls.has(numberOf(record))),
      'messages have the number of their call',
    )
  })

t.test('a request that waitAny leaves for later is one wait, when its turn comes', async (t) => {
  const [sender, receiver] = open(2)
  if (sender === undefined || receiver === undefined) throw new Error('no ranks')
  const requests = [1, 2].map((tag) => receiver.world.irecv(new Uint8Array(8), { source: 0, tag }))
  for (const tag of [2, 1]) {
    const any = waitAny(requests)
    await sender.world.send(new Uint8Array(8), { dest: 1, tag })
    t.equal((await any).index, tag - 1)
  }
  receiver.recorder.close()
  const { calls, communicationMs, totalMs } = summarize(receiver.memory, machineMs())
  const wait = calls.find(({ number }) => receiver.names.get(number) === 'wait')
  t.match(wait, { count: 2, nbytes: 16 })
  t.ok(communicationMs <= totalMs)
  t.equal(recordsOf(receiver.memory).filter(({ kind }) => kind === RECORD.RECEIVE).length, 2)
})

t.test('persistent and matched receives are recorded like others', async (t) => {
  const [sender, receiver] = open(2)
  if (sender === undefined || receiver === undefined) throw new Error('no ranks')
  const persistent = receiver.world.recvInit(new Uint8Array(8), { source: 0 })
  for (let i = 0; i < 3; i++) {
    persistent.start()
    await sender.world.send(new Uint8Array(8), { dest: 1 })
    await persistent.wait()
  }
  await sender.world.send(new Uint8Array(8), { dest: 1 })
  const message = await receiver.world.mprobe({ source: 0 })
  await message.recv(new Uint8Array(8))
  receiver.recorder.close()
  const { calls } = summarize(receiver.memory, machineMs())
  const of = (name: string) => calls.find(({ number }) => receiver.names.get(number) === name)
  t.equal(of('recvInit')?.count, 3)
  t.match(of('mrecv'), { count: 1, nbytes: 8 })
  t.equal(recordsOf(receiver.memory).filter(({ kind }) => kind === RECORD.RECEIVE).length, 4)
})

t.test('what has no room is counted as lost, and the sums go on', async (t) => {
  const [rank] = open(1)
  if (rank === undefined) throw new Error('no rank')
  for (let i = 0; i < 2000; i++) await rank.world.sendrecv(new Uint8Array(1), new Uint8Array(1), { dest: 0, source: 0 })
  rank.recorder.close()
  const records = recordsOf(rank.memory)
  const lost = records.filter(({ kind }) => kind === RECORD.LOST)
  t.match(lost, [{ nbytes: 4000 - (records.length - 1) }], 'what is there and what is lost make all')
  t.ok(records.length >= 1022)
  await rank.world.barrier()
  rank.recorder.close()
  t.match(recordsOf(rank.memory), [{ kind: RECORD.COLLECTIVE }], 'there is room again')
  const [sums] = summarize(rank.memory, machineMs()).calls
  t.match(sums, { count: 4000 })
})

for (const capacity of [0, 16])
  t.test(`small messages in quick succession are all in the sums: room for ${capacity} records`, async (t) => {
    const memory = new TraceMemory(TraceMemory.create(capacity, 2), 2)
    const locate = () => {
      // Looking a line up takes all the time that may be spent on it.
      for (const end = performance.now() + 6; performance.now() < end;);
      return 'program.ts:1:1'
    }
    const recorder = new EventRecorder(memory, { ...QUIET, locate })
    const message = { context: 0, tag: 0, source: 0, dest: 1, nbytes: 8, id: -1 }
    for (let i = 0; i < 1000; i++) {
      recorder.begin()
      recorder.sentNow(CALL_NOW.SEND, message)
      if (i % 3 !== 0) continue
      recorder.begin()
      recorder.receivedNow(CALL_NOW.RECV, { ...message, source: 1, dest: 0 })
    }
    recorder.close()
    const sums = summarize(memory, machineMs())
    t.strictSame(
      sums.calls.map(({ count, nbytes }) => [count, nbytes]),
      [
        [1000, 8000],
        [334, 2672],
      ],
    )
    t.ok(sums.communicationMs <= sums.totalMs)
    t.ok(sums.places.reduce((sum, { count }) => sum + count, 0) <= 1334, 'no call is looked up twice')
    const records = recordsOf(memory)
    const lost = records.filter(({ kind }) => kind === RECORD.LOST).reduce((sum, { nbytes }) => sum + nbytes, 0)
    const kept = records.filter(({ kind }) => kind !== RECORD.LOST).length
    t.equal(kept + lost, capacity === 0 ? 0 : 1334)
  })

for (const readings of [0, 1])
  t.test(`the reader sees records while messages come quickly, whichever of them reads the clock: ${readings}`, (t) => {
    const memory = new TraceMemory(TraceMemory.create(1024, 2), 2)
    const recorder = new EventRecorder(memory, QUIET)
    const message = { context: 0, tag: 0, source: 0, dest: 1, nbytes: 8, id: -1 }
    for (let i = 0; i < readings; i++) recorder.now()
    const seen: number[] = []
    for (let i = 0; i < 10_000; i++) {
      recorder.begin()
      recorder.sentNow(CALL_NOW.SEND, message)
      if (i % 64 === 63) seen.push(recordsOf(memory).length)
    }
    t.ok(seen.every((records) => records > 0))
    t.end()
  })

t.test('what a program computes between messages in a hurry is no communication', (t) => {
  const memory = new TraceMemory(TraceMemory.create(0, 2), 2)
  const recorder = new EventRecorder(memory, QUIET)
  const message = { context: 0, tag: 0, source: 1, dest: 1, nbytes: 8, id: -1 }
  const receive = (): void => {
    recorder.begin()
    recorder.idle()
    recorder.receivedNow(CALL_NOW.RECV, message)
  }
  const send = (): void => {
    recorder.begin()
    recorder.sentNow(CALL_NOW.SEND, message)
  }
  for (let i = 0; i < 1000; i++) {
    receive()
    if (i % 100 === 99) for (const end = performance.now() + 5; performance.now() < end;);
    send()
  }
  recorder.close()
  const { totalMs, communicationMs, calls } = summarize(memory, machineMs())
  t.ok(totalMs - communicationMs >= 45, `${totalMs - communicationMs} ms of 50 that were computed`)
  t.strictSame(
    calls.map(({ count }) => count),
    [1000, 1000],
  )
  t.end()
})

t.test('what a program computes before a collective call, after messages in a hurry, is no part of the call', (t) => {
  const memory = new TraceMemory(TraceMemory.create(0, 2), 2)
  const recorder = new EventRecorder(memory, QUIET)
  const message = { context: 0, tag: 0, source: 1, dest: 1, nbytes: 8, id: -1 }
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 2020; i++) {
      recorder.begin()
      recorder.sentNow(CALL_NOW.SEND, message)
    }
    for (const end = performance.now() + 5; performance.now() < end;);
    const begun = recorder.collectiveBegins()
    recorder.idle() // for the others
    recorder.collective({ call: 'barrier', context: 1, tag: 0, place: undefined, begun, algorithm: '', nbytes: 0 })
  }
  recorder.close()
  const [barriers] = summarize(memory, machineMs()).calls.filter(({ count }) => count === 10)
  t.ok((barriers?.ms ?? 50) < 25, `${barriers?.ms} ms, while 50 were computed`)
  t.end()
})

t.test('the first call of each kind is looked up, however long that takes', (t) => {
  const places: string[] = []
  const recorder = new EventRecorder(new TraceMemory(TraceMemory.create(0, 2), 2), {
    ...QUIET,
    locate: () => {
      for (const end = performance.now() + 20; performance.now() < end;);
      return 'program.ts:1:1'
    },
    announce: (kind, _number, text) => void (kind === 'place' && places.push(text)),
  })
  const message = { context: 0, tag: 0, source: 1, dest: 1, nbytes: 8, id: -1 }
  for (let i = 0; i < 3; i++) {
    recorder.begin()
    recorder.sentNow(CALL_NOW.SEND, message)
    recorder.begin()
    recorder.receivedNow(CALL_NOW.RECV, message)
  }
  t.strictSame(places, ['send\tprogram.ts:1:1', 'recv\tprogram.ts:1:1'])
  t.end()
})

for (const messages of [4, 4000])
  t.test(`waits for ${messages} messages that overlap count their time once`, async (t) => {
    const [one, other] = open(2) as [ReturnType<typeof open>[number], ReturnType<typeof open>[number]]
    const buffer = new Int8Array(8)
    const received = waitAll(Array.from({ length: messages }, () => one.world.irecv(buffer, { source: 1 })))
    for (const end = performance.now() + 20; performance.now() < end;);
    for (let i = 0; i < messages; i++) await other.world.send(buffer, { dest: 0 })
    await received
    one.recorder.close()
    const { totalMs, calls } = summarize(one.memory, machineMs())
    const waits = calls.find(({ number }) => one.names.get(number) === 'wait')
    t.equal(waits?.count, messages)
    t.ok((waits?.ms ?? 0) >= 15 && (waits?.ms ?? 0) <= totalMs, `${waits?.ms} ms of ${totalMs}`)
  })

t.test(
  'a long wait whose line there was no time to find gets it from who waits; it is gone when the wait is over',
  async (t) => {
    const hub = new InprocHub(2)
    const memory = new TraceMemory(TraceMemory.create(16, 2), 2)
    const places: string[] = []
    const recorder = new EventRecorder(memory, {
      ...QUIET,
      placeIn: (stack) => (/^Error: waiting/.test(stack) ? 'program.ts:9:9' : undefined),
      announce: (kind, number, text) => void (kind === 'place' && (places[number] = text)),
    })
    const engine = new Engine((progress) => hub.open(1, progress), recorder)
    const [{ world: sender }, { world }] = [
      createWorld(new Engine((progress) => hub.open(0, progress)), () => process.exit(1)),
      createWorld(engine, () => process.exit(1)),
    ]
    const received = world.recv(new Int8Array(1), { source: 0, tag: 5 })
    for (const end = performance.now() + 30; performance.now() < end;) engine.progress()
    await new Promise((resolve) => setImmediate(resolve))
    const [wait] = [...decodeRecords(memory.waits(machineMs()))]
    t.match(wait, { kind: RECORD.CALL | UNDER_WAY, peer: 0, tag: 5 })
    t.equal(places[wait?.place ?? 0], 'recv\tprogram.ts:9:9')
    await sender.send(new Int8Array(1), { dest: 1, tag: 5 })
    await received
    t.equal(memory.waits(machineMs()).length, 0)
  },
)

t.test('no lines are looked for in waits that follow each other, though one goes on beside them', async (t) => {
  const hub = new InprocHub(2)
  const memory = new TraceMemory(TraceMemory.create(1 << 16, 2), 2)
  let [asked, exchanges] = [0, 0]
  const recorder = new EventRecorder(memory, { ...QUIET, placeIn: () => void asked++ })
  const engine = new Engine((progress) => hub.open(1, progress), recorder)
  const [{ world: sender }, { world }] = [
    createWorld(new Engine((progress) => hub.open(0, progress)), () => process.exit(1)),
    createWorld(engine, () => process.exit(1)),
  ]
  const last = world.recv(new Int8Array(1), { source: 0, tag: 9 })
  for (const end = performance.now() + 60; performance.now() < end;) {
    exchanges++
    const received = world.recv(new Int8Array(1), { source: 0, tag: 5 })
    for (let look = 0; look < 4 * recorder.waitInterval; look++) engine.progress()
    await sender.send(new Int8Array(1), { dest: 1, tag: 5 })
    await received
  }
  // A machine that stands still for a moment makes a wait long.
  t.ok(asked < exchanges / 10, `${asked} of ${exchanges}`)
  await sender.send(new Int8Array(1), { dest: 1, tag: 9 })
  await last
})

t.test('the names that a program gives to communicators are told', async (t) => {
  const hub = new InprocHub(1)
  const told: unknown[] = []
  const memory = new TraceMemory(TraceMemory.create(16, 1), 1)
  const announce = (...name: readonly unknown[]): void => void (name[0] === 'communicator' && told.push(name))
  const recorder = new EventRecorder(memory, { ...QUIET, announce })
  const engine = new Engine((progress) => hub.open(0, progress), recorder)
  const { world } = createWorld(engine, () => process.exit(1))
  world.name = 'all'
  world.name = 'everyone'
  t.strictSame(told, [
    ['communicator', 0, 'all'],
    ['communicator', 0, 'everyone'],
  ])
})
