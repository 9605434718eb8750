/**
 * Long messages from private and shared memory, past the point where threads read each other's memory by address: windows
 * in both directions, strided receivers, objects, reductions. Prints ok, or what arrived wrong.
 */
import ndarray from 'ndarray'
import { run, SUM, waitAll } from 'tsmpi'

const MIB = 1024 * 1024
/** More than a thread copies before it loads what copies by address. */
const WARM_UP_MESSAGES = 150

await run(async ({ world, alloc, log }) => {
  const { rank } = world
  const peer = 1 - rank
  const wrong: string[] = []
  const check = (what: string, array: ArrayLike<number>, expected: (i: number) => number): void => {
    const at = Array.prototype.findIndex.call(array, (value, i) => value !== expected(i))
    if (at !== -1) wrong.push(`${what}: element ${at} is ${array[at]}, expected ${expected(at)}`)
  }
  const value = (seed: number) => (i: number) => seed * 1000 + (i % 991)
  const filled = (array: Float64Array, seed: number): Float64Array => array.map((_, i) => value(seed)(i))

  const [a, b] = [new Float64Array(MIB / 4), new Float64Array(MIB / 4)]
  for (let i = 0; i < WARM_UP_MESSAGES; i++) await world.sendrecv(a, b, { dest: peer, source: peer })

  for (const length of [2049, 32_768, 32_769, 65_537, 400_000]) {
    for (const memory of ['private', 'shared']) {
      const make = (): Float64Array => (memory === 'shared' ? alloc(Float64Array, length) : new Float64Array(length))
      const sent = [1, 2, 3, 4].map((k) => filled(make(), 10 * rank + k))
      const received = sent.map(make)
      await waitAll([
        ...received.map((into, tag) => world.irecv(into, { source: peer, tag })),
        ...sent.map((from, tag) => world.isend(from, { dest: peer, tag })),
      ])
      for (const [k, into] of received.entries()) check(`${memory} ${length}`, into, value(10 * peer + k + 1))
    }
    const columns = ndarray(new Float64Array(2 * length), [length], [2])
    const unexpected = world.isend(filled(new Float64Array(length), rank), { dest: peer, tag: 9 })
    await world.barrier()
    await world.recv(columns, { source: peer, tag: 9 })
    await unexpected.wait()
    check(
      `strided ${length}`,
      columns.data.filter((_, i) => i % 2 === 0),
      value(peer),
    )
    const sum = new Float64Array(length)
    await world.allreduce(filled(new Float64Array(length), rank + 1), sum, { op: SUM })
    check(`sum ${length}`, sum, (i) => value(1)(i) + value(2)(i))
    const sending = world.sendObject(filled(new Float64Array(length), rank), { dest: peer })
    const { value: object } = await world.recvObject<Float64Array>({ source: peer })
    await sending
    check(`object ${length}`, object, value(peer))
  }
  const all = await world.gatherObject(wrong)
  if (rank === 0) log((all ?? []).flat().join('\n') || 'ok')
})
