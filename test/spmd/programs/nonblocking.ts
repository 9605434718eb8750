/** Prints "ok" per rank, or what is wrong with windows of nonblocking collectives in this job. */
import { run } from 'tsmpi'
import { checkWindows } from '../../helpers/collective-windows.ts'

await run(async ({ world, log }) => {
  const failures = [...(await checkWindows(world, 7, 600)), ...(await checkWindows(world, 8, 60, 9000))]
  for (const failure of failures) log(failure.slice(0, 300))
  if (failures.length === 0) log('ok')
})
