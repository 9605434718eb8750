/**
 * Program C: the ranks halve an error until all are content. Try it: npx tsmpirun -n 3 reduce.ts
 */
import { MAX, run } from 'tsmpi'

await run(async ({ world, log }) => {
  let error = 2 ** world.rank
  let steps = 0
  while (error > 0.1) {
    error /= 2
    steps++
    await world.allreduce(error, { op: MAX }) // how far are we?
  }
  await world.barrier()
  log(JSON.stringify({ rank: world.rank, sum: steps }))
})
