/**
 * Whatever part of a job dies, stops or falls silent: all of it ends within the limits, one message names what was lost, and
 * nothing stays, neither process nor socket nor file. Every case runs 20 times with TSMPI_TEST_ALL=1.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ALL } from '../helpers/effort.ts'
import { openSockets, socketsOf } from '../helpers/sockets.ts'
import { allGone, descendants, isAlive, isStopped, start, type Ended, type Running } from '../helpers/tsmpirun.ts'
import { until } from '../helpers/until.ts'

const TIMES = ALL ? 20 : 2
if (TIMES > 2) t.setTimeout(20 * 60_000)
/** At once: a machine of two cores starts so many jobs in a moment. */
const AT_ONCE = 4
const KILLED_MS = 2000
/** A lease of 5 s, and what is left to end then. */
const SILENT_MS = 7000

const EMULATED = ['--emulate-hosts', '2']
const REMOTE = ['--host', 'alpha:2,beta:2', '--agent-command', `${process.execPath} test/errors/programs/line.mjs`]

/** Two agents on each host, which share a connection. */
const SEVERAL = [...REMOTE, '--ranks-per-agent', '1']

interface Victims {
  readonly launcher: number
  /** Processes that the launcher has started. */
  readonly started: readonly number[]
  readonly agents: readonly number[]
  /** Those that carry the streams of several agents. */
  readonly carriers: readonly number[]
}

interface Case {
  readonly name: string
  readonly hosts: readonly string[]
  /** What it returns is awaited. */
  readonly strike: (victims: Victims) => unknown
  readonly limitMs: number
  /** Of the launcher; undefined if it dies itself. */
  readonly code?: number
  readonly says?: RegExp
  /** The launcher stands still meanwhile, and tells afterwards. */
  readonly asleep?: boolean
}

const cases: readonly Case[] = [
  {
    name: 'the launcher is killed',
    hosts: EMULATED,
    strike: ({ launcher }) => process.kill(launcher, 'SIGKILL'),
    limitMs: KILLED_MS,
  },
  {
    name: 'the launcher is killed, and agents are reached through other processes',
    hosts: REMOTE,
    strike: ({ launcher }) => process.kill(launcher, 'SIGKILL'),
    limitMs: KILLED_MS,
  },
  {
    name: 'an agent is killed',
    hosts: EMULATED,
    strike: ({ started }) => process.kill(started[1] as number, 'SIGKILL'),
    limitMs: KILLED_MS,
    code: 137,
    says: /^tsmpirun: the process of ranks (0 1|2 3) on host[01] was lost \(signal SIGKILL\); the job was stopped\.$/,
  },
  {
    name: 'the connection to a host breaks',
    hosts: REMOTE,
    strike: ({ started }) => process.kill(started[0] as number, 'SIGKILL'),
    limitMs: KILLED_MS,
    code: 137,
    says: /^tsmpirun: .*ranks (0 1|2 3) on (alpha|beta) was lost \(signal SIGKILL\); the job was stopped\.$/,
  },
  {
    name: 'an agent is stopped',
    hosts: EMULATED,
    strike: ({ started }) => process.kill(started[0] as number, 'SIGSTOP'),
    limitMs: SILENT_MS,
    code: 125,
    says: /^tsmpirun: host[01] \(ranks (0 1|2 3)\) has not answered for 5 s: .*; the job was stopped\.$/,
  },
  {
    name: 'the network to a host falls silent',
    hosts: REMOTE,
    strike: ({ started }) => process.kill(started[0] as number, 'SIGSTOP'),
    limitMs: SILENT_MS,
    code: 125,
    says: /^tsmpirun: (alpha|beta) \(ranks (0 1|2 3)\) has not answered for 5 s: .*; the job was stopped\.$/,
  },
  {
    name: 'the launcher is stopped',
    hosts: EMULATED,
    strike: ({ launcher }) => process.kill(launcher, 'SIGSTOP'),
    limitMs: SILENT_MS,
    code: 125,
    says: /^tsmpirun: host[01] has ended the job: it had not heard of tsmpirun for 5 s \(tsmpirun itself stood still for \d+ s\)\.$/,
    asleep: true,
  },
  {
    name: 'Ctrl-C is pressed twice',
    hosts: SEVERAL,
    strike: ({ launcher }) => {
      process.kill(launcher, 'SIGINT')
      process.kill(launcher, 'SIGINT')
    },
    limitMs: KILLED_MS,
    code: 130,
    says: /^tsmpirun: SIGINT: the job was stopped\.$/,
  },
  {
    name: 'one of several agents on a host is killed',
    hosts: SEVERAL,
    strike: ({ agents }) => process.kill(agents[2] as number, 'SIGKILL'),
    limitMs: KILLED_MS,
    code: 137,
    says: /^tsmpirun: the process of rank [0-3] on (alpha|beta) was lost \(signal SIGKILL\); the job was stopped\.$/,
  },
  {
    name: 'one of several agents on a host is stopped',
    hosts: SEVERAL,
    strike: ({ agents }) => process.kill(agents[1] as number, 'SIGSTOP'),
    limitMs: SILENT_MS,
    code: 125,
    says: /^tsmpirun: (alpha|beta) \(rank [0-3]\) has not answered for 5 s: .*; the job was stopped\.$/,
  },
  {
    name: 'the process that carries several agents is killed',
    hosts: SEVERAL,
    strike: ({ carriers }) => process.kill(carriers[1] as number, 'SIGKILL'),
    limitMs: KILLED_MS,
    code: 125,
    says: /^tsmpirun: the process of rank [0-3] on (alpha|beta) was lost \(exit code 1\); the job was stopped\.$/,
  },
  {
    name: 'an agent is killed while the job stands still',
    hosts: EMULATED,
    strike: async ({ launcher, agents }) => {
      process.kill(launcher, 'SIGTSTP')
      await until(
        () => [launcher, ...agents].every(isStopped),
        20_000,
        () => 'all are stopped',
      )
      process.kill(agents[0] as number, 'SIGKILL')
      process.kill(launcher, 'SIGCONT')
    },
    limitMs: KILLED_MS,
    code: 137,
    says: /^tsmpirun: the process of ranks (0 1|2 3) on host[01] was lost \(signal SIGKILL\); the job was stopped\.$/,
  },
]

for (const one of cases)
  t.test(`when ${one.name}, everything ends and nothing stays: ${TIMES} times`, async (t) => {
    for (let done = 0; done < TIMES; done += AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, TIMES - done) }, () => endsCleanly(t, one)))
  })

async function endsCleanly(t: Test, one: Case): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-'))
  const { job, pids, victims } = await started(one.hosts, folder)
  const sockets = pids.flatMap(socketsOf)
  t.same(pids.filter(sharesByName), [], 'no shared memory has a name, by which it could stay')
  try {
    await one.strike(victims)
    if (one.asleep === true) {
      await allGone(pids, one.limitMs)
      process.kill(victims.launcher, 'SIGCONT')
    } else await allGone([victims.launcher, ...pids], one.limitMs)
    tells(t, one, await job.ended)
    t.same(await openSockets(sockets, KILLED_MS), [], 'no socket is left')
    t.same(readdirSync(folder), [], 'no file is left')
  } finally {
    for (const pid of [victims.launcher, ...pids]) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true })
  }
}

function sharesByName(pid: number): boolean {
  return /\/dev\/shm\/|\/SYSV/.test(readFileSync(`/proc/${pid}/maps`, 'utf8'))
}

function tells(t: Test, { code, says }: Case, { code: exitCode, stderr }: Ended): void {
  if (code === undefined || says === undefined) return
  t.equal(exitCode, code)
  const told = stderr.split('\n').filter((line) => line.startsWith('tsmpirun: ') && !line.includes(' note: '))
  t.equal(told.length, 1, 'one message')
  t.match(told[0], says)
}

async function started(
  hosts: readonly string[],
  folder: string,
): Promise<{ job: Running; pids: number[]; victims: Victims }> {
  const args = ['-n', '4', '--no-deadlock-detection', ...hosts, 'test/errors/programs/lasting.ts', 'compute']
  const job = start(args, { env: { TMPDIR: folder } })
  await job.printed('all there')
  const launcher = job.child.pid as number
  const pids = descendants(launcher)
  // The script, after Node's name: other processes have it among their arguments.
  const running = (entry: RegExp): number[] =>
    pids.filter((pid) => entry.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] ?? ''))
  const [agents, carriers] = [/agent-main\.c?js$/, /agent-host\.c?js$/].map(running) as [number[], number[]]
  return { job, pids, victims: { launcher, started: descendants(launcher, 1), agents, carriers } }
}

t.test('a launcher that stood still while hosts start does not take them for missing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tsmpi-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [asked, ready] = ['asked', 'ready'].map((name) => join(folder, name)) as [string, string]
  const command = `sh -c 'touch ${asked}; until [ -e ${ready} ]; do sleep 0.05; done; exec "$@"'`
  const hosts = ['--host', 'slow', '--start-timeout', '2', '--agent-command', `${command} {host}`]
  const job = start([...hosts, 'test/errors/programs/together.ts'])
  await until(
    () => existsSync(asked),
    SILENT_MS,
    () => 'the start command runs',
  )
  job.child.kill('SIGSTOP')
  await new Promise((resolve) => setTimeout(resolve, 2500)) // the pause itself is what is tested
  writeFileSync(ready, '')
  job.child.kill('SIGCONT')
  const ended = await job.ended
  t.equal(ended.code, 0, ended.stderr)
})

t.test('a job whose processes all stand still for longer than a lease goes on afterwards', async (t) => {
  const { job, pids, victims } = await started(EMULATED, tmpdir())
  const all = [victims.launcher, ...pids]
  for (const pid of all) process.kill(pid, 'SIGSTOP')
  await new Promise((resolve) => setTimeout(resolve, SILENT_MS)) // the pause itself is what is tested
  for (const pid of all) process.kill(pid, 'SIGCONT')
  await new Promise((resolve) => setTimeout(resolve, SILENT_MS))
  t.ok(all.every(isAlive))
  job.child.kill('SIGTERM')
  const ended = await job.ended
  t.equal(ended.code, 143)
  t.match(ended.stderr, /SIGTERM: the job was stopped/)
})
