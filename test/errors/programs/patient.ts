/**
 * Right programs that look as if they hung: their ranks wait for long, for something of their own, or for each other in
 * ways that nearly go wrong. Arguments: which of them, one after the other; rank 0 says when each is done.
 */
import { spawn } from 'node:child_process'
import { scrypt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, watch } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createConnection, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { gzip } from 'node:zlib'
import {
  ANY_SOURCE,
  Cartcomm,
  Intercomm,
  run,
  startAll,
  SUM,
  waitAll,
  waitAny,
  waitSome,
  type Intracomm,
  type RankContext,
} from 'tsmpi'

const word = (value = 0): Float64Array => Float64Array.of(value)
/** Long enough for a deadlock to be told, if one were. */
const LONG_MS = 1500

function compute(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** Rank 0 has something to wait for; when it has come, it tells the others, who wait for rank 0. */
async function others({ world }: RankContext, wait: () => Promise<unknown>): Promise<void> {
  if (world.rank === 0) {
    await wait()
    for (let dest = 1; dest < world.size; dest++) await world.send(word(), { dest })
  } else await world.recv(word(), { source: 0 })
  await world.barrier()
}

/** As `others`, but all that time rank 0 waits in a receive as well: what it sends itself when the wait is over. */
function both(context: RankContext, begin: (over: () => void) => void): Promise<void> {
  const { self } = context
  return others(context, async () => {
    begin(() => void self.send(word(), { dest: 0, tag: 1 }))
    await self.recv(word(), { source: 0, tag: 1 })
  })
}

/** Neighbours in a ring. */
const ring = ({ rank, size }: Intracomm): { left: number; right: number } => {
  return { left: (rank + size - 1) % size, right: (rank + 1) % size }
}

const PROGRAMS: Record<string, (context: RankContext) => Promise<unknown>> = {
  // ---- something of the program's own will wake it -------------------------------------------------------------

  timer: (context) => others(context, () => sleep(LONG_MS)),

  /** A rank that waits in a receive, and at the same time for a timer that will send what it waits for. */
  both: (context) => both(context, (over) => setTimeout(over, LONG_MS)),

  interval: (context) =>
    both(context, (over) => {
      let ticks = 0
      const clock = setInterval(() => {
        if (++ticks < 3) return
        clearInterval(clock)
        over()
      }, LONG_MS / 3)
    }),

  stdin: (context) =>
    others(context, async () => {
      await once(process.stdin, 'data')
      await once(process.stdin.resume(), 'end')
    }),

  lines: (context) =>
    others(context, async () => {
      for await (const line of createInterface(process.stdin)) if (line === '') throw new Error('an empty line')
    }),

  socket: (context) =>
    both(context, (over) => {
      const server = createServer((socket) => setTimeout(() => socket.end('x'), LONG_MS)).listen(0, () => {
        const socket = createConnection((server.address() as AddressInfo).port)
        socket.once('data', () => {
          socket.destroy()
          server.close()
          over()
        })
      })
    }),

  datagram: (context) =>
    both(context, (over) => {
      const socket = createSocket('udp4')
      socket.once('message', () => socket.close(over))
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address()
        spawn(process.execPath, [
          '-e',
          `setTimeout(() => { const s = require('dgram').createSocket('udp4'); s.send('x', ${port}, '127.0.0.1', () => s.close()) }, ${LONG_MS})`,
        ]).unref()
      })
    }),

  fetch: (context) =>
    both(context, (over) => {
      const server = createHttpServer((_request, response) => void sleep(LONG_MS).then(() => response.end('x')))
      server.listen(0, () => {
        const { port } = server.address() as AddressInfo
        void fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })
          .then((response) => response.text())
          .then(() => server.close(over))
      })
    }),

  child: (context) => both(context, (over) => spawn('sleep', [String(LONG_MS / 1000)]).once('exit', over)),

  output: (context) =>
    both(context, (over) => {
      const child = spawn('sh', ['-c', `sleep ${LONG_MS / 1000}; echo x`], { stdio: ['ignore', 'pipe', 'ignore'] })
      child.stdout.once('data', over)
    }),

  worker: (context) =>
    both(context, (over) => new Worker(`setTimeout(() => {}, ${LONG_MS})`, { eval: true }).once('exit', over)),

  file: (context) =>
    both(context, (over) => {
      const folder = mkdtempSync(join(tmpdir(), 'tsmpi-patient-'))
      const watcher = watch(folder, () => {
        watcher.close()
        rmSync(folder, { recursive: true })
        over()
      })
      spawn('sh', ['-c', `sleep ${LONG_MS / 1000}; : > ${join(folder, 'x')}`]).unref()
    }),

  /** Node does not list the work of its thread pool among what a thread waits for. */
  pool: (context) =>
    both(context, (over) => {
      const end = performance.now() + LONG_MS
      const again = (): void =>
        scrypt('password', 'salt', 64, { N: 2 ** 16, maxmem: 2 ** 27 }, () =>
          performance.now() < end ? again() : over(),
        )
      again()
    }),

  compressed: (context) =>
    both(context, (over) => {
      const end = performance.now() + LONG_MS
      const again = (): void => gzip(Buffer.alloc(3e7), () => (performance.now() < end ? again() : over()))
      again()
    }),

  compute: (context) =>
    others(context, () => {
      compute(LONG_MS)
      return Promise.resolve()
    }),

  /** What nobody could know of wakes a rank that stood still, and it computes at once. */
  roused: (context) =>
    others(context, async () => {
      const { self } = context
      const key = (over: () => void): void => scrypt('password', 'salt', 64, { N: 2 ** 18, maxmem: 2 ** 29 }, over)
      key(() => void self.send(word(), { dest: 0 }))
      await self.recv(word(), { source: 0 })
      compute(LONG_MS)
      // And once more without a receive that ends.
      key(() => {
        compute(LONG_MS)
        void self.send(word(), { dest: 0 })
      })
      await self.recv(word(), { source: 0 })
    }),

  native: (context) =>
    others(context, () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LONG_MS)
      return Promise.resolve()
    }),

  // ---- waits that end otherwise than by a message ----------------------------------------------------------------

  /** All wait for messages that nobody sends, until a timer that keeps no event loop alive ends the waits. */
  signal: async ({ world }) => {
    const signal = AbortSignal.timeout(LONG_MS)
    const request = world.irecv(word(), { source: ANY_SOURCE, tag: 2 })
    const waits = [
      () => world.recv(word(), { source: ANY_SOURCE, tag: 1, signal }),
      () => waitAny([request], { signal }),
      () => request.wait({ signal }),
      () => world.probe({ tag: 3, signal }),
    ]
    await waits[world.rank % waits.length]?.().catch(() => undefined)
    request.cancel()
    await request.wait()
    await world.barrier()
  },

  /** The barrier that most wait for begins on rank 0 only when all have given up waiting. */
  impatient: async ({ world, self }) => {
    const signal = AbortSignal.timeout(LONG_MS)
    const started = world.rank === 0 ? undefined : world.ibarrier()
    const first = started?.wait({ signal }) ?? self.recv(word(), { source: 0, signal })
    await first.catch(() => undefined)
    await (started ?? world.ibarrier()).wait()
  },

  /** Whoever has its message first takes back what the others still wait for. */
  cancel: async ({ world }) => {
    const requests = [1, 2].map((tag) => world.irecv(word(), { source: ANY_SOURCE, tag }))
    if (world.rank === 0) for (let dest = 0; dest < world.size; dest++) await world.send(word(), { dest, tag: 2 })
    await waitAny(requests)
    requests[0]?.cancel()
    await waitAll(requests)
  },

  // ---- looks instead of waits ------------------------------------------------------------------------------------

  probes: async ({ world }) => {
    const { left, right } = ring(world)
    while (world.rank > 0 && world.iprobe({ source: left }) === undefined) await turn()
    if (world.rank > 0) await world.recv(word(), { source: left })
    else await sleep(LONG_MS)
    if (world.rank < world.size - 1) await world.send(word(), { dest: right })
    await world.barrier()
  },

  tests: async ({ world }) => {
    const { left } = ring(world)
    const request = world.irecv(word(), { source: left })
    await sleep(world.rank === 0 ? LONG_MS : 0)
    await world.send(word(), { dest: ring(world).right })
    while (!request.test()) await sleep(50)
    await world.barrier()
  },

  ibarrier: async ({ world }) => {
    if (world.rank === 0) await sleep(LONG_MS)
    const request = world.ibarrier()
    for (let turns = 0; !request.test(); turns++) await turn()
  },

  // ---- one waits for the other -----------------------------------------------------------------------------------

  /** Every rank but one waits while a token goes round slowly. */
  slow: async ({ world }) => {
    for (let round = 0; round < 2; round++) {
      if (world.rank > 0) await world.recv(word(), { source: world.rank - 1 })
      await sleep(300)
      if (world.rank < world.size - 1) await world.send(word(), { dest: world.rank + 1 })
      await world.barrier()
    }
  },

  /** Nothing but messages, for a while: at no time does the job stand still. */
  busy: async ({ world }) => {
    const { left, right } = ring(world)
    const end = performance.now() + LONG_MS
    const buffer = new Float64Array(20_000)
    for (let going = true; going;) {
      await world.sendrecv(buffer, new Float64Array(20_000), { dest: right, source: left })
      const flag = Int8Array.of(performance.now() < end ? 1 : 0)
      await world.bcast(flag)
      going = flag[0] === 1
    }
  },

  /** All receive first, and send then: right, since the receives are only started. */
  crossed: async ({ world }) => {
    const { left, right } = ring(world)
    const requests = [world.irecv(word(), { source: left, tag: 2 }), world.irecv(word(), { source: left, tag: 1 })]
    await sleep(world.rank === 0 ? LONG_MS : 0)
    for (const tag of [1, 2]) await world.send(word(), { dest: right, tag })
    await waitSome(requests)
    await waitAll(requests)
  },

  /** Workers ask whoever has work for them; nobody knows who comes first. */
  farm: async ({ world }) => {
    const work = 3 * (world.size - 1)
    if (world.rank === 0)
      for (let given = 0, left = world.size - 1; left > 0; given++) {
        const { source } = await world.recv(word(), { source: ANY_SOURCE, tag: 1 })
        await world.send(word(given < work ? 1 : 0), { dest: source, tag: 2 })
        if (given >= work) left--
      }
    else
      for (const task = word(1); task[0] === 1;) {
        await world.send(word(), { dest: 0, tag: 1 })
        await world.recv(task, { source: 0, tag: 2 })
        if (task[0] === 1) await sleep(LONG_MS / 3 / world.rank)
      }
    await world.barrier()
  },

  /** Two waits at a time, of which the second is over only because of what follows the first. */
  concurrent: async ({ world }) => {
    const { left, right } = ring(world)
    const answer = world.recv(word(), { source: right, tag: 2 })
    const question = world.recv(word(), { source: left, tag: 1 }).then(() => world.send(word(), { dest: left, tag: 2 }))
    await sleep(world.rank === 0 ? LONG_MS : 0)
    await world.send(word(), { dest: right, tag: 1 })
    await Promise.all([answer, question])
  },

  matched: async ({ world }) => {
    const { left, right } = ring(world)
    const take = async (): Promise<void> => {
      const message = await world.mprobe({ source: left })
      await message.recv(word())
    }
    const taken = [take(), take()]
    await sleep(world.rank === 0 ? LONG_MS : 0)
    const sent = [1, 2].map((tag) => world.issend(word(), { dest: right, tag }))
    await Promise.all(taken)
    await waitAll(sent)
  },

  persistent: async ({ world }) => {
    const { left, right } = ring(world)
    const requests = [world.recvInit(word(), { source: left }), world.sendInit(word(), { dest: right })]
    for (let round = 0; round < 3; round++) {
      await sleep(world.rank === round ? LONG_MS / 3 : 0)
      startAll(requests)
      await waitAll(requests)
    }
  },

  /** Collective calls on two communicators, started in the same order and waited for in different ones. */
  overlapping: async ({ world }) => {
    const twin = await world.dup()
    await sleep(world.rank === 0 ? LONG_MS : 0)
    const requests = [world.iallreduce(1, { op: SUM }), twin.ibarrier()]
    if (world.rank % 2 === 1) requests.reverse()
    for (const request of requests) await request.wait()
    twin.free()
  },

  neighbours: async ({ world }) => {
    const line = (await Cartcomm.create(world, { dims: [world.size], periods: [false] })) as Cartcomm
    await sleep(line.rank === 0 ? LONG_MS : 0)
    await line.neighborAllgather(word(line.rank), new Float64Array(2))
    line.free()
  },

  intercommunicator: async ({ world }) => {
    const side = Math.min(world.rank, 1)
    const half = (await world.split(side)) as Intracomm
    const inter = await Intercomm.create(half, { peer: world, remoteLeader: 1 - side })
    await sleep(world.rank === 0 ? LONG_MS : 0)
    await inter.barrier()
    if (side === 0) await inter.recv(word(), { source: 1 })
    else if (half.rank === 1) await inter.send(word(), { dest: 0 })
    inter.free()
    half.free()
  },

  /** Most ranks are done long before the last. */
  early: ({ world }) => sleep(world.rank === 0 ? LONG_MS : 0),
}

/** What one program leaves in the event loop would hide what the next does wrong. */
async function tidied(): Promise<void> {
  while (process.getActiveResourcesInfo().some((resource) => resource !== 'Immediate')) await turn()
}

await run(async (context) => {
  for (const which of context.argv) {
    await PROGRAMS[which]?.(context)
    await tidied()
    if (context.world.rank === 0) context.log(`${which} is done`)
  }
})
