/**
 * What a rank keeps of messages that it does not receive: rank 0 sends `messages` of 1 KiB, rank 1 first looks on until
 * no more come, then receives them and checks that none is missing. Prints a line of JSON; `grownMiB` is the most by
 * which the memory of the whole host process, with both ranks, has grown.
 *
 * Usage, after `npm run build`: npx tsmpirun -n 2 scripts/bench/programs/flood.ts [messages]
 */
import { run } from 'tsmpi'

const LOOKS = 200_000
const MIB = 2 ** 20

await run(async ({ world, argv, log }) => {
  const messages = Number(argv[0] ?? 1_000_000)
  const data = new Float64Array(128)
  await world.barrier()
  if (world.rank === 0)
    for (let i = 0; i < messages; i++) {
      data[0] = i
      await world.send(data, { dest: 1 })
    }
  if (world.rank !== 1) return
  const before = process.memoryUsage.rss()
  let most = before
  for (let look = 0; look < LOOKS; look++) world.iprobe({ source: 0 })
  let missing = 0
  for (let i = 0; i < messages; i++) {
    if (i % 10_000 === 0) most = Math.max(most, process.memoryUsage.rss())
    await world.recv(data, { source: 0 })
    if (data[0] !== i) missing++
  }
  log(
    JSON.stringify({ messages, missing, grownMiB: Math.round((most - before) / MIB), rssMiB: Math.round(most / MIB) }),
  )
})
