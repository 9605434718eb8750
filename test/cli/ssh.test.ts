/** Jobs over real ssh: an sshd of the test's own on a loopback port, with host names that lead to it. */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import type { Examined, Links } from '../../commands/doctor/facts.ts'
import type { Finding } from '../../commands/doctor/findings.ts'
import { freePort } from '../helpers/free-port.ts'
import { sshdMissing, startSshd } from '../helpers/sshd.ts'
import { allGone, descendants, isAlive, messages, start, TSMPI, tsmpirun, type Ended } from '../helpers/tsmpirun.ts'

const PROGRAM = 'test/errors/programs/together.ts'
/** What `tsmpi doctor --json` prints. */
interface Report {
  readonly hosts: readonly Examined[]
  readonly linked: readonly string[]
  readonly links: Links
  readonly findings: readonly Finding[]
}
const AGENT_MAIN = resolve('dist/runtime/agent/agent-main.cjs')

const missing = sshdMissing()
if (missing !== undefined) t.plan(0, `skipped: ${missing}`)
else {
  const sshd = await startSshd()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-ssh-')))
  t.teardown(async () => {
    await sshd.stop()
    rmSync(folder, { recursive: true })
  })
  const ssh = ['--ssh-command', sshd.ssh]
  const lines = ({ stdout }: Ended): string[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/ in .*/, ''))
      .sort()

  t.test('ranks on two hosts and this one meet, with one connection to each host', async (t) => {
    const expected = ['0 on alpha', '1 on alpha', '2 on beta', '3 on localhost'].map((who) => `rank ${who} met 4`)
    for (const transport of ['auto', 'zmq']) {
      const before = sshd.logIns()
      const ended = await tsmpirun([...ssh, '--host', 'alpha:2,beta,localhost', '--transport', transport, PROGRAM])
      t.equal(ended.code, 0, ended.stderr)
      t.equal(messages(ended), '')
      t.same(lines(ended), expected)
      t.equal(sshd.logIns() - before, 2, `--transport ${transport}`)
    }
  })

  t.test('TSMPI_SSH names the ssh for all jobs', async (t) => {
    const ended = await tsmpirun(['--host', 'alpha', PROGRAM], { env: { TSMPI_SSH: sshd.ssh } })
    t.same(lines(ended), ['rank 0 on alpha met 1'])
  })

  const failures = [
    { host: 'stranger', printed: /No \S+ host key is known.*\n.*Host key verification failed/, advice: /ssh-keyscan/ },
    { host: 'changed', printed: /IDENTIFICATION HAS CHANGED/, advice: /ssh-keygen -R changed/ },
    { host: 'locked', printed: /Permission denied \(publickey\)/, advice: /ssh-copy-id locked/ },
    { host: 'closed', printed: /Connection refused/, advice: /systemctl start ssh/ },
    {
      host: 'nowhere',
      printed: /Could not resolve hostname no-such-host\.invalid/,
      advice: /how "nowhere" is spelled/,
    },
  ]
  for (const { host, printed, advice } of failures)
    t.test(
      `a host that cannot be reached is told with command, what ssh printed and what to try: ${host}`,
      async (t) => {
        const ended = await tsmpirun([...ssh, '--host', `alpha,${host}`, PROGRAM])
        t.equal(ended.code, 125)
        t.equal(ended.stdout, '')
        const [first, command, ...rest] = ended.stderr.split('\n  ')
        t.equal(first, `tsmpirun: host ${host} could not be started (exit code 255).`)
        const options = '-T -x -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=2 -o ServerAliveCountMax=3'
        t.equal(command, `command: ${sshd.ssh} ${options} ${host} ${process.execPath} ${AGENT_MAIN}`)
        t.match(rest.slice(0, -1).join('\n'), new RegExp(`^ssh printed: [^]*${printed.source}`))
        t.match(rest.at(-1), new RegExp(`^try: .*${advice.source}.*\n$`))
      },
    )

  t.test('a host that takes the connection and says nothing is given up in time', async (t) => {
    const silent = createServer(() => undefined)
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    const { port } = silent.address() as AddressInfo
    const command = `${sshd.ssh} -o Port=${port}`
    const ended = await tsmpirun(['--ssh-command', command, '--start-timeout', '3 s', '--host', 'alpha', PROGRAM])
    silent.close()
    t.equal(ended.code, 125)
    t.match(ended.stderr, /ssh printed: Connection timed out during banner exchange[^]*try: .*switched on/)
  })

  t.test('a start that hangs after the log-in ends at --start-timeout', async (t) => {
    const args = ['--start-timeout', '0.5', '--host', 'a,b', '--agent-command', 'sleep 1000 #', PROGRAM]
    const ended = await tsmpirun(args)
    t.equal(ended.code, 125)
    t.match(ended.stderr, /host a could not be started \(no answer within 0\.5 s\)[^]*host b could not be/)
  })

  t.test('Node.js and tsmpi that are not there are asked for by name', async (t) => {
    const hostfile = join(folder, 'hosts')
    writeFileSync(hostfile, 'alpha slots=1 node=/no/such/node\nbeta slots=1 tsmpi=/no/such/folder\n')
    const ended = await tsmpirun([...ssh, '--hostfile', hostfile, PROGRAM])
    t.equal(ended.code, 125)
    t.match(
      ended.stderr,
      /host alpha could not be started \(exit code 127\)[^]*no Node\.js here: \/no\/such\/node is not/,
    )
    t.match(ended.stderr, /try: install Node\.js 20 or later on alpha, or name its program in the hostfile: node=PATH/)
    t.match(
      ended.stderr,
      /host beta could not be started \(exit code 127\)[^]*no tsmpi here: there is no \/no\/such\/folder/,
    )
    t.match(ended.stderr, /try: install the same tsmpi on beta \(npm install --global tsmpi@\d/)
  })

  t.test('where each host listens, and its Node, is as the hostfile says', async (t) => {
    const hostfile = join(folder, 'settings')
    const port = await freePort()
    const run = (beta: string): Promise<Ended> => {
      writeFileSync(hostfile, `alpha slots=1 interface=lo ports=${port} node=node\nbeta slots=1 ${beta}\n`)
      return tsmpirun([...ssh, '--hostfile', hostfile, PROGRAM])
    }
    const both = await run('interface=127.0.0.0/8')
    t.equal(both.code, 0, both.stderr)
    t.same(lines(both), ['rank 0 on alpha met 2', 'rank 1 on beta met 2'])
    const taken = await run(`interface=127.0.0.1 ports=${port}-${port}`)
    t.equal(taken.code, 125)
    t.match(taken.stderr, /host (alpha|beta) cannot take part: all ports from \d+ to \d+ of 127\.0\.0\.1 are taken/)
    const unknown = await run('interface=no-such0')
    t.equal(unknown.code, 125)
    t.match(
      unknown.stderr,
      /host beta cannot take part: no interface, address or network "no-such0" here; there are lo/,
    )
  })

  t.test('another version of tsmpi is named', async (t) => {
    const other = join(folder, 'other')
    cpSync('dist', join(other, 'dist'), { recursive: true })
    symlinkSync(resolve('node_modules'), join(other, 'node_modules'))
    const own = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    writeFileSync(join(other, 'package.json'), JSON.stringify({ ...own, version: '99.1.2' }))
    const hostfile = join(folder, 'versions')
    writeFileSync(hostfile, `alpha slots=1\nbeta slots=1 tsmpi=${other}\n`)
    const ended = await tsmpirun([...ssh, '--hostfile', hostfile, PROGRAM])
    t.equal(ended.code, 125)
    t.match(ended.stderr, `host beta could not be started (tsmpi 99.1.2 is installed there, ${own.version} here)`)
    t.notMatch(ended.stderr, /host alpha/)
  })

  t.test('a folder that another host does not have is told, and the ranks run in the home folder', async (t) => {
    const cwd = mkdtempSync(join(folder, 'left-'))
    const command = `sh -c 'cd / && rmdir ${cwd}; exec "$@"' {host}`
    const ended = await tsmpirun(['--host', 'far', '--agent-command', command, resolve(PROGRAM)], { cwd })
    t.equal(ended.code, 0, ended.stderr)
    t.match(ended.stderr, `note: far has no folder ${cwd}: its ranks run in `)
  })

  t.test('tsmpi doctor examines hosts over ssh, and tells of those that cannot be reached', async (t) => {
    const options = ['doctor', ...ssh, '--host', 'alpha,beta,closed,locked', '--json']
    const ended = await tsmpirun(options, { command: TSMPI })
    t.equal(ended.code, 1, ended.stderr)
    const { hosts, linked, links, findings } = JSON.parse(ended.stdout) as Report
    t.same(
      hosts.map((one) => [one.host, 'facts' in one]),
      [
        ['alpha', true],
        ['beta', true],
        ['closed', false],
        ['locked', false],
      ],
    )
    t.same(linked, ['alpha', 'beta'])
    for (const matrix of [links.latencyUs, links.bandwidthMBps]) t.ok((matrix[0]?.[1] ?? 0) > 0)
    const problems = findings.flatMap(({ kind, text }) => (kind === 'problem' ? [text] : []))
    t.equal(problems.length, 2)
    t.match(problems[0], /closed cannot take part: [^]*Connection refused[^]*try: .*systemctl start ssh/)
    t.match(problems[1], /locked cannot take part: [^]*Permission denied[^]*try: .*ssh-copy-id locked/)
  })

  for (const [whose, transport] of [
    ['the server', 'auto'],
    ['the server', 'zmq'],
    ['the client', 'auto'],
  ] as const)
    t.test(`a connection killed at ${whose} ends the job and leaves nothing: --transport ${transport}`, async (t) => {
      const job = start([...ssh, '--host', 'alpha:2,beta:2', '--transport', transport, PROGRAM, 'wait'])
      for (let rank = 0; rank < 4; rank++) await job.printed(`rank ${rank} on`)
      const remote = descendants(sshd.pid)
      const local = descendants(job.child.pid as number)
      const ofSsh = (pid: number): boolean => /^(sshd: |ssh\0)/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
      const killed = (whose === 'the server' ? remote : local).find(ofSsh)
      process.kill(killed as number, 'SIGKILL')
      const ended = await job.ended
      t.equal(ended.code, whose === 'the server' ? 125 : 137)
      t.match(ended.stderr, /(the process of ranks? .* on (alpha|beta) was lost|has ended the job|cannot take part)/)
      await allGone([...remote, ...local], 7000)
    })

  for (const whose of ['server', 'client'] as const)
    t.test(`a connection that hangs, since its ${whose} is stopped, ends the job with one message`, async (t) => {
      const job = start([...ssh, '--host', 'alpha:2,beta:2', PROGRAM, 'wait'])
      for (let rank = 0; rank < 4; rank++) await job.printed(`rank ${rank} on`)
      const remote = descendants(sshd.pid)
      const local = descendants(job.child.pid as number)
      const commandLine = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      // Of the two processes of a log-in the one that carries its bytes has no children but the agent.
      const carriers =
        whose === 'server' ? remote.filter((pid) => descendants(pid, 1).some(isAgent)) : local.filter(isSsh)
      function isAgent(pid: number): boolean {
        return commandLine(pid).includes('agent-main')
      }
      function isSsh(pid: number): boolean {
        return commandLine(pid).startsWith('ssh\0')
      }
      const stopped = carriers[0] as number
      process.kill(stopped, 'SIGSTOP')
      t.teardown(() => isAlive(stopped) && process.kill(stopped, 'SIGKILL'))
      const ended = await job.ended
      t.equal(ended.code, 125)
      t.match(messages(ended), /^tsmpirun: (alpha|beta) \(ranks (0 1|2 3)\) has not answered for 5 s: [^\n]*\n$/)
      // Its two halves end by themselves, but for the one that cannot.
      await allGone(
        [...remote, ...local].filter((pid) => pid !== stopped),
        10_000,
      )
    })
}
