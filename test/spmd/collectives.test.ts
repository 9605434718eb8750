/** Collectives over real transports: the same checks as in one thread, over shared memory and over ZeroMQ. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/spmd/programs/collectives.ts'

const jobs = [
  ...[1, 2, 3, 4, 5].map((size) => ['-n', String(size)]),
  ['-n', '4', '--emulate-hosts', '2'],
  ['-n', '5', '--emulate-hosts', '2', '--map-by', 'node'],
  ['-n', '3', '--transport', 'zmq'],
]
for (const job of jobs)
  t.test(`collectives between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, PROGRAM])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })

for (const job of [
  ['-n', '4'],
  ['-n', '4', '--emulate-hosts', '2'],
  ['-n', '3', '--transport', 'zmq'],
])
  t.test(`windows of nonblocking collectives: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, 'test/spmd/programs/nonblocking.ts'])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })

t.test('grids know the hosts of their ranks: bricks of 2 x 2 for two hosts, columns of a host for each', async (t) => {
  const ended = await tsmpirun(['-n', '8', '--emulate-hosts', '2', 'test/spmd/programs/cart.ts'])
  // 4 rows in a ring over 2 hosts: 2 cuts of 2 pairs.
  t.equal(ended.stdout, '2 hosts, 4 neighbours apart, grid by column\n')
  t.equal(messages(ended), '')
})
