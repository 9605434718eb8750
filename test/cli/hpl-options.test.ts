/** The options of `tsmpirun hpl` that netlib does not have, as users meet them: what goes to which stream. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { findCblas } from '../../hpl/blas/openblas.ts'
import { messages, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const SHIPPED = readFileSync(new URL('../../hpl/HPL.dat', import.meta.url), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-hpl-options-'))
t.teardown(() => rmSync(folder, { recursive: true }))

/** N = 300 in blocks of 32 on 2 x 2, and other lines on top. */
function input(changes: Readonly<Record<number, string>> = {}): string {
  const lines = SHIPPED.split('\n')
  const base = { 5: '1', 6: '300', 7: '1', 8: '32', 10: '1', 11: '2', 12: '2', 14: '1', 16: '1', 20: '1' }
  for (const [line, text] of Object.entries({ ...base, ...changes })) lines[Number(line) - 1] = text
  return lines.join('\n')
}

async function hpl(dat: string, ...options: string[]): Promise<Ended> {
  const cwd = mkdtempSync(join(folder, 'run-'))
  writeFileSync(join(cwd, 'HPL.dat'), dat)
  return tsmpirun(['-n', '4', 'hpl', ...options], { cwd })
}

/** Without what depends on clock and speed. */
function masked(report: string): string {
  return report
    .replace(/^(W[RC]\S+ +\d+ +\d+ +\d+ +\d+) +\d+\.\d\d +\d\.\d{4}e[+-]\d\d$/gm, '$1')
    .replace(/^(HPL_pdgesv\(\) (?:start|end) time) .*$/gm, '$1')
}

t.test('--progress changes nothing on standard output and prints its lines on standard error', async (t) => {
  const plain = await hpl(input(), '--blas', 'ordered')
  const told = await hpl(input(), '--blas', 'ordered', '--progress')
  t.equal(masked(told.stdout), masked(plain.stdout))
  t.equal(messages(plain), '')
  const lines = messages(told).trimEnd().split('\n')
  t.equal(lines.length, 9)
  t.match(lines[0], /^Column=000000032 Fraction=10\.7% Gflops=\d\.\d{3}e[+-]\d\d$/)
  t.match(lines[8], /^Column=000000288 Fraction=96\.0% /)
})

t.test('--explain and --cross-check add to the report after the lines of the test', async (t) => {
  const { code, stdout, stderr } = await hpl(input(), '--blas', 'wasm', '--explain', '--cross-check')
  t.equal(code, 0)
  t.notMatch(stderr, /hpl/)
  t.match(
    stdout,
    /PASSED\n-{80}\nCross-check with ml-matrix: .*\n.* PASSED\n-{80}\nSeconds of a process [^]*\npanel factorisation [^]*\nall [^]*\ngemm +\d+\.\d\d Gflops[^]*\nModel T = [^]*\npredicted [^]*\nThe matrix product [^]*\n={80}\n\nFinished/,
  )
  for (const line of stdout.split('\n')) t.ok(line.length <= 80, line)
})

t.test('a larger N is not cross-checked, which is said', async (t) => {
  const { code, stdout } = await hpl(input({ 6: '2001', 8: '128' }), '--cross-check')
  t.equal(code, 0)
  t.match(stdout, /Cross-check not done: N = 2001 is more than 2000/)
})

t.test('a threshold of 0 is reported once, however many tests there are', async (t) => {
  const ended = await hpl(input({ 5: '2', 6: '30 31', 13: '0.0' }))
  t.equal(ended.code, 0)
  t.equal(messages(ended), 'hpl: residuals are not checked: line 13 of HPL.dat has threshold 0, which is not above 0\n')
  t.match(ended.stdout, / {14}2 tests completed without checking,\n/)
})

t.test('--threads-per-rank is refused where the kernels have one thread', async (t) => {
  const ended = await hpl(input(), '--blas', 'wasm', '--threads-per-rank', '2')
  t.equal(ended.code, 1)
  t.equal(ended.stdout, '')
  t.match(
    messages(ended),
    /^hpl: rank 0: --threads-per-rank 2: only the kernels of a CBLAS library .* --blas openblas\n/,
  )
})

const cblas = findCblas()
t.test('--threads-per-rank works with OpenBLAS', { skip: cblas === undefined && 'no CBLAS library' }, async (t) => {
  const ended = await hpl(input(), '--blas', 'openblas', '--threads-per-rank', '2')
  t.equal(ended.code, 0)
  t.match(ended.stdout, / {14}1 tests completed and passed residual checks/)
  t.match(messages(ended), /^hpl: note: 4 ranks share the threads of 1 processes; .* --ranks-per-agent 1/)
})

/** The lines with residuals. */
const residuals = ({ stdout }: Ended): string[] => stdout.split('\n').filter((line) => line.startsWith('||Ax-b||'))

t.test(
  '--tuned says what it chose, solves each problem once, and with ordered kernels to the same digits',
  async (t) => {
    const dat = input({ 6: '150', 14: '3', 20: '3', 27: '4' })
    const [plain, chosen, between] = await Promise.all([
      hpl(dat, '--blas', 'ordered'),
      hpl(dat, '--blas', 'ordered', '--tuned'),
      hpl(dat, '--blas', 'wasm', '--tuned'),
    ])
    for (const { code, stderr } of [plain, chosen, between]) t.strictSame([code, /hpl/.test(stderr)], [0, false])
    t.match(chosen.stdout, /^PFACT {2}: +Right *$/m)
    t.match(chosen.stdout, /^BCAST {2}: +1ringM *$/m)
    t.match(
      chosen.stdout,
      /--tuned, whatever HPL\.dat names\.\n- In a process column on one host, rows change places in shared memory\.\n\n=/,
    )
    t.match(between.stdout, /--tuned, whatever HPL\.dat names\.\n\n=/)
    t.equal(residuals(chosen).length, 1)
    t.strictSame(residuals(chosen), residuals(plain).slice(0, 1))
    t.equal(new Set(residuals(plain)).size, 1)
  },
)

t.test('--tuned between hosts sends rows where a process column spans both, and gets the same digits', async (t) => {
  const cwd = mkdtempSync(join(folder, 'run-'))
  writeFileSync(join(cwd, 'HPL.dat'), input({ 6: '150' }))
  const run = (...options: string[]): Promise<Ended> =>
    tsmpirun(['-n', '4', '--emulate-hosts', '2', 'hpl', '--blas', 'ordered', ...options], { cwd })
  t.strictSame(residuals(await run('--tuned')), residuals(await run()))
})
