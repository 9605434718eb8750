/** Small and large messages between all ranks until the file named by the first argument is there; rank 0 prints the sums. */
import { existsSync } from 'node:fs'
import { run, SUM } from 'tsmpi'

const COUNT = 50_000

await run(async ({ world, argv, log }) => {
  const file = argv[0] as string
  const mine = new Float64Array(COUNT).fill(world.rank + 1)
  const sums = new Float64Array(COUNT)
  const expected = (world.size * (world.size + 1)) / 2
  let wrong = 0
  for (let round = 0; ; round++) {
    await world.allreduce(mine, sums, { op: SUM })
    for (const sum of sums) if (sum !== expected) wrong++
    if (round === 0 && world.rank === 0) log('begun')
    if ((await world.bcastObject(existsSync(file))) === true) break
  }
  const errors = await world.allreduce(wrong, { op: SUM })
  if (world.rank === 0) log(`${errors} wrong sums`)
})
