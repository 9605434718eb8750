// Builds dist/: the compiled sources with their types and source maps, bundled where that saves time (bundle.mjs), the
// WebAssembly kernels, and executable commands. Every step runs even when one before it failed, so that one run shows all
// that is wrong; the exit code tells the worst.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundle } from './bundle.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc')

rmSync(`${ROOT}dist`, { recursive: true, force: true })
const failures = [
  runNode(TSC, '-p', 'tsconfig.build.json') ?? (await bundled()),
  existsSync(`${ROOT}scripts/build-wasm.mjs`) ? runNode('scripts/build-wasm.mjs') : undefined,
  copyPages(),
  await reportScript(),
  ...Object.entries(JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).bin).map(makeExecutable),
].filter((failure) => failure !== undefined)

for (const failure of failures) console.error(`build: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0

/** Runs a Node program in the repository's root; returns what went wrong, or undefined. */
function runNode(program, ...args) {
  const { status, signal } = spawnSync(process.execPath, [program, ...args], { cwd: ROOT, stdio: 'inherit' })
  if (status === 0) return undefined
  return `${[program.replace(ROOT, ''), ...args].join(' ')} ended with ${signal ?? `exit code ${status}`}`
}

/** What every start of a job loads becomes a few files; returns what went wrong, or undefined. */
async function bundled() {
  try {
    await bundle(`${ROOT}dist`)
    return undefined
  } catch (error) {
    return `the bundle failed: ${error.message}`
  }
}

/** Files that are served as they are. */
function copyPages() {
  const folder = 'runtime/launcher/dashboard/page'
  cpSync(ROOT + folder, `${ROOT}dist/${folder}`, { recursive: true })
  return undefined
}

/** What the page of `tsmpi report` does in a browser, which tsconfig.build.json leaves out: other types. */
async function reportScript() {
  const entry = 'report/browser/main'
  try {
    await build({
      entryPoints: [`${ROOT}${entry}.ts`],
      outfile: `${ROOT}dist/${entry}.js`,
      bundle: true,
      format: 'esm',
      logLevel: 'warning',
    })
    return undefined
  } catch (error) {
    return `${entry}.ts was not bundled: ${error.message}`
  }
}

/** tsc writes its output without the execute bit; npm sets it on install, but a checkout runs its own dist/ as well. */
function makeExecutable([command, path]) {
  if (!existsSync(ROOT + path))
    return `the command ${command} is missing: package.json names ${path}, which was not built`
  if (!readFileSync(ROOT + path, 'utf8').startsWith('#!')) return `the command ${command} (${path}) lacks its #! line`
  chmodSync(ROOT + path, 0o755)
  return undefined
}
