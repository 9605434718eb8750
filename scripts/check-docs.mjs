// Checks what the pages of the project say against the project itself: links, command-line options, examples, docstrings with
// their examples, and code blocks. Prints one line `file:line: what is wrong` for each mistake and exits with 1 if there is one.
//
//   node scripts/check-docs.mjs [ROOT]     ROOT: the tree to check, by default the one this file is in
//
// A block ```ts is a program of its own and has to type-check; a fragment that cannot is marked ```ts fragment.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { apiOf, ENTRY_POINTS, exportedNames, moduleText } from './api-examples.mjs'

const ROOT = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)))
const NOT_OURS = new Set(['node_modules', 'dist', 'site', '.tap', '.git', 'coverage'])
/** Generated from the docstrings by `npm run docs:api`: links are checked, code is checked where it comes from. */
const REFERENCE = 'docs/reference/'
const COMMAND = 'dist/runtime/launcher/tsmpirun.js'

const mistakes = []
/** Symbols whose docstrings have been checked: several classes inherit the same. */
const looked = new Set()
/** Methods that no example calls, told once for all classes that inherit them. */
const lonely = new Set()
const pages = findPages(ROOT).map(readPage)
const manual = pages.filter(
  ({ file }) => file === 'README.md' || (file.startsWith('docs/') && !file.startsWith(REFERENCE)),
)

const links = checkLinks(pages)
const options = checkOptions(manual)
const examples = checkExamples()
const { blocks, fragments, symbols, inDocstrings } = checkCode(manual)

for (const mistake of mistakes) console.error(mistake)
console.log(
  `docs: ${pages.length} pages, ${links} links, ${options} options, ${examples} examples, ${symbols} docstrings with ${inDocstrings} examples, ` +
    `${blocks} code blocks (${fragments} fragments not compiled): ${mistakes.length} mistakes`,
)
process.exitCode = mistakes.length > 0 ? 1 : 0

function report(file, line, text) {
  mistakes.push(`${file}:${line}: ${text}`)
}

/** Paths of all Markdown files below `folder`, from ROOT. */
function findPages(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !NOT_OURS.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return findPages(path)
      return entry.name.endsWith('.md') ? [relative(ROOT, path)] : []
    })
    .sort()
}

/** Splits a page into the lines of its prose, numbered from 1 and without inline code, and its fenced blocks. */
function readPage(file) {
  const page = { file, text: readFileSync(join(ROOT, file), 'utf8'), prose: [], blocks: [], headings: [] }
  let block
  for (const [index, line] of page.text.split('\n').entries()) {
    const number = index + 1
    const fence = /^\s*(?<marks>```+|~~~+)\s*(?<info>.*)$/.exec(line)
    if (block !== undefined) {
      if (fence?.groups.info === '' && fence.groups.marks.startsWith(block.marks)) block = undefined
      else block.lines.push(line)
    } else if (fence !== null) {
      block = { line: number, marks: fence.groups.marks, info: fence.groups.info.trim(), lines: [] }
      page.blocks.push(block)
    } else {
      const heading = /^#{1,6}\s+(?<title>.*?)\s*#*$/.exec(line)
      if (heading !== null) page.headings.push(heading.groups.title)
      page.prose.push({ number, line: line.replace(/`[^`]*`/g, '') })
    }
  }
  if (block !== undefined) report(file, block.line, 'this code block is not closed')
  return page
}

/** Checks that every relative link leads to a file, and to a heading if it names one; returns the number of links. */
function checkLinks(pages) {
  let count = 0
  const anchors = new Map(pages.map((page) => [page.file, anchorsOf(page)]))
  for (const { file, prose } of pages) {
    for (const { number, line } of prose) {
      for (const target of linkTargets(line)) {
        count++
        const [path, anchor] = decodeURI(target).split('#')
        const linked = path === '' ? file : relative(ROOT, join(ROOT, dirname(file), path))
        if (linked.startsWith('..')) report(file, number, `the link ${target} leaves the project`)
        else if (!existsSync(join(ROOT, linked))) report(file, number, `the link ${target} leads to no file`)
        else if (anchor && anchors.has(linked) && !anchors.get(linked).has(anchor))
          report(file, number, `the link ${target} leads to no heading of ${linked}`)
      }
    }
  }
  return count
}

/** Relative targets of `[text](target)`, `[name]: target`, `href="target"` and `src="target"` in a line. */
function linkTargets(line) {
  const forms = [/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g, /^\s*\[[^\]]+\]:\s*<?([^\s>]+)/g, /\b(?:href|src)="([^"]+)"/g]
  const targets = forms.flatMap((form) => [...line.matchAll(form)].map((match) => match[1]))
  return targets.filter((target) => !/^([a-z][a-z+.-]*:|\/\/)/i.test(target))
}

/** Anchors of a page by GitHub's rule: letters, digits, - and _ stay, spaces become -, repetitions are numbered. */
function anchorsOf({ headings, prose }) {
  const anchors = new Set()
  const seen = new Map()
  for (const title of headings) {
    const text = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = text.replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    const times = seen.get(slug) ?? 0
    anchors.add(times === 0 ? slug : `${slug}-${times}`)
    seen.set(slug, times + 1)
  }
  for (const { line } of prose) for (const match of line.matchAll(/\b(?:id|name)="([^"]+)"/g)) anchors.add(match[1])
  return anchors
}

/** Checks that the manual names every option of `tsmpirun --help`, in its short or long form; returns their number, 0 without a built command. */
function checkOptions(manual) {
  if (!existsSync(join(ROOT, COMMAND))) return 0
  const { stdout, status } = spawnSync(process.execPath, [join(ROOT, COMMAND), '--help'], { encoding: 'utf8' })
  if (status !== 0) report(COMMAND, 1, `--help ended with exit code ${status}`)
  const options = stdout.split('\n').flatMap((line) => {
    const { short, long } = /^\s+(?<short>-\w)?(?:, )?\s*(?<long>--[a-z][\w-]*)?/.exec(line)?.groups ?? {}
    const names = [short, long].filter((name) => name !== undefined)
    return names.length > 0 ? [names] : []
  })
  if (options.length === 0) report(COMMAND, 1, '--help lists no options')
  for (const names of options) {
    const anyName = new RegExp(`(?<![\\w-])(${names.join('|')})(?![\\w-])`)
    if (manual.some(({ text }) => anyName.test(text))) continue
    report(
      'README.md',
      1,
      `the option ${names.join(', ')} of \`tsmpirun --help\` is described neither here nor in docs/`,
    )
  }
  return options.length
}

/** Checks that every numbered example has its expected output beside it and the reverse; returns their number. */
function checkExamples() {
  const folder = join(ROOT, 'examples')
  const files = new Set(existsSync(folder) ? readdirSync(folder) : [])
  const programs = [...files].filter((file) => /^\d\d-.*\.ts$/.test(file))
  for (const file of programs) {
    const expected = `${basename(file, '.ts')}.expected.txt`
    if (!files.has(expected)) report(`examples/${file}`, 1, `its expected output examples/${expected} is missing`)
  }
  for (const file of files) {
    if (!file.endsWith('.expected.txt') || files.has(file.replace(/\.expected\.txt$/, '.ts'))) continue
    report(`examples/${file}`, 1, 'the program that prints this is missing')
  }
  return programs.length
}

/** Type-checks the ts blocks of the manual and the examples of the API, and looks for docstrings; returns what was looked at. */
function checkCode(manual) {
  const all = manual.flatMap(({ file, blocks }) => blocks.map((block) => ({ file, ...block })))
  const tsBlocks = all.filter(({ info }) => /^(ts|typescript)\b/.test(info))
  const compiled = tsBlocks.filter(({ info }) => !/\bfragment\b/.test(info))
  const sources = new Map(
    compiled.map((block) => [
      join(ROOT, `${block.file}.${block.line}.ts`),
      { file: block.file, text: blockText(block) },
    ]),
  )
  const entries = ENTRY_POINTS.map((file) => join(ROOT, file)).filter(existsSync)

  const program = createProgram([...entries, ...sources.keys()], sources)
  reportDiagnostics(program, sources)
  const api = apiOf(program, entries, ROOT)
  const symbols = new Set(api.flatMap((one) => checkDocstrings(program, one)))
  const inDocstrings = checkApiExamples(program, entries, api)
  return { blocks: compiled.length, fragments: tsBlocks.length - compiled.length, symbols: symbols.size, inDocstrings }
}

/** Checks that every export has an example, that every method is in one, and that all type-check; returns their number. */
function checkApiExamples(program, entries, api) {
  for (const { name, symbol, documented } of api)
    if (!documented && isOurs(symbol)) reportSymbol(symbol, `${name} is public and has no @example`)
  if (entries.length === 0) return 0
  const names = exportedNames(program, entries[0])
  const examples = api.flatMap(({ examples }) => examples)
  const sources = new Map(
    examples.map((example) => [
      join(ROOT, `${example.file}.${example.line}.ts`),
      { file: example.file, text: moduleText(example, names) },
    ]),
  )
  const compiled = createProgram([...sources.keys()], sources, program)
  reportDiagnostics(compiled, sources)
  const used = usedIn(compiled, sources.keys())
  for (const one of api) checkMethodsAreUsed(one, used)
  return examples.length
}

/** Where the members that each example uses are declared, by the path of the example. */
function usedIn(program, paths) {
  const checker = program.getTypeChecker()
  return new Map(
    [...paths].map((path) => {
      const places = new Set()
      const look = (node) => {
        if (ts.isPropertyAccessExpression(node))
          for (const place of placesOf(checker.getSymbolAtLocation(node.name))) places.add(place)
        ts.forEachChild(node, look)
      }
      look(program.getSourceFile(path))
      return [path, places]
    }),
  )
}

/** Checks that an example on the page of a class calls each of its public methods, inherited ones included. */
function checkMethodsAreUsed({ name, members, page }, used) {
  const places = new Set(page.flatMap(({ file, line }) => [...(used.get(join(ROOT, `${file}.${line}.ts`)) ?? [])]))
  const names = new Set()
  for (const { symbol: member } of members) {
    const isNew = !names.has(nameOf(member)) && names.add(nameOf(member)) // else it is overridden
    const counts = isNew && isOurs(member) && member.flags & ts.SymbolFlags.Method && !isInternal(member)
    if (counts && !lonely.has(member) && !placesOf(member).some((place) => places.has(place))) {
      lonely.add(member)
      reportSymbol(member, `${name}.${member.name} is public, and no example on the page of ${name} calls it`)
    }
  }
}

/** A method of a class and one of its instances may have the same name. */
function nameOf({ name, valueDeclaration }) {
  return ts.getCombinedModifierFlags(valueDeclaration) & ts.ModifierFlags.Static ? `static ${name}` : name
}

function isInternal({ valueDeclaration }) {
  return ts.getJSDocTags(valueDeclaration).some(({ tagName }) => tagName.text === 'internal')
}

function placesOf(symbol) {
  return (symbol?.declarations ?? []).map((node) => `${node.getSourceFile().fileName}:${node.pos}`)
}

/** The block as a module whose line numbers are those of its page. */
function blockText({ line, lines }) {
  return `${'\n'.repeat(line)}${lines.join('\n')}\nexport {}\n`
}

/** A compiler over the tree, in which the code blocks are files beside their pages without being on the disk. */
function createProgram(rootNames, sources, oldProgram) {
  const configFile = join(ROOT, 'tsconfig.json')
  const config = existsSync(configFile) ? ts.readConfigFile(configFile, ts.sys.readFile).config : {}
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, ROOT)
  const relaxed = { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false }
  const host = ts.createCompilerHost(relaxed)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => sources.has(path) || fileExists(path)
  host.readFile = (path) => sources.get(path)?.text ?? readFile(path)
  host.getSourceFile = (path, version, ...rest) => {
    const source = sources.get(path)
    return source ? ts.createSourceFile(path, source.text, version) : getSourceFile(path, version, ...rest)
  }
  return ts.createProgram(rootNames, relaxed, host, oldProgram)
}

function reportDiagnostics(program, sources) {
  for (const [path, { file }] of sources) {
    const sourceFile = program.getSourceFile(path)
    for (const diagnostic of ts.getPreEmitDiagnostics(program, sourceFile)) {
      if (diagnostic.file !== sourceFile) continue
      const { line } = sourceFile.getLineAndCharacterOfPosition(diagnostic.start)
      report(file, line + 1, ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '))
    }
  }
}

/**
 * Checks the docstrings of an export and of the public methods of a class, inherited ones included, each of which says
 * whether all ranks have to call it; returns all these symbols.
 */
function checkDocstrings(program, { name, symbol, members }) {
  const checker = program.getTypeChecker()
  const ours = [{ name, symbol }, ...members].filter(({ symbol }) => isOurs(symbol) && !looked.has(symbol))
  for (const { name, symbol } of ours) {
    looked.add(symbol)
    const text = ts.displayPartsToString(symbol.getDocumentationComment(checker))
    if (text === '') reportSymbol(symbol, `${name} is public and has no docstring`)
    else if (symbol.flags & ts.SymbolFlags.Method && !/\b(Collective|Local)\b/.test(text))
      reportSymbol(symbol, `${name} is public, and its docstring says neither Collective nor Local`)
  }
  return ours.map(({ symbol }) => symbol)
}

function isOurs({ declarations }) {
  return !declarations?.[0]?.getSourceFile().fileName.includes('/node_modules/')
}

function reportSymbol({ declarations }, text) {
  const declaration = declarations[0]
  const file = declaration.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart(file))
  report(relative(ROOT, file.fileName), line + 1, text)
}
