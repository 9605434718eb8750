/** Programs whose ranks wait for long, or for something of their own, and that are right: one for each first argument. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { ANY_SOURCE, run, waitAny, type RankContext } from 'tsmpi'

const word = (): Float64Array => new Float64Array(1)
const LONG_MS = 1000

/** Rank 0 has something to wait for; when it has come, it tells the others, who wait for rank 0. */
async function others({ world }: RankContext, wait: () => Promise<unknown>): Promise<void> {
  if (world.rank === 0) {
    await wait()
    for (let dest = 1; dest < world.size; dest++) await world.send(word(), { dest })
  } else await world.recv(word(), { source: 0 })
  await world.barrier()
}

const PROGRAMS: Record<string, (context: RankContext) => Promise<unknown>> = {
  timer: (context) => others(context, () => new Promise((resolve) => setTimeout(resolve, LONG_MS))),

  /** A rank that waits in a receive, and at the same time for a timer that will send what it waits for. */
  both: (context) =>
    others(context, async () => {
      setTimeout(() => void context.self.send(word(), { dest: 0, tag: 1 }), LONG_MS)
      await context.self.recv(word(), { source: 0, tag: 1 })
    }),

  stdin: (context) => others(context, () => once(process.stdin, 'data')),

  socket: (context) =>
    others(context, async () => {
      const server = createServer((socket) => setTimeout(() => socket.end('x'), LONG_MS)).listen(0)
      await once(server, 'listening')
      await once(createConnection((server.address() as AddressInfo).port), 'data')
      server.close()
    }),

  child: (context) => others(context, () => once(spawn('sleep', [String(LONG_MS / 1000)]), 'exit')),

  worker: (context) =>
    others(context, () => once(new Worker(`setTimeout(() => {}, ${LONG_MS})`, { eval: true }), 'exit')),

  compute: (context) =>
    others(context, () => {
      const end = performance.now() + LONG_MS
      while (performance.now() < end);
      return Promise.resolve()
    }),

  native: (context) =>
    others(context, () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LONG_MS)
      return Promise.resolve()
    }),

  /** Every rank but one waits while a token goes round slowly. */
  slow: async ({ world }) => {
    for (let turn = 0; turn < 2; turn++) {
      if (world.rank > 0) await world.recv(word(), { source: world.rank - 1 })
      await new Promise((resolve) => setTimeout(resolve, 300))
      if (world.rank < world.size - 1) await world.send(word(), { dest: world.rank + 1 })
      await world.barrier()
    }
  },

  /** Nothing but messages, for a while: at no time does the job stand still. */
  busy: async ({ world }) => {
    const end = performance.now() + LONG_MS
    const buffer = new Float64Array(20_000)
    for (let going = true; going;) {
      const to = (world.rank + 1) % world.size
      await world.sendrecv(buffer, new Float64Array(20_000), {
        dest: to,
        source: (world.rank + world.size - 1) % world.size,
      })
      const flag = Int8Array.of(performance.now() < end ? 1 : 0)
      await world.bcast(flag)
      going = flag[0] === 1
    }
  },

  /** All wait for messages that nobody sends, until a timer that keeps no event loop alive ends the waits. */
  signal: async ({ world }) => {
    const signal = AbortSignal.timeout(LONG_MS)
    const request = world.irecv(word(), { source: ANY_SOURCE, tag: 2 })
    const waits = [
      () => world.recv(word(), { source: ANY_SOURCE, tag: 1, signal }),
      () => waitAny([request], { signal }),
      () => request.wait({ signal }),
    ]
    await waits[world.rank]?.().catch(() => undefined)
    request.cancel()
    await world.barrier()
  },

  /** Most ranks are done long before the last. */
  early: async ({ world }) => {
    if (world.rank === 0) await new Promise((resolve) => setTimeout(resolve, LONG_MS))
  },
}

await run(async (context) => {
  await PROGRAMS[context.argv[0] as string]?.(context)
  if (context.world.rank === 0) context.log('done')
})
