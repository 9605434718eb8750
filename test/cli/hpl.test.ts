/** `tsmpirun -n 4 hpl` as its users run it: the shipped input, every recorded odd input, options, output devices. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { findCblas } from '../../hpl/blas/openblas.ts'
import { SOAK } from '../helpers/effort.ts'
import { messages, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

// Most of a small job is its start: three at once keep the cores busy.
t.jobs = 3
if (SOAK) t.setTimeout(20 * 60_000)

const fixture = (path: string): URL => new URL(`../fixtures/hpl/${path}`, import.meta.url)
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-test-hpl-')))
t.teardown(() => rmSync(folder, { recursive: true }))

const SHIPPED = readFileSync(new URL('../../hpl/HPL.dat', import.meta.url), 'utf8')
const RECORDED = gunzipSync(readFileSync(fixture('refblas_default864/HPL.out.gz'))).toString()

/** A test that runs beside others. */
function test(name: string, ...rest: [(t: Test) => Promise<void>] | [object, (t: Test) => Promise<void>]): void {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
  void t.test(name, { ...options, buffered: true }, body)
}

/** The shipped input with other lines, numbered from 1. */
function withLines(changes: Readonly<Record<string, string>>): string {
  const lines = SHIPPED.split('\n')
  for (const [line, text] of Object.entries(changes)) lines[Number(line) - 1] = text
  return lines.join('\n')
}

/** The report without what depends on clock and speed: times, rates, dates. */
function masked(report: string): string {
  return report
    .replace(/^(W[RC]\S+ +\d+ +\d+ +\d+ +\d+) +\d+\.\d\d +\d\.\d{4}e[+-]\d\d$/gm, '$1')
    .replace(/^(HPL_pdgesv\(\) (?:start|end) time) .*$/gm, '$1')
}

/** The recorded odd inputs ran with OpenBLAS, whose residuals differ in the digits. */
function maskedDigits(report: string): string {
  return masked(report).replace(/(\*N\)=) +\d\.\d{8}e[+-]\d\d/g, '$1')
}

/** Runs hpl in a folder whose HPL.dat has this text, or is missing. */
async function hplWith(text: string | undefined, ...args: string[]): Promise<Ended> {
  const cwd = mkdtempSync(join(folder, 'run-'))
  if (text !== undefined) writeFileSync(join(cwd, 'HPL.dat'), text)
  return tsmpirun(['-n', '4', ...args], { cwd })
}

/** Standard error without the launcher's own messages. */
const complaints = (ended: Ended): string => messages(ended).replace(/^tsmpirun: .*\n/gm, '')

test("the shipped HPL.dat gives netlib's report byte for byte", async (t) => {
  const ended = await hplWith(SHIPPED, 'hpl', '--blas', 'ordered')
  t.equal(ended.code, 0)
  t.equal(messages(ended), '')
  t.ok(masked(ended.stdout) === masked(RECORDED), 'equal but for times, rates and dates')
})

/** What a report says about each test of order n. */
function testsOf(report: string, n: number): string[] {
  const tests = masked(report).split(/^={80}\n/m)
  return tests.filter((text) => new RegExp(`^W\\S+ +${n} `, 'm').test(text))
}

// Over sockets 864 tests take their time: those of one order, all with TSMPI_TEST_ALL=2.
for (const [n, job] of [
  [29, ['--emulate-hosts', '2']],
  [35, ['--transport', 'zmq']],
] as const)
  test(`the tests of the shipped HPL.dat are reported as netlib does, ${job.join(' ')}`, async (t) => {
    const dat = SOAK ? SHIPPED : withLines({ 5: '1', 6: String(n) })
    const ended = await hplWith(dat, ...job, 'hpl', '--blas', 'ordered')
    t.equal(ended.code, 0)
    t.equal(messages(ended), '')
    for (const order of SOAK ? [29, 30, 34, 35] : [n]) {
      const expected = testsOf(RECORDED, order)
      t.equal(expected.length, 216)
      t.ok(testsOf(ended.stdout, order).join() === expected.join(), 'equal but for times, rates and dates')
    }
  })

test('without an HPL.dat the packaged one is used, with a note; 864 tests pass with the wasm kernels', async (t) => {
  const ended = await hplWith(undefined, 'hpl', '--blas', 'wasm')
  t.equal(ended.code, 0)
  t.match(messages(ended), /^hpl: no HPL\.dat in .*, using the packaged one: .*HPL\.dat\n$/)
  t.match(
    ended.stdout,
    / {4}864 tests completed and passed residual checks,\n {14}0 tests completed and failed .*\n {14}0 tests skipped/,
  )
})

interface Recorded {
  readonly case: string
  readonly changed_lines: Readonly<Record<string, string>> | string
  readonly exit_code: number
  readonly stdout: string
  readonly stderr: string
  readonly files: Readonly<Record<string, string>>
}

const NO_DEV_FULL = !existsSync('/dev/full') && 'no /dev/full here'
const small = (JSON.parse(readFileSync(fixture('errors/errors.json'), 'utf8')) as Recorded[]).filter(
  ({ case: name }) => !['nofile', 'truncated_file'].includes(name),
)
const BASE = Object.entries({
  5: '1', 6: '29', 7: '1', 8: '4', 10: '1', 11: '2', 12: '2', 14: '1', 15: '2', 16: '1', 17: '4', 20: '1', 21: '2',
}) // prettier-ignore

/** The small input that the recorded cases change. */
function input(changes: Readonly<Record<string, string>>): string {
  return withLines({ ...Object.fromEntries(BASE), ...changes })
}

for (const { case: name, changed_lines: changes, exit_code: code, stdout, stderr, files } of small)
  test(`an odd HPL.dat ends as with netlib, with its exit code, report and messages: ${name}`, async (t) => {
    const cwd = mkdtempSync(join(folder, 'run-'))
    writeFileSync(join(cwd, 'HPL.dat'), input(changes as Readonly<Record<string, string>>))
    const ended = await tsmpirun(['-n', '4', 'hpl', '--blas', 'ordered'], { cwd })
    t.equal(ended.code, code)
    t.equal(maskedDigits(ended.stdout), maskedDigits(stdout))
    const said = stderr.replace(/^-{74}\nPrimary job[^]*$/m, '')
    if (code !== 0 || said !== '')
      t.ok(maskedDigits(ended.stderr).includes(maskedDigits(said)), `${said} in ${ended.stderr}`)
    for (const [file, text] of Object.entries(files))
      t.equal(maskedDigits(readFileSync(join(cwd, file), 'utf8')), maskedDigits(text), file)
  })

// [what, lines, exit code, report, messages]
const HOSTILE: readonly (readonly [string, Readonly<Record<string, string>>, number, RegExp, RegExp])[] = [
  [
    'an output device that is full',
    { 3: '/dev/full', 4: '8' },
    1,
    /^$/,
    /cannot write the report to "\/dev\/full": ENOSPC/,
  ],
  ['an order that no machine holds', { 6: '2147483647' }, 0, /Memory allocation failed[^]* 1 tests skipped/, /^$/],
  ['blocks larger than the matrix', { 8: '2147483647' }, 0, / 1 tests completed and passed/, /^$/],
  ['look-ahead beyond the last panel', { 25: '2147483647' }, 0, / 1 tests completed and passed/, /^$/],
  [
    'no end to NBMIN, NDIV and threshold',
    { 17: '2147483647', 19: '2147483647', 27: '2147483647' },
    0,
    / 1 tests completed and passed/,
    /^$/,
  ],
  ['an alignment that no machine holds', { 31: '2147483647' }, 0, / 1 tests skipped/, /^$/],
]
for (const [what, changes, code, report, complaint] of HOSTILE)
  test(`an HPL.dat with ${what} does no harm`, { skip: changes['3'] === '/dev/full' && NO_DEV_FULL }, async (t) => {
    const ended = await hplWith(input(changes), 'hpl', '--blas', 'ordered')
    t.equal(ended.code, code)
    t.match(ended.stdout, report)
    t.match(complaints(ended), complaint)
  })

test('a file named by --dat that is missing gives the message of netlib and exit code 1', async (t) => {
  const ended = await hplWith(undefined, 'hpl', '--dat', 'none.dat')
  t.equal(ended.code, 1)
  t.equal(ended.stdout, '')
  t.match(
    ended.stderr,
    /^HPL ERROR from process # 0, on line 299 of function HPL_pdinfo:\n>>> cannot open file .* <<<\n\n/m,
  )
})

test('what netlib takes in silence is taken, with a warning that names line, text and value', async (t) => {
  const ended = await hplWith(input({ 6: '29.9 Ns', 21: '9 RFACT' }), 'hpl')
  t.equal(ended.code, 0)
  t.match(complaints(ended), /HPL\.dat.*line 6.*29\.9.*29/)
  t.match(complaints(ended), /HPL\.dat.*line 21.*9.*[Rr]ight/)
})

test('--dat names another input, --blas the kernels; wrong options are refused', async (t) => {
  const other = join(folder, 'other.dat')
  writeFileSync(other, input({}))
  const named = await hplWith(undefined, 'hpl', '--dat', other, '--blas', 'wasm')
  t.equal(named.code, 0)
  t.match(named.stdout, /WR00R2R4 {10}29 {5}4 {5}2 {5}2/)
  const wrong = await hplWith(undefined, 'hpl', '--blas', 'mkl9')
  t.equal(wrong.code, 1)
  t.equal(wrong.stdout, '')
  t.match(wrong.stderr, /mkl9.*auto.*wasm.*openblas.*ordered/s)
  const lost = await hplWith(input({}), 'hpl', '--blas', 'openblas', '--blas-library', '/none/libnone.so')
  t.equal(lost.code, 1)
  t.match(lost.stderr, /libnone\.so/)
})

const cblas = findCblas()
test(
  'a larger system with look-ahead passes with OpenBLAS on 1x4, 2x2 and 4x1',
  { skip: cblas === undefined && 'no CBLAS library found' },
  async (t) => {
    const dat = input({ 6: '600', 8: '48', 10: '3', 11: '1 2 4', 12: '4 2 1', 22: '2', 23: '0 1', 24: '2', 25: '0 1' })
    const ended = await hplWith(dat, 'hpl', '--blas', 'openblas')
    t.match(ended.stdout, / {5}12 tests completed and passed residual checks/)
  },
)
