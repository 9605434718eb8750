/** The costly checks find buffers that are touched while a call is under way, and change nothing else. */
import t from 'tap'
import { startAll, waitAll, type Intracomm } from '../../../index.ts'
import { checkedWorlds } from '../../helpers/checked-ranks.ts'

/** A pair of ranks under the checks. */
function pair(): [Intracomm, Intracomm] {
  return checkedWorlds(2) as [Intracomm, Intracomm]
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
