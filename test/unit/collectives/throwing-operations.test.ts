/** Reductions whose operation throws on one rank, in one thread. */
import t from 'tap'
import { runRanks } from '../../../testing.ts'
import { Failures } from '../../helpers/failures.ts'
import { throwingOperations } from '../../helpers/throwing-checks.ts'

for (const size of [1, 2, 3, 4, 5, 7, 8])
  for (const hosts of [1, 2])
    t.test(`an operation that throws on one rank is told to all: p=${size} on ${hosts} hosts`, async (t) => {
      const lists = await runRanks(
        size,
        async ({ world }) => {
          const failures = new Failures(`rank ${world.rank}`)
          await throwingOperations(world, failures)
          return failures.list
        },
        { hosts: Array.from({ length: size }, (_, rank) => rank % hosts) },
      )
      t.same(lists.flat(), [])
    })
