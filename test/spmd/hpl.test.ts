/** HPL's arithmetic does not depend on how the ranks are connected: netlib's recorded numbers over every transport. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

for (const job of [[], ['--emulate-hosts', '2'], ['--transport', 'zmq']])
  t.test(`recorded residuals, pivots, factors, x, y and norms are equal bit for bit: ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun(['-n', '7', ...job, 'test/spmd/programs/hpl-reference.ts'])
    t.equal(ended.stdout, 'equal\n')
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })
