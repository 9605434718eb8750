/** scripts/netlab: sets up a network of namespaces, carries a job, and leaves nothing behind, however it ends. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { TSMPIRUN, tsmpirun } from '../helpers/tsmpirun.ts'

const { spawn, spawnSync } = process.getBuiltinModule('node:child_process')
const NETLAB = fileURLToPath(new URL('../../scripts/netlab', import.meta.url))
/** Namespaces of the tests' own: what they make is gone with the last process, and nobody else's lab is in the way. */
const APART = ['--user', '--map-root-user', '--net', '--mount', 'sh', '-c']
const inside = (script: string): string[] => [...APART, `mount -t tmpfs apart /run && mkdir /run/netns && ${script}`]

const probe = spawnSync('unshare', inside('ip netns add probe && tc -V'), { encoding: 'utf8' })
const skip = probe.status === 0 ? false : `no network namespaces here: ${probe.error?.message ?? probe.stderr.trim()}`
if (skip !== false) console.error(`netlab is not tested: ${skip}`)

const run = (script: string) => spawnSync('unshare', inside(script), { encoding: 'utf8', timeout: 120_000 })

t.test('a job runs over links of the given rate, and then everything is gone', { skip }, async (t) => {
  const nbytes = 2 << 20
  const job = `${process.execPath} ${TSMPIRUN} -n 2 -H n1:1,n2:1 --agent-command '${NETLAB} exec {host}'`
  const traffic = `scripts/bench/programs/networks.ts ping-pong ${nbytes} 2`
  const { status, stdout, stderr } = run(
    `${NETLAB} run 2 100mbe -- ${job} ${traffic}; code=$?; ${NETLAB} status; exit $code`,
  )
  t.equal(status, 0, stderr)
  const [measured = '{}', state] = stdout.trim().split('\n')
  // tbf lets a burst of 3200 bytes pass at once.
  const least = (nbytes - 10_000) / (12_500 * (1448 / 1538))
  for (const ms of (JSON.parse(measured) as { ms: number[] }).ms) t.ok(ms > least, `${ms} ms, at least ${least}`)
  t.equal(state, 'netlab: nothing is up')
})

t.test(
  '--netlab runs the emulated hosts in namespaces, hands on the exit code and takes them down',
  { skip },
  async (t) => {
    const job = `${process.execPath} ${TSMPIRUN} -n 4 --emulate-hosts 2 --netlab 100mbe`
    const traffic = `scripts/bench/programs/networks.ts ping-pong ${1 << 20} 1`
    const { status, stdout, stderr } = run(
      `${job} ${traffic}; echo $?; ${job} test/errors/programs/endings.ts exit >/dev/null; echo $?; ${NETLAB} status`,
    )
    t.equal(status, 0, stderr)
    const [measured = '{}', ...rest] = stdout.trim().split('\n')
    const least = ((1 << 20) - 10_000) / (12_500 * (1448 / 1538))
    for (const ms of (JSON.parse(measured) as { ms: number[] }).ms) t.ok(ms > least, `${ms} ms, at least ${least}`)
    t.same(rest, ['0', '3', 'netlab: nothing is up'])
  },
)

t.test('a signal to a job with --netlab ends it and takes the namespaces down', { skip }, async (t) => {
  const job = `${process.execPath} ${TSMPIRUN} -n 2 --emulate-hosts 2 --netlab 1gbe`
  const script = `${job} test/errors/programs/lasting.ts compute & job=$!; read go; kill $job; wait $job; echo $?; ${NETLAB} status`
  const child = spawn('unshare', inside(script), { stdio: ['pipe', 'pipe', 'inherit'] })
  let stdout = ''
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (/all there/.test(stdout)) child.stdin.end('go\n')
  })
  t.equal(await ended, 0)
  t.match(stdout, /^all there\n143\nnetlab: nothing is up\n$/)
})

t.test('more signals while the namespaces are taken down do not stop that', { skip }, async (t) => {
  const signals = `kill $lab; while kill -HUP $lab 2>/dev/null; do :; done; wait $lab; echo $?; ${NETLAB} status`
  const { stdout } = run(`mkfifo /run/up; ${NETLAB} run 4 1gbe -- sh -c 'echo >/run/up; exec sleep 60' & lab=$!; read up </run/up; ${signals}`) // prettier-ignore
  t.equal(stdout, '143\nnetlab: nothing is up\n')
})

t.test('--netlab is refused with all that is wrong', async (t) => {
  const { code, stderr } = await tsmpirun(['-n', '2', '--netlab', '7gbe', '--emulate', '1gbe', 'examples/01-hello.ts'])
  t.equal(code, 2)
  t.match(stderr, /--netlab is "7gbe", expected 100mbe, 1gbe, 2\.5gbe, 5gbe, 10gbe or a number of Mbit\/s/)
  t.match(stderr, /the hosts of --emulate-hosts K, with K from 2 to 200/)
  t.match(stderr, /goes with none of --emulate, --agent-command and --ssh-command/)
})

t.test('run hands on the exit code of the command and takes down what it made', { skip }, async (t) => {
  const { status, stdout } = run(
    `${NETLAB} run 3 1gbe -- sh -c 'ip netns list | wc -l; exit 7'; echo $?; ${NETLAB} status; ip -o link | wc -l`,
  )
  t.equal(status, 0)
  t.equal(stdout, '4\n7\nnetlab: nothing is up\n1\n')
})

t.test('a signal ends the command and takes down what was made', { skip }, async (t) => {
  const script = `${NETLAB} run 2 1gbe -- sh -c 'echo $$; exec sleep 1000' & lab=$!; read go; kill $lab; wait $lab; echo $?; ip netns list | wc -l`
  const child = spawn('unshare', inside(script), { stdio: ['pipe', 'pipe', 'inherit'] })
  let stdout = ''
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (/^\d+\n$/.test(stdout)) child.stdin.end('go\n')
  })
  t.equal(await ended, 0)
  t.match(stdout, /^\d+\n143\n0\n$/)
  t.notOk(readdirSync('/proc').includes(stdout.split('\n')[0] as string), 'the command is gone')
})

t.test('up stays until down; exec runs on a host; status shows rates', { skip }, async (t) => {
  const { stdout, stderr } = run(
    `${NETLAB} up 2 250 >/dev/null; ${NETLAB} status; ${NETLAB} exec n2 ip -o -4 addr show e2 | grep -c 10.99.0.2; ${NETLAB} up 2 1gbe; ${NETLAB} exec n9 true; ${NETLAB} down; ${NETLAB} status`,
  )
  t.equal(stdout, 'n1 10.99.0.1/24 rate 250Mbit\nn2 10.99.0.2/24 rate 250Mbit\n1\nnetlab: nothing is up\n')
  t.match(stderr, /a lab is up already: netlab status, netlab down/)
  t.match(stderr, /no host "n9"; expected one of: n1 n2/)
})

t.test(
  'gather lets more frames travel together at both ends of every link, at the same rate of messages',
  { skip },
  async (t) => {
    const { stdout, stderr } = run(
      `${NETLAB} up 2 1gbe >/dev/null; ${NETLAB} gather 12 1gbe; for end in n1/e1 n2/e2 switch/p1 switch/p2; do ip -n netlab-\${end%/*} -d link show \${end#*/} | grep -o 'gso_max_segs [0-9]*'; tc -n netlab-\${end%/*} qdisc show dev \${end#*/} | grep -o 'rate [^ ]*'; done; ${NETLAB} gather 40 1gbe; ${NETLAB} down; ${NETLAB} gather 3 1gbe`,
    )
    t.equal(stdout, 'gso_max_segs 12\nrate 985695Kbit\n'.repeat(4))
    t.match(stderr, /the number of frames is "40", expected 1 to 39/)
    t.match(stderr, /nothing is up: netlab up HOSTS RATE/)
  },
)

const mistakes: { args: string; says: RegExp }[] = [
  { args: 'run 1 1gbe -- true', says: /the number of hosts is "1", expected 2 to 200/ },
  {
    args: 'run 2 3gbe -- true',
    says: /the rate is "3gbe", expected 100mbe, 1gbe, 2\.5gbe, 5gbe, 10gbe or a number of Mbit\/s/,
  },
  { args: 'run 2 1gbe true', says: /expected: netlab run HOSTS RATE -- COMMAND/ },
  { args: 'exec n1', says: /expected: netlab exec HOST COMMAND/ },
  { args: '', says: /scripts\/netlab run 3 1gbe -- COMMAND/ },
]
for (const { args, says } of mistakes)
  t.test(`netlab ${args} is refused`, { skip }, async (t) => {
    const { status, stderr } = run(`${NETLAB} ${args}`)
    t.not(status, 0)
    t.match(stderr, says)
  })
