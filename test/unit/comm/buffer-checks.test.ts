/** The costly checks find buffers that are touched while a call is under way, and change nothing else. */
import t from 'tap'
import { PROC_NULL, startAll, waitAll, type Intracomm, type PersistentRequest } from '../../../index.ts'
import { checkedWorlds } from '../../helpers/checked-ranks.ts'

/** A pair of ranks under the checks. */
function pair(): [Intracomm, Intracomm] {
  return checkedWorlds(2) as [Intracomm, Intracomm]
}

const doubles = (...values: number[]): Float64Array => Float64Array.from(values)

/** What is said of a buffer that another uses. */
function overlaps(call: string, what: 'receive' | 'send', other: string): { code: string; message: string } {
  const message = `${call}: the buffer overlaps that of a ${what} under way (${other} at prog.ts:1:1)`
  return { code: 'MPI_ERR_BUFFER', message }
}

for (const n of [3, 30_000])
  t.test(`a send buffer that is changed before the wait: ${n} doubles`, async (t) => {
    const [zero, one] = pair()
    const buffer = new Float64Array(n)
    const request = zero.isend(buffer, { dest: 1 })
    buffer[n - 1] = 1
    await one.recv(new Float64Array(n), { source: 0 })
    await t.rejects(request.wait(), {
      code: 'MPI_ERR_BUFFER',
      message: /isend: the send buffer was changed between isend at prog\.ts:1:1 and the wait or test/,
    })
  })

for (const [call, n] of [
  ['send', 3],
  ['ssend', 3],
  ['send', 30_000],
] as const)
  t.test(`a ${call} that is not awaited, and its buffer changed: ${n} doubles`, async (t) => {
    const [zero, one] = pair()
    const buffer = new Float64Array(n)
    const sent = zero[call](buffer, { dest: 1 })
    buffer[0] = 1
    const received = one.recv(new Float64Array(n), { source: 0 })
    await t.rejects(sent, {
      code: 'MPI_ERR_BUFFER',
      message: `${call}: the send buffer was changed between ${call} at prog.ts:1:1 and the end of the ${call}: is an await missing?`,
    })
    await received
  })

t.test(
  'a receive that is not awaited shows no numbers; what an aborted one has not received stays as it was',
  async (t) => {
    const [, one] = pair()
    const buffer = Float64Array.of(1, 2)
    const controller = new AbortController()
    const received = one.recv(buffer, { source: 0, signal: controller.signal })
    t.ok(buffer.every(Number.isNaN))
    controller.abort(new Error('enough'))
    await t.rejects(received, { message: 'enough' })
    t.same([...buffer], [1, 2])
  },
)

for (const touched of ['sent', 'received', 'neither'] as const)
  t.test(`a sendrecv that is not awaited: ${touched} is changed`, async (t) => {
    const ranks = pair()
    const buffers = ranks.map(() => ({ sent: Float64Array.of(7, 8), received: Float64Array.of(1, 2, 3) }))
    const calls = ranks.map((rank, i) => {
      const { sent, received } = buffers[i] as (typeof buffers)[number]
      return rank.sendrecv(sent, received, { dest: 1 - i, source: 1 - i })
    })
    const [own] = buffers
    t.ok(own?.received.every(Number.isNaN), 'who reads too early reads no numbers')
    if (touched !== 'neither' && own !== undefined) own[touched][1] = 5
    if (touched === 'neither') await calls[0]
    else {
      const buffer = touched === 'sent' ? 'send' : 'receive'
      await t.rejects(calls[0] as Promise<unknown>, {
        code: 'MPI_ERR_BUFFER',
        message: `sendrecv: the ${buffer} buffer was changed between sendrecv at prog.ts:1:1 and the end of the sendrecv: is an await missing?`,
      })
    }
    await calls[1]
    t.same([...(buffers[1]?.received ?? [])], [7, 8, 3])
  })

t.test('a message is delivered at the wait, and what it does not cover stays as it was', async (t) => {
  const [zero, one] = pair()
  const buffer = Float64Array.of(1, 2, 3)
  const request = one.irecv(buffer, { source: 0 })
  await zero.send(Float64Array.of(7, 8), { dest: 1 })
  t.ok(buffer.every(Number.isNaN), 'who reads too early reads no numbers')
  const { count } = await request.wait()
  t.equal(count, 2)
  t.same([...buffer], [7, 8, 3])
})

t.test('a receive buffer that is written before the wait', async (t) => {
  const [zero, one] = pair()
  const buffer = new Float64Array(2)
  const request = one.irecv(buffer, { source: 0 })
  buffer[1] = 5
  await zero.send(new Float64Array(2), { dest: 1 })
  await t.rejects(request.wait(), { code: 'MPI_ERR_BUFFER', message: /the receive buffer was changed/ })
})

t.test('buffers of calls under way that overlap', (t) => {
  const [zero] = pair()
  const memory = new Float64Array(10)
  zero.irecv(memory.subarray(0, 5), { source: 1, tag: 1 })
  zero.irecv(memory.subarray(5, 10), { source: 1, tag: 2 })
  t.throws(() => zero.irecv(memory.subarray(4, 6), { source: 1, tag: 3 }), {
    code: 'MPI_ERR_BUFFER',
    message: /irecv: the buffer overlaps that of a receive under way \(irecv at prog\.ts:1:1\)/,
  })
  t.throws(() => zero.isend(memory.subarray(0, 1), { dest: 1 }), { code: 'MPI_ERR_BUFFER' })
  const strip = new Float64Array(3)
  zero.irecv(strip.subarray(0, 2), { source: 1, tag: 4 })
  t.throws(() => zero.irecv(strip.subarray(1), { source: 1, tag: 5 }), { code: 'MPI_ERR_BUFFER' })
  t.equal(strip[2], 0, 'a receive that is refused leaves its buffer alone')
  t.end()
})

t.test('a receive is under way until its wait, also when its message is there', async (t) => {
  const [zero, one] = pair()
  const buffer = new Float64Array(1)
  const request = one.irecv(buffer, { source: 0 })
  await zero.send(Float64Array.of(7), { dest: 1 })
  t.ok(request.poll(), 'the message is there')
  t.throws(() => one.irecv(buffer, { source: 0 }), overlaps('irecv', 'receive', 'irecv'))
  await request.wait()
  const next = one.irecv(buffer, { source: 0 })
  await zero.send(Float64Array.of(8), { dest: 1 })
  await next.wait()
  t.equal(buffer[0], 8, 'afterwards the buffer is the program’s')
})

for (const n of [10, 30_000])
  t.test(`a receive into what a send under way reads: ${n} doubles`, async (t) => {
    const [zero, one] = pair()
    const buffer = new Float64Array(n).fill(3)
    const sends = [() => zero.isend(buffer, { dest: 1 }), () => zero.sendInit(buffer, { dest: 1 })] as const
    for (const [i, call] of ['isend', 'sendInit'].entries()) {
      const request = sends[i as 0 | 1]()
      if ('start' in request) (request as PersistentRequest).start()
      t.throws(() => zero.irecv(buffer.subarray(1), { source: 1 }), overlaps('irecv', 'send', call))
      await t.rejects(zero.recv(buffer, { source: 1 }), overlaps('recv', 'send', call))
      await t.rejects(zero.sendrecv(doubles(1), buffer, { dest: 1, source: 1 }), overlaps('sendrecv', 'send', call))
      zero.irecv(buffer, { source: PROC_NULL })
      const again = zero.isend(buffer, { dest: 1 }) // two may read the same
      const theirs = new Float64Array(n)
      for (let i = 0; i < 2; i++) await one.recv(theirs, { source: 0 })
      await waitAll([request, again])
      t.equal(theirs[n - 1], 3)
    }
    const sent = zero.ssend(buffer, { dest: 1 })
    t.throws(() => zero.irecv(buffer.subarray(1), { source: 1 }), overlaps('irecv', 'send', 'ssend'))
    await one.recv(new Float64Array(n), { source: 0 })
    await sent
    zero.irecv(buffer, { source: 1 }).cancel()
  })

t.test('the two buffers of a sendrecv overlap', async (t) => {
  const [zero] = pair()
  const memory = doubles(1, 2, 3)
  const wrong = zero.sendrecv(memory.subarray(0, 2), memory.subarray(1), { dest: 1, source: 1 })
  const message = 'sendrecv: the send and the receive buffer overlap'
  await t.rejects(wrong, { code: 'MPI_ERR_BUFFER', message })
  t.same([...memory], [1, 2, 3])
  await zero.sendrecv(memory, memory, { dest: PROC_NULL, source: PROC_NULL })
})

t.test('a receive that is refused leaves nothing behind', async (t) => {
  const [zero] = pair()
  const buffer = doubles(1)
  await t.rejects(zero.recv(buffer, { source: 7 }), { code: 'MPI_ERR_RANK' })
  t.same([...buffer], [1])
  t.ok(zero.irecv(buffer, { source: 1 }).active)
})

{
  /** Parts of a matrix of 6 x 6 doubles, stored by rows. */
  const part = (offset: number, ...axes: readonly (readonly [extent: number, stride: number])[]) => {
    return { shape: axes.map(([extent]) => extent), stride: axes.map(([, stride]) => stride), offset }
  }
  const column = (j: number) => part(j, [6, 6])
  const row = (i: number) => part(6 * i, [6, 1])
  const all = part(0, [6, 6], [6, 1])
  for (const { what, a, b, overlap } of [
    { what: 'the same column', a: column(2), b: column(2), overlap: true },
    { what: 'neighbouring columns', a: column(2), b: column(3), overlap: false },
    { what: 'a column and one backwards', a: column(5), b: part(35, [6, -6]), overlap: true },
    { what: 'a column and a row', a: column(2), b: row(4), overlap: true },
    { what: 'a column and the rest of a row', a: column(0), b: part(25, [5, 1]), overlap: false },
    { what: 'a column and all', a: column(2), b: all, overlap: true },
    { what: 'all and all, transposed', a: all, b: part(0, [6, 1], [6, 6]), overlap: true },
    { what: 'blocks with a corner in common', a: part(0, [4, 6], [4, 1]), b: part(21, [3, 6], [3, 1]), overlap: true },
    { what: 'blocks side by side', a: part(0, [6, 6], [3, 1]), b: part(3, [6, 6], [3, 1]), overlap: false },
    { what: 'red and black', a: part(0, [18, 2]), b: part(1, [18, 2]), overlap: false },
    { what: 'a column and none', a: column(2), b: part(2, [0, 6]), overlap: false },
  ])
    t.test(`views of a matrix: ${what}`, (t) => {
      const data = new Float64Array(37).subarray(1) // does not begin where its memory does
      for (const [first, second] of [
        [a, b],
        [b, a],
      ] as const) {
        const [zero] = pair()
        const request = zero.irecv({ data, ...first }, { source: 1 })
        const next = (): unknown => zero.irecv({ data, ...second }, { source: 1 })
        if (overlap) t.throws(next, overlaps('irecv', 'receive', 'irecv'))
        else t.doesNotThrow(next)
        t.ok(request.active)
      }
      t.end()
    })
}

t.test('persistent requests are watched from each start to the wait that completes it', async (t) => {
  const [zero, one] = pair()
  const [sent, received] = [Float64Array.of(1, 2), new Float64Array(2)]
  const send = zero.sendInit(sent, { dest: 1 })
  const receive = one.recvInit(received, { source: 0 })
  for (const value of [5, 6]) {
    sent[0] = value // between the runs the buffers are the program's
    received.fill(-1)
    startAll([send, receive])
    t.ok(received.every(Number.isNaN), 'who reads too early reads no numbers')
    await waitAll([send, receive])
    t.same([...received], [value, 2])
  }
  startAll([send, receive])
  sent[1] = 9
  received[0] = 9
  await t.rejects(send.wait(), { code: 'MPI_ERR_BUFFER', message: /sendInit: the send buffer was changed/ })
  await t.rejects(receive.wait(), { code: 'MPI_ERR_BUFFER', message: /recvInit: the receive buffer was changed/ })
})

t.test('the buffer of a matched message is watched like that of a receive', async (t) => {
  const [zero, one] = pair()
  const large = new Float64Array(30_000).fill(3)
  for (const touch of [false, true]) {
    const send = zero.isend(large, { dest: 1 })
    const message = await one.mprobe()
    const buffer = new Float64Array(30_000)
    const request = message.irecv(buffer)
    t.ok(buffer.every(Number.isNaN))
    if (touch) buffer[7] = 1
    if (touch) await t.rejects(request.wait(), { code: 'MPI_ERR_BUFFER', message: /mrecv: the receive buffer/ })
    else await request.wait()
    t.ok(buffer.every((value) => value === 3))
    await send.wait()
  }
})
