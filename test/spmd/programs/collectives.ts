/** Prints "ok" per rank, or what is wrong with the collective calls in this job. */
import { run } from 'tsmpi'
import { checkCollectives } from '../../helpers/collective-checks.ts'

await run(async ({ world, log }) => {
  const failures = await checkCollectives(world)
  for (const failure of failures) log(failure)
  if (failures.length === 0) log('ok')
})
