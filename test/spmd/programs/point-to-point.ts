/** Prints "ok" per rank, or what is wrong with point-to-point communication in this job. */
import { run } from 'tsmpi'
import { checkPointToPoint } from '../../helpers/point-to-point-checks.ts'

await run(async ({ world, alloc, log }) => {
  const failures = await checkPointToPoint(world, (n) => alloc(Float64Array, n))
  for (const failure of failures) log(failure)
  if (failures.length === 0) log('ok')
})
