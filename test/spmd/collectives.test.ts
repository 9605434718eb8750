/** Collectives over real transports: the same checks as in one thread, over shared memory and over ZeroMQ. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/spmd/programs/collectives.ts'

const jobs = [
  ...[1, 2, 3, 4, 5].map((size) => ['-n', String(size)]),
  ['-n', '4', '--emulate-hosts', '2'],
  ['-n', '3', '--transport', 'zmq'],
]
for (const job of jobs)
  t.test(`collectives between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, PROGRAM])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })
