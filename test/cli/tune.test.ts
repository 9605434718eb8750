/** `tsmpi tune`, `tsmpirun --tuning` and `--collective`, as users meet them. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { messages, tsmpirun } from '../helpers/tsmpirun.ts'

const TSMPI = fileURLToPath(new URL('../../dist/tsmpi.js', import.meta.url))
const HELLO = 'examples/01-hello.ts'

t.test('tune measures all algorithms on the job it is told, and tsmpirun takes the file', async (t) => {
  const file = join(t.testdir(), 'new', 'table.json')
  const args = ['tune', '-n', '3', '--emulate-hosts', '2', '-o', file, '--nbytes', '8,40000', '--run-ms', '0.1']
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [TSMPI, ...args])
  t.match(stdout, /^│ collective +│ ranks +│ bytes/m)
  t.match(stdout, /^│ allreduce +│ 3 +│ 40000 [^]*two-level \d/m)
  for (const call of ['gather', 'scatter'])
    t.match(stdout, new RegExp(`^│ ${call} +│ 3 +│ 4\\d+ +│ (linear|binomial) [\\d.]+, (linear|binomial) `, 'm'))
  t.ok(stdout.split('\n').every((line) => line.length <= 80 || line.startsWith('written to')))
  t.match(stderr, /^1\/20 barrier on 2 ranks; .* left\n[^]*^20\/20 scan on 3 ranks$/m)
  t.match(stdout, `written to ${file}`)
  const { tsmpiTuning, measured, rules } = JSON.parse(readFileSync(file, 'utf8')) as {
    tsmpiTuning: number
    measured: object
    rules: Record<string, { oneHost: boolean }[]>
  }
  t.equal(tsmpiTuning, 1)
  t.match(measured, { ranks: 3, hosts: 2 })
  t.same(Object.keys(rules), [
    'barrier',
    'bcast',
    'allreduce',
    'allgather',
    'alltoall',
    'gather',
    'scatter',
    'reduce',
    'reduceScatter',
    'scan',
  ])
  const ended = await tsmpirun(['-n', '3', '--tuning', file, HELLO])
  t.equal(ended.code, 0)
  t.equal(messages(ended), '')
})

t.test('a table in the default place is used, and can be left out', async (t) => {
  const home = t.testdir({ tsmpi: { 'tuning.json': '{}' } })
  const env = { XDG_CONFIG_HOME: home }
  const refused = await tsmpirun(['-n', '1', HELLO], { env })
  t.equal(refused.code, 2)
  t.match(refused.stderr, `tuning file "${join(home, 'tsmpi', 'tuning.json')}": is no tuning file`)
  t.equal((await tsmpirun(['-n', '1', '--tuning', 'none', HELLO], { env })).code, 0)
})

t.test('--collective forces an algorithm in every rank', async (t) => {
  const program = join(t.testdir(), 'sum.mjs')
  // A ring adds (1e16 - 1e16) + 1, recursive doubling (1 + 1e16) - 1e16: the result tells which it was.
  writeFileSync(
    program,
    `import { run, SUM } from '${fileURLToPath(new URL('../../dist/index.js', import.meta.url))}'
     await run(async ({ world, log }) => {
       const sum = await world.allreduce([1, 1e16, -1e16][world.rank], { op: SUM })
       if (world.rank === 0) log(sum)
     })`,
  )
  t.equal((await tsmpirun(['-n', '3', '--collective', 'allreduce=recursive-doubling', program])).stdout, '0\n')
  t.equal((await tsmpirun(['-n', '3', '--collective', 'allreduce=ring', program])).stdout, '1\n')
  const env = { TSMPI_COLLECTIVE: 'bcast=binomial,allreduce=ring' }
  t.equal((await tsmpirun(['-n', '3', program], { env })).stdout, '1\n')
})

for (const algorithm of ['linear', 'binomial'])
  t.test(`gather and scatter take ${algorithm} if it is forced, as the trace tells`, async (t) => {
    const trace = join(t.testdir(), 'trace.json')
    const forced = ['--collective', `gather=${algorithm}`, '--collective', `scatter=${algorithm}`]
    const ended = await tsmpirun(['-n', '3', ...forced, '--trace', trace, 'test/cli/programs/gathers.ts'])
    t.equal(ended.code, 0, ended.stderr)
    const events = JSON.parse(readFileSync(trace, 'utf8')) as { name: string; args?: { algorithm?: string } }[]
    for (const call of ['gather', 'scatter']) {
      const made = events.filter(({ name }) => name === call).map(({ args }) => args?.algorithm)
      t.same(made, new Array(60).fill(algorithm), `${call}, long after the board would serve it`)
    }
  })

t.test('algorithms that do not exist are refused with those that do', async (t) => {
  const ended = await tsmpirun(['--collective', 'allreduce=fast', '--collective', 'brodcast=ring', HELLO])
  t.equal(ended.code, 2)
  t.match(ended.stderr, "--collective allreduce: 'fast', expected one of recursive-doubling, rabenseifner,")
  t.match(ended.stderr, "--collective brodcast: 'ring', expected a collective of barrier, bcast, allreduce,")
  t.match(
    (await tsmpirun(['--collective', 'gather=direct', HELLO])).stderr,
    "gather: 'direct', expected one of linear, binomial",
  )
  const nothing = await tsmpirun(['--collective', 'allreduce', HELLO])
  t.match(nothing.stderr, '--collective allreduce: no algorithm, expected one of recursive-doubling, rabenseifner,')
  const missing = await tsmpirun(['--tuning', 'nowhere.json', HELLO])
  t.match(missing.stderr, /tuning file "nowhere.json" cannot be read: ENOENT/)
})

t.test('a table that cannot be written is refused before anything is measured', async (t) => {
  const output = join(t.testdir({ file: '' }), 'file', 'table.json')
  const ended = await tsmpirun(['tune', '-n', '2', '-o', output], { command: TSMPI })
  t.match(ended.stderr, /--output: cannot write ".*table\.json": EEXIST: file already exists/)
  t.equal(ended.stdout, '')
  t.equal(ended.code, 2)
})
