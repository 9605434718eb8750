/** Prints "ok" per rank, or what is wrong with windows of so many nonblocking collectives, of this seed, in this job. */
import { run } from 'tsmpi'
import { checkWindows } from '../../helpers/collective-windows.ts'

await run(async ({ world, argv, log }) => {
  const [calls = 0, seed = 7] = argv.map(Number)
  const failures = [...(await checkWindows(world, seed, calls)), ...(await checkWindows(world, seed + 1, 60, 9000))]
  for (const failure of failures) log(failure.slice(0, 300))
  if (failures.length === 0) log('ok')
})
