/**
 * A network that fails between two hosts, while the launcher still reaches both: two namespaces of
 * the kernel, one cable. 20 times with TSMPI_TEST_ALL=1.
 */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ALL } from '../helpers/effort.ts'
import { allGone, descendants, start } from '../helpers/tsmpirun.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')

const TIMES = ALL ? 20 : 1
/** Over one cable, which fails for all of them. */
const AT_ONCE = 4

const id = process.pid
const [here, there] = [`tsmpi-a${id}`, `tsmpi-b${id}`]

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

function removeNamespaces(): void {
  for (const name of [here, there]) ip('netns', 'delete', name)
}

function makeNamespaces(): boolean {
  return (
    ip('netns', 'add', here) &&
    ip('netns', 'add', there) &&
    ip('link', 'add', 'cable', 'netns', here, 'type', 'veth', 'peer', 'name', 'cable', 'netns', there) &&
    [here, there].every(
      (name, index) =>
        ip('-n', name, 'address', 'add', `10.231.7.${index + 1}/24`, 'dev', 'cable') &&
        ip('-n', name, 'link', 'set', 'cable', 'up') &&
        ip('-n', name, 'link', 'set', 'lo', 'up'),
    )
  )
}

/** Once the kernel has found both ends of the cable: before, nobody sees their addresses. */
async function connected(): Promise<void> {
  const isUp = (name: string): boolean =>
    /state UP/.test(spawnSync('ip', ['-n', name, 'link', 'show', 'cable'], { encoding: 'utf8' }).stdout)
  for (const end = performance.now() + 10_000; ![here, there].every(isUp) && performance.now() < end;) await delay(10)
}

const usable = makeNamespaces()
if (usable) await connected()
t.teardown(removeNamespaces)

async function endsWithoutNetwork(t: Test, jobs: number): Promise<void> {
  const hosts = ['--host', `${here}:1,${there}:1`, '--agent-command', 'ip netns exec {host}']
  const args = [...hosts, '--no-deadlock-detection', 'test/errors/programs/lasting.ts', 'recv']
  const running = Array.from({ length: jobs }, () => start(args))
  await Promise.all(running.map((job) => job.printed('all there')))
  const pids = running.flatMap((job) => descendants(job.child.pid as number))
  ip('-n', here, 'link', 'set', 'cable', 'down')
  // After 6 s, but for what a machine adds that runs other tests. Nothing else than this watch would ever end the job.
  await allGone(pids, 20_000)
  for (const { code, stderr } of await Promise.all(running.map((job) => job.ended))) {
    t.equal(code, 125)
    t.match(stderr, /^tsmpirun: tsmpi-[ab]\d+ has not heard of tsmpi-[ab]\d+ for 5 s, although both answer here: /m)
  }
  ip('-n', here, 'link', 'set', 'cable', 'up')
  await connected()
}

t.test(
  `when the network between two hosts fails, the job ends and says which: ${TIMES} times`,
  { skip: !usable && 'network namespaces need root and the program "ip"' },
  async (t) => {
    for (let done = 0; done < TIMES; done += AT_ONCE) await endsWithoutNetwork(t, Math.min(AT_ONCE, TIMES - done))
  },
)
