/** `npm run docs` builds a site whose links all lead somewhere and whose search finds the pages of docs/. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateSync } from 'node:zlib'
import { parseHTML } from 'linkedom'
import t from 'tap'
import { listLabs } from '../../commands/lab/catalogue.ts'
import { ALL } from '../helpers/effort.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { spawnSync } = process.getBuiltinModule('node:child_process')
const site = mkdtempSync(join(tmpdir(), 'tsmpi-site-'))
t.teardown(() => rmSync(site, { recursive: true }))

interface Page {
  readonly ids: ReadonlySet<string>
  readonly targets: readonly string[]
}

function readPage(file: string): Page {
  const { document } = parseHTML(readFileSync(file, 'utf8'))
  const all = (selector: string, name: string): string[] =>
    [...document.querySelectorAll(selector)].map((element) => element.getAttribute(name) ?? '')
  return { ids: new Set(all('[id]', 'id')), targets: [...all('a[href]', 'href'), ...all('[src]', 'src')] }
}

/** What TypeDoc packs for its scripts: base64 of deflated JSON. */
function unpacked(script: string): unknown {
  const [, packed = ''] = /"([^"]+)"/.exec(readFileSync(join(site, 'assets', script), 'utf8')) ?? []
  return JSON.parse(inflateSync(Buffer.from(packed, 'base64')).toString())
}

// Half a minute, most of it the compiler's.
const skip = ALL ? false : 'takes half a minute; TSMPI_TEST_ALL=1 runs it'

t.test('the site is built without a warning', { skip }, (t) => {
  const built = spawnSync(process.execPath, ['scripts/build-site.mjs', site], { cwd: ROOT, encoding: 'utf8' })
  t.equal(built.status, 0, built.stdout + built.stderr)
  t.end()
})

t.test('every link leads to a file, and to a heading if it names one', { skip }, (t) => {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'))
  const pages = new Map(files.map((name) => [join(site, name), readPage(join(site, name))]))
  const broken: string[] = []
  let links = 0
  for (const [file, { targets }] of pages)
    for (const target of targets) {
      if (/^([a-z][a-z+.-]*:|\/\/)/i.test(target)) continue
      links++
      const [path = '', anchor = ''] = decodeURI(target).split('#')
      const linked = path === '' ? file : resolve(dirname(file), path)
      const leads = existsSync(linked) && statSync(linked).isFile()
      const heading = anchor === '' || pages.get(linked)?.ids.has(anchor) !== false
      if (!leads || !heading) broken.push(`${relative(site, file)}: ${target}`)
    }
  t.strictSame(broken, [])
  t.ok(links > 1000, `${links} links`)
  t.end()
})

t.test('the search index has the pages with their text, and the calls', { skip }, (t) => {
  const { rows, index } = unpacked('search.js') as { rows: { name: string }[]; index: unknown }
  const names = new Set(rows.map(({ name }) => name))
  for (const name of readdirSync(join(ROOT, 'docs')).filter((file) => file.endsWith('.md'))) {
    const [, title = ''] = /^# (.*)$/m.exec(readFileSync(join(ROOT, 'docs', name), 'utf8')) ?? []
    t.ok(names.has(title.replace(/`/g, '')), title)
  }
  t.ok(names.has('allreduce') && names.has('run'))
  t.match(JSON.stringify(index), /oversubscri|crossov/, 'words that only pages have')
  t.end()
})

t.test(
  'pages stand under tutorial, how-to, reference and explanation, and examples show what they print',
  { skip },
  (t) => {
    const navigation = JSON.stringify(unpacked('navigation.js'))
    for (const section of ['Tutorial', 'How-to', 'Reference', 'Explanation'])
      t.ok(navigation.includes(`"${section}"`), section)
    const { document } = parseHTML(readFileSync(join(site, 'documents', 'Examples.html'), 'utf8'))
    t.match(document.body.textContent.replace(/\s/g, ' '), /Hello from rank 3 of 4/)
    t.end()
  },
)

t.test('every lab has a page below that of the labs', { skip }, (t) => {
  const navigation = JSON.stringify(unpacked('navigation.js'))
  for (const { folder, number } of listLabs()) {
    const [, title = ''] = /^# (.*)$/m.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? []
    t.match(title, `Lab ${number}`)
    t.ok(navigation.includes(JSON.stringify(title)), title)
  }
  const { document } = parseHTML(readFileSync(join(site, 'documents', 'Labs.html'), 'utf8'))
  const linked = [...document.querySelectorAll('table a[href]')].map((link) => link.getAttribute('href') ?? '')
  t.equal(linked.filter((target) => /Labs\.Lab_\d+/.test(target)).length, listLabs().length)
  t.end()
})

t.test('site, README and package say the same', { skip }, (t) => {
  const { document } = parseHTML(readFileSync(join(site, 'index.html'), 'utf8'))
  const words = (text: string): string => text.replace(/\s+/g, ' ').trim()
  const shown = words(document.body.textContent)
  const { version, files, description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
    files: string[]
    description: string
  }
  t.match(shown, `v${version}`)
  const [, , first = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n')
  t.ok(shown.includes(words(first)), 'the first sentence of README.md')
  for (const word of ['message passing', 'HPL (Linpack)', 'TypeScript']) t.ok(description.includes(word), word)
  // All that pages are made of is in the package too.
  t.same(
    ['docs', 'examples', 'hostfiles', 'ARCHITECTURE.md', 'CHANGELOG.md'].filter((path) => !files.includes(path)),
    [],
  )
  t.end()
})
