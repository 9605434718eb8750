/** Exchanges messages and tells how far it is until a file is there; then all ranks wait for each other for ever. */
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { run } from 'tsmpi'

await run(async ({ world, argv, showProgress }) => {
  const [file = ''] = argv
  const block = new Float64Array(10_000)
  for (let round = 1, go = 1; go === 1; round++) {
    await world.bcast(block)
    if (world.rank === 0) showProgress({ label: '<b>rounds</b>', share: 1 - 1 / round, gflops: round })
    if (world.rank === 0) await setTimeout(5)
    go = (await world.bcastObject(existsSync(file) ? 0 : 1)) as number
  }
  await world.recv(block, { source: (world.rank + 1) % world.size, tag: 7 })
})
