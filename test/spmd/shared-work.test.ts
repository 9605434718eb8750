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
