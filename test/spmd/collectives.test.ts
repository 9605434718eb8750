/**
 * Collectives over real transports: the same checks as in one thread, over shared memory and over ZeroMQ. With
 * TSMPI_TEST_ALL=1 on every number of ranks up to 8, and windows of 100 000 nonblocking calls instead of 600.
 */
import t from 'tap'
import { runRanks } from '../../testing.ts'
import { checkPromises } from '../helpers/collective-promises.ts'
import { ALL, SOAK } from '../helpers/effort.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/spmd/programs/collectives.ts'

if (ALL) t.setTimeout(30 * 60_000)

const jobs = [
  ...[1, 2, 3, 4, 5].map((size) => ['-n', String(size)]),
  ['-n', '4', '--emulate-hosts', '2'],
  ['-n', '5', '--emulate-hosts', '2', '--map-by', 'node'],
  ['-n', '3', '--transport', 'zmq'],
  // The checks of buffers change nothing and raise no alarm.
  ['-n', '3', '--emulate-hosts', '2', '--check', '--strict'],
  ...(ALL
    ? [
        ...[6, 7, 8].map((size) => ['-n', String(size)]),
        ...[1, 2, 4, 5, 6, 7, 8].map((size) => ['-n', String(size), '--transport', 'zmq']),
        ['-n', '7', '--emulate-hosts', '3'],
      ]
    : []),
]
for (const job of jobs)
  t.test(`collectives between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, PROGRAM])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })

/** Jobs, the nonblocking calls that each makes if everything is tested, and the seed. */
const windows: readonly (readonly [readonly string[], number, number?])[] = [
  [['-n', '4'], 100_000],
  [['-n', '4', '--emulate-hosts', '2'], SOAK ? 20_000 : 5000],
  [['-n', '3', '--transport', 'zmq'], SOAK ? 20_000 : 5000],
  ...(SOAK ? [20, 30, 40, 50].map((seed) => [['-n', '3', '--transport', 'zmq'], 20_000, seed] as const) : []),
  ...(ALL
    ? [1, 2, 5, 6, 7, 8].flatMap((n) => [
        [['-n', `${n}`], SOAK ? 5000 : 600] as const,
        [['-n', `${n}`, '--transport', 'zmq'], SOAK ? 5000 : 300] as const,
      ])
    : []),
]
for (const [job, calls, seed = 7] of windows)
  t.test(`windows of nonblocking collectives, seed ${seed}: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, 'test/spmd/programs/nonblocking.ts', String(ALL ? calls : 600), String(seed)])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })

for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 10])
  t.test(`what is promised of collectives, in one thread: p=${size}`, async (t) => {
    const hosts = Array.from({ length: size }, (_, rank) => rank % 2)
    t.same((await runRanks(size, ({ world }) => checkPromises(world), { hosts })).flat(), [])
  })

for (const job of [
  ['-n', '4'],
  ['-n', '7', '--emulate-hosts', '2'],
  ['-n', '10', '--emulate-hosts', '3', '--map-by', 'node'],
  ['-n', '4', '--transport', 'zmq'],
  ...(ALL
    ? [
        ['-n', '7'],
        ['-n', '10'],
        ['-n', '7', '--transport', 'zmq'],
      ]
    : []),
])
  t.test(`what is promised of collectives, between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, 'test/spmd/programs/collective-promises.ts'])
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
