/**
 * Program C: the ranks halve an error until all are content. Try it: npx tsmpirun -n 3 reduce.ts
 */
import { MAX, run } from 'tsmpi'

await run(async ({ world, log }) => {
  let error = 2 ** world.rank
  let largest = Infinity
  let steps = 0
  while (largest > 0.1) {
    error /= 2
    steps++
    largest = await world.allreduce(error, { op: MAX }) // all ranks decide by the same number
  }
  await world.barrier()
  log(JSON.stringify({ rank: world.rank, sum: steps }))
})
