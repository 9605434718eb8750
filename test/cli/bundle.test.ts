/** What scripts/bundle.mjs makes of the compiled modules: fewer files for a rank to load, and nothing else that shows. */
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const dist = (file: string): string => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url))
const notBuilt = existsSync(dist('index.js')) ? false : 'dist/ is missing: npm run build'

/** Runs a module that imports from dist/, and returns what it prints as JSON. */
function evaluated(module: string): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', module], {
    cwd: dist(''),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

t.test('classes and algorithms keep their names: output and traces show them', { skip: notBuilt }, async (t) => {
  const { shown, renamed } = evaluated(`
    const all = Object.entries(await import('./runtime/library.js'))
    const isShown = (value) => typeof value === 'function' && /^(class|function\\*)/.test(String(value))
    const shown = all.filter(([, value]) => isShown(value)).map(([key, { name }]) => [key.split('$').at(-1), name])
    console.log(JSON.stringify({ shown: shown.length, renamed: shown.filter(([wanted, name]) => wanted !== name) }))`) as {
    shown: number
    renamed: string[][]
  }
  t.same(renamed, [])
  t.ok(shown > 50, `of ${shown} names`)
})

t.test('a module of the library is one and the same, whichever way it is imported', { skip: notBuilt }, async (t) => {
  const same = evaluated(`
    const [index, errors, intracomm] = await Promise.all(
      ['./index.js', './runtime/base/errors.js', './collectives/intracomm.js'].map((file) => import(file)))
    console.log(JSON.stringify([index.MpiError === errors.MpiError, index.Intracomm === intracomm.Intracomm]))`)
  t.same(same, [true, true])
})

t.test(
  'the launcher prints its help without the packages it was made of, whose licences are there',
  { skip: notBuilt },
  async (t) => {
    const alone = t.testdir({
      runtime: { launcher: {} },
      'package.json': '{"name":"tsmpi","version":"0.0.0","type":"module"}',
    })
    cpSync(dist('runtime'), `${alone}/dist/runtime`, { recursive: true })
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [`${alone}/dist/runtime/launcher/tsmpirun.js`, '--help'],
      { encoding: 'utf8' },
    )
    t.equal(stderr, '')
    t.equal(status, 0)
    t.match(stdout, /^ {2}-n, --np +Number of ranks .*\n +\S.*\[string\]$/m, 'in columns')
    const licences = readFileSync(dist('LICENCES.txt'), 'utf8')
    for (const name of ['yargs', 'yargs-parser', 'y18n', 'cliui', 'string-width'])
      t.match(licences, new RegExp(`^${name} [\\d.]+ \\((MIT|ISC)\\)\\n\\n.*\\S`, 'm'))
  },
)

t.test('the library is a handful of files', { skip: notBuilt }, async (t) => {
  const loaded = evaluated(`
    import { register } from 'node:module'
    import { MessageChannel } from 'node:worker_threads'
    const { port1, port2 } = new MessageChannel()
    const hooks = \`let port; let count = 0
      export const initialize = (data) => { port = data.port }
      export const load = (url, context, next) => (url.startsWith('file:') && port.postMessage(++count), next(url, context))\`
    register('data:text/javascript,' + encodeURIComponent(hooks), { data: { port: port2 }, transferList: [port2] })
    let files = 0
    port1.on('message', (count) => (files = count))
    await import('./index.js')
    await new Promise((resolve) => setImmediate(resolve))
    console.log(JSON.stringify(files))
    port1.close()`)
  t.ok(Number(loaded) > 0 && Number(loaded) < 20, `${String(loaded)} files`)
})
