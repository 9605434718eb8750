/**
 * Turns the program named on the command line into what the agents run. TypeScript is transpiled once, here, with
 * everything it imports by relative paths; every host then runs the same text.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as esbuild from 'esbuild'
import type { BuildFailure, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'
import { INSTALLATION, type Program } from '../agent/job-description.ts'
import { UsageError } from './usage-error.ts'

/** Programs that are part of the installation: their module. A file of the same name is meant by ./name. */
const BUILTIN = new Map([
  ['hpl', 'hpl/main.js'],
  ['tune', 'tune.js'],
  ['doctor', 'doctor.js'],
])
const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs']

/**
 * @param name as given on the command line
 * @param everywhere true if hosts without this machine's files run it too: then packages go into the text as well
 * @throws UsageError if there is no such program or it cannot be compiled
 */
export async function prepareProgram(name: string, everywhere: boolean): Promise<Program> {
  const builtin = BUILTIN.get(name)
  if (builtin !== undefined) return { kind: 'builtin', module: builtin }
  const path = resolve(name)
  checkProgram(name, path)
  const url = pathToFileURL(path).href
  if (!everywhere && !path.endsWith('ts')) return { kind: 'file', url }
  return { kind: 'text', url, text: await bundle(path, everywhere) }
}

function checkProgram(name: string, path: string): void {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new UsageError([
      `program "${name}" not found (looked for ${path}); expected a file or the built-in program "hpl"`,
    ])
  if (!EXTENSIONS.includes(extname(path)))
    throw new UsageError([`program "${name}" ends in "${extname(path)}", expected one of ${EXTENSIONS.join(' ')}`])
}

async function bundle(path: string, everywhere: boolean): Promise<string> {
  // Not by import: Node would look through its 100 KB for the names of its exports, for 45 ms of a processor.
  const { build, stop } = createRequire(import.meta.url)('esbuild') as typeof esbuild
  try {
    const result = await build({
      entryPoints: [path],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // Node's own conditions only: esbuild would add 'module', whose files Node may not be able to run.
      conditions: [],
      sourcemap: 'inline',
      sourcesContent: false,
      outdir: resolve(path, '..'),
      define: LOCATION,
      plugins: [ownLocations(), packages(everywhere)],
      logLevel: 'silent',
      banner: { js: REQUIRE },
    })
    return (result.outputFiles[0] as { text: string }).text
  } catch (error) {
    throw new UsageError(compileErrors(error as BuildFailure))
  } finally {
    // Its process would stay as long as ours.
    await stop()
  }
}

/** Modules in CommonJS that went into the text still ask for others by `require`. A folder's name may have an apostrophe. */
const REQUIRE = `import { createRequire as tsmpiRequire } from 'node:module'; const require = tsmpiRequire("${INSTALLATION}index.js");`

function compileErrors(failure: BuildFailure): string[] {
  if (!Array.isArray(failure.errors)) return [String(failure)]
  return failure.errors.map(({ text, location }) =>
    location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`,
  )
}

/** In one text all modules would share one `import.meta`: each is given the location of its own file instead. */
const LOCATION = Object.fromEntries(
  ['url', 'filename', 'dirname'].map((key) => [`import.meta.${key}`, `tsmpiLocation.${key}`]),
)

function ownLocations(): Plugin {
  return {
    name: 'tsmpi-locations',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]s$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8')
        if (!source.includes('import.meta')) return undefined
        const location = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) }
        // On the first line, so that line numbers stay; a line for the shell stays in front.
        const [, shell = ''] = /^(#!.*\n)?/.exec(source) ?? []
        const declaration = `const tsmpiLocation = ${JSON.stringify(location)};`
        const loader = /ts$/.test(path) ? 'ts' : 'js'
        return { contents: shell + declaration + source.slice(shell.length), loader, resolveDir: dirname(path) }
      })
    },
  }
}

/**
 * Imports of packages: `tsmpi` becomes the installation of the host the program runs on; others stay where they are on
 * this machine, named by absolute path since a text has no folder to look from, or go into the text.
 */
function packages(everywhere: boolean): Plugin {
  return {
    name: 'tsmpi-packages',
    setup(build) {
      build.onResolve({ filter: /^tsmpi(\/testing)?$/ }, ({ path }) => ({
        path: `${INSTALLATION}${path === 'tsmpi' ? 'index.js' : 'testing.js'}`,
        external: true,
      }))
      build.onResolve({ filter: /^file:/ }, ({ path }) => ({ path: fileURLToPath(path) }))
      build.onResolve({ filter: /^data:/ }, ({ path }) => ({ path, external: true }))
      if (!everywhere) build.onResolve({ filter: /^[^./]/ }, (args) => locate(build, args))
    },
  }
}

const LOCATING = 'tsmpi: locating'

async function locate(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  if (args.pluginData === LOCATING || args.kind === 'entry-point' || args.path.startsWith('node:')) return undefined
  const { importer, resolveDir, kind, path } = args
  const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: LOCATING })
  // Whether that is an error is esbuild's affair: what a program tries to import may be missing.
  if (found.errors.length > 0) return undefined
  return found.external
    ? { path: found.path, external: true }
    : { path: pathToFileURL(found.path).href, external: true }
}
