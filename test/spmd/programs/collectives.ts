/** Prints "ok" per rank, or what is wrong with the collective calls in this job. */
import { run } from 'tsmpi'
import { checkCollectives } from '../../helpers/collective-checks.ts'
import { Failures } from '../../helpers/failures.ts'
import { throwingOperations } from '../../helpers/throwing-checks.ts'

await run(async ({ world, log }) => {
  const throwing = new Failures(`rank ${world.rank} of ${world.size}`)
  await throwingOperations(world, throwing)
  const failures = [...(await checkCollectives(world)), ...throwing.list]
  for (const failure of failures) log(failure)
  if (failures.length === 0) log('ok')
})
