/** What goes between the user and the ranks: output in files, on terminals and into closed pipes, standard input. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { shell } from '../helpers/shell.ts'
import { start, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const PRINTS = 'test/cli/programs/prints.ts'
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const lines = ({ stdout }: Ended): string[] => stdout.split('\n').slice(0, -1).sort()

t.test('--output-filename writes a file for each rank and stream, and shows the output as well', async (t) => {
  const out = join(folder, 'deep', 'out')
  const ended = await tsmpirun(['-n', '11', '--output-filename', out, '--tag-output', PRINTS, 'streams'])
  t.equal(ended.code, 0)
  t.same(readdirSync(out), [
    'rank.00',
    'rank.01',
    'rank.02',
    'rank.03',
    'rank.04',
    'rank.05',
    'rank.06',
    'rank.07',
    'rank.08',
    'rank.09',
    'rank.10',
  ])
  t.equal(readFileSync(join(out, 'rank.07', 'stdout'), 'utf8'), 'out of 7\nno end')
  t.equal(readFileSync(join(out, 'rank.10', 'stderr'), 'utf8'), 'err of 10\n')
  t.match(ended.stdout, '[7] out of 7\n')
})

t.test('--output-filename DIR:nocopy shows nothing, and forgets what an earlier run wrote', async (t) => {
  const out = join(folder, 'files')
  for (const what of ['streams', 'nothing']) {
    const ended = await tsmpirun(['-n', '2', '--output-filename', `${out}:nocopy`, PRINTS, what])
    t.equal(ended.stdout, '')
    t.equal(readFileSync(join(out, 'rank.1', 'stdout'), 'utf8'), what === 'streams' ? 'out of 1\nno end' : '')
  }
})

t.test('--output-filename that cannot be made is refused before anything starts', async (t) => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  const ended = await tsmpirun(['-n', '2', '--output-filename', join(file, 'out'), PRINTS, 'streams'])
  t.equal(ended.code, 2)
  t.equal(ended.stdout, '')
  t.match(ended.stderr, /--output-filename .*file\/out: ENOTDIR/)
})

t.test('--timestamp-output begins each line with the time, before the rank', async (t) => {
  const ended = await tsmpirun(['-n', '2', '--timestamp-output', '--tag-output', PRINTS, 'lines', '3'])
  for (const line of lines(ended))
    t.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[[01]\] line [012] of rank [01] /)
  t.equal(lines(ended).length, 6)
})

const hasTerminals = existsSync('/usr/bin/script')
t.test(
  'ranks have colours on a terminal, and none in a pipe or with NO_COLOR',
  { skip: !hasTerminals && 'the program "script" is not there' },
  async (t) => {
    const run = `$tsmpirun -n 2 --tag-output ${PRINTS} streams`
    // The settings of the test's own caller must not decide.
    const onTerminal = (settings: string): string =>
      `env -u CI -u NO_COLOR -u FORCE_COLOR ${settings} script -qec "${run}" /dev/null`
    const coloured = /\x1b\[\d+m\[1\]\x1b\[39m out of 1\r\n/
    t.match((await shell(onTerminal('TERM=xterm'))).stdout, coloured)
    for (const line of [onTerminal('TERM=xterm NO_COLOR=1'), onTerminal('TERM=dumb'), run])
      t.match((await shell(line)).stdout, /^\[1\] out of 1/m, line)
  },
)

t.test('a full disk ends the job with code 121 and says so', async (t) => {
  for (const program of [`${PRINTS} streams`, `${PRINTS} lines 10000`]) {
    const ended = await shell(`$tsmpirun -n 2 ${program} > /dev/full`)
    t.equal(ended.code, 121)
    t.match(ended.stderr, /^tsmpirun: standard output cannot be written: ENOSPC: .*; the job was stopped\.$/m)
  }
})

t.test('a disk that is full before the trace is complete ends the job with code 121 and says so', async (t) => {
  const trace = join(folder, 'cut-off.json')
  const ended = await shell(`ulimit -f 2; $tsmpirun -n 4 --trace ${trace} test/cli/programs/traced.ts`)
  t.equal(ended.code, 121)
  t.match(ended.stderr, `tsmpirun: ${trace} cannot be written: EFBIG: file too large, write; the job was stopped.\n`)
  t.match(readFileSync(trace, 'utf8'), /^\[\n\{"name":"process_name"/, 'what had room is kept')
})

t.test('a message of tsmpirun that nobody can read changes no exit code', async (t) => {
  const noted = '$tsmpirun -n 2 --emulate 1gbe examples/01-hello.ts'
  t.equal((await shell(`set -o pipefail; ${noted} 2>&1 >/dev/null | true`)).code, 0)
  t.equal((await shell(`${noted} --no-such-option 2>/dev/full`)).code, 0, 'an option of the program')
  t.equal((await shell('$tsmpirun --no-such-option 2>/dev/full')).code, 2)
})

t.test('a reader that has seen enough ends the job with code 141 and no message', async (t) => {
  const ended = await shell(`set -o pipefail; $tsmpirun -n 2 ${PRINTS} lines 100000 | head -n 1`)
  t.equal(ended.code, 141)
  t.match(ended.stdout, /^line 0 of rank [01] \.+\n$/)
  t.notMatch(ended.stderr, /stopped/)
})

t.test('a reader that pauses gets every line, and does not end the job', async (t) => {
  // Far more than pipes and the launcher hold: the ranks have to wait.
  const sharedConnection = "--host alpha:2 --agent-command 'env TERM=dumb' --ranks-per-agent 1"
  const pause = async (hosts: string): Promise<void> => {
    const ended = await shell(`$tsmpirun -n 2 ${hosts} ${PRINTS} lines 10000 | (sleep 7; cut -c 1-30)`)
    t.equal(ended.code, 0, hosts)
    t.equal(new Set(lines(ended)).size, 20_000)
    t.notMatch(ended.stderr, /stopped/)
  }
  await Promise.all(['--emulate-hosts 2', sharedConnection].map(pause))
})

t.test('Ctrl-C ends a job whose reader does not read', async (t) => {
  const ended = await shell(`$tsmpirun -n 2 ${PRINTS} lines 100000 > >(sleep 30) & sleep 3; kill -INT $!; wait $!`)
  t.equal(ended.code, 130)
})

t.test('--stdin chooses who gets standard input', async (t) => {
  const read = async (...options: string[]): Promise<string[]> =>
    lines(await tsmpirun(['-n', '3', ...options, PRINTS, 'input'], { input: 'text' }))
  const got = (...texts: string[]): string[] => texts.map((text, rank) => `rank ${rank} read "${text}"`)
  t.same(await read(), got('text', '', ''))
  t.same(await read('--stdin', '2', '--emulate-hosts', '2'), got('', '', 'text'))
  t.same(await read('--stdin', 'none'), got('', '', ''))
  t.same(await read('--stdin', 'all'), got('text', 'text', 'text'))
  t.same(await read('--stdin', 'all', '--emulate-hosts', '2'), got('text', 'text', 'text'))
})

t.test('a program that has read what it wanted ends, though its input goes on', async (t) => {
  const input = join(t.testdir(), 'input')
  for (const how of ['close', 'break', 'destroy']) {
    // Open for both ends, so that it does not end; rank 1 answers rank 0.
    const job = `$tsmpirun -n 2 test/cli/programs/ask.ts ${input} ${how}`
    const ended = await shell(`rm -f ${input}; mkfifo ${input}; exec timeout 100 ${job} <>${input}`)
    t.equal(ended.stdout, 'rank 0 read 42\n', how)
    t.equal(ended.code, 0, how)
  }
})

t.test('a deadlock of a program that has read what it wanted is found, though its input goes on', async (t) => {
  const job = start(['-n', '2', PRINTS, 'asks'], { inputStaysOpen: true })
  for (const answer of ['one', 'two']) {
    job.child.stdin?.write(`${answer}\n`)
    await job.printed(`the answer is ${answer}\n`)
  }
  t.equal((await job.ended).code, 123)
})

t.test('input that no rank reads is not read', async (t) => {
  const ended = await shell(`(yes; true) | $tsmpirun -n 2 ${PRINTS} lines`)
  t.equal(ended.code, 0)
  t.equal(lines(ended).length, 2)
  const rest = await shell(`printf 'one\\ntwo\\n' | ($tsmpirun -n 2 ${PRINTS} streams >&2; cat)`)
  t.equal(rest.stdout, 'one\ntwo\n', 'and stays for who comes next')
})

for (const { args, says } of [
  { args: ['--stdin', 'some'], says: /--stdin is "some", expected a rank, all or none/ },
  { args: ['--stdin', '2'], says: /--stdin is 2, expected a rank from 0 to 1, all or none/ },
  {
    args: ['--forward-signals', 'USR2,KILL'],
    says: /--forward-signals names SIGKILL, expected none or a list of USR1, USR2,/,
  },
])
  t.test(`tsmpirun ${args.join(' ')} is refused with exit code 2`, async (t) => {
    const ended = await tsmpirun(['-n', '2', ...args, PRINTS, 'streams'])
    t.equal(ended.code, 2)
    t.match(ended.stderr, says)
  })
