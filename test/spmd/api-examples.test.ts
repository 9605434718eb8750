/**
 * The examples in the docstrings of the public API, and so in docs/reference, do what they say: each runs on four ranks of a
 * real job, and each line `log(…) // → text` logs that text.
 */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const WRITE = fileURLToPath(new URL('../../scripts/write-api-examples.mjs', import.meta.url))

/** What scripts/write-api-examples.mjs has written. */
interface Written {
  readonly bodies: readonly string[]
  readonly programs: readonly { readonly name: string; readonly file: string }[]
}

const folder = t.testdir({})
const { stdout, stderr } = spawnSync(process.execPath, [WRITE, folder], { encoding: 'utf8' })
t.equal(stderr, '')
const { bodies, programs } = JSON.parse(stdout) as Written

t.test('the examples that are bodies of run, in one job', async (t) => {
  const ended = await tsmpirun(['-n', '4', '--strict', `${folder}/all.ts`])
  t.equal(messages(ended), '', 'no example fails or leaves anything behind')
  t.same(
    ended.stdout.trimEnd().split('\n'),
    bodies.map((name) => `ok ${name}`),
  )
  t.equal(ended.code, 0)
})

for (const { name, file } of programs)
  t.test(`the example of ${name}, a program of its own`, async (t) => {
    const ended = await tsmpirun(['-n', '4', file])
    t.equal(messages(ended), '')
    t.equal(ended.code, 0)
  })
