/** Prints "ok" per rank, or what this job does not keep of the standard's promises. */
import { run } from 'tsmpi'
import { checkSemantics } from '../../helpers/semantics-checks.ts'

await run(async ({ world, log }) => {
  const failures = await checkSemantics(world)
  for (const failure of failures) log(failure)
  if (failures.length === 0) log('ok')
})
