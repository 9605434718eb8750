/** 20 gathers and scatters of one number from each rank. */
import { run } from 'tsmpi'

await run(async ({ world }) => {
  const [mine, all] = [Float64Array.of(world.rank), new Float64Array(world.size)]
  for (let i = 0; i < 20; i++) {
    await world.gather(mine, all, { root: i % world.size })
    await world.scatter(all, mine, { root: i % world.size })
  }
})
