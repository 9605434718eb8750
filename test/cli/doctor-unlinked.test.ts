/** tsmpi doctor where two of three hosts cannot connect to each other: frames from one to the other go to nobody. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Links } from '../../commands/doctor/facts.ts'
import { TSMPI } from '../helpers/tsmpirun.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const NETLAB = fileURLToPath(new URL('../../scripts/netlab', import.meta.url))
/** Namespaces of the test's own: what it makes is gone with its last process. */
const inside = (script: string): string[] => [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  'sh',
  '-ec',
  `mount -t tmpfs apart /run; mkdir /run/netns; ${script}`,
]

const probe = spawnSync('unshare', inside('ip netns add probe; tc -V'), { encoding: 'utf8' })
const skip = probe.status === 0 ? false : `no network namespaces here: ${probe.error?.message ?? probe.stderr.trim()}`
if (skip !== false) console.error(`doctor without connections is not tested: ${skip}`)

t.test('the pair is named with advice, the other links are measured, exit code 1', { skip }, async (t) => {
  const doctor = `${process.execPath} ${TSMPI} doctor -H n1,n2,n3 --agent-command '${NETLAB} exec {host}' --json`
  const script = [
    `${NETLAB} up 3 1gbe >&2`,
    'ip -n netlab-n1 neigh add 10.99.0.3 lladdr 02:00:00:00:00:99 dev e1',
    `code=0; ${doctor} || code=$?`,
    `${NETLAB} down`,
    'exit $code',
  ].join('; ')
  const { status, stdout, stderr } = spawnSync('unshare', inside(script), { encoding: 'utf8', timeout: 150_000 })
  t.equal(status, 1, stderr)
  const report = JSON.parse(stdout) as {
    links: Links
    unlinked: { from: string; to: string; endpoint: string; why: string }[]
    findings: { kind: string; text: string }[]
  }
  t.strictSame(report.unlinked.map(({ from, to }) => `${from} ${to}`).sort(), ['n1 n3', 'n3 n1'])
  for (const { endpoint, why } of report.unlinked) {
    t.match(endpoint, /^tcp:\/\/10\.99\.0\.[13]:\d+$/)
    t.equal(why, 'no answer')
  }
  const { clockMs, ...matrices } = report.links
  t.equal(clockMs.filter((ms) => ms !== null && Math.abs(ms) < 1000).length, 3)
  for (const [name, matrix] of Object.entries(matrices))
    t.strictSame(
      matrix.map((row) => row.map((value) => value !== null)),
      [
        [false, true, false],
        [true, false, true],
        [false, true, false],
      ],
      name,
    )
  const problems = report.findings.flatMap(({ kind, text }) => (kind === 'problem' ? [text] : []))
  t.equal(problems.length, 1)
  t.match(problems[0], /^Hosts cannot connect to each other; [^]*n1 -> n3 at [^]*--ports 47000-47099/)
})
