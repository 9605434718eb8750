/** The standard's promises over every transport: the same checks in one thread, over shared memory and over ZeroMQ. */
import t from 'tap'
import { runRanks } from '../../testing.ts'
import { checkSemantics } from '../helpers/semantics-checks.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'
import { randomNumbers } from '../../runtime/base/random-numbers.ts'

for (const size of [1, 2, 3, 4, 5, 7, 8])
  for (const options of [{}, { eagerLimit: 0 }, { eagerLimit: 64, queueLimit: 2 }, { faults: randomNumbers(size) }])
    t.test(`semantics in one thread: p=${size} ${JSON.stringify(Object.keys(options))}`, async (t) => {
      const failures = await runRanks(size, ({ world }) => checkSemantics(world), options)
      t.same(failures.flat(), [])
    })

for (const job of [
  ['-n', '1'],
  ['-n', '4'],
  ['-n', '5', '--emulate-hosts', '2'],
  ['-n', '3', '--transport', 'zmq'],
])
  t.test(`semantics between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, 'test/spmd/programs/semantics.ts'])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })
