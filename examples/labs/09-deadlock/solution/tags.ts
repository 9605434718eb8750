/**
 * Program B: rank 0 hands out work, the others send their results back. Try it: npx tsmpirun -n 3 tags.ts
 */
import { run } from 'tsmpi'

const WORK = 1
const RESULT = 2

await run(async ({ world, log }) => {
  const { rank, size } = world
  const number = new Float64Array(1)
  if (rank === 0) {
    for (let dest = 1; dest < size; dest++) await world.send(Float64Array.of(10 * dest), { dest, tag: WORK })
    let sum = 0
    for (let source = 1; source < size; source++) {
      await world.recv(number, { source, tag: RESULT })
      sum += number[0] as number
    }
    log(JSON.stringify({ rank, sum }))
  } else {
    await world.recv(number, { source: 0, tag: WORK })
    await world.send(Float64Array.of((number[0] as number) ** 2), { dest: 0, tag: RESULT })
  }
})
