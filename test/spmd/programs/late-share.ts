/** Rank 0 shares memory of its own before the others listen; messages from it arrive all the same, before and after. */
import { run } from 'tsmpi'

const { workerData } = await import('node:worker_threads')
const { seating } = (workerData as { tsmpi: { seating: { worldRank: number } } }).tsmpi
// The others join when rank 0 has sent: what they print shows that they got it.
if (seating.worldRank !== 0) await new Promise((resolve) => setTimeout(resolve, 300))

await run(async ({ world, share, log }) => {
  const n = 20_000
  if (world.rank === 0) {
    const memory = new SharedArrayBuffer(8 * n)
    share(memory)
    const data = new Float64Array(memory).fill(3)
    for (let dest = 1; dest < world.size; dest++) await world.send(data, { dest })
    await world.barrier()
    for (let dest = 1; dest < world.size; dest++) await world.send(data, { dest })
    return
  }
  const data = new Float64Array(n)
  await world.recv(data, { source: 0 })
  await world.barrier()
  const early = data[n - 1]
  await world.recv(data.fill(0), { source: 0 })
  log(early, data[n - 1])
})
