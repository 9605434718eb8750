/** A network that fails between two hosts, while the launcher still reaches both: two namespaces of the kernel, one cable. */
import t from 'tap'
import { allGone, descendants, start } from '../helpers/tsmpirun.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')

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

/** True once the kernel has found both ends of the cable: before, nobody sees their addresses. */
function connected(): boolean {
  return [here, there].every((name) =>
    /state UP/.test(spawnSync('ip', ['-n', name, 'link', 'show', 'cable'], { encoding: 'utf8' }).stdout),
  )
}

const usable = makeNamespaces()
for (const end = performance.now() + 10_000; usable && !connected() && performance.now() < end;);
t.teardown(removeNamespaces)

t.test(
  'when the network between two hosts fails, the job ends and says which',
  { skip: !usable && 'network namespaces need root and the program "ip"' },
  async (t) => {
    const hosts = ['--host', `${here}:1,${there}:1`, '--agent-command', 'ip netns exec {host}']
    const job = start([...hosts, '--no-deadlock-detection', 'test/errors/programs/lasting.ts', 'recv'])
    await job.printed('all there')
    const pids = descendants(job.child.pid as number)
    ip('-n', here, 'link', 'set', 'cable', 'down')
    // After 6 s, but for what a machine adds that runs other tests. Nothing else than this watch would ever end the job.
    await allGone(pids, 20_000)
    const { code, stderr } = await job.ended
    t.equal(code, 125)
    t.match(stderr, /^tsmpirun: tsmpi-[ab]\d+ has not heard of tsmpi-[ab]\d+ for 5 s, although both answer here: /m)
  },
)
