/** Prints "ok" per rank if nonblocking collectives go on while it waits elsewhere. Arguments: a name for files, standard input. */
import { run } from 'tsmpi'
import { checkElsewhere } from '../../helpers/elsewhere.ts'

await run(async ({ world, argv, log }) => {
  const [scratch = '', input] = argv
  const failures = await checkElsewhere({ world, scratch, input })
  for (const failure of failures) log(failure)
  if (failures.length === 0) log('ok')
})
