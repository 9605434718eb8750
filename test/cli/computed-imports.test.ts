/** Programs that compute what they import: relative to the file they were written in, TypeScript too. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { messages, TSMPIRUN, tsmpirun } from '../helpers/tsmpirun.ts'

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

t.test('a package that may be missing is asked for while the program runs, and URLs are what they say', async (t) => {
  const folder = t.testdir({ 'other.ts': 'export const file: string = "a file"' })
  const other = pathToFileURL(`${folder}/other.ts`).href
  writeFileSync(
    `${folder}/main.ts`,
    `import { run } from 'tsmpi'
    import { file } from '${other}'
    await run(async ({ log }) => {
      const { data } = await import('data:text/javascript,export const data = "data"')
      log(file, data)
      await import('tsmpi-no-such-package').catch(({ message }) => log(message))
      try { require('tsmpi-no-such-package') } catch ({ code }) { log(code) }
    })`,
  )
  for (const job of [[], ['--emulate-hosts', '1']]) {
    const ended = await tsmpirun(['-n', '1', ...job, `${folder}/main.ts`])
    t.equal(messages(ended), '')
    const [here, missing = '', required] = ended.stdout.split('\n')
    t.equal(here, 'a file data')
    t.match(missing, /^Cannot find package 'tsmpi-no-such-package' imported from .*\/main\.ts$/)
    t.equal(required, 'MODULE_NOT_FOUND')
  }
})

t.test('a package that is missing is told before anything starts', async (t) => {
  const folder = t.testdir({ 'main.ts': "import 'tsmpi-no-such-package'" })
  const ended = await tsmpirun(['-n', '1', `${folder}/main.ts`])
  t.equal(ended.code, 2)
  t.match(ended.stderr, /main\.ts:1:8: Could not resolve "tsmpi-no-such-package"/)
})

// The hooks of test runners listen to signals too.
for (const hooks of ['', '--import=tsx', '--import=@tapjs/processinfo/import'])
  t.test(`the thread that finds modules keeps no deadlock from being found: NODE_OPTIONS=${hooks}`, async (t) => {
    const job = [process.execPath, TSMPIRUN, '-n', '2', PROGRAM, 'polite', 'hang']
    const ended = await tsmpirun([`NODE_OPTIONS=${hooks}`, ...job], { program: 'env' })
    t.equal(ended.code, 123)
    t.match(ended.stderr, /rank 0 waits in recv\(source ANY_SOURCE.*computed\/main\.ts:\d+:/)
  })
