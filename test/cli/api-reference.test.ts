/** docs/reference is what `npm run docs:api` makes of the sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The pages below a folder, by path. */
function pages(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'))
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}

t.test('the reference of the API is up to date', async (t) => {
  const out = t.testdir({})
  const typedoc = fileURLToPath(new URL('../bin/typedoc', import.meta.resolve('typedoc')))
  const made = spawnSync(process.execPath, [typedoc, '--out', out], { cwd: ROOT, encoding: 'utf8' })
  t.equal(made.stdout + made.stderr, '')
  const [now, then] = [pages(out), pages(join(ROOT, 'docs/reference'))]
  t.ok(now.size > 80)
  t.same([...then.keys()], [...now.keys()], 'run `npm run docs:api` and commit what it changes')
  const outdated = [...now].filter(([file, text]) => then.get(file) !== text).map(([file]) => file)
  t.same(outdated, [], 'run `npm run docs:api` and commit what it changes')
})
