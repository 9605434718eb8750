/** All collective calls, many ranks in one thread: every algorithm at every number of ranks and every root. */
import t from 'tap'
import { runRanks } from '../../../testing.ts'
import { checkCollectives } from '../../helpers/collective-checks.ts'

for (const size of [1, 2, 3, 4, 5, 7, 8])
  for (const options of [{}, { eagerLimit: 0, queueLimit: 2 }])
    t.test(`collectives in one thread agree with serial code: p=${size} ${JSON.stringify(options)}`, async (t) => {
      const failures = await runRanks(size, ({ world }) => checkCollectives(world), options)
      t.same(failures.flat(), [])
    })
