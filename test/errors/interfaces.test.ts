/**
 * Hosts with two networks, of which one is the job's: who is on the other one finds no port of the job there. Two namespaces
 * of the kernel, two cables.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openPorts } from '../helpers/open-ports.ts'
import { descendants, messages, start } from '../helpers/tsmpirun.ts'
import { until } from '../helpers/until.ts'

const { spawnSync } = process.getBuiltinModule('node:child_process')
const hosts = [`tsmpi-c${process.pid}`, `tsmpi-d${process.pid}`] as const
const CABLES = [
  { name: 'job', network: '10.231.8' },
  { name: 'other', network: '10.231.9' },
] as const
const LIMIT_MS = 10_000

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

function connected(name: string): boolean {
  const cable = (host: string): string =>
    spawnSync('ip', ['-n', host, 'link', 'show', name], { encoding: 'utf8' }).stdout
  return hosts.every((host) => cable(host).includes('state UP'))
}

function makeHosts(): boolean {
  const [one, other] = hosts
  const made = hosts.every((host) => ip('netns', 'add', host) && ip('-n', host, 'link', 'set', 'lo', 'up'))
  return (
    made &&
    CABLES.every(
      ({ name, network }) =>
        ip('link', 'add', name, 'netns', one, 'type', 'veth', 'peer', 'name', name, 'netns', other) &&
        hosts.every(
          (host, index) =>
            ip('-n', host, 'address', 'add', `${network}.${index + 1}/24`, 'dev', name) &&
            ip('-n', host, 'link', 'set', name, 'up'),
        ),
    )
  )
}

const usable = makeHosts()
const folder = mkdtempSync(join(tmpdir(), 'tsmpi-interfaces-'))
t.teardown(() => {
  for (const host of hosts) ip('netns', 'delete', host)
  rmSync(folder, { recursive: true })
})

/** Whether somebody on the second host gets a connection. */
function reaches(address: string, port: number): boolean {
  const command = `exec 3<>/dev/tcp/${address}/${port}`
  return spawnSync('ip', ['netns', 'exec', hosts[1], 'bash', '-c', command], { stdio: 'ignore' }).status === 0
}

for (const { what, fields } of [
  { what: 'a network', fields: 'interface=10.231.8.0/24' },
  { what: 'an interface', fields: 'interface=job' },
  { what: 'an interface, and ports', fields: 'interface=job ports=47400-47409' },
])
  t.test(
    `with ${what} in the hostfile, agents listen there and nowhere else, and the launcher nowhere at all`,
    { skip: !usable && 'network namespaces need root and the program "ip"' },
    async (t) => {
      for (const { name } of CABLES)
        await until(
          () => connected(name),
          LIMIT_MS,
          () => `the cable ${name} is there`,
        )
      const [hostfile, file] = [join(folder, 'hosts'), join(folder, `end ${what}`)]
      writeFileSync(hostfile, hosts.map((host) => `${host} slots=1 ${fields}\n`).join(''))
      const program = ['test/errors/programs/until-told.ts', file]
      const job = start(['-f', hostfile, '--agent-command', 'ip netns exec {host}', ...program])
      await job.printed('begun')
      const launcher = job.child.pid as number
      const agents = descendants(launcher).filter((pid) =>
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('agent-main'),
      )
      const ports = agents.flatMap(openPorts)
      t.same(ports.map(({ address }) => address).sort(), ['10.231.8.1', '10.231.8.2'])
      t.same(openPorts(launcher), [])
      const first = ports.find(({ address }) => address === '10.231.8.1')?.port as number
      t.ok(reaches('10.231.8.1', first), 'who is on the network of the job gets a connection')
      t.notOk(reaches('10.231.9.1', first), 'who is on the other one does not')
      writeFileSync(file, '')
      const ended = await job.ended
      t.equal(ended.code, 0, ended.stderr)
      t.equal(ended.stdout, 'begun\n0 wrong sums\n')
      t.match(messages(ended), /^tsmpirun: note: tsmpi-c\d+ turned away a connection that was not of this job[^\n]*\n$/)
    },
  )
