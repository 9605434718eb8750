/**
 * Every benchmark of package.json, each of its modes, runs to its end at tiny sizes: a table, and the JSON that was asked
 * for. Their numbers mean nothing here. With TSMPI_TEST_ALL=1 those too that take longer.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { contentOf } from '../../report/inputs.ts'
import { ALL, SOAK } from '../helpers/effort.ts'
import { start, type Ended } from '../helpers/tsmpirun.ts'

if (ALL) t.setTimeout(20 * 60_000)
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-bench-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const MESSAGES = ['--sizes', '8', '4096', '--repeats', '1', '--rounds', '10']
const HOSTS = ['--hosts', '2']
const CALLS = ['--ranks', '2', ...(ALL ? [] : ['--calls', 'barrier', 'alltoallv'])]
const JSON_RESULT = ['--json', join(folder, 'results.json')]
const HPL = ['--n', '32', '--nb', '8', '--blas', 'wasm', '--repeats', '1', ...JSON_RESULT]

interface Bench {
  readonly args: readonly string[]
  /** Of its table. */
  readonly prints: RegExp
  /** Run with TSMPI_TEST_ALL=1 only. */
  readonly long?: boolean
}

/** By the names of package.json, without `bench:`. */
const BENCHES: Readonly<Record<string, readonly Bench[]>> = {
  latency: [
    { args: [...MESSAGES, ...JSON_RESULT], prints: /latency, us\n[^]* 8 B │[^]* 4 KiB │/ },
    { args: [...MESSAGES, ...HOSTS], prints: / 4 KiB │/, long: true },
  ],
  bandwidth: [
    { args: [...MESSAGES, ...JSON_RESULT], prints: /bandwidth, GB\/s\n[^]* 4 KiB │/, long: true },
    { args: [...MESSAGES, ...HOSTS], prints: / 4 KiB │/, long: true },
  ],
  bidirectional: [{ args: [...MESSAGES, ...JSON_RESULT], prints: /bidirectional, GB\/s\n[^]* 4 KiB │/, long: true }],
  'message-rate': [
    { args: [...MESSAGES, ...JSON_RESULT], prints: /message-rate, messages\/us\n[^]* 8 B │/, long: true },
  ],
  overlap: [{ args: [...MESSAGES, ...JSON_RESULT], prints: /overlap, % hidden\n[^]* 4 KiB │/, long: true }],
  collectives: [
    { args: [...MESSAGES, ...CALLS, ...JSON_RESULT], prints: /barrier, us\n[^]*alltoallv, us\n[^]* 4 KiB │/ },
  ],
  dgemm: [{ args: ['--n', '32', '--nb', '8', '--repeats', '1', ...JSON_RESULT], prints: /dgemm/ }],
  hpl: [{ args: [...HPL, '--grids', '1x1', '1x2', '--seconds', '0.01'], prints: /wasm +1x2 +hpl --tuned/ }],
  'hpl-variants': [{ args: [...HPL, ...(ALL ? [] : ['--groups', 'align'])], prints: /\| 16 \|/ }],
  startup: [
    { args: ['--ranks', '2', '--repeats', '1', ...JSON_RESULT], prints: /tsmpirun 01-hello\.ts +median +\d+ ms/ },
  ],
  agents: [{ args: ['--agents', '2', '--repeats', '1', ...JSON_RESULT], prints: /ratio [\d.]+; of bare Node [\d.]+/ }],
  dashboard: [
    {
      args: ['--n', '32', '--nb', '8', '--repeats', '1', ...JSON_RESULT],
      prints: /--dashboard, watched │/,
      long: true,
    },
  ],
  recording: [
    { args: ['--jobs', '1', '--turns', '1', '--turn-ms', '10', ...JSON_RESULT], prints: /--trace +│/, long: true },
  ],
  networks: [
    {
      args: ['--no-compare', '--repeats', '1', ...JSON_RESULT],
      prints: /share of the payload rate/,
      long: true,
    },
  ],
}

function bench(name: string, args: readonly string[]): Promise<Ended> {
  return start(['run', '--silent', `bench:${name}`, '--', ...args], { program: 'npm' }).ended
}

t.test('every benchmark is run here', async (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> }
  const names = Object.keys(scripts).flatMap((name) => /^bench:(.*)/.exec(name)?.[1] ?? [])
  t.same(names.sort(), Object.keys(BENCHES).sort())
})

for (const [name, runs] of Object.entries(BENCHES))
  for (const { args, prints } of runs.filter(({ long }) => ALL || long !== true))
    t.test(`npm run bench:${name} -- ${args.filter((word) => !word.startsWith(folder)).join(' ')}`, async (t) => {
      const { code, stdout, stderr } = await bench(name, args)
      t.equal(code, 0, stderr)
      t.match(stdout, prints)
      const [file] = JSON_RESULT.slice(1) as [string]
      t.equal(existsSync(file), args.includes(file))
      if (!args.includes(file)) return
      t.equal(contentOf(readFileSync(file, 'utf8'), file).kind, 'benchmark', 'tsmpi report takes it')
      rmSync(file)
    })

t.test('a file for the results that cannot be written is refused before anything is measured', async (t) => {
  writeFileSync(join(folder, 'kept'), 'as it was')
  const named = Object.entries(BENCHES).filter(([, runs]) => runs.some(({ args }) => args.includes('--json')))
  for (const [name] of SOAK ? named : named.slice(0, 1)) {
    const { code, stdout, stderr } = await bench(name, ['--json', join(folder, 'kept', 'x.json')])
    t.match(stderr, /--json: cannot write .*kept.x\.json: ENOTDIR/, name)
    t.equal(stdout, '')
    t.equal(code, 1)
  }
  for (const [given, problem] of [
    [[folder], /cannot write .*: EISDIR/],
    [[join(folder, 'nowhere', 'x.json')], /cannot write .*: ENOENT/],
    [[], /expected the name of one file/],
    [['a', '--json', 'b'], /expected the name of one file/],
  ] as const)
    t.match((await bench('latency', ['--json', ...given])).stderr, problem)
  // Refused for another reason: the trial leaves no file, and changes none.
  for (const file of ['kept', 'new']) await bench('latency', ['--json', join(folder, file), '--repeats', '0'])
  t.equal(readFileSync(join(folder, 'kept'), 'utf8'), 'as it was')
  t.notOk(existsSync(join(folder, 'new')))
})
