/** Each rank tells its process, its working directory and the processors that its thread may use; all ranks meet before. */
import { readFileSync } from 'node:fs'
import { run, SUM } from 'tsmpi'

await run(async ({ world, log }) => {
  const sum = await world.allreduce(world.rank, { op: SUM })
  const status = readFileSync('/proc/thread-self/status', 'utf8')
  const processors = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]
  log(JSON.stringify({ rank: world.rank, sum, pid: process.pid, folder: process.cwd(), processors }))
})
