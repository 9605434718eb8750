/** Memory of a rank that others read by its address outlives its thread. */
import t from 'tap'
import { tsmpirun } from '../helpers/tsmpirun.ts'

const skip = process.platform === 'linux' ? false : 'threads can be watched in /proc only'

for (const [what, options] of [
  ['a rank of the same host', []],
  ['a rank of another host', ['--emulate-hosts', '2']],
] as const)
  t.test(`what a rank that has ended has started to send arrives at ${what}`, { skip }, async (t) => {
    const { code, stdout } = await tsmpirun(['-n', '2', ...options, 'test/spmd/programs/lent-memory.ts'])
    t.equal(stdout, 'ended true, received 1 2 3\n')
    t.equal(code, 0)
  })
