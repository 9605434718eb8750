/** What the built-in program makes of its command line and of the files it is pointed at. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readCommandLine } from '../../../hpl/command-line.ts'
import { openOutput, readInput } from '../../../hpl/input-file.ts'

const shipped = readFileSync(new URL('../../../hpl/HPL.dat', import.meta.url), 'utf8')

const unlessThere = (path: string): { skip: string | false } => ({ skip: !existsSync(path) && `no ${path} here` })

/** The shipped file with other lines; the numbers are 1-based. */
function withLines(changes: Record<number, string>): string {
  return shipped
    .split('\n')
    .map((line, k) => changes[k + 1] ?? line)
    .join('\n')
}

t.test('without options the kernels are chosen automatically and HPL.dat is looked for', async (t) => {
  const expected = {
    kind: 'run',
    options: { dat: undefined, json: undefined, blas: 'auto', blasLibrary: undefined, detailed: false },
  }
  t.match(await readCommandLine([]), expected)
})

t.test('options are taken over', async (t) => {
  const args = [
    '--dat',
    'my.dat',
    '--json',
    'my.jsonl',
    '--blas',
    'openblas',
    '--blas-library',
    '/lib/libblis.so',
    '--detailed',
  ]
  const expected = { dat: 'my.dat', json: 'my.jsonl', blas: 'openblas', blasLibrary: '/lib/libblis.so', detailed: true }
  t.match(await readCommandLine(args), { kind: 'run', options: expected })
})

t.test('what netlib does not have is off unless it is asked for', async (t) => {
  const off = { explain: false, progress: false, crossCheck: false, threadsPerRank: 1 }
  t.match(await readCommandLine([]), { kind: 'run', options: off })
  const args = ['--explain', '--progress', '--cross-check', '--threads-per-rank', '4']
  const on = { explain: true, progress: true, crossCheck: true, threadsPerRank: 4 }
  t.match(await readCommandLine(args), { kind: 'run', options: on })
})

t.test('a threshold that checks nothing is said once, with the file and its line', async (t) => {
  const dir = t.testdir({ 'HPL.dat': withLines({ 13: '-16.0 threshold' }), 'zero.dat': withLines({ 13: '0.0' }) })
  const path = join(dir, 'HPL.dat')
  const { parameters, complaints } = readInput(path, 4)
  t.equal(parameters?.threshold, -16)
  t.equal(complaints, `hpl: residuals are not checked: line 13 of ${path} has threshold -16, which is not above 0\n`)
  t.match(readInput(join(dir, 'zero.dat'), 4).complaints, /not checked: .* has threshold 0,/)
})

const mistakes: [string[], RegExp][] = [
  [['--blas', 'mkl'], /^hpl: Invalid values:[^]*"mkl"[^]*"auto", "wasm", "openblas", "ordered"/],
  [['--dat', 'a', '--dat', 'b'], /^hpl: --dat is given 2 times, expected once\n/],
  [['--date', 'a'], /^hpl: Unknown argument: date\n/],
  [['HPL.dat'], /^hpl: no arguments expected but options\n/],
  [['--threads-per-rank', '0'], /^hpl: --threads-per-rank is "0", expected a whole number from 1 to 9999\n/],
  [['--threads-per-rank', '2.5'], /"2\.5", expected a whole number/],
  [['--dat'], /^hpl: Not enough arguments following: dat\n/],
]
for (const [args, message] of mistakes) {
  t.test(`the mistake "${args.join(' ')}" is named`, async (t) => {
    const result = await readCommandLine(args)
    t.equal(result.kind, 'mistake')
    if (result.kind === 'mistake') t.match(result.text, message)
  })
}

t.test('--help lists the options', async (t) => {
  const result = await readCommandLine(['--help'])
  if (result.kind === 'help') t.match(result.text, /--dat[^]*--blas[^]*--blas-library/)
  t.equal(result.kind, 'help')
})

t.test('a file that cannot be read ends the run with netlib’s message, and the reason', async (t) => {
  const path = join(t.testdir({}), 'none.dat')
  t.strictSame(readInput(path, 4), {
    parameters: undefined,
    complaints: `HPL ERROR from process # 0, on line 299 of function HPL_pdinfo:\n>>> cannot open file ${path} <<<\n\nhpl: ENOENT: no such file or directory, open '${path}'\n`,
  })
  const folder = readInput(join(path, '..'), 4)
  t.equal(folder.parameters, undefined)
  t.match(folder.complaints, /cannot open file .* <<<\n\nhpl: EISDIR: illegal operation on a directory/)
})

t.test(
  'a file without end is read as far as 31 lines can reach',
  { timeout: 20_000, ...unlessThere('/dev/zero') },
  async (t) => {
    t.match(readInput('/dev/zero', 4).complaints, /a line of more than 252 characters runs over/)
    const path = join(t.testdir({ 'long.dat': `${shipped}${'and so on\n'.repeat(100_000)}` }), 'long.dat')
    t.strictSame(
      readInput(path, 4).parameters,
      readInput(new URL('../../../hpl/HPL.dat', import.meta.url).pathname, 4).parameters,
    )
  },
)

t.test('HPL.dat of the working directory is read, and without one the packaged one, with a note', async (t) => {
  const before = process.cwd()
  t.teardown(() => process.chdir(before))
  process.chdir(t.testdir({ 'HPL.dat': withLines({ 5: '1', 6: '77' }) }))
  const here = readInput(undefined, 4)
  t.same(here.parameters?.n, [77])
  t.equal(here.complaints, '')
  process.chdir(t.testdir({}))
  const packaged = readInput(undefined, 4)
  t.same(packaged.parameters?.n, [29, 30, 34, 35])
  t.match(packaged.complaints, /^hpl: no HPL\.dat in .*, using the packaged one: .*HPL\.dat\n$/)
})

t.test('an illegal value gives netlib’s two messages first, then the place in the file', async (t) => {
  const dir = t.testdir({ 'bad.dat': withLines({ 8: '1 2 0 4' }) })
  const { parameters, complaints } = readInput(join(dir, 'bad.dat'), 4)
  t.equal(parameters, undefined)
  const path = join(dir, 'bad.dat')
  const first = 'HPL ERROR from process # 0, on line 367 of function HPL_pdinfo:\n>>> Value of NB less than 1 <<<\n\n'
  const second = `HPL ERROR from process # 0, on line 621 of function HPL_pdinfo:\n>>> Illegal input in file ${path}. Exiting ... <<<\n\n`
  t.equal(complaints.slice(0, first.length + second.length), first + second)
  t.match(complaints.slice(first.length + second.length), `${path}, line 8: `)
})

t.test('an output file that cannot be written is the first error, whatever else is wrong', async (t) => {
  const output = join(t.testdirName, 'no/such/out')
  const dir = t.testdir({
    'good.dat': withLines({ 3: output, 4: '8' }),
    'bad.dat': withLines({ 3: output, 4: '8', 8: '1 2 0 4' }),
  })
  for (const name of ['good.dat', 'bad.dat']) {
    const { parameters, complaints } = readInput(join(dir, name), 4)
    t.equal(parameters, undefined)
    t.match(complaints, `on line 318 of function HPL_pdinfo:\n>>> cannot open file ${output}. <<<`)
    t.match(complaints, 'hpl: ENOENT: no such file or directory')
  }
})

t.test('reading the input neither makes nor changes the output file', async (t) => {
  const dir = t.testdir({
    old: 'kept',
    'old.dat': withLines({ 3: join(t.testdirName, 'old'), 4: '8', 8: '1 2 0 4' }),
    'new.dat': withLines({ 3: join(t.testdirName, 'new'), 4: '8' }),
  })
  t.equal(readInput(join(dir, 'old.dat'), 4).parameters, undefined)
  t.not(readInput(join(dir, 'new.dat'), 4).parameters, undefined)
  t.equal(readFileSync(join(dir, 'old'), 'utf8'), 'kept')
  t.notOk(existsSync(join(dir, 'new')))
})

t.test('a report goes into the file piece by piece', async (t) => {
  const outputFile = join(t.testdirName, 'out')
  const dir = t.testdir({ out: 'an old and longer report', 'HPL.dat': withLines({ 3: outputFile, 4: '8' }) })
  const { parameters } = readInput(join(dir, 'HPL.dat'), 4)
  if (parameters === undefined) throw new Error('refused')
  const output = openOutput(parameters)
  output.print('one\n')
  t.equal(readFileSync(outputFile, 'utf8'), 'one\n')
  output.print('two\n')
  output.close()
  t.equal(readFileSync(outputFile, 'utf8'), 'one\ntwo\n')
})

t.test(
  'a report that cannot be written ends with an error that names the file, without a stack',
  unlessThere('/dev/full'),
  async (t) => {
    const dir = t.testdir({ 'HPL.dat': withLines({ 3: '/dev/full', 4: '8' }) })
    const { parameters } = readInput(join(dir, 'HPL.dat'), 4)
    if (parameters === undefined) throw new Error('refused')
    const output = openOutput(parameters)
    const message = 'hpl: cannot write the report to "/dev/full": ENOSPC: no space left on device, write'
    t.throws(() => output.print('one\n'), { message, stack: message })
    output.close()
    t.throws(() => openOutput({ ...parameters, outputFile: dir }), { message: /^hpl: cannot write .* EISDIR/ })
  },
)

t.test(
  'a pipe is a fine place for the report, and is not opened before',
  { timeout: 20_000, ...unlessThere('/usr/bin/mkfifo') },
  async (t) => {
    const dir = t.testdir({ 'HPL.dat': withLines({ 3: join(t.testdirName, 'pipe'), 4: '8' }) })
    const pipe = join(dir, 'pipe')
    t.equal(spawnSync('mkfifo', [pipe]).status, 0)
    const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] })
    const { parameters } = readInput(join(dir, 'HPL.dat'), 4)
    if (parameters === undefined) throw new Error('refused')
    const output = openOutput(parameters)
    output.print('all of it\n')
    output.close()
    t.equal((await reader.stdout.toArray()).join(''), 'all of it\n')
  },
)
