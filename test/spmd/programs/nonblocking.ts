/** Prints "ok" per rank, or what is wrong with windows of so many nonblocking collectives in this job. */
import { run } from 'tsmpi'
import { checkWindows } from '../../helpers/collective-windows.ts'

await run(async ({ world, argv, log }) => {
  const [calls = 0] = argv.map(Number)
  const failures = [...(await checkWindows(world, 7, calls)), ...(await checkWindows(world, 8, 60, 9000))]
  for (const failure of failures) log(failure.slice(0, 300))
  if (failures.length === 0) log('ok')
})
