// Makes of the modules that every process and every rank's thread loads a few files: each module costs a thread about half
// a millisecond, and there are more than a hundred. Types, paths and exports stay: in place of every module of the library
// remains one that hands on what the bundle has, so that HPL and the commands, which import it, get the same one. Modules
// that ask where they lie (`import.meta`), and what these import, stay as they are; but those of an agent go into its one
// file, which is CommonJS: Node begins to run it some 8 ms earlier than a module.
import { build } from 'esbuild'
import { readdirSync, readFileSync, rmSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'

/** What programs import. The modules behind it can be asked for one by one. */
const LIBRARY = ['index.js', 'testing.js']
/** What a rank's thread begins with: shares the library with the program. */
const RANK = 'runtime/agent/rank-main.js'
/** What the launcher begins with. */
const LAUNCHER = 'runtime/launcher/tsmpirun.js'
/** What a host's processes begin with. Each shares nothing and becomes a file of its own, `.cjs`. */
const HOST = ['runtime/agent/agent-main.js', 'runtime/agent/agent-host.js']
/** Stack traces tell the library from programs by its folders. */
const BUNDLE = 'runtime/library.js'
const SETTINGS = { format: 'esm', platform: 'node', target: 'node20', write: false, logLevel: 'warning' }

/** @param dist folder of the compiled modules; some are replaced */
export async function bundle(dist) {
  const imports = importsOf(dist)
  const entries = [...LIBRARY, RANK, LAUNCHER]
  const located = [...reachable(imports, entries)].filter(
    (file) => asksWhereItLies(dist, file) && !entries.includes(file),
  )
  const apart = reachable(imports, located)
  const library = [...reachable(imports, LIBRARY)].filter((file) => !apart.has(file))
  const exported = await exportsOf(dist, library)
  const outputs = [await bundled(dist, [RANK, BUNDLE], [modulesApart(dist, apart), libraryOf(dist, exported)])]
  const packed = { packages: 'bundle', banner: REQUIRE, metafile: true }
  outputs.push(await bundled(dist, [LAUNCHER], [modulesApart(dist, apart), commandLineParser(dist)], packed))
  for (const entry of HOST) outputs.push(await alone(dist, entry))

  for (const { path, text } of outputs.flat()) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, path.endsWith('.map') ? text : placed(dist, path, constantAsWritten(namedAsWritten(text))))
  }
  for (const entry of HOST)
    for (const kind of ['.js', '.js.map', '.d.ts']) rmSync(join(dist, entry.replace('.js', kind)))
  for (const [file, names] of exported) {
    rmSync(join(dist, `${file}.map`))
    writeFileSync(join(dist, file), facade(file, names))
  }
}

/** Relative imports of every compiled module: file -> files, relative to dist. */
function importsOf(dist) {
  const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.js'))
  const IMPORT = /^(?:import|export)\b[^;'"]*?['"](\.[^'"]+)['"]|\bimport\(['"](\.[^'"]+)['"]\)/gm
  return new Map(
    files.map((file) => {
      const found = [...readFileSync(join(dist, file), 'utf8').matchAll(IMPORT)]
      return [file, found.map(([, named, later]) => posix.join(dirname(file), named ?? later))]
    }),
  )
}

function reachable(imports, roots) {
  const seen = new Set()
  const visit = (file) => {
    if (seen.has(file)) return
    seen.add(file)
    imports.get(file).forEach(visit)
  }
  roots.forEach(visit)
  return seen
}

function asksWhereItLies(dist, file) {
  return readFileSync(join(dist, file), 'utf8').includes('import.meta')
}

/** The names that each module exports. */
async function exportsOf(dist, files) {
  const { metafile } = await build({
    ...SETTINGS,
    absWorkingDir: dist,
    entryPoints: files,
    outdir: dist,
    outbase: dist,
    metafile: true,
  })
  return new Map(files.map((file) => [file, metafile.outputs[file].exports]))
}

async function bundled(dist, entries, plugins, more = { packages: 'external' }) {
  const { outputFiles } = await build({
    ...SETTINGS,
    absWorkingDir: dist,
    entryPoints: entries.map((file) => ({ in: `./${file}`, out: file.slice(0, -'.js'.length) })),
    outdir: dist,
    bundle: true,
    splitting: true,
    sourcemap: true,
    chunkNames: 'runtime/chunks/[name]-[hash]',
    plugins,
    ...more,
  })
  return outputFiles
}

/** What packages in CommonJS ask for others with. */
const REQUIRE = {
  js: "import { createRequire as tsmpiRequire } from 'node:module'; const require = tsmpiRequire(import.meta.url);",
}

/**
 * Puts yargs into the launcher, which saves every start some 40 ms: it is a dozen packages of many small files, and what
 * lays out its help takes longest. That runs when there is a help to print. Their licences go into dist/.
 */
function commandLineParser(dist) {
  const LAYOUT = /^(cliui|string-width)$/
  return {
    name: 'command-line-parser',
    setup({ onResolve, onLoad, onEnd }) {
      onResolve({ filter: /^[^./]/ }, ({ path, importer, namespace }) => {
        const ours = namespace === 'file' && !importer.includes('/node_modules/')
        if (ours && path !== 'yargs') return { path, external: true }
        const later = /\/yargs\//.test(importer) && LAYOUT.test(path)
        return later ? { path, namespace: 'later', pluginData: dirname(importer) } : undefined
      })
      onLoad({ filter: LAYOUT, namespace: 'later' }, ({ path, pluginData }) => ({
        contents: `export default (...given) => require('${path}').default(...given)`,
        resolveDir: pluginData,
      }))
      // Its map leads to a source that is not in the package.
      onLoad({ filter: /\/get-caller-file\/index\.js$/ }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''),
      }))
      onEnd(({ metafile }) => writeFileSync(join(dist, 'LICENCES.txt'), licencesOf(dist, Object.keys(metafile.inputs))))
    },
  }
}

/** The licences of all packages that files of the bundle come from. */
function licencesOf(dist, inputs) {
  const folders = inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [])
  return [...new Set(folders)]
    .sort()
    .map((folder) => licenceOf(join(dist, folder)))
    .join('\n')
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8')
  return `${name} ${version} (${license})\n\n${text}`
}

/** All that a process runs as one file in CommonJS: what it may come to import starts to run when it is asked for. */
async function alone(dist, entry) {
  const { outputFiles } = await build({
    ...SETTINGS,
    absWorkingDir: dist,
    entryPoints: [`./${entry}`],
    outfile: join(dist, entry.replace('.js', '.cjs')),
    format: 'cjs',
    bundle: true,
    sourcemap: true,
    packages: 'external',
    define: { 'import.meta.url': 'tsmpiLocation' },
    banner: { js: "const tsmpiFolder = require('node:url').pathToFileURL(__dirname).href;" },
    plugins: [ownLocations(dist, dirname(entry))],
  })
  return outputFiles
}

/** In one file all modules would lie in one place: each keeps its own. */
function ownLocations(dist, folder) {
  return {
    name: 'locations',
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8')
        if (!text.includes('import.meta')) return undefined
        const place = pathFrom(folder, relative(dist, path))
        // On the first line, so that line numbers stay.
        return { contents: `const tsmpiLocation = \`\${tsmpiFolder}/${place}\`;${text}` }
      })
    },
  }
}

/** A name for an export that no other module's has. */
function unique(file, name) {
  return `${file.slice(0, -'.js'.length).replace(/\W/g, '_')}$${name}`
}

function exportLine(names, from) {
  return names.length === 0 ? '' : `export { ${names.join(', ')} } from '${from}'\n`
}

/** The library as one module, which exports all that its modules export. */
function libraryOf(dist, exported) {
  const contents = [...exported]
    .map(([file, names]) =>
      exportLine(
        names.map((name) => `${name} as ${unique(file, name)}`),
        `./${file}`,
      ),
    )
    .join('')
  return {
    name: 'library',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path }) => (path === `./${BUNDLE}` ? { path, namespace: 'library' } : undefined))
      onLoad({ filter: /./, namespace: 'library' }, () => ({ contents, resolveDir: dist }))
    },
  }
}

/** What lies where a module of the library lay. */
function facade(file, names) {
  return exportLine(
    names.map((name) => `${unique(file, name)} as ${name}`),
    pathFrom(dirname(file), BUNDLE),
  )
}

const APART = 'tsmpi-apart:'

/** Imports of modules that stay: named by where they lie, until it is known who imports them from where. */
function modulesApart(dist, apart) {
  return {
    name: 'apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const file = relative(dist, join(resolveDir, path))
        return apart.has(file) ? { path: APART + file, external: true } : undefined
      })
    },
  }
}

/** A class that names itself in its body comes out as `var C = class _C`: users would see the underscore. */
function namedAsWritten(text) {
  const classes = [...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name)
  return classes.reduce((before, name) => before.replaceAll(new RegExp(`\\b_${name}\\b`, 'g'), name), text)
}

/**
 * The constants of modules come out as variables; V8 puts a constant's value into the code that it compiles, a variable it
 * reads each time (a message of 8 B took 4 % longer). Constants have names in capitals.
 */
function constantAsWritten(text) {
  return text.replaceAll(/^var ([A-Z][A-Z0-9_]*) = /gm, 'const $1 = ')
}

function placed(dist, path, text) {
  const folder = relative(dist, dirname(path))
  return text.replaceAll(/"tsmpi-apart:([^"]+)"/g, (_, file) => `"${pathFrom(folder, file)}"`)
}

function pathFrom(folder, file) {
  const path = posix.relative(folder, file)
  return path.startsWith('.') ? path : `./${path}`
}
