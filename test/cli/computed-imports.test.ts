/** Programs that compute what they import: relative to the file they were written in, TypeScript too. */
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/cli/programs/computed/main.ts'

t.jobs = 2

for (const job of [[], ['--emulate-hosts', '2']])
  t.test(`modules are found when they are asked for: tsmpirun -n 2 ${job.join(' ')}`, async (t) => {
    const ended = await tsmpirun(['-n', '2', ...job, PROGRAM, 'polite'])
    t.equal(messages(ended), '')
    t.same(ended.stdout.trimEnd().split('\n').sort(), [
      'good day from 0, SUM',
      'good day from 0, SUM',
      'good day from 1, SUM',
      'good day from 1, SUM',
    ])
    t.equal(ended.code, 0)
  })

t.test('a module that is not there is told with the file that asks for it', async (t) => {
  const ended = await tsmpirun(['-n', '2', PROGRAM, 'rude'])
  t.equal(ended.code, 1)
  t.match(ended.stderr, /Cannot find module '.*\/parts\/rude\.ts' imported from .*\/computed\/main\.ts/)
})
