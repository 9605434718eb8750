/**
 * Jobs whose hosts are linked by a bad network: all messages as the standard promises them, or an end that says why. With
 * TSMPI_TEST_ALL=2 on 1, 2, 3, 4, 5, 7 and 8 ranks, with TSMPI_TEST_ALL=1 on some of them.
 */
import t from 'tap'
import { ALL, SOAK } from '../helpers/effort.ts'
import { messages, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const PROGRAMS = 'test/spmd/programs/random-programs.ts'

if (ALL) t.setTimeout(15 * 60_000)
t.jobs = 2

function playOver(faults: string, job: readonly string[], programs: number): Promise<Ended> {
  return tsmpirun([...job, PROGRAMS, String(programs), '1'], { env: { TSMPI_FAULTS: faults } })
}

for (const job of [
  ['-n', '2', '--transport', 'zmq'],
  ['-n', '5', '--emulate-hosts', '2'],
  ['-n', '4', '--emulate-hosts', '3', '--emulate', '10gbe'],
  ...(SOAK ? [3, 4, 5, 7, 8] : ALL ? [4, 7] : []).map((size) => ['-n', String(size), '--transport', 'zmq']),
])
  for (const faults of ['seed=1,delayMs=3', 'seed=2,delayMs=1,duplicate=0.5', 'seed=3,duplicate=1'])
    t.test(`random programs do what the model says: ${faults}, tsmpirun ${job.join(' ')}`, async (t) => {
      const ended = await playOver(faults, job, 12)
      t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
      t.equal(messages(ended), '')
      t.equal(ended.code, 0)
    })

for (const job of [
  ['-n', '4'],
  ['-n', '7', '--emulate-hosts', '2', '--map-by', 'node'],
  ...(SOAK ? [1, 2, 3, 5, 7, 8] : ALL ? [1, 3, 8] : []).flatMap((size) => [
    ['-n', String(size)],
    ['-n', String(size), '--transport', 'zmq'],
  ]),
])
  t.test(`random programs do what the model says on a good network: tsmpirun ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, PROGRAMS, '12', '2'])
    t.equal(ended.stdout, 'ok\n'.repeat(Number(job[1])))
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })

t.test(
  'pieces of a message that come again do not touch what has come since, in memory known by its address',
  async (t) => {
    // The last piece is there long before it is due on this network; what is repeated comes in between.
    const network = ['--emulate-hosts', '2', '--emulate', 'bandwidth=10 Gbit/s,latency=20 ms']
    const env = { TSMPI_FAULTS: 'seed=1,delayMs=1,duplicate=0.5' }
    const ended = await tsmpirun(['-n', '2', ...network, 'test/spmd/programs/repeated-bulk.ts'], { env })
    t.equal(ended.stdout, 'ok\nok\n')
    t.equal(ended.code, 0)
  },
)

for (const faults of ['seed=5,cut=40', 'seed=6,delayMs=1,lose=0.02', 'seed=7,duplicate=0.5,cut=90'])
  t.test(`a link that breaks or loses a message ends the job: ${faults}`, async (t) => {
    const ended = await playOver(faults, ['-n', '4', '--emulate-hosts', '2'], 1000)
    t.match(messages(ended), /^tsmpirun: the connection from host\d to host\d broke, although both answer here: /)
    t.notMatch(ended.stdout, 'expected', 'until then all was as the model says')
    t.equal(ended.code, 125)
  })

t.test('faults that are none are told', async (t) => {
  const ended = await playOver('seed=5,loss=0.1', ['-n', '2', '--emulate-hosts', '2'], 1)
  t.match(ended.stderr, /TSMPI_FAULTS has "loss=0\.1", expected a list of seed=NUMBER, delayMs=MILLISECONDS,/)
  t.equal(ended.code, 125)
})
