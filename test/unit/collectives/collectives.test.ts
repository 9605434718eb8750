/** All collective calls, many ranks in one thread: every algorithm at every number of ranks and every root. */
import t from 'tap'
import { runRanks } from '../../../testing.ts'
import { ALGORITHM_NAMES } from '../../../runtime/base/tuning.ts'
import { checkCollectives } from '../../helpers/collective-checks.ts'
import { Failures } from '../../helpers/failures.ts'
import { gathersAndScatters } from '../../helpers/movement-checks.ts'

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

for (const algorithm of ALGORITHM_NAMES.gather)
  for (const size of [1, 2, 3, 4, 5, 7, 8, 16])
    for (const count of [1, 2])
      t.test(`gather and scatter, ${algorithm}: p=${size} on ${count} hosts, every root`, async (t) => {
        const hosts = Array.from({ length: size }, (_, rank) => rank % count)
        const failures = await runRanks(
          size,
          async ({ world }) => {
            const comm = await world.dup({ algorithms: { gather: algorithm, scatter: algorithm } })
            const found = new Failures(`rank ${world.rank}`)
            await gathersAndScatters(comm, found)
            return found.list
          },
          { hosts },
        )
        t.same(failures.flat(), [])
      })
