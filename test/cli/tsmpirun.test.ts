/** The command line of tsmpirun, as its users meet it. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { messages, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const OPTIONS = 'test/cli/programs/options.ts'
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-test-')))
t.teardown(() => rmSync(folder, { recursive: true }))

const lines = ({ stdout }: Ended): string[] => stdout.split('\n').slice(0, -1).sort()

const mistakes: { args: string[]; says: RegExp }[] = [
  { args: [], says: /no program given; expected a file \(\.ts, \.js, \.mjs\) or the built-in program "hpl"/ },
  { args: ['-n', '0', OPTIONS], says: /-n is "0", expected a whole number from 1 to 65536/ },
  { args: ['-n', 'four', OPTIONS], says: /-n is "four", expected/ },
  { args: ['-n'], says: /Not enough arguments following: n/ },
  {
    args: ['-n', '2', 'missing.ts'],
    says: /program "missing\.ts" not found \(looked for .*\); expected a file or the built-in program "hpl"/,
  },
  { args: ['-n', '2', 'README.md'], says: /program "README\.md" ends in "\.md", expected one of \.ts/ },
  { args: ['--bogus', OPTIONS], says: /Unknown argument: bogus/ },
  { args: ['--transport', 'tcp', OPTIONS], says: /--transport is "tcp", expected auto or zmq/ },
  { args: ['--timeout', 'soon', OPTIONS], says: /--timeout is "soon", expected a time in seconds/ },
  { args: ['--timeout', '-3', OPTIONS], says: /--timeout/ },
  { args: ['--start-timeout', '0', OPTIONS], says: /--start-timeout is "0", expected a time in seconds above 0/ },
  {
    args: ['--agent-command', 'a', '--ssh-command', 'b', OPTIONS],
    says: /--agent-command and --ssh-command: give one of the two/,
  },
  {
    args: ['-x', 'TSMPI_TEST_UNSET', OPTIONS],
    says: /-x TSMPI_TEST_UNSET: TSMPI_TEST_UNSET is not set here; give a value/,
  },
  { args: ['-x', '9=a', OPTIONS], says: /-x 9=a: expected VAR or VAR=value/ },
  { args: ['--hostfile', join(folder, 'none'), OPTIONS], says: /hostfile ".*none" cannot be read: ENOENT/ },
  { args: ['--host', 'a b', OPTIONS], says: /--host: "a b" is no host/ },
  {
    args: ['--emulate-hosts', '2', '--host', 'a', OPTIONS],
    says: /--emulate-hosts .* goes with none of --hostfile, --host and --exclude/,
  },
]
for (const { args, says } of mistakes)
  t.test(`tsmpirun ${args.join(' ')} is refused with exit code 2`, async (t) => {
    const ended = await tsmpirun(args)
    t.equal(ended.code, 2)
    t.equal(ended.stdout, '')
    t.match(ended.stderr, says)
    t.match(ended.stderr, /Try "tsmpirun --help"\.\n$/)
  })

t.test('all mistakes of a command line are told at once', async (t) => {
  const { stderr } = await tsmpirun(['-n', 'x', '--transport', 'y', '--emulate-hosts', '-1', OPTIONS])
  t.match(stderr, /-n is "x"/)
  t.match(stderr, /--transport is "y"/)
  t.match(stderr, /--emulate-hosts is "-1"/)
})

t.test('a program with a syntax error starts nothing and shows the place', async (t) => {
  const file = join(folder, 'wrong.ts')
  writeFileSync(file, 'const a = 1\nconst b = = 2\n')
  const ended = await tsmpirun(['-n', '2', file])
  t.equal(ended.code, 2)
  t.match(ended.stderr, /wrong\.ts:2:11: Unexpected "="/)
})

t.test('--help and --version answer and exit with 0', async (t) => {
  const help = await tsmpirun(['--help'])
  t.equal(help.code, 0)
  t.match(help.stdout, /--emulate-hosts/)
  t.ok(help.stdout.split('\n').every((line) => line.length <= 100))
  const version = await tsmpirun(['--version'])
  t.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

t.test('-np means -n; arguments after the program are its own', async (t) => {
  const ended = await tsmpirun(['-np', '2', OPTIONS, 'argv', '-n', '7', '--help', '-x'])
  t.equal(ended.code, 0)
  t.same(lines(ended), Array(2).fill('["argv","-n","7","--help","-x"] argv -n 7 --help -x'))
})

t.test('-x sets and passes variables to ranks on every host', async (t) => {
  const args = [
    '-n',
    '2',
    '--emulate-hosts',
    '2',
    '-x',
    'TSMPI_TEST_A',
    '-x',
    'TSMPI_TEST_B=b=c',
    OPTIONS,
    'environment',
  ]
  t.same(lines(await tsmpirun(args, { env: { TSMPI_TEST_A: 'from outside' } })), Array(2).fill('from outside b=c'))
})

t.test('--wdir sets the working directory', async (t) => {
  t.same(lines(await tsmpirun(['-n', '1', '--wdir', folder, OPTIONS, 'directory'])), [folder])
  const ended = await tsmpirun(['-n', '1', '--wdir', join(folder, 'none'), OPTIONS, 'directory'])
  t.equal(ended.code, 125)
  t.match(ended.stderr, /cannot take part: .*none/)
})

t.test('without -n there are as many ranks as slots', async (t) => {
  const hostfile = join(folder, 'hosts')
  writeFileSync(hostfile, 'localhost slots=3\n')
  t.same(lines(await tsmpirun(['--hostfile', hostfile, OPTIONS, 'size'])), ['3', '3', '3'])
  t.same(lines(await tsmpirun(['--host', 'localhost:2', OPTIONS, 'size'])), ['2', '2'])
})

t.test('ranks share a process per host, or have their own', async (t) => {
  const processes = async (...args: string[]): Promise<number> =>
    new Set(lines(await tsmpirun(['-n', '4', ...args, OPTIONS, 'process']))).size
  t.equal(await processes(), 1)
  t.equal(await processes('--emulate-hosts', '2'), 2)
  t.equal(await processes('--ranks-per-agent', '1'), 4)
  t.equal(await processes('--transport', 'zmq'), 4)
})

t.test('other hosts are started by the agent command, with their name in it', async (t) => {
  const args = ['--host', 'alpha:2,beta:1', '--agent-command', 'env TSMPI_TEST_A={host}', OPTIONS, 'environment']
  const ended = await tsmpirun(args)
  t.same(lines(ended), ['alpha undefined', 'alpha undefined', 'beta undefined'])
  t.equal(ended.code, 0)
})

t.test('a host that cannot be started is named with its command', async (t) => {
  const ended = await tsmpirun([
    '--host',
    'alpha',
    '--agent-command',
    'sh -c "echo cannot reach {host}; exit 9"',
    OPTIONS,
    'size',
  ])
  t.equal(ended.code, 125)
  t.match(ended.stderr, /host alpha could not be started \(exit code 9\)\.\n {2}command: sh -c /)
  t.match(ended.stderr, /\n {2}it printed: cannot reach alpha\n {2}try: /)
  t.equal(ended.stdout, '', 'one message, on standard error')
})

t.test('standard input goes to rank 0, whole', async (t) => {
  const input = 'some line of text\n'.repeat(50_000)
  for (const hosts of ['1', '2'])
    t.same(lines(await tsmpirun(['-n', '2', '--emulate-hosts', hosts, OPTIONS, 'stdin'], { input })), [
      '900000 bytes, 50000 lines',
    ])
})

t.test('lines of different ranks never mix, and none is lost', async (t) => {
  const ended = await tsmpirun(['-n', '4', OPTIONS, 'lines'])
  const all = lines(ended)
  t.equal(all.length, 800)
  t.ok(all.every((line) => new Set(line).size === 1))
  const tagged = lines(await tsmpirun(['-n', '4', '--tag-output', OPTIONS, 'lines']))
  t.equal(tagged.length, 800)
  t.ok(tagged.every((line) => /^\[(\d)\] \1+$/.test(line)))
})

t.test('JavaScript programs and programs without run work', async (t) => {
  t.same(lines(await tsmpirun(['-n', '2', 'test/cli/programs/plain.mjs'])), ['plain 0', 'plain 1'])
  t.same(lines(await tsmpirun(['-n', '2', 'test/cli/programs/no-mpi.ts'])), ['no MPI here', 'no MPI here'])
})

t.test('modules of a program know where their own files are, and name them in stack traces', async (t) => {
  const ended = await tsmpirun(['-n', '1', 'test/cli/programs/modules/main.ts'])
  t.same(lines(ended), ['modules/inner/part.ts', 'modules/main.ts'])
  t.equal(ended.code, 1)
  t.match(
    ended.stderr,
    /Error: from part\n {6}at fail \(.*modules\/inner\/part\.ts:6:9\)\n {6}at .*modules\/main\.ts:10:/,
  )
})

t.test('a TypeScript program may import CommonJS files, and its strings stay as they are', async (t) => {
  t.same(lines(await tsmpirun(['-n', '1', 'test/cli/programs/mixed.ts'])), ['string, text import.meta.url'])
})

t.test('an option of tsmpirun behind the program is an argument of the program', async (t) => {
  t.same(lines(await tsmpirun(['-n', '1', OPTIONS, 'argv', '-np', '5'])), ['["argv","-np","5"] argv -np 5'])
})

t.test('more ranks than cores are allowed with a note of one line', async (t) => {
  const ended = await tsmpirun(['-n', '40', OPTIONS, 'size'])
  t.equal(ended.code, 0)
  t.same(new Set(lines(ended)), new Set(['40']))
  t.match(ended.stderr, /^tsmpirun: note: 40 ranks share the \d+ cores? of this machine\n$/)
  t.equal(messages(ended), '')
})

t.test('copies that mpirun has started are told by the first of them how to start', async (t) => {
  const copy = (rank: number): Promise<Ended> =>
    tsmpirun(['-n', '2', OPTIONS, 'two words'], {
      env: { OMPI_COMM_WORLD_SIZE: '3', OMPI_COMM_WORLD_RANK: String(rank) },
    })
  const [first, second] = await Promise.all([copy(0), copy(1)])
  t.same([first.code, second.code], [2, 2])
  t.same([first.stdout, second.stdout, second.stderr], ['', '', ''])
  t.match(first.stderr, /^tsmpi: mpirun started 3 copies of tsmpirun; each would start a job of its own\.\n/)
  t.match(first.stderr, `\n  tsmpirun -n 2 ${OPTIONS} 'two words'\n`)
  t.match(first.stderr, /set TSMPI_SINGLETON=1\.\n$/)
})
