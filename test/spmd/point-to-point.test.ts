/** Point-to-point over every transport: the same checks in one thread, over shared memory and over ZeroMQ. */
import t from 'tap'
import { runRanks } from '../../testing.ts'
import { checkPointToPoint } from '../helpers/point-to-point-checks.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/spmd/programs/point-to-point.ts'

for (const size of [1, 2, 3, 4, 5, 7, 8])
  for (const options of [{}, { eagerLimit: 0 }, { eagerLimit: 64, queueLimit: 2 }])
    t.test(`point-to-point in one thread: p=${size} ${JSON.stringify(options)}`, async (t) => {
      const failures = await runRanks(
        size,
        ({ world }) => checkPointToPoint(world, (n) => new Float64Array(n)),
        options,
      )
      t.same(failures.flat(), [])
    })

t.test('memory shared before the other ranks have joined is read all the same', async (t) => {
  const ended = await tsmpirun(['-n', '3', 'test/spmd/programs/late-share.ts'])
  t.equal(ended.stdout, '3 3\n3 3\n')
  t.equal(ended.code, 0)
})

const jobs = [
  ...[1, 2, 3, 4, 5, 7, 8].map((size) => ['-n', String(size)]),
  ...[2, 3].map((hosts) => ['-n', '5', '--emulate-hosts', String(hosts)]),
  ['-n', '3', '--transport', 'zmq'],
  ['-n', '4', '--ranks-per-agent', '3'],
]
for (const job of jobs)
  t.test(`point-to-point between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, PROGRAM])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })
