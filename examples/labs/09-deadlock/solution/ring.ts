/**
 * Program A: every rank passes a block of numbers to the right and takes one from the left. Both at the
 * same time. Try it: npx tsmpirun -n 3 ring.ts
 */
import { run } from 'tsmpi'

const COUNT = 100_000

await run(async ({ world, log }) => {
  const { rank, size } = world
  const right = (rank + 1) % size
  const left = (rank - 1 + size) % size
  const mine = new Float64Array(COUNT).fill(rank)
  const theirs = new Float64Array(COUNT)

  await world.sendrecv(mine, theirs, { dest: right, source: left })

  const sum = theirs.reduce((total, value) => total + value, 0)
  log(JSON.stringify({ rank, sum }))
})
