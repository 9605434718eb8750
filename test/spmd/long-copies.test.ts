/** Long messages, which threads of one process read out of each other's memory, and processes send. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/spmd/programs/long-copies.ts'

for (const [what, options] of [
  ['two ranks in threads of one process', []],
  ['two ranks in processes of their own', ['--ranks-per-agent', '1']],
  ['two hosts without encryption', ['--emulate-hosts', '2', '--encryption', 'off']],
  ['two hosts of an emulated network', ['--emulate-hosts', '2', '--emulate', '1gbe']],
] as const)
  t.test(`long messages of ${what} arrive as they were sent`, async (t) => {
    const ended = await tsmpirun(['-n', '2', ...options, PROGRAM])
    t.equal(messages(ended), '')
    t.equal(ended.stdout, 'ok\n')
    t.equal(ended.code, 0)
  })
