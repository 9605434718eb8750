/**
 * Broadcasts written with send and recv. The shape says who sends to whom; which of these messages cross the network
 * depends on where the ranks are. Try it by hand with:
 *
 *   npx tsmpirun -n 8 --emulate-hosts 4 --emulate 100mbe broadcast.ts
 */
import { run, SUM, UNDEFINED, type Intracomm } from 'tsmpi'

const COUNT = 12_288 // 96 KiB of Float64

interface Levels {
  /** The ranks of my host. */
  readonly host: Intracomm
  /** Rank 0 of every host; undefined on all others. World rank 0 is the first. */
  readonly leaders: Intracomm | undefined
}

type Broadcast = (comm: Intracomm, block: Float64Array, levels: Levels) => Promise<void>

/** Rank 0 sends to everybody, one after the other. */
const flat: Broadcast = async (comm, block) => {
  if (comm.rank > 0) await receive(comm, block, 0)
  else for (let dest = 1; dest < comm.size; dest++) await send(comm, block, dest)
}

/** In each round those who have the block send it on: to the rank 4, then 2, then 1 further. */
const binomial: Broadcast = async (comm, block) => {
  let mask = 1
  while (mask < comm.size && (comm.rank & mask) === 0) mask *= 2
  if (comm.rank > 0) await receive(comm, block, comm.rank - mask)
  for (mask /= 2; mask >= 1; mask /= 2) if (comm.rank + mask < comm.size) await send(comm, block, comm.rank + mask)
}

/** Everybody hands the block to the next. */
const ring: Broadcast = async (comm, block) => {
  if (comm.rank > 0) await receive(comm, block, comm.rank - 1)
  if (comm.rank < comm.size - 1) await send(comm, block, comm.rank + 1)
}

/** First between hosts, one rank of each, then within each host. */
const twoLevel: Broadcast = async (_comm, block, levels) => {
  if (levels.leaders !== undefined) await binomial(levels.leaders, block, levels)
  await binomial(levels.host, block, levels)
}

const SHAPES = { flat, binomial, ring, 'two-level': twoLevel }
let crossings = 0

await run(async ({ world, log, argv }) => {
  const repeats = argv.includes('quick') ? 1 : 4
  const host = await world.splitType('host')
  const leaders = await world.split(host.rank === 0 ? 0 : UNDEFINED)
  const levels = { host, leaders }
  for (const [shape, broadcast] of Object.entries(SHAPES)) {
    let shortest = Infinity
    let right = true
    for (let repeat = 0; repeat < repeats; repeat++) {
      const block = new Float64Array(COUNT).fill(world.rank === 0 ? repeat + 1 : 0)
      crossings = 0
      await world.barrier()
      const began = performance.now()
      await broadcast(world, block, levels)
      await world.barrier() // it has ended when the last rank has the block
      shortest = Math.min(shortest, performance.now() - began)
      right &&= block.every((value) => value === repeat + 1)
    }
    const total = await world.allreduce(crossings, { op: SUM })
    const wrong = await world.allreduce(right ? 0 : 1, { op: SUM })
    if (world.rank === 0) log(JSON.stringify({ shape, ms: shortest, crossings: total, wrong }))
  }
  leaders?.free()
  host.free()
})

/** Sends, and counts what leaves the host. */
async function send(comm: Intracomm, block: Float64Array, dest: number): Promise<void> {
  if (comm.hosts.hostOf[dest] !== comm.hosts.hostOf[comm.rank]) crossings++
  await comm.send(block, { dest })
}

async function receive(comm: Intracomm, block: Float64Array, source: number): Promise<void> {
  await comm.recv(block, { source })
}
