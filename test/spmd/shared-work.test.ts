/** Collective calls whose ranks work for each other, between threads, from memory of all kinds. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

for (const size of [2, 3, 4])
  t.test(`long reductions and broadcasts that ${size} ranks share come out right`, async (t) => {
    const ended = await tsmpirun(['-n', String(size), 'test/spmd/programs/shared-work.ts'])
    t.equal(messages(ended), '')
    t.equal(ended.stdout, 'ok\n')
    t.equal(ended.code, 0)
  })

for (const size of [2, 3, 4, 7])
  t.test(`long vectors of ${size} ranks through the board come out right, whoever runs ahead`, async (t) => {
    const ended = await tsmpirun(['-n', String(size), 'test/spmd/programs/board-vectors.ts'])
    t.equal(messages(ended), '')
    t.equal(ended.stdout, 'ok\n')
    t.equal(ended.code, 0)
  })

t.test('the profile of a rank that first waits for the others to come counts from there', async (t) => {
  const ended = await tsmpirun(['-n', '3', '--profile', 'test/spmd/programs/shared-work.ts'])
  const shares = [...ended.stderr.matchAll(/^ +[012] +\S+ +[\d.]+ +(-?[\d.]+) +[\d.]+ +[\d.]+ %$/gm)]
  t.equal(shares.length, 3, ended.stderr)
  for (const [line, application] of shares) t.ok(Number(application) >= 0, line)
})
