// The examples in the docstrings of the public API: found here, type-checked by check-docs.mjs and run by
// test/spmd/api-examples.test.ts.
//
// An example that imports something is a program of its own. Any other is the body of `run(async (context) => { … })` on four
// ranks, with all exports of the package and the fields of the context in scope. A line `log(…) // → text` logs exactly
// that text, on every rank that comes there.
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const ENTRY_POINTS = ['index.ts', 'testing.ts']

/** Everything that an entry point exports: its name, and the symbol that an alias stands for. */
export function exportsOf(checker, sourceFile) {
  return checker.getExportsOfModule(checker.getSymbolAtLocation(sourceFile)).map((symbol) => ({
    name: symbol.name,
    symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    isType: symbol.declarations?.some(ts.isTypeOnlyExportDeclaration) === true,
  }))
}

/** An export or one of its public methods and accessors, with what stands in its docstring. */
export function publicMembers(name, { flags, members, exports }) {
  if (!(flags & ts.SymbolFlags.Class)) return []
  return [...(members?.values() ?? []), ...(exports?.values() ?? [])]
    .filter(({ flags }) => flags & (ts.SymbolFlags.Method | ts.SymbolFlags.Accessor))
    .filter(({ valueDeclaration }) => isPublic(valueDeclaration))
    .map((symbol) => ({ name: `${name}.${symbol.name}`, symbol }))
}

function isPublic(declaration) {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  return !ts.isPrivateIdentifier(declaration.name) && !(ts.getCombinedModifierFlags(declaration) & hidden)
}

/** The examples of a symbol: `{ name, file, line, code }`, the line being that of the first line of code. */
export function examplesOf(name, symbol, root = ROOT) {
  return (symbol.declarations ?? []).flatMap((declaration) =>
    ts
      .getJSDocTags(declaration)
      .filter(({ tagName }) => tagName.text === 'example')
      .map((tag) => {
        const source = tag.getSourceFile()
        const { line } = source.getLineAndCharacterOfPosition(tag.getStart(source))
        return { name, file: relative(root, source.fileName), line: line + 2, code: codeOf(source, tag) }
      }),
  )
}

/** The lines after the tag as they stand in the file: the compiler's own text loses indentation and reads tags in code. */
function codeOf(source, tag) {
  const text = source.text.slice(tag.getStart(source), tag.parent.end - '*/'.length)
  const [, ...lines] = text.split('\n')
  const end = lines.findIndex((line) => /^\s*\* @\w/.test(line))
  return lines
    .slice(0, end === -1 ? lines.length : end)
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trimEnd()
}

/** All classes whose members a class has: its own and those it inherits. */
function withBases(checker, symbol) {
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  const bases = type.isClass() ? checker.getBaseTypes(type) : []
  return [symbol, ...bases.flatMap(({ symbol: base }) => withBases(checker, base))]
}

/**
 * The examples of everything public, each once: those of exports, and those of the members of classes, inherited ones
 * included, whether or not the base class is exported.
 *
 * @returns `{ name, symbol, members, examples }` for each export; a class has its own members and those it inherits, with
 *   their examples; `page` are all examples that its page of the reference shows
 */
export function apiOf(program, entries, root = ROOT) {
  const checker = program.getTypeChecker()
  const seen = new Set()
  const once = (examples) =>
    examples.filter(({ file, line }) => !seen.has(`${file}:${line}`) && seen.add(`${file}:${line}`))
  return entries.flatMap((entry) =>
    exportsOf(checker, program.getSourceFile(entry)).map(({ name, symbol }) => {
      const own = [{ name, symbol }, ...publicMembers(name, symbol)]
      const all = withBases(checker, symbol).flatMap((base) => publicMembers(base.name, base))
      const documented = own.flatMap((one) => examplesOf(one.name, one.symbol, root))
      const inherited = all.flatMap((one) => examplesOf(one.name, one.symbol, root))
      return {
        name,
        symbol,
        members: all,
        documented: documented.length > 0,
        examples: once([...documented, ...inherited]),
        page: [...documented, ...inherited],
      }
    }),
  )
}

/** True for an example that is a program of its own. */
export function isProgram({ code }) {
  return /^import /m.test(code)
}

/** Names of the fields of the context that `run` hands to a program. */
const CONTEXT = 'world, self, log, argv, host, alloc, free, share, sharedArrays, showProgress'

/** An example as a module whose line numbers are those of its file. */
export function moduleText({ code, line }, names) {
  const text = isProgram({ code }) ? `\n${code}` : wrapped(code, names)
  return `${'\n'.repeat(Math.max(line - 2, 0))}${text}\nexport {}\n`
}

/** `names`: what an entry point exports, values and types apart. */
function wrapped(code, { values, types }) {
  const imports = `import { ${[...values, ...types.map((name) => `type ${name}`)].join(', ')} } from 'tsmpi'; `
  return `${imports}await run(async ({ ${CONTEXT} }) => {\n${code}\n})`
}

/** The names that the package exports. */
export function exportedNames(program, entry) {
  const all = exportsOf(program.getTypeChecker(), program.getSourceFile(entry))
  const isValue = ({ symbol, isType }) => !isType && (symbol.flags & ts.SymbolFlags.Value) !== 0
  return {
    values: all.filter(isValue).map(({ name }) => name),
    types: all.filter((one) => !isValue(one)).map(({ name }) => name),
  }
}

/** Compiles the entry points as they are in `root`. */
export function compileApi(root = ROOT) {
  const entries = ENTRY_POINTS.map((file) => join(root, file))
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, dirname(entries[0]))
  return { program: ts.createProgram(entries, { ...options, noEmit: true }), entries }
}

/** What a line that promises its output calls instead of `log`. */
const PROMISED = `
import { format } from 'node:util'

function promised(where: string, text: string, ...values: unknown[]): void {
  const said = format(...values)
  if (said !== text) throw new Error(\`\${where}: the example logs "\${said}", its docstring says "\${text}"\`)
}
`

/**
 * One program that runs many examples one after the other, each with a communicator of its own as `world`, and prints
 * `ok NAME` for each on rank 0.
 */
export function runner(examples, { values, types }) {
  const imports = [...new Set([...values, 'run']), ...types.map((name) => `type ${name}`)]
  const parts = examples.map(
    (example) => `  ['${example.name}', async ({ ${CONTEXT} }) => {\n${checked(example)}\n  }],`,
  )
  return `import { ${imports.join(', ')} } from 'tsmpi'
${PROMISED}
const EXAMPLES: [name: string, body: (context: RankContext) => Promise<unknown>][] = [
${parts.join('\n')}
]

await run(async (context) => {
  for (const [name, body] of EXAMPLES) {
    const world = await context.world.dup()
    await body({ ...context, world })
    await context.world.barrier()
    world.free()
    if (world.rank === 0) context.log('ok', name)
  }
})
`
}

/** An example that is a program, with its promises checked. */
export function checkedProgram(example) {
  return checked(example) + PROMISED
}

/** The code of an example with its promises turned into checks. */
function checked({ code, file, line }) {
  const check = (text, at) =>
    text.replace(/(?:console\.)?\blog\((.*)\) \/\/ → (.*)$/, (_, values, said) => {
      return `promised(${JSON.stringify(`${file}:${line + at}`)}, ${JSON.stringify(said)}, ${values})`
    })
  return code.split('\n').map(check).join('\n')
}
