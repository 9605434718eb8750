// `npm run docs`: the documentation as a site in site/, for a browser or any web server: the pages of docs/ by kind (tutorial, how-to,
// reference, explanation), the examples with what they print when the site is built, and the reference of the API, with one
// search over all. The generator is TypeDoc; here its pages are gathered, and their links led to where they then are.
//
//   node scripts/build-site.mjs [FOLDER]     FOLDER: where the site goes, by default site/
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, TSConfigReader } from 'typedoc'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SITE = resolve(process.argv[2] ?? join(ROOT, 'site'))
const TSMPIRUN = join(ROOT, 'dist/runtime/launcher/tsmpirun.js')
const RANKS = 4

/** Pages by kind, in reading order. A page of docs/ that stands in none of these is taken for a how-to. */
const SECTIONS = {
  Tutorial: ['first-cluster', 'labs'],
  'How-to': [
    'start',
    'hosts',
    'input-output',
    'diagnosis',
    'tracing',
    'dashboard',
    'doctor',
    'sweep',
    'wall',
    'report',
    'emulation',
    'boot',
    'migration',
  ],
  Reference: ['api', 'collectives', 'hpl', 'hpl-variants', 'failures'],
  Explanation: ['performance', 'security'],
}

/** The texts of the labs, which hang below the page about them. */
const LABS = readdirSync(join(ROOT, 'examples/labs'))
  .filter((name) => /^\d\d-/.test(name))
  .map((name) => `examples/labs/${name}/README.md`)

/** Of code blocks; others are shown as they are. */
const LANGUAGES = [
  'bash',
  'console',
  'css',
  'html',
  'ini',
  'javascript',
  'json',
  'python',
  'c',
  'typescript',
  'yaml',
  'sh',
  'text',
  'tsx',
  'diff',
]

const stage = mkdtempSync(join(tmpdir(), 'tsmpi-pages-'))
try {
  process.exitCode = await build()
} finally {
  rmSync(stage, { recursive: true })
}

async function build() {
  const pages = stagePages()
  const linked = [...pages, ...LABS]
  for (const page of linked) leadLinks(page, new Set(linked))
  const documents = pages.filter((page) => page !== 'README.md')
  const options = {
    name: 'tsmpi',
    entryPoints: ['index.ts', 'testing.ts'].map((file) => join(ROOT, file)),
    tsconfig: join(ROOT, 'tsconfig.json'),
    basePath: stage,
    readme: join(stage, 'README.md'),
    projectDocuments: documents.map((page) => join(stage, page)),
    searchInDocuments: true,
    searchInComments: true,
    groupOrder: [...Object.keys(SECTIONS), '*'],
    navigation: { includeGroups: true },
    sort: ['documents-first', 'source-order'],
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    includeVersion: true,
    validation: { notExported: false },
    highlightLanguages: LANGUAGES,
    treatWarningsAsErrors: true,
    out: SITE,
  }
  // typedoc.json is not read: it is for the Markdown in docs/reference.
  const app = await Application.bootstrap(options, [new TSConfigReader()])
  const project = await app.convert()
  if (project === undefined) return 1
  app.validate(project)
  rmSync(SITE, { recursive: true, force: true })
  await app.generateOutputs(project)
  return app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0
}

/** Copies the pages into the stage, each with its section on top; returns their paths, in reading order. */
function stagePages() {
  const written = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
  const known = Object.values(SECTIONS).flat()
  const homeless = written.map((name) => name.replace(/\.md$/, '')).filter((name) => !known.includes(name))
  put('README.md', readFileSync(join(ROOT, 'README.md'), 'utf8'))
  for (const lab of LABS) page(lab, 'Tutorial')
  const sections = Object.entries(SECTIONS).flatMap(([section, names]) =>
    (section === 'How-to' ? [...names, ...homeless] : names)
      .filter((name) => written.includes(`${name}.md`))
      .map((name) => page(`docs/${name}.md`, section)),
  )
  return [
    'README.md',
    page('examples/README.md', 'Tutorial', examplesPage()),
    ...sections,
    page('hostfiles/README.md', 'Reference'),
    page('ARCHITECTURE.md', 'Explanation'),
    page('CHANGELOG.md', 'Reference'),
  ]
}

function page(path, section, text = readFileSync(join(ROOT, path), 'utf8')) {
  const [, title = path] = /^# (.*)$/m.exec(text) ?? []
  const below = path === 'docs/labs.md' ? LABS.map((lab) => relative(dirname(path), lab)) : []
  const matter = [
    `title: ${JSON.stringify(title.replace(/`/g, ''))}`,
    `group: ${section}`,
    ...(below.length > 0 ? [`children: ${JSON.stringify(below)}`] : []),
  ]
  put(path, `---\n${matter.join('\n')}\n---\n\n${text}`)
  return path
}

function put(path, text) {
  mkdirSync(dirname(join(stage, path)), { recursive: true })
  writeFileSync(join(stage, path), text)
}

/** The examples with what they print, run now. */
function examplesPage() {
  const programs = readdirSync(join(ROOT, 'examples')).filter((name) => /^\d\d-.*\.ts$/.test(name))
  const parts = programs.map((name) => {
    const source = readFileSync(join(ROOT, 'examples', name), 'utf8')
    return [
      `## ${name}`,
      fence('ts', source),
      fence('console', `$ npx tsmpirun -n ${RANKS} examples/${name}\n${outputOf(name)}`),
    ]
  })
  return ['# Examples', `What they print is what they printed when this page was built.`, ...parts.flat()].join('\n\n')
}

function outputOf(name) {
  const args = [TSMPIRUN, '-n', String(RANKS), join(ROOT, 'examples', name)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`examples/${name} ended with exit code ${status}:\n${stderr}`)
  return stdout
}

function fence(language, text) {
  return `\`\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\``
}

function isKnown(language) {
  return ['ts', 'js', ...LANGUAGES].includes(language)
}

/** Makes the links of a page lead to pages of the site, or to copies of files; what leads elsewhere is only its text. */
function leadLinks(path, pages) {
  const text = readFileSync(join(stage, path), 'utf8')
  put(
    path,
    text
      .replace(/^(`{3,})(\w+)/gm, (fence, marks, language) => (isKnown(language) ? fence : `${marks}text`))
      .replace(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (link, image, label, target) => {
        if (/^[a-z]+:|^#/i.test(target)) return link
        const [file, anchor] = target.split('#')
        const linked = relative(ROOT, join(ROOT, dirname(path), file))
        const found = [linked, `${linked}/README.md`].find((one) => pages.has(one))
        if (found !== undefined)
          return `${image}[${label}](${relative(dirname(path), found)}${anchor ? `#${anchor}` : ''})`
        if (
          existsSync(join(ROOT, linked)) &&
          statSync(join(ROOT, linked)).isFile() &&
          !linked.startsWith('docs/reference/')
        ) {
          cpSync(join(ROOT, linked), join(stage, linked))
          return link
        }
        return label
      }),
  )
}
