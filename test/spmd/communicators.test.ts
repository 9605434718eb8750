/**
 * Communicators over every transport: thousands at once, many thousands one after the other, freed with requests under
 * way, between two sides, on grids and graphs. 100 000 one after the other with TSMPI_TEST_ALL=1.
 */
import t from 'tap'
import { Cartcomm, Distgraph, Intercomm } from '../../index.ts'
import { runRanks } from '../../testing.ts'
import { checkCommunicators } from '../helpers/communicator-checks.ts'
import { ALL } from '../helpers/effort.ts'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

if (ALL) t.setTimeout(20 * 60_000)

for (const size of [1, 2, 3, 4, 5, 6, 7, 8])
  t.test(`communicators in one thread: p=${size}`, async (t) => {
    const setting = { atOnce: 200, inTurn: 300, Cartcomm, Distgraph, Intercomm }
    const hosts = Array.from({ length: size }, (_, rank) => rank % 3)
    const failures = await runRanks(size, ({ world }) => checkCommunicators(world, setting), { hosts })
    t.same(failures.flat(), [])
  })

for (const [job, inTurn] of [
  [['-n', '4', '--emulate-hosts', '2'], 100_000],
  [['-n', '4'], 5000],
  [['-n', '4', '--check'], 5000],
  [['-n', '3', '--transport', 'zmq'], 5000],
  [['-n', '7', '--emulate-hosts', '3', '--map-by', 'node'], 1000],
] as const)
  t.test(`communicators between threads and processes: tsmpirun ${job.join(' ')}`, async (t) => {
    const amounts = ['2000', String(ALL ? inTurn : 1000)]
    const ended = await tsmpirun([...job, '--strict', 'test/spmd/programs/communicators.ts', ...amounts])
    t.equal(messages(ended), '')
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(ended.code, 0)
  })
