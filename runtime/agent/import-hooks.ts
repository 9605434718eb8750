/**
 * Hooks of Node's module loader for programs that compute what they import: what no bundler can know is looked up while the
 * program runs. A relative name means what it would mean in the file that was compiled, TypeScript is transpiled on this
 * host, and 'tsmpi' is this installation. Runs in the loader's own thread.
 */
import { readFile } from 'node:fs/promises'
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module'

/** What the hooks are told when they are registered. */
export interface ImportPlace {
  /** URL of the file that the program was compiled from. */
  readonly program: string
  /** URL of the folder of this installation, which holds index.js. */
  readonly root: string
}

const PACKAGE = new Map([
  ['tsmpi', 'index.js'],
  ['tsmpi/testing', 'testing.js'],
])

let place: ImportPlace

export const initialize: InitializeHook<ImportPlace> = (data) => {
  place = data
}

/** The program's text is imported as a data URL, from which nothing relative could be found. */
export const resolve: ResolveHook = (specifier, context, next) => {
  const own = PACKAGE.get(specifier)
  if (own !== undefined) return { url: place.root + own, format: 'module', shortCircuit: true }
  const parentURL = context.parentURL?.startsWith('data:') === true ? place.program : context.parentURL
  return next(specifier, { ...context, parentURL })
}

export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.m?ts$/.test(url)) return next(url, context)
  const source = await readFile(new URL(url), 'utf8')
  const mine = transpiling.then(() => transpile(url, source))
  transpiling = mine.catch(() => undefined)
  return { format: 'module', source: await mine, shortCircuit: true }
}

/** One after the other: each ends the compiler's process, which would stay as long as ours. */
let transpiling: Promise<unknown> = Promise.resolve()

async function transpile(url: string, source: string): Promise<string> {
  const { stop, transform } = await import('esbuild')
  try {
    const { code } = await transform(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcefile: url,
      sourcemap: 'inline',
      sourcesContent: false,
    })
    return code
  } finally {
    await stop()
  }
}
