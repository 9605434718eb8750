/** Prints "ok" per rank, or what is wrong with communicators in this job. Arguments: how many at once, how many in turn. */
import { Cartcomm, Distgraph, Intercomm, run } from 'tsmpi'
import { checkCommunicators } from '../../helpers/communicator-checks.ts'

await run(async ({ world, argv, log }) => {
  const [atOnce = 0, inTurn = 0] = argv.map(Number)
  const failures = await checkCommunicators(world, { atOnce, inTurn, Cartcomm, Distgraph, Intercomm })
  for (const failure of failures) log(failure)
  if (failures.length === 0) log('ok')
})
