/**
 * Rank 1 receives messages of several pieces into memory of its own, which its agent knows by its address. Prints "ok", or
 * which elements are wrong.
 */
import { run, waitAll } from 'tsmpi'

/** Two pieces of bulk and a third that is shorter. */
const LENGTH = 300_000
const ROUNDS = 20

await run(async ({ world, log }) => {
  const other = 1 - world.rank
  // What it takes to name memory by its address is loaded when there is much to copy at once.
  const [much, into] = [new Uint8Array(1 << 20), new Uint8Array(1 << 20)]
  const sends = Array.from({ length: 10 }, () => world.isend(much, { dest: other, tag: 1 }))
  for (const _ of sends) await world.recv(into, { source: other, tag: 1 })
  await waitAll(sends)

  for (let round = 0; round < ROUNDS; round++) {
    const sent = Uint8Array.from({ length: LENGTH }, (_, i) => (i >> 10) * 7 + round)
    if (world.rank === 0) {
      await world.recv(new Uint8Array(0), { source: 1, tag: 2 })
      await world.send(sent, { dest: 1, tag: 3 })
      continue
    }
    const received = new Uint8Array(LENGTH)
    const request = world.irecv(received, { source: 0, tag: 3 })
    await world.send(new Uint8Array(0), { dest: 0, tag: 2 })
    await request.wait()
    const wrong = received.findIndex((byte, i) => byte !== sent[i])
    if (wrong >= 0) log(`message ${round}: byte ${wrong} is ${received[wrong]}, expected ${sent[wrong]}`)
  }
  log('ok')
})
