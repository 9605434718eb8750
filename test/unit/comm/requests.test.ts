/** Handles of operations: what is kept of waits, persistent requests and matched messages used wrongly. */
import t from 'tap'
import {
  ANY_SOURCE,
  startAll,
  testAll,
  testAny,
  testSome,
  UNDEFINED,
  waitAll,
  waitAny,
  waitSome,
  type PersistentRequest,
} from '../../../index.ts'
import { MessageView } from '../../../runtime/base/message-buffer.ts'
import { ELEMENT_TYPES, type ElementType } from '../../../runtime/base/element-type.ts'
import { waitsForMessagesOnly } from '../../../runtime/comm/rank-picture.ts'
import { Request } from '../../../runtime/comm/request.ts'
import { EMPTY_STATUS } from '../../../runtime/comm/status.ts'
import { Engine } from '../../../runtime/engine/engine.ts'
import { anyEnded, type Operation } from '../../../runtime/engine/operation.ts'
import { InprocHub } from '../../../runtime/transport/inproc.ts'
import { runRanks } from '../../../testing.ts'

const BYTES = ELEMENT_TYPES[1] as ElementType

t.test('a loop of waitAny over 1000 requests meets each once and leaves no reaction on the others', async (t) => {
  const engine = new Engine((progress) => new InprocHub(1).open(0, progress))
  const operations = Array.from({ length: 1000 }, (_, tag) =>
    engine.irecv(new MessageView(BYTES, 1, new Uint8Array(1)), 0, 0, tag, 'irecv'),
  )
  const requests = operations.map((operation) => new Request(engine, operation, () => EMPTY_STATUS))
  let watches = 0
  for (const operation of operations) {
    const { watch, unwatch } = operation
    operation.watch = (watcher) => (watches++, watch.call(operation, watcher))
    operation.unwatch = (watcher) => (watches--, unwatch.call(operation, watcher))
    operation.settled = () => t.fail('a promise cannot forget who waits for it') as never
  }
  const order: number[] = []
  for (let i = 0; i < 1000; i++) {
    const tag = (i * 7) % 1000
    const next = waitAny(requests)
    engine.isend(new MessageView(BYTES, 1, new Uint8Array(1)), 0, 0, tag, false, 'isend')
    order.push((await next).index)
  }
  t.same(
    order,
    Array.from({ length: 1000 }, (_, i) => (i * 7) % 1000),
  )
  t.equal(watches, 0)
  t.equal((await waitAny(requests)).index, UNDEFINED)
})

t.test('a wait that is aborted leaves no listener on the signal and no watcher on the operation', async (t) => {
  const engine = new Engine((progress) => new InprocHub(1).open(0, progress))
  const operation = engine.irecv(undefined, 0, 0, 0, 'irecv')
  const stop = new AbortController()
  let listeners = 0
  const { signal } = stop
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...rest: Parameters<typeof addEventListener>) => (
    listeners++,
    addEventListener.apply(signal, rest)
  )
  signal.removeEventListener = (...rest: Parameters<typeof removeEventListener>) => (
    listeners--,
    removeEventListener.apply(signal, rest)
  )
  const other = engine.irecv(undefined, 0, 0, 1, 'irecv')
  const first = anyEnded([operation, other], signal)
  engine.cancel(other)
  await first
  t.equal(listeners, 0)
  const second = anyEnded([operation], signal)
  stop.abort(new Error('enough'))
  await t.rejects(second, { message: 'enough' })
  t.equal(listeners, 0)
  await t.rejects(anyEnded([operation], signal), { message: 'enough' }, 'aborted before')
})

t.test('waits that only messages can end are told from those that a signal can end', async (t) => {
  const engine = new Engine((progress) => new InprocHub(1).open(0, progress))
  const receive = (tag: number): Operation => engine.irecv(undefined, 0, 0, tag, 'irecv')
  const [first, second] = [receive(1), receive(2)]
  t.notOk(waitsForMessagesOnly(engine), 'nobody waits')
  const waits = [first.settled(), anyEnded([first, second]), anyEnded([second])]
  t.same([first.waits, second.waits, engine.waits], [2, 2, 4])
  t.ok(first.awaited === waits[0] && second.awaited === waits[1])
  t.ok(waitsForMessagesOnly(engine))
  const stop = new AbortController()
  const abortable = anyEnded([first, second], stop.signal)
  t.notOk(waitsForMessagesOnly(engine), 'a signal may end one of the waits')
  stop.abort(new Error('enough'))
  await t.rejects(abortable, { message: 'enough' })
  t.ok(waitsForMessagesOnly(engine), 'that one is over')
  for (const operation of [first, second]) engine.cancel(operation)
  await Promise.all(waits)
  t.same([engine.waits, engine.pending()], [0, []])
})

t.test('10 000 receives from any source cost the same each as 10, posted or arrived', async (t) => {
  const reads = async (n: number, expected: boolean): Promise<number> => {
    let count = 0
    await runRanks(1, async ({ world }) => {
      const tags = Array.from({ length: n }, (_, tag) => tag)
      const receive = (): Request[] =>
        tags.toReversed().map((tag) => world.irecv(new Int8Array(1), { source: ANY_SOURCE, tag }))
      const send = (): Request[] => tags.map((tag) => world.isend(new Int8Array(1), { dest: 0, tag }))
      const get = Map.prototype.get
      Map.prototype.get = function (key) {
        count++
        return get.call(this, key) as unknown
      }
      try {
        if (expected) receive()
        send()
        if (!expected) receive()
      } finally {
        Map.prototype.get = get
      }
    })
    return count / n
  }
  for (const expected of [true, false])
    t.ok((await reads(10_000, expected)) < (await reads(10, expected)) + 1, `expected: ${expected}`)
})

t.test('persistent requests refuse a start while active, and are empty before the first', async (t) => {
  await runRanks(1, async ({ world }) => {
    const buffer = new Int32Array(1)
    const request = world.recvInit(buffer, { source: 0, tag: 3 })
    t.match(await request.wait(), { source: ANY_SOURCE, count: 0 })
    t.equal((await waitAny([request])).index, UNDEFINED)
    t.same(await waitSome([request]), [])
    request.start()
    t.throws(() => request.start(), {
      message: 'MPI_ERR_REQUEST: start: the request of recvInit is active, expected a wait or test first',
    })
    await world.send(Int32Array.of(4), { dest: 0, tag: 3 })
    t.match(request.test(), { source: 0, tag: 3, count: 1 })
    t.equal(buffer[0], 4)
    request.start()
    request.cancel()
    t.match(await request.wait(), { cancelled: true })
    t.throws(() => world.sendInit(buffer, { dest: 1 }), { code: 'MPI_ERR_RANK' })
    t.throws(() => world.recvInit(buffer, { source: 1 }), { code: 'MPI_ERR_RANK' })
  })
})

t.test('a matched message is received once, and too small a buffer is told', async (t) => {
  await runRanks(1, async ({ world }) => {
    await Promise.all([world.send(new Int32Array(2), { dest: 0 }), world.send(new Int32Array(3), { dest: 0, tag: 1 })])
    const [first, second] = [await world.mprobe(), await world.mprobe()]
    t.match([first.status, second.status], [{ count: 2 }, { count: 3, tag: 1 }])
    await second.recv(new Int32Array(3))
    await t.rejects(second.recv(new Int32Array(3)), { code: 'MPI_ERR_REQUEST' })
    await t.rejects(first.recv(new Int32Array(1)), { code: 'MPI_ERR_TRUNCATE' })
    t.equal(world.improbe(), undefined)
  })
})

t.test('mistakes with a matched message reject, and the error handler of its communicator sees them', async (t) => {
  await runRanks(1, async ({ world }) => {
    const seen: string[] = []
    const comm = await world.dup()
    comm.errorHandler = ({ message }) => void seen.push(message)
    await Promise.all([comm.send(new Int32Array(2), { dest: 0 }), comm.sendObject('two', { dest: 0, tag: 1 })])
    const [message, object] = [await comm.mprobe({ tag: 0 }), await comm.mprobe({ tag: 1 })]
    const wrong = 'a buffer' as unknown as Int32Array
    await t.rejects(message.recv(wrong), { code: 'MPI_ERR_BUFFER' })
    t.throws(() => message.irecv(wrong), { code: 'MPI_ERR_BUFFER' })
    t.equal((await message.recv(new Int32Array(2))).count, 2, 'a refused call has not taken the message')
    await object.recvObject()
    await t.rejects(message.recv(new Int32Array(2)), { code: 'MPI_ERR_REQUEST' })
    await t.rejects(object.recvObject(), { code: 'MPI_ERR_REQUEST' })
    t.match(seen, [
      /^MPI_ERR_BUFFER: mrecv: the buffer is the string "a buffer"/,
      /^MPI_ERR_BUFFER: mrecv: the buffer is the string "a buffer"/,
      'MPI_ERR_REQUEST: mrecv: the message has been received before',
      'MPI_ERR_REQUEST: mrecvObject: the message has been received before',
    ])
    comm.free()
  })
})

t.test('testAll tells a failure once all have ended, as waitAll does: none is active after it', async (t) => {
  await runRanks(1, async ({ world }) => {
    const begin = async (): Promise<Request[]> => {
      const requests = [3, 1, 2].map((n, tag) => world.irecv(new Int32Array(n), { source: 0, tag }))
      for (const tag of [0, 1]) await world.send(new Int32Array(3), { dest: 0, tag })
      return requests
    }
    const finish = (): Promise<void> => world.send(new Int32Array(3), { dest: 0, tag: 2 })
    const [tested, waited] = [await begin(), await begin()]
    t.equal(testAll(tested), undefined, 'one is under way')
    await finish()
    t.throws(() => testAll(tested), { message: /receive buffer has room for 1 / })
    await finish()
    await t.rejects(waitAll(waited), { message: /receive buffer has room for 1 / })
    for (const requests of [tested, waited])
      t.same(
        requests.map(({ active }) => active),
        [false, false, false],
      )
    t.equal((await waitAny(tested)).index, UNDEFINED)
  })
})

t.test('what is no request is refused by all that take lists, before they do anything', async (t) => {
  await runRanks(1, async ({ world }) => {
    const receive = world.irecv(new Int32Array(1), { source: 0 })
    const persistent = world.recvInit(new Int32Array(1), { source: 0, tag: 1 })
    const signal = AbortSignal.timeout(60_000)
    const calls = { waitAll, waitAny, waitSome, testAll, testAny, testSome }
    const strangers = new Map<unknown, string>([
      [world.send(new Int32Array(1), { dest: 0 }), 'an object of class Promise'],
      [{}, 'an object of class Object'],
      [undefined, 'undefined'],
      [null, 'null'],
    ])
    for (const [stranger, words] of strangers) {
      const list = [receive, stranger] as Request[]
      for (const [call, ask] of Object.entries(calls)) {
        const refused = {
          message: `MPI_ERR_REQUEST: ${call}: the list has ${words} in it, expected requests, such as those of isend and irecv`,
        }
        await t.rejects(async () => ask(list), refused)
        if (call.startsWith('wait')) await t.rejects(async () => ask(list, { signal }), refused)
      }
      t.throws(() => startAll([persistent, stranger] as PersistentRequest[]), {
        message: `MPI_ERR_REQUEST: startAll: the list has ${words} in it, expected persistent requests, such as those of sendInit and recvInit`,
      })
    }
    t.throws(() => startAll([persistent, receive] as PersistentRequest[]), { code: 'MPI_ERR_REQUEST' })
    await t.rejects(waitAll(receive as unknown as Request[]), {
      message: 'MPI_ERR_REQUEST: waitAll: the list is an object of class Request, expected an array of requests',
    })
    t.same([receive.active, persistent.active], [true, false])
    t.equal((await waitAny([receive])).index, 0)
  })
})
