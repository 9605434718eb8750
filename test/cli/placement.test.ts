/** Where ranks run: hostfiles, rankfiles and the options of placement, in real jobs. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readCores } from '../../runtime/agent/cores.ts'
import { messages, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const PLACES = 'test/cli/programs/places.ts'
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-test-')))
t.teardown(() => rmSync(folder, { recursive: true }))

const hostfile = join(folder, 'hosts')
const rankfile = join(folder, 'ranks')
writeFileSync(
  hostfile,
  `alpha slots=2 max_slots=3 wdir=${folder}\nbeta slots=2 speed=0.5\n^gamma\ngamma slots=9\nalpha\n`,
)
writeFileSync(rankfile, 'rank 2=alpha\nrank 0=+n1\nrank 1=beta slot=0\n')
const HOSTS = ['--hostfile', hostfile, '--agent-command', 'env HOST={host}']

interface Told {
  readonly rank: number
  readonly sum: number
  readonly pid: number
  readonly folder: string
  readonly processors: string
}

/** What the ranks told, by rank. */
function told({ stdout, stderr, code }: Ended): Told[] {
  if (code !== 0) throw new Error(stderr)
  const all = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Told)
  return all.sort((a, b) => a.rank - b.rank)
}

/** `01|2`: ranks that share a process. */
function together(ranks: readonly Told[]): string {
  const pids = [...new Set(ranks.map(({ pid }) => pid))]
  return pids
    .map((pid) =>
      ranks
        .filter((one) => one.pid === pid)
        .map(({ rank }) => rank)
        .join(''),
    )
    .join('|')
}

t.test('ranks run where the options of placement say, and all of them talk', async (t) => {
  const cases: [string, ...string[]][] = [
    ['012|34'],
    ['02|13', '-n', '4', '--map-by', 'node'],
    ['01|23', '-n', '4', '--map-by', 'node', '--rank-by', 'slot'],
    ['0|1', '-N', '1'],
    ['01|2', '--map-by', 'ppr:2:node', '-n', '3'],
    ['02|1', '--map-by', 'seq'],
    ['01|2', '--rankfile', rankfile],
    ['0', '--host', 'beta:1'],
    ['01', '--exclude', 'alpha'],
    ['0', '--host', '^alpha', '-n', '1'],
  ]
  for (const [expected, ...args] of cases) {
    const ranks = told(await tsmpirun([...HOSTS, ...args, PLACES]))
    t.equal(together(ranks), expected, args.join(' '))
    t.ok(ranks.every(({ sum }) => sum === (ranks.length * (ranks.length - 1)) / 2))
  }
  const emulated = told(await tsmpirun(['-n', '5', '--emulate-hosts', '2', '--map-by', 'node', PLACES]))
  t.equal(together(emulated), '024|13')
})

t.test('a hostfile can give a host its own working directory', async (t) => {
  const ranks = told(await tsmpirun([...HOSTS, '-N', '1', PLACES]))
  t.same(
    ranks.map((one) => one.folder),
    [folder, process.cwd()],
  )
})

const cores = process.platform === 'linux' ? (readCores() ?? []) : []

t.test(
  '--bind-to core keeps each rank on a core, and --display bind tells what the system says',
  {
    skip: cores.length < 2 && 'needs Linux and two cores',
  },
  async (t) => {
    const ended = await tsmpirun(['-n', '2', '--bind-to', 'core', '--display', 'map,bind', PLACES])
    const processors = cores.slice(0, 2).map((core) => core.processors.join(','))
    t.same(
      told(ended).map((one) => one.processors),
      processors,
    )
    t.match(ended.stderr, new RegExp(`│ 1 +│ \\S+ +│ 1 +│ ${processors[1]} +│`))
    t.match(ended.stderr, /2 ranks on 1 host, mapped by slot\n/)
    const free = told(await tsmpirun(['-n', '2', PLACES]))
    t.equal(new Set(free.map((one) => one.processors)).size, 1)
    const shared = told(
      await tsmpirun(['-n', '3', '--emulate-hosts', '2', '--bind-to', 'core:overload-allowed', PLACES]),
    )
    t.equal(shared[0]?.processors, processors[0])
    t.equal(shared[2]?.processors, (cores[2 % cores.length] ?? cores[0])?.processors.join(','))
  },
)

t.test(
  'a core that a machine does not have is told with those that it has',
  {
    skip: cores.length < 1 && 'needs Linux',
  },
  async (t) => {
    const one = await tsmpirun(['-n', String(cores.length + 1), '--bind-to', 'core', PLACES])
    t.equal(one.code, 2)
    t.match(
      one.stderr,
      new RegExp(`rank ${cores.length} cannot be bound on this machine: there is no core ${cores.length}`),
    )
    writeFileSync(join(folder, 'wrong'), 'rank 0=beta slot=0:0\nrank 1=beta slot=777\n')
    const other = await tsmpirun([...HOSTS, '--rankfile', join(folder, 'wrong'), PLACES])
    t.equal(other.code, 125)
    t.match(other.stderr, /host beta cannot take part: rank 1 cannot be bound: there is no core 777, cores are 0/)
  },
)

t.test('--dry-run prints the map and starts nothing', async (t) => {
  const args = ['--hostfile', hostfile, '--agent-command', 'false {host}']
  const ended = await tsmpirun([...args, '--dry-run', '--map-by', 'speed'])
  t.equal(ended.code, 0)
  t.equal(messages(ended), 'tsmpirun: note: more ranks than slots: alpha takes 4 on 3\n')
  t.match(ended.stdout, /^5 ranks on 2 hosts, mapped by speed\n/)
  t.match(ended.stdout, /│ alpha │ 3 \(max 4\) │ 0-3 +│ wdir=/)
  t.match(ended.stdout, /│ beta +│ 2 +│ 4 +│ speed=0\.5/)
  t.ok(ended.stdout.split('\n').every((line) => line.length <= 80))
  const missing = await tsmpirun([...args, '--dry-run', 'missing.ts'])
  t.equal(missing.code, 2)
  t.match(missing.stderr, /program "missing\.ts" not found/)
})

t.test('what cannot be placed is refused with exit code 2 before anything is started', async (t) => {
  const wrong = join(folder, 'wrong-hosts')
  writeFileSync(wrong, 'a slots=x\nb:0\nc cores=4\n')
  const cases: [RegExp, ...string[]][] = [
    [/wrong-hosts, line 1: .*\n.*wrong-hosts, line 2: .*\n.*wrong-hosts, line 3: "cores=4" is unknown/, '-f', wrong],
    [/-n 10: .*2 ranks on each of 2 hosts are 4/, '-f', hostfile, '-N', '2', '-n', '10'],
    [/alpha would take 5 ranks, and may take max_slots=4/, '-f', hostfile, '--ppn', '5'],
    [/alpha would take 4 ranks on 3 slots, and --nooversubscribe/, '-f', hostfile, '-n', '7', '--nooversubscribe'],
    [/rankfile "none" cannot be read: ENOENT/, '--rankfile', 'none'],
    [/ranks, line 1: "alpha" is none of the hosts x/, '--rankfile', rankfile, '--host', 'x'],
    [/-N and --map-by: give one of the two\n.*--bind-to is "l3"/, '-N', '1', '--map-by', 'node', '--bind-to', 'l3'],
    [/--emulate-hosts .* goes with none of/, '--emulate-hosts', '2', '--exclude', 'a'],
  ]
  for (const [says, ...args] of cases) {
    const ended = await tsmpirun([...args, PLACES])
    t.equal(ended.code, 2, args.join(' '))
    t.match(ended.stderr, says)
  }
})

t.test('more ranks than slots are told, unless they are meant', async (t) => {
  const args = [...HOSTS, '--dry-run', '-n', '7']
  t.equal(
    messages(await tsmpirun(args)),
    'tsmpirun: note: more ranks than slots: alpha takes 4 on 3, beta takes 3 on 2\n',
  )
  t.equal(messages(await tsmpirun([...args, '--oversubscribe'])), '')
})
