// `npm test`: every check of the project, some at once, then all tap tests. It begins nothing after a check that fails, and
// ends with the line `N passed, N failed` (then `, N skipped` if any, which are listed with their reasons), where
// each check and each test counts as one (see count-tests.mjs for what a test is) and a check that was not reached counts as
// skipped.
//
// Arguments are handed to tap: `npm test -- 'test/unit/**/*.test.ts'` runs all checks and the tests of one folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { countTests } from './count-tests.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** After the builds, which some of them read; the longest first. */
const CHECKS = ['lint', 'typecheck', 'format:check', 'docs:check', 'layers']
const AT_ONCE = 2

const total = { passed: 0, failed: 0, failures: [], skips: [] }
// tap as it is installed starts every file with the plugins that .taprc leaves out: 1.7 s of a processor each.
await Promise.all([runCheck('build'), runCheck('build:tap')])
await Promise.all(Array.from({ length: AT_ONCE }, runChecks))
if (total.failed === 0) await runTests(process.argv.slice(2))
else console.log('not run: the tap tests')
report()

/** Runs those that nobody has begun. */
async function runChecks() {
  for (let check = CHECKS.shift(); check !== undefined; check = CHECKS.shift()) await runCheck(check)
}

async function runCheck(name) {
  if (total.failed > 0) {
    add({ skips: [{ name, reason: 'a check before it has failed' }] })
    return
  }
  const start = performance.now()
  const child = spawn('npm', ['run', '--silent', name], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => printed.push(piece))
  const [status] = await once(child, 'close')
  const took = `${((performance.now() - start) / 1000).toFixed(1)} s`
  process.stdout.write(Buffer.concat(printed))
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${name} (${took})`)
  add(status === 0 ? { passed: 1 } : { failed: 1, failures: [`npm run ${name}`] })
}

/**
 * Runs tap and shows a line for each file, with the diagnostics of a failed one. tap's own reporters redraw the screen or
 * print every assertion; neither can be read in a log.
 */
async function runTests(args) {
  const tap = fileURLToPath(new URL('run.mjs', import.meta.resolve('tap')))
  const command = [tap, 'run', '--reporter=tap', ...args]
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const all = []
  let file = []
  for await (const line of createInterface({ input: child.stdout })) {
    all.push(line)
    file.push(line)
    if (!/^(not )?ok \d/.test(line)) continue
    if (line.startsWith('not ok')) console.log(file.filter(isDiagnostic).join('\n'))
    else console.log(inSeconds(line.replace(/^ok \d+ - /, 'ok: ')))
    file = []
  }
  const [status] = await closed

  const before = total.passed
  add(countTests(all.join('\n')))
  // tap fails for reasons that no test block shows, an unreadable configuration for one.
  if (status !== 0 && total.failed === 0) add({ failed: 1, failures: [`tap itself (exit code ${status})`] })
  if (total.passed === before && total.failed === 0) add({ failed: 1, failures: ['tap, which found no tests'] })
}

function inSeconds(line) {
  return line.replace(/# time=([\d.]+)ms$/, (_, ms) => `(${(ms / 1000).toFixed(1)} s)`)
}

/** What explains a failure: everything but the assertions that held and TAP's own bookkeeping. */
function isDiagnostic(line) {
  return line.trim() !== '' && !/^\s*(ok \d|\d+\.\.\d+|# (time|Subtest|failed)|TAP version)/.test(line)
}

function add({ passed = 0, failed = 0, failures = [], skips = [] }) {
  total.passed += passed
  total.failed += failed
  total.failures.push(...failures)
  total.skips.push(...skips)
}

function report() {
  const skips = total.skips.map(({ name, reason }) => `${name}: ${reason}`)
  for (const [title, lines] of Object.entries({ Failed: total.failures, Skipped: skips }))
    if (lines.length > 0) console.log(`\n${[`${title}:`, ...lines].join('\n  ')}`)
  const skipped = skips.length > 0 ? `, ${skips.length} skipped` : ''
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
  process.exitCode = total.failed > 0 ? 1 : 0
}
