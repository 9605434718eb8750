/**
 * Traffic that shows what a network does: `pattern nbytes repeats [warmUpMs]`. Rank 0 prints a line of JSON, `{ pattern, nbytes, ms, idle }`:
 * the share of the time in which the cores of this machine had nothing to do, and the time of every repeat: from the first rank's start after a barrier until the last one has what it waited for, or
 * half a round trip. All hosts must be on one machine: their clocks are compared.
 */
import os from 'node:os'
import { MAX, run, waitAll, type RankContext } from 'tsmpi'

type World = RankContext['world']
/** Sends and receives once, with buffers of the given size; the time counts, or what is returned instead, in ms. */
type Pattern = (world: World, a: Uint8Array, b: Uint8Array) => Promise<number | void>

/** Round trips of a small message. */
const PINGS = 200
const PATTERNS: Readonly<Record<string, Pattern>> = {
  'ping-pong': pingPong,
  shift,
  incast,
  exchange,
  'under-load': underLoad,
}

await run(async ({ world, argv, alloc, log }) => {
  const [name = '', size = '', repeats = '', warmUpMs = '0'] = argv
  const pattern = PATTERNS[name]
  if (pattern === undefined) throw new Error(`pattern "${name}", expected one of ${Object.keys(PATTERNS).join(', ')}`)
  const nbytes = Number(size)
  const [a, b] = [alloc(Uint8Array, nbytes), alloc(Uint8Array, nbytes)]
  const ms: number[] = []
  // Unmeasured: connections open, the compiler works.
  const warm = machineMs() + Number(warmUpMs)
  do await pattern(world, a, b)
  while ((await world.allreduce(machineMs() < warm ? 1 : 0, { op: MAX })) > 0)
  const before = idleMs()
  const start = machineMs()
  for (let i = 0; i < Number(repeats); i++) {
    await world.barrier()
    const begin = machineMs()
    const own = await pattern(world, a, b)
    const end = await world.allreduce(machineMs(), { op: MAX })
    ms.push(await world.allreduce(own ?? end - begin, { op: MAX }))
  }
  const idle = (idleMs() - before) / (machineMs() - start) / os.cpus().length
  if (world.rank === 0) log(JSON.stringify({ pattern: name, nbytes, ms, idle }))
})

/** The monotonic clock that all processes of a machine share. */
function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Of all cores since the machine was started. */
function idleMs(): number {
  return os.cpus().reduce((sum, { times }) => sum + times.idle, 0)
}

/** First and last rank; small messages many times. Half a round trip. */
async function pingPong(world: World, a: Uint8Array, b: Uint8Array): Promise<number> {
  const last = world.size - 1
  const times = a.length > 100_000 ? 1 : PINGS
  const begin = performance.now()
  for (let i = 0; i < times; i++) {
    if (world.rank === 0) {
      await world.send(a, { dest: last })
      await world.recv(b, { source: last })
    } else if (world.rank === last) {
      await world.recv(b, { source: 0 })
      await world.send(a, { dest: 0 })
    }
  }
  return world.rank === 0 ? (performance.now() - begin) / times / 2 : 0
}

/** Every rank to the next, all at once. */
async function shift(world: World, a: Uint8Array, b: Uint8Array): Promise<void> {
  const { rank, size } = world
  await world.sendrecv(a, b, { dest: (rank + 1) % size, source: (rank - 1 + size) % size })
}

/** All others to rank 0, at the same time. */
async function incast(world: World, a: Uint8Array, b: Uint8Array): Promise<void> {
  if (world.rank > 0) await world.send(a, { dest: 0 })
  else await waitAll(Array.from({ length: world.size - 1 }, (_, i) => world.irecv(b, { source: i + 1 })))
}

/** First and last rank, both directions at once. */
async function exchange(world: World, a: Uint8Array, b: Uint8Array): Promise<void> {
  const last = world.size - 1
  if (world.rank === 0 || world.rank === last)
    await world.sendrecv(a, b, { dest: last - world.rank, source: last - world.rank })
}

/** Half a round trip of a byte between rank 0 and the last one, while rank 0 sends bulk to rank 1. */
async function underLoad(world: World, a: Uint8Array, b: Uint8Array): Promise<number> {
  const last = world.size - 1
  if (world.rank === 1) await world.recv(b, { source: 0, tag: 1 })
  const bulk = world.rank === 0 ? world.isend(a, { dest: 1, tag: 1 }) : undefined
  const byte = new Uint8Array(1)
  let trips = 0
  const begin = performance.now()
  let ms = 0
  if (world.rank === 0) {
    while (bulk?.test() === undefined) {
      await world.send(byte, { dest: last })
      await world.recv(byte, { source: last })
      trips++
      ms = performance.now() - begin
    }
    await world.send(new Uint8Array(0), { dest: last })
  } else if (world.rank === last) {
    while ((await world.recv(byte, { source: 0 })).nbytes > 0) await world.send(byte, { dest: 0 })
  }
  return ms / Math.max(trips, 1) / 2
}
