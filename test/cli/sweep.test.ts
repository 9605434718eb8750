/** `tsmpi hpl` as its users run it: proposals, sweeps in real jobs, interruption and going on, result files of hpl itself. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { formatHplDat } from '../../hpl/input.ts'
import { readResults } from '../../hpl/results/reader.ts'
import type { ResultLine } from '../../hpl/results/schema.ts'
import { RECOMMENDED, singleTest } from '../../hpl/single-test.ts'
import { allGone, descendants, messages, start, TSMPI, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-test-sweep-')))
t.teardown(() => rmSync(folder, { recursive: true }))

const newFolder = (): string => mkdtempSync(join(folder, 'run-'))

function tsmpi(cwd: string, ...args: string[]): Promise<Ended> {
  return start(args, { cwd, command: TSMPI }).ended
}

/** The lines of a result file, all of which must be good. */
function resultsIn(file: string): readonly ResultLine[] {
  const { lines, problems, tornBytes } = readResults(readFileSync(file, 'utf8'), file)
  t.same([problems, tornBytes], [[], 0], 'a good file')
  return lines
}

const names = (lines: readonly ResultLine[]): string[] => lines.map(({ test, sweep }) => `${test.n} ${sweep?.repeat}`)

/** Timings of a report that is made of masked numbers. */
const masked = (text: string): string => text.replace(/\d+\.\d+( Gflops|  )/g, '#.##$1').replace(/; .* left$/gm, '')

t.test('a sweep runs every combination, says so line by line when piped, and ends with its table', async (t) => {
  const cwd = newFolder()
  const args = [
    'hpl',
    'sweep',
    '--n',
    '20,30',
    '--nb',
    '8',
    '--grid',
    '1x2',
    '--blas',
    'ordered',
    '--emulate-hosts',
    '2',
  ]
  const ended = await tsmpi(cwd, ...args)
  t.same([ended.code, ended.stderr.includes('\u001B'), ended.stdout.includes('\u001B')], [0, false, false])
  t.equal(
    masked(ended.stderr),
    '1/2 N=20 NB=8 1x2 WR11R2R8: #.## Gflops, passed\n2/2 N=30 NB=8 1x2 WR11R2R8: #.## Gflops, passed\n',
  )
  t.match(
    ended.stdout,
    /^ +T\/V +N +NB +PxQ +Time +Gflops +result\n(\*? +WR11R2R8 +[23]0 +8 +1x2 +0\.\d\d +0\.\d+ +passed\n){2}results: hpl-results\.jsonl\n$/,
  )
  const lines = resultsIn(join(cwd, 'hpl-results.jsonl'))
  t.match(lines, [
    {
      kind: 'test',
      ranks: 2,
      test: { n: 20, nb: 8, p: 1, q: 2, outcome: 'passed', phases: { update: Number } },
      hosts: [
        { name: 'host0', ranks: [0] },
        { name: 'host1', ranks: [1] },
      ],
      blas: { kind: 'ordered' },
      sweep: { repeat: 1, command: ['tsmpirun', '-n', '2', '--emulate-hosts', '2', 'hpl', '--dat', '-'] },
    },
    { test: { n: 30 } },
  ])

  const [first] = lines as [ResultLine & { kind: 'test' }]
  t.comment('the recorded HPL.dat gives the recorded result again')
  const again = await tsmpirun(['-n', '2', 'hpl', '--blas', 'ordered', '--dat', '-', '--json', '-'], {
    input: first.hplDat,
  })
  t.equal(messages(again), '')
  const result = readResults(again.stdout, 'stdout').lines[0] as ResultLine & { kind: 'test' }
  t.same(result.test.verification, first.test.verification)
  t.equal(result.hplDat, first.hplDat)
})

t.test(
  'Ctrl-C leaves whole lines and no process; the same command goes on; a torn last line is told and cut',
  async (t) => {
    const cwd = newFolder()
    const file = join(cwd, 'r.jsonl')
    const common = ['hpl', 'sweep', '--nb', '64', '--grid', '2x1', '--blas', 'ordered', '--output', 'r.jsonl']
    const running = start([...common, '--n', '20,6000,21'], { cwd, command: TSMPI })
    await running.printed('1/3 N=20')
    const started = descendants(running.child.pid as number)
    running.child.kill('SIGINT')
    const ended = await running.ended
    await allGone(started, 2000)
    t.equal(ended.code, 130)
    t.match(ended.stderr, /interrupted with 2 of 3 tests to go; the same command goes on from here\n$/)
    t.match(ended.stdout, / 20 .*passed\n.* 6000 .*not run\n.* 21 .*not run\n/)
    t.same(names(resultsIn(file)), ['20 1'])

    const good = readFileSync(file)
    const torn = good.subarray(0, 100)
    appendFileSync(file, torn)
    const on = await tsmpi(cwd, ...common, '--n', '20,21', '--repeat', '2')
    t.equal(on.code, 0)
    t.match(
      on.stderr,
      /^r\.jsonl: the last line is torn \(100 bytes of a test that was interrupted\) and is cut off\n1 of 4 tests are finished in r\.jsonl and are not run again\n2\/4 N=21 /,
    )
    t.same(names(resultsIn(file)), ['20 1', '21 1', '20 2', '21 2'])
    t.ok(readFileSync(file).subarray(0, good.length).equals(good), 'what was finished is as it was')

    const nothing = await tsmpi(cwd, ...common, '--n', '20,21', '--repeat', '2')
    t.equal(nothing.stderr, '4 of 4 tests are finished in r.jsonl and are not run again\n')
    t.equal(nothing.stdout, on.stdout)
  },
)

t.test('failed jobs are recorded with their reason, the sweep goes on, and they are tried again', async (t) => {
  const cwd = newFolder()
  const args = [
    'hpl',
    'sweep',
    '--n',
    '20,30',
    '--grid',
    '1x1',
    '--host',
    'far-away:1',
    '--agent-command',
    'false {host}',
  ]
  const ended = await tsmpi(cwd, ...args)
  t.equal(ended.code, 1)
  t.match(ended.stderr, /^1\/2 N=20 .*: no result: .*host far-away could not be started.*\n2\/2 N=30 .*: no result: /)
  t.match(ended.stdout, / 20 .*no result\n.* 30 .*no result\nN=20 NB=128 1x1: .*far-away.*\nN=30 /)
  t.match(resultsIn(join(cwd, 'hpl-results.jsonl')), [
    { kind: 'failure', exitCode: 125, reason: /far-away/, stderr: /command: /, test: { n: 20 }, hplDat: /20 +Ns/ },
    { kind: 'failure', test: { n: 30 } },
  ])
  const again = await tsmpi(cwd, ...args)
  t.match(again.stderr, /^2 of 2 tests have failed in hpl-results\.jsonl and are tried again\n1\/2 /)
})

t.test('mistakes end a sweep before anything is started or written', async (t) => {
  const cwd = newFolder()
  writeFileSync(join(cwd, 'sweep.yaml'), 'n: [20, ten]\ngrid: 1x1\nspeed: high\n')
  writeFileSync(join(cwd, 'other.txt'), 'my notes\n')
  writeFileSync(join(cwd, 'hosts'), 'node1 slots=many\n')
  const CASES = [
    [
      ['--file', 'sweep.yaml'],
      /^tsmpi: sweep\.yaml, line 1: n: read "ten", .*\ntsmpi: sweep\.yaml, line 3: speed is unknown/,
    ],
    [['--file', 'none.yaml'], /^tsmpi: --file none\.yaml cannot be read: /],
    [
      ['--n', '20', '--grid', '1x1', '--output', 'other.txt'],
      /^tsmpi: other\.txt, line 1: is no JSON: my notes\n.*--output/,
    ],
    [['--n', '20', '--grid', '1x1', '--hostfile', 'hosts'], /^tsmpi: hosts, line 1: slots=many: /],
    [['-n', '4', '--grid', '1x1'], /^tsmpi: -n: a sweep starts P x Q ranks/],
    [['--n', '20', '--grid', '1x1', '--speed', 'high'], /^tsmpi: Unknown argument: speed/],
    [
      ['--n', '20', '--grid', '1x1', '--transport', 'zmq', '--ranks-per-agent', '2'],
      /^tsmpi: tsmpirun: --transport zmq puts/,
    ],
  ] as const
  for (const [args, message] of CASES) {
    const ended = await tsmpi(cwd, 'hpl', 'sweep', ...args)
    t.same([ended.code, ended.stdout], [2, ''], args.join(' '))
    t.match(ended.stderr, message)
  }
  t.notOk(existsSync(join(cwd, 'hpl-results.jsonl')))
  t.equal(readFileSync(join(cwd, 'other.txt'), 'utf8'), 'my notes\n')
})

t.test('--dry-run shows the commands of what is left and starts nothing', async (t) => {
  const cwd = newFolder()
  const tests = ['--n', '20', '--grid', '1x2,2x2', '--blas', 'wasm']
  const place = ['--emulate-hosts', '2', '--encryption', 'off']
  const ended = await tsmpi(cwd, 'hpl', 'sweep', '--dry-run', ...tests, ...place)
  t.equal(
    ended.stdout,
    'N=20 NB=128 1x2 WR11R2R8 repeat 1: tsmpirun -n 2 --emulate-hosts 2 --encryption off hpl --dat - --json - --blas wasm\n' +
      'N=20 NB=128 2x2 WR11R2R8 repeat 1: tsmpirun -n 4 --emulate-hosts 2 --encryption off hpl --dat - --json - --blas wasm\n' +
      '2 of 2 tests would run; nothing was started\n',
  )
  t.same([ended.code, ended.stderr, existsSync(join(cwd, 'hpl-results.jsonl'))], [0, '', false])
})

t.test('hpl --json appends a line for each test and leaves the report as it is', async (t) => {
  const cwd = newFolder()
  const point = { n: 20, nb: 4, p: 1, q: 2, pmap: 'row', ...RECOMMENDED.variant } as const
  const parameters = { ...singleTest(point, RECOMMENDED.settings), n: [20, 25] }
  writeFileSync(join(cwd, 'HPL.dat'), formatHplDat(parameters))
  writeFileSync(join(cwd, 'out.jsonl'), '{"torn')
  const args = ['-n', '3', 'hpl', '--blas', 'ordered']
  const plain = await tsmpirun(args, { cwd })
  const ended = await tsmpirun([...args, '--json', 'out.jsonl'], { cwd })
  const verdicts = (report: string): string[] => report.split('\n').filter((line) => line.includes('PASSED'))
  t.equal(ended.code, 0)
  t.same(verdicts(ended.stdout), verdicts(plain.stdout))
  const { lines, problems } = readResults(readFileSync(join(cwd, 'out.jsonl'), 'utf8'), 'out.jsonl')
  t.match(problems, [/^out\.jsonl, line 1: is no JSON: \{"torn$/])
  t.match(lines, [
    {
      kind: 'test',
      ranks: 3,
      test: { n: 20 },
      hplDat: /^20 +Ns$/m,
      arguments: ['--blas', 'ordered', '--json', 'out.jsonl'],
    },
    { kind: 'test', ranks: 3, test: { n: 25 }, hplDat: /^25 +Ns$/m },
  ])

  const unwritable = await tsmpirun([...args, '--json', 'no/such/folder.jsonl'], { cwd })
  t.same([unwritable.code, unwritable.stdout], [1, ''])
  t.match(messages(unwritable), /^hpl: --json no\/such\/folder\.jsonl cannot be written: /)
})

t.test('advise proposes, says why within 80 columns, and never overwrites unasked', async (t) => {
  const cwd = newFolder()
  const args = ['hpl', 'advise', '--memory', '8 GiB', '--hosts', 'a:4,b:4', '--rate', '50', '--blas', 'wasm']
  const ended = await tsmpi(cwd, ...args, '--write', 'HPL.dat')
  t.same([ended.code, ended.stderr], [0, ''])
  for (const line of ended.stdout.split('\n')) t.ok(line.length <= 80, line)
  for (const text of ['For 8 ranks on 2 hosts, 8 GiB of memory each', '2 x 4', 'column', '8 x 50.0 Gflops'])
    t.ok(ended.stdout.includes(text), text)
  t.match(ended.stdout, /HPL\.dat is written\. To run it:\n {2}tsmpirun -n 8 --host a:4,b:4 hpl --dat HPL\.dat\n$/)

  const written = readFileSync(join(cwd, 'HPL.dat'), 'utf8')
  const again = await tsmpi(cwd, 'hpl', 'advise', '--memory', '1GB', '--write', 'HPL.dat')
  t.match(again, { code: 2, stdout: '', stderr: /^tsmpi: --write HPL\.dat: the file exists; --force overwrites it\n/ })
  t.equal(readFileSync(join(cwd, 'HPL.dat'), 'utf8'), written)
  const json = await tsmpi(
    cwd,
    'hpl',
    'advise',
    '--memory',
    '1GB',
    '-n',
    '4',
    '--blas',
    'wasm',
    '--json',
    '--write',
    'HPL.dat',
    '--force',
  )
  const proposal = JSON.parse(json.stdout) as { hplDat: string; rateGflops: number }
  t.match(proposal, { p: 2, q: 2, ranks: 4, pmap: 'row', memoryBytes: 1e9, estimate: { leastSeconds: Number } })
  t.ok(proposal.rateGflops > 0, 'the rate was measured')
  t.equal(readFileSync(join(cwd, 'HPL.dat'), 'utf8'), proposal.hplDat)
})

t.test('advise tells all wrong options together', async (t) => {
  const wrong = ['--memory', '16', '-n', 'four', '--fraction', '2', '--rate', 'fast', '--host', 'a', '--hostfile', 'h']
  const ended = await tsmpi(newFolder(), 'hpl', 'advise', ...wrong)
  t.equal(ended.code, 2)
  t.equal(
    ended.stderr,
    [
      'tsmpi: -n is "four", expected a whole number from 1 to 65536',
      'tsmpi: --fraction is "2", expected a number from 0.01 to 0.9',
      'tsmpi: --rate is "fast", expected a number from 0.001 to 1000000',
      'tsmpi: --memory is "16", expected a size with its unit, such as 16GB or "8 GiB"',
      'tsmpi: --hostfile and --host: give one of the two',
      'Try "tsmpi --help".',
      '',
    ].join('\n'),
  )
})

t.test('tsmpi without a command, with an unknown one, and its help', async (t) => {
  const cwd = newFolder()
  t.match(await tsmpi(cwd), { code: 2, stderr: /^tsmpi: no command given\n/ })
  t.match(await tsmpi(cwd, 'hpl'), { code: 2, stderr: /^tsmpi: hpl: no command given; expected advise or sweep\n/ })
  t.match(await tsmpi(cwd, 'fly'), { code: 2, stderr: /^tsmpi: Unknown (argument|command): fly\n/ })
  for (const words of [[], ['hpl'], ['hpl', 'advise'], ['hpl', 'sweep']]) {
    const { code, stdout } = await tsmpi(cwd, ...words, '--help')
    t.equal(code, 0)
    t.ok(
      stdout.split('\n').every((line) => line.length <= 80),
      `${words.join(' ')} --help keeps within 80 columns`,
    )
  }
})
