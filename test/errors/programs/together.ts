/** Every rank says where it runs, once all have met; then ends, or (`wait`) waits for ever. */
import { run, SUM } from 'tsmpi'

await run(async ({ world, host, argv, log }) => {
  const met = await world.allreduce(1, { op: SUM })
  log(`rank ${world.rank} on ${host} met ${met} in ${process.cwd()}`)
  if (argv[0] === 'wait') await new Promise((resolve) => setTimeout(resolve, 1_000_000))
})
