/**
 * The protocols of the engine, on many ranks in one thread: order and contents under random traffic and tight limits,
 * the bound on eager memory, the release of staged memory, and the far rendezvous with an agent that is played here.
 */
import fc from 'fast-check'
import t from 'tap'
import { ANY_SOURCE, ANY_TAG } from '../../../runtime/base/constants.ts'
import { resolveBuffer } from '../../../runtime/base/message-buffer.ts'
import { Engine } from '../../../runtime/engine/engine.ts'
import type { Operation } from '../../../runtime/engine/operation.ts'
import { CALL_NOW, type CallNow, type Header, type Recorder } from '../../../runtime/engine/recorder.ts'
import { CREDIT_PORTION, EAGER_OVERHEAD, EAGER_WINDOW } from '../../../runtime/engine/tunables.ts'
import { InprocHub, type InprocOptions } from '../../../runtime/transport/inproc.ts'
import { FRAME, Frame, type Inlet, type Transport } from '../../../runtime/transport/transport.ts'

const CONTEXT = 0

function engines(
  size: number,
  options: InprocOptions = {},
  wrap = (transport: Transport): Transport => transport,
): Engine[] {
  const hub = new InprocHub(size, options)
  return Array.from({ length: size }, (_, rank) => new Engine((progress) => wrap(hub.open(rank, progress))))
}

const send = (from: Engine, data: Int32Array, dest: number, tag = 0, synchronous = false): Operation =>
  from.isend(resolveBuffer(data, 'test'), dest, CONTEXT, tag, synchronous, 'test')
const receive = (to: Engine, data: Int32Array, source: number, tag = 0): Operation =>
  to.irecv(resolveBuffer(data, 'test'), source, CONTEXT, tag, 'test')

interface Message {
  readonly source: number
  readonly dest: number
  readonly tag: number
  readonly count: number
}

const RANKS = 3
const rank = fc.nat(RANKS - 1)
const message: fc.Arbitrary<Message> = fc.record({
  source: rank,
  dest: rank,
  tag: fc.nat(1),
  count: fc.constantFrom(2, 3, 16, 17, 600),
})
const limits = fc.record({
  eagerLimit: fc.constantFrom(0, 12, 64, 16_384),
  queueLimit: fc.constantFrom(1, 2, 1000),
})

t.test(
  'messages keep their order by sender and their contents, whatever the protocols and the way they are received',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 60 }),
        limits,
        fc.boolean(),
        fc.boolean(),
        async (messages, options, wild, late) => {
          const world = engines(RANKS, options)
          const at = (rank: number): Engine => world[rank] as Engine
          const sendAll = (): Operation[] =>
            messages.map(({ source, dest, tag, count }, i) =>
              send(
                at(source),
                Int32Array.from({ length: count }, (_, k) => (k === 0 ? i : k)),
                dest,
                tag,
              ),
            )
          // One receive for each message, in the order of sending: exact ones must get exactly theirs.
          const receiveAll = (): { operation: Operation; data: Int32Array; dest: number }[] =>
            messages.map(({ source, dest, tag }) => {
              const data = new Int32Array(600)
              return {
                operation: wild ? receive(at(dest), data, ANY_SOURCE, ANY_TAG) : receive(at(dest), data, source, tag),
                data,
                dest,
              }
            })
          const early = late ? [] : receiveAll()
          const sends = sendAll()
          const receives = late ? receiveAll() : early
          await Promise.all(
            [...sends, ...receives.map(({ operation }) => operation)].map((operation) => operation.settled()),
          )

          const lastSeen = new Map<string, number>()
          for (const [index, { operation, data, dest }] of receives.entries()) {
            const id = data[0] as number
            const sent = messages[id] as Message
            if (operation.source !== sent.source || operation.tag !== sent.tag || dest !== sent.dest) return false
            if (operation.nbytes !== 4 * sent.count) return false
            if (data.some((x, k) => x !== (k === 0 ? id : k < sent.count ? k : 0))) return false
            if (!wild && id !== index) return false
            const pair = `${sent.source} ${sent.dest}`
            if (wild && id < (lastSeen.get(pair) ?? -1)) return false
            lastSeen.set(pair, id)
          }
          return world.every((engine) => !engine.hasUnsentFrames)
        },
      ),
      { numRuns: 300 },
    )
    t.pass('300 programs')
  },
)

t.test('a rank that receives nothing holds no more eager bytes of a peer than the window', async (t) => {
  const [a, b] = engines(2) as [Engine, Engine]
  const nbytes = 1024
  const sends = Array.from({ length: 5000 }, (_, i) => send(a, new Int32Array(nbytes / 4).fill(i), 1))
  const eager = sends.filter((operation) => operation.done).length
  t.equal(eager, Math.floor(EAGER_WINDOW / (nbytes + EAGER_OVERHEAD)))
  const data = new Int32Array(nbytes / 4)
  for (let i = 0; i < sends.length; i++) {
    await receive(b, data, 0).settled()
    if (data[0] !== i || data.at(-1) !== i) t.fail(`message ${i} holds ${data[0]}`)
  }
  await Promise.all(sends.map((operation) => operation.settled()))
  t.ok(send(a, data, 1).done, 'the window is open again')
})

/** Frames that are tried and frames that arrive while `count` sends are under way at once, of which few have room, until all are received. */
async function framesOf(count: number, queueLimit: number): Promise<number> {
  let frames = 0
  const [a, b] = engines(2, { queueLimit }, (inner) =>
    override(inner, {
      trySend: (dest, frame) => (frames++, inner.trySend(dest, frame)),
      poll: (deliver) => inner.poll((frame) => (frames++, deliver(frame))),
    }),
  ) as [Engine, Engine]
  const sends = Array.from({ length: count }, (_, i) => send(a, new Int32Array(256).fill(i), 1))
  const data = new Int32Array(256)
  for (let i = 0; i < count; i++) await receive(b, data, 0).settled()
  await Promise.all(sends.map((operation) => operation.settled()))
  return frames
}

t.test('sends that wait for room cost no more each if there are many of them', async (t) => {
  for (const queueLimit of [1, 64, 1000]) {
    const [few, many] = [await framesOf(500, queueLimit), await framesOf(5000, queueLimit)]
    t.ok(many < 15 * few, `${few} frames for 500 sends, ${many} for 5000`)
  }
})

t.test('empty messages are bounded too', async (t) => {
  const [a] = engines(2) as [Engine, Engine]
  const sends = Array.from({ length: 20_000 }, () => send(a, new Int32Array(0), 1))
  t.equal(sends.filter((operation) => operation.done).length, Math.floor(EAGER_WINDOW / EAGER_OVERHEAD))
})

t.test('a synchronous send ends when its receive is matched, not before', async (t) => {
  const [a, b] = engines(2) as [Engine, Engine]
  const sent = send(a, Int32Array.of(1), 1, 0, true)
  b.progress()
  a.progress()
  t.notOk(sent.done)
  await receive(b, new Int32Array(1), 0).settled()
  await sent.settled()
  t.ok(sent.done)
})

t.test('a receive that is taken back matches nothing; one that has matched cannot be', async (t) => {
  const [a, b] = engines(2) as [Engine, Engine]
  const cancelled = receive(b, new Int32Array(1), 0)
  t.ok(b.cancel(cancelled))
  const data = new Int32Array(1)
  const next = receive(b, data, 0)
  await send(a, Int32Array.of(7), 1).settled()
  await next.settled()
  t.same([cancelled.done, cancelled.cancelled, data[0]], [true, true, 7])
  t.notOk(b.cancel(next))
})

/** A transport whose user memory is private: rendezvous messages must be staged, and the staging given back. */
function privateMemory(inner: Transport, live: Set<ArrayBufferLike>): Transport {
  return override(inner, {
    isShared: () => false,
    alloc: (nbytes) => {
      const memory = new SharedArrayBuffer(nbytes)
      live.add(memory)
      return new Uint8Array(memory)
    },
    free: (bytes) => {
      if (!live.delete(bytes.buffer)) throw new Error('freed memory that is not allocated')
    },
  })
}

function override(inner: Transport, methods: Partial<Transport>): Transport {
  const outer: Transport = {
    worldRank: inner.worldRank,
    worldSize: inner.worldSize,
    eagerLimit: (dest) => inner.eagerLimit(dest),
    trySend: (dest, frame) => inner.trySend(dest, frame),
    poll: (deliver) => inner.poll(deliver),
    isNear: (dest) => inner.isNear(dest),
    hostOf: (dest) => inner.hostOf(dest),
    isShared: (bytes) => inner.isShared(bytes),
    alloc: (nbytes) => inner.alloc(nbytes),
    free: (bytes) => inner.free(bytes),
    setWaiting: (waiting) => inner.setWaiting(waiting),
  }
  return Object.assign(outer, methods)
}

/** Plays the agents of two hosts: fetches on WANT, answers LANDED to the receiver and FIN to the sender. */
function farAway(inner: Transport): Transport {
  const offered = new Map<number, Uint8Array>()
  const control = (fields: Partial<Frame>): Frame => Object.assign(new Frame(), fields)
  return override(inner, {
    isNear: () => false,
    hostOf: (dest) => dest,
    trySend(dest, frame) {
      if (frame.kind !== FRAME.RTS) return inner.trySend(dest, frame)
      const sent = inner.trySend(dest, Object.assign(new Frame(), frame, { region: undefined }))
      if (sent) offered.set(frame.id, frame.region as Uint8Array)
      return sent
    },
    poll(deliver) {
      inner.poll((frame) => {
        if (frame.kind !== FRAME.WANT) {
          deliver(frame)
          return
        }
        const { id, aux, source, dest, nbytes } = frame
        ;(frame.region as Uint8Array).set(offered.get(id) as Uint8Array)
        offered.delete(id)
        inner.trySend(source, control({ kind: FRAME.LANDED, id, aux, source: dest, dest: source, nbytes }))
        deliver(control({ kind: FRAME.FIN, id, source, dest }))
      })
    },
  })
}

for (const [name, far] of [
  ['near', false],
  ['far', true],
] as const)
  t.test(`${name} rendezvous: all staged memory is given back, once, also after errors`, async (t) => {
    const live = new Set<ArrayBufferLike>()
    const wrap = (inner: Transport): Transport => privateMemory(far ? farAway(inner) : inner, live)
    const [a, b] = engines(2, { eagerLimit: 16 }, wrap) as [Engine, Engine]
    const data = new Int32Array(100)
    for (const sender of [a, b]) {
      const sent = send(
        sender,
        Int32Array.from({ length: 100 }, (_, i) => i),
        1,
      )
      const received = receive(b, data.fill(0), sender.worldRank)
      await Promise.all([sent.settled(), received.settled()])
      t.same([received.nbytes, data[99]], [400, 99])
    }

    const object = a.isend(resolveBuffer(new Int32Array(100), 'test'), 1, CONTEXT, 0, false, 'test')
    await t.rejects(b.irecv(undefined, 0, CONTEXT, 0, 'recvObject').settled(), { code: 'MPI_ERR_TYPE' })
    await object.settled()

    const long = send(a, new Int32Array(200), 1)
    await t.rejects(receive(b, data, 0).settled(), {
      code: 'MPI_ERR_TRUNCATE',
      message:
        'MPI_ERR_TRUNCATE: test: the sender sent 200 int32 elements (800 bytes), the receive buffer has room for 100 int32 elements (400 bytes) (message from world rank 0 to world rank 1, tag 0)',
    })
    await long.settled()
    t.equal(live.size, 0)
  })

t.test('two probes for one message: both see it, and the message stays until it is received', async (t) => {
  const [a, b] = engines(2) as [Engine, Engine]
  const probes = [b.probe(0, CONTEXT, 5, 'probe'), b.probe(ANY_SOURCE, CONTEXT, ANY_TAG, 'probe')]
  const elsewhere = b.probe(0, CONTEXT, 6, 'probe')
  send(a, Int32Array.of(1, 2), 1, 5)
  await Promise.all(probes.map((probe) => probe.settled()))
  t.notOk(elsewhere.done)
  t.match(b.iprobe(0, CONTEXT, 5), { source: 0, tag: 5, nbytes: 8, elementType: { name: 'int32' } })
  t.equal(b.iprobe(0, CONTEXT, 6), undefined)
  await receive(b, new Int32Array(2), 0, 5).settled()
  t.equal(b.iprobe(0, CONTEXT, 5), undefined)
})

t.test('after any traffic the window is whole again, and what is sent at once overtakes nothing', async (t) => {
  for (const queueLimit of [1, 2, 1000]) {
    const [a, b] = engines(2, { queueLimit }) as [Engine, Engine]
    const received: number[] = []
    let next = 0
    const sendOne = (): void => {
      const data = Int32Array.of(next++)
      if (!a.sendNow(resolveBuffer(data, 'test'), 1, CONTEXT, 0, CALL_NOW.SEND)) send(a, data, 1)
    }
    const receiveAll = (): void => {
      for (let data = new Int32Array(1); receive(b, data, 0).done; data = new Int32Array(1))
        received.push(data[0] as number)
      // The last one has found nothing.
      for (const { operation } of b.pending()) b.cancel(operation)
    }
    // Twice the window in overheads alone.
    for (let round = 0; next < (2 * EAGER_WINDOW) / EAGER_OVERHEAD; round++) {
      for (let i = 0; i < 3; i++) sendOne()
      receiveAll()
      sendOne() // there is room in the queue, and some wait for it
      while (a.hasUnsentFrames || b.hasUnsentFrames) {
        receiveAll()
        a.progress()
      }
      receiveAll()
      const mine = new Int32Array(1)
      send(a, Int32Array.of(round), 0, 7)
      if (!receive(a, mine, 0, 7).done || mine[0] !== round)
        t.fail(`message ${round} of the rank to itself is ${mine[0]}`)
    }
    a.progress()
    t.same(
      received,
      Array.from({ length: next }, (_, i) => i),
    )
    const large = new Int32Array(4096 - EAGER_OVERHEAD)
    const fit = Math.floor((EAGER_WINDOW - CREDIT_PORTION) / 16_384)
    for (let i = 0; i < fit; i++) for (const dest of [0, 1]) t.ok(send(a, large, dest, 9).done, 'eager')
  }
})

t.test('a rank that never waits sees what has come when it probes', (t) => {
  for (const look of ['iprobe', 'improbe'] as const) {
    const [a, b] = engines(2) as [Engine, Engine]
    t.equal(b[look](0, CONTEXT, 0), undefined)
    send(a, Int32Array.of(1), 1)
    t.equal(b[look](0, CONTEXT, 0)?.nbytes, 4)
    t.equal(b[look](0, CONTEXT, 0)?.nbytes, look === 'iprobe' ? 4 : undefined)
  }
  t.end()
})

t.test('a recorder is told of each message that is received on the shortest way, and of no other', (t) => {
  const view = resolveBuffer(new Float64Array(1), 'test')
  const floats = {
    kind: FRAME.EAGER,
    elementType: view.elementType.code,
    context: CONTEXT,
    source: 0,
    dest: 1,
    nbytes: 8,
  }
  const tags = [3, 1, 4, 1, 5]
  let next = 0
  const inlet: Inlet = {
    peek: (frame) => void Object.assign(frame, { ...floats, tag: tags[next], id: -1 - next }),
    take: () => void next++,
  }
  const told: (Partial<Header> & { call: CallNow })[] = []
  const recorder = {
    begin: () => undefined,
    receivedNow: (call: CallNow, { source, tag, id }: Header) => void told.push({ call, source, tag, id }),
  } as Partial<Recorder> as Recorder
  const inlets = { inletOf: () => inlet, inletNow: () => inlet }
  const engine = new Engine((progress) => Object.assign(new InprocHub(2).open(1, progress), inlets), recorder)
  for (const [i, tag] of tags.entries()) {
    t.equal(engine.irecvNow(view, 0, CONTEXT, tag + 1), undefined, 'the next message has another tag')
    t.equal(told.length, i)
    t.equal(engine[i % 2 === 0 ? 'recvNow' : 'irecvNow'](view, 0, CONTEXT, tag)?.tag, tag)
  }
  const calls = [CALL_NOW.RECV, CALL_NOW.IRECV, CALL_NOW.RECV, CALL_NOW.IRECV, CALL_NOW.RECV]
  t.same(
    told,
    calls.map((call, i) => ({ call, source: 0, tag: tags[i], id: -1 - i })),
  )
  t.end()
})
