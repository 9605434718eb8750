/**
 * The standard's promises over every transport: the same checks in one thread, over shared memory and over ZeroMQ. With
 * TSMPI_TEST_ALL=1 on 1 to 8 ranks over each.
 */
import t from 'tap'
import { runRanks } from '../../testing.ts'
import { ALL } from '../helpers/effort.ts'
import { checkSemantics } from '../helpers/semantics-checks.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'
import { randomNumbers } from '../../runtime/base/random-numbers.ts'

if (ALL) t.setTimeout(20 * 60_000)
/** Numbers of ranks: all up to 8, or those given. */
const sizes = (...some: number[]): number[] => (ALL ? [1, 2, 3, 4, 5, 6, 7, 8] : some)

for (const size of [1, 2, 3, 4, 5, 6, 7, 8])
  for (const options of [{}, { eagerLimit: 0 }, { eagerLimit: 64, queueLimit: 2 }, { faults: randomNumbers(size) }])
    t.test(`semantics in one thread: p=${size} ${JSON.stringify(Object.keys(options))}`, async (t) => {
      const failures = await runRanks(size, ({ world }) => checkSemantics(world), options)
      t.same(failures.flat(), [])
    })

for (const job of [
  ...sizes(1, 4).map((size) => ['-n', String(size)]),
  ...sizes(3).map((size) => ['-n', String(size), '--transport', 'zmq']),
  ['-n', '5', '--emulate-hosts', '2'],
])
  t.test(`semantics between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, 'test/spmd/programs/semantics.ts'])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })
