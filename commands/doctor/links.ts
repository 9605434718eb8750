/**
 * Measures the links between the hosts of a job with one rank a host: each pair alone, then all hosts at once in a ring shift
 * of every distance, where each host sends to one and receives from another. Collective throughout.
 */
import type { Intracomm } from '../../collectives/intracomm.ts'
import { MIN } from '../../collectives/op.ts'
import type { Links, Row } from './facts.ts'

const PINGS = 60
const LOADED_PINGS = 15
const BULK_BYTES = 1 << 20
/** How long a flow lasts; a slow link still gets MIN_BULKS messages through. */
const FLOW_MS = 150
const MIN_BULKS = 4
const MAX_BULKS = 1000
const CLOCK_QUESTIONS = 15

const TAG = { PING: 1, PONG: 2, BULK: 3, ACK: 4 } as const

/** What a host has measured towards each other host. */
interface Measured {
  readonly latencyUs: Row
  readonly loadedLatencyUs: Row
  readonly bandwidthMBps: Row
  readonly loadedBandwidthMBps: Row
}

/**
 * The links; on rank 0 only. Collective.
 *
 * @param progress called on rank 0 after each step
 */
export async function measureLinks(
  world: Intracomm,
  progress: (done: number, total: number) => void,
): Promise<Links | undefined> {
  const { rank, size } = world
  const row = (): Row => Array<number | null>(size).fill(null)
  const mine: Measured = {
    latencyUs: row(),
    loadedLatencyUs: row(),
    bandwidthMBps: row(),
    loadedBandwidthMBps: row(),
  }
  const pairs = Array.from({ length: size * size }, (_, i) => [Math.floor(i / size), i % size] as const).filter(
    ([a, b]) => a < b,
  )
  let done = 0
  const step = async (): Promise<void> => {
    await world.barrier()
    if (rank === 0) progress(++done, pairs.length + size - 1)
  }
  if (rank === 0) progress(0, pairs.length + size - 1)
  await greetAll(world)
  for (const [a, b] of pairs) {
    if (rank === a) await measurePair(world, mine, b, true)
    else if (rank === b) await measurePair(world, mine, a, false)
    await step()
  }
  for (let distance = 1; distance < size; distance++) {
    await measureShift(world, mine, distance)
    await step()
  }
  const clockMs = await clocks(world)
  const all = await world.gatherObject(mine)
  if (all === undefined) return undefined
  const rows = all as Measured[]
  return {
    latencyUs: rows.map((one) => one.latencyUs),
    loadedLatencyUs: rows.map((one) => one.loadedLatencyUs),
    bandwidthMBps: rows.map((one) => one.bandwidthMBps),
    loadedBandwidthMBps: rows.map((one) => one.loadedBandwidthMBps),
    clockMs,
  }
}

/** Every pair at once: if some cannot connect, the job's end names all of them. */
async function greetAll(world: Intracomm): Promise<void> {
  const others = Array.from({ length: world.size }, (_, rank) => rank).filter((rank) => rank !== world.rank)
  await Promise.all(
    others.flatMap((other) => [
      world.send(new Uint8Array(1), { dest: other, tag: TAG.PING }),
      world.recv(new Uint8Array(1), { source: other, tag: TAG.PING }),
    ]),
  )
}

async function measurePair(world: Intracomm, mine: Measured, peer: number, first: boolean): Promise<void> {
  if (!first) await pong(world, peer, PINGS)
  mine.latencyUs[peer] = await ping(world, peer, PINGS)
  if (first) await pong(world, peer, PINGS)
  if (!first) await sink(world, peer)
  mine.bandwidthMBps[peer] = await flow(world, peer)
  if (first) await sink(world, peer)
}

/** Every host sends to the one `distance` further on, all at once, and pings it meanwhile. */
async function measureShift(world: Intracomm, mine: Measured, distance: number): Promise<void> {
  const { rank, size } = world
  const dest = (rank + distance) % size
  const source = (rank + size - distance) % size
  const own = mine.bandwidthMBps[dest] as number
  const bulks = bulksFor(await world.allreduce(own, { op: MIN }))
  const [rate, , latency] = await Promise.all([
    send(world, dest, bulks),
    receive(world, source, bulks),
    ping(world, dest, LOADED_PINGS),
    pong(world, source, LOADED_PINGS),
  ])
  mine.loadedBandwidthMBps[dest] = rate
  mine.loadedLatencyUs[dest] = latency
}

/** Half a round trip in microseconds: the median of some. */
async function ping(world: Intracomm, dest: number, count: number): Promise<number> {
  const word = new Float64Array(1)
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await world.send(word, { dest, tag: TAG.PING })
    await world.recv(word, { source: dest, tag: TAG.PONG })
    times.push(performance.now() - start)
  }
  return (times.sort((a, b) => a - b)[count >> 1] as number) * 500
}

async function pong(world: Intracomm, source: number, count: number): Promise<void> {
  const word = new Float64Array(1)
  for (let i = 0; i < count; i++) {
    await world.recv(word, { source, tag: TAG.PING })
    await world.send(word, { dest: source, tag: TAG.PONG })
  }
}

/** One message to learn how many fit into the time, then those. MB/s. */
async function flow(world: Intracomm, dest: number): Promise<number> {
  const bulks = bulksFor(await send(world, dest, 1))
  await world.send(Float64Array.of(bulks), { dest, tag: TAG.ACK })
  return send(world, dest, bulks)
}

async function sink(world: Intracomm, source: number): Promise<void> {
  await receive(world, source, 1)
  const bulks = new Float64Array(1)
  await world.recv(bulks, { source, tag: TAG.ACK })
  await receive(world, source, bulks[0] as number)
}

/** Messages that last about FLOW_MS at this rate. */
function bulksFor(megabytesPerSecond: number): number {
  const fit = Math.floor((megabytesPerSecond * 1000 * FLOW_MS) / BULK_BYTES)
  return Math.min(MAX_BULKS, Math.max(MIN_BULKS, fit))
}

/** MB/s until the receiver has all. */
async function send(world: Intracomm, dest: number, bulks: number): Promise<number> {
  const bytes = new Uint8Array(BULK_BYTES)
  const start = performance.now()
  for (let i = 0; i < bulks; i++) await world.send(bytes, { dest, tag: TAG.BULK })
  await world.recv(new Float64Array(1), { source: dest, tag: TAG.ACK })
  return (bulks * BULK_BYTES) / (performance.now() - start) / 1000
}

async function receive(world: Intracomm, source: number, bulks: number): Promise<void> {
  const bytes = new Uint8Array(BULK_BYTES)
  for (let i = 0; i < bulks; i++) await world.recv(bytes, { source, tag: TAG.BULK })
  await world.send(new Float64Array(1), { dest: source, tag: TAG.ACK })
}

/** Clock of each host less that of the first, in milliseconds, by the quickest of some questions. On rank 0. */
async function clocks(world: Intracomm): Promise<number[]> {
  const word = new Float64Array(1)
  const offsets = [0]
  for (let peer = 1; peer < world.size; peer++)
    if (world.rank === 0) offsets.push(await askClock(world, peer))
    else if (world.rank === peer)
      for (let i = 0; i < CLOCK_QUESTIONS; i++) {
        await world.recv(word, { source: 0, tag: TAG.PING })
        await world.send(Float64Array.of(Date.now()), { dest: 0, tag: TAG.PONG })
      }
  return offsets
}

async function askClock(world: Intracomm, peer: number): Promise<number> {
  const answer = new Float64Array(1)
  let best = { trip: Infinity, offset: 0 }
  for (let i = 0; i < CLOCK_QUESTIONS; i++) {
    const sent = Date.now()
    const start = performance.now()
    await world.send(answer, { dest: peer, tag: TAG.PING })
    await world.recv(answer, { source: peer, tag: TAG.PONG })
    const trip = performance.now() - start
    if (trip < best.trip) best = { trip, offset: (answer[0] as number) - sent - trip / 2 }
  }
  return best.offset
}
