/** All collective calls, many ranks in one thread: every algorithm at every number of ranks and every root. */
import t from 'tap'
import { runRanks } from '../../../testing.ts'
import { checkCollectives } from '../../helpers/collective-checks.ts'

const NARROW = { eagerLimit: 0, queueLimit: 2 }
const TWO_HOSTS = { hosts: [0, 1, 1, 0, 1, 0, 0, 1] }
const settings = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 7, 8].map((size) => [size, [{}]])),
  3: [{}, NARROW, TWO_HOSTS],
  5: [{}, { ...NARROW, ...TWO_HOSTS }],
  8: [{}, TWO_HOSTS],
}

for (const [size, list] of Object.entries(settings))
  for (const options of list)
    t.test(`collectives in one thread agree with serial code: p=${size} ${JSON.stringify(options)}`, async (t) => {
      const failures = await runRanks(Number(size), ({ world }) => checkCollectives(world), options)
      t.same(failures.flat(), [])
    })
