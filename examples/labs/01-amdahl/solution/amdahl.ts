/**
 * A job of fixed size: a part that rank 0 does alone, and a part that can be divided. Both are sleep, so that any number of
 * ranks can "work" at once on a laptop. Try it by hand with: npx tsmpirun -n 4 amdahl.ts
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from 'tsmpi'

const SERIAL_MS = 100
const PARALLEL_MS = 400

await run(async ({ world, log, argv }) => {
  const repeats = argv.includes('quick') ? 1 : 4
  const seconds: number[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    await world.barrier()
    const began = performance.now()

    if (world.rank === 0) await sleep(SERIAL_MS)
    await world.barrier() // nobody can go on before rank 0 has done its part

    // Each rank does its share.
    await sleep(PARALLEL_MS / world.size)
    await world.barrier()

    seconds.push((performance.now() - began) / 1000)
  }
  // Whatever disturbs makes slower: the shortest time is the best estimate.
  if (world.rank === 0) log(JSON.stringify({ ranks: world.size, seconds: Math.min(...seconds) }))
})
