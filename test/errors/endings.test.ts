/** How a job ends when a rank does not end well: exit code, message, time, and nothing left behind. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { allGone, descendants, messages, start, tsmpirun } from '../helpers/tsmpirun.ts'

const THROWS = 'test/errors/programs/throws.ts'
const ENDINGS = 'test/errors/programs/endings.ts'
const TOPOLOGIES = [[], ['--emulate-hosts', '2'], ['--transport', 'zmq']]
const line =
  readFileSync(THROWS, 'utf8')
    .split('\n')
    .findIndex((text) => text.includes('throw new Error')) + 1

for (const topology of TOPOLOGIES)
  for (const others of ['barrier', 'recv', 'compute', 'sleep'])
    t.test(`a rank that throws while the others are in ${others} ends the job: ${topology.join(' ')}`, async (t) => {
      const ended = await tsmpirun(['-n', '4', ...topology, THROWS, others])
      t.equal(ended.code, 1)
      t.match(
        messages(ended),
        /^tsmpirun: rank 1 on \S+ failed; the job was stopped\.\n {2}Error: the deliberate failure\n/,
      )
      t.match(ended.stderr, `programs/throws.ts:${line}:`, "names the user's own line")
      t.notMatch(ended.stderr, /node:internal|rank-main/, 'and no line of the machinery')
    })

for (const topology of TOPOLOGIES) {
  const job = ['-n', '4', ...topology, 'test/errors/programs/throwing-operation.ts', '2']
  t.test(
    `of ranks that fail because one has, the one is named, though it is late: ${topology.join(' ')}`,
    async (t) => {
      const ended = await tsmpirun(job)
      t.equal(ended.code, 1)
      t.match(
        messages(ended),
        /^tsmpirun: rank 2 on \S+ failed; the job was stopped\.\n {2}RangeError: no more of this\n[^]*throwing-operation\.ts:8:/,
      )
    },
  )

  t.test(`one that has caught its own error leaves it to the others to tell: ${topology.join(' ')}`, async (t) => {
    const ended = await tsmpirun([...job, 'caught'])
    t.equal(ended.code, 1)
    t.match(
      messages(ended),
      /^tsmpirun: rank [013] on \S+ failed; [^]*the operation threw on world rank 2: RangeError: no more of this/,
    )
  })
}

t.test('a rank that throws ends the job within a second, whatever the others do', async (t) => {
  for (const others of ['barrier', 'recv', 'compute']) {
    const job = start(['-n', '4', THROWS, others])
    await job.printed('throwing')
    const thrown = performance.now()
    await job.ended
    t.ok(performance.now() - thrown < 1000, others)
  }
})

const endings = [
  { how: 'exit', code: 3, message: /rank 1 on \S+ ended with exit code 3; the job was stopped/ },
  {
    how: 'abort 7',
    code: 7,
    message: /rank 1 on \S+ called abort\(7\); the job was stopped\.\n +at \S*endings\.ts:12:/,
  },
  { how: 'abort 0', code: 0, message: /called abort\(0\); the job was stopped/ },
  { how: 'abort 256', code: 1, message: /called abort\(256\); the job was stopped/ },
  { how: 'abort -2', code: 254, message: /called abort\(-2\); the job was stopped/ },
  { how: 'abort NaN', code: 1, message: /called abort\(NaN\); the job was stopped/ },
  { how: 'unsettled', code: 13, message: /rank 1 on \S+ ended although its main function was still waiting/ },
  { how: 'unawaited', code: 1, message: /rank 1 on \S+ failed[^]*nobody awaited this[^]*endings\.ts:17:/ },
  { how: 'not-an-error', code: 1, message: /rank 1 on \S+ failed[^]*no Error was thrown: a string/ },
  { how: 'killed', code: 139, message: /the process of ranks 0 1 on \S+ was lost \(signal SIGSEGV\)/ },
  { how: 'child', code: 1, message: /Error: a child of mine goes on/ },
  { how: 'cause', code: 1, message: /Error: outer[^]*caused by: Error: inner/ },
]
for (const { how, code, message } of endings)
  t.test(`a rank that ends by ${how} gives exit code ${code} and says so`, async (t) => {
    const ended = await tsmpirun(['-n', '2', ENDINGS, ...how.split(' ')])
    t.equal(ended.code, code)
    t.match(ended.stderr, message)
    t.match(ended.stdout, 'rank 1 is there', 'what it printed before is shown')
  })

t.test('a process that has left the job, and holds its output open, does not hold the job', async (t) => {
  const ended = await tsmpirun(['-n', '2', ENDINGS, 'detached'])
  const [, pid] = /process (\d+) has a session of its own/.exec(ended.stderr) ?? []
  process.kill(Number(pid), 'SIGKILL') // throws if it is not there any more
  t.equal(ended.code, 1)
})

t.test('--timeout ends the job with code 124, and says who was running', async (t) => {
  for (const time of ['0.5', '500 ms']) {
    // Both wait for the other: a deadlock, which a quick start would leave time to find.
    const ended = await tsmpirun(['-n', '2', '--timeout', time, '--no-deadlock-detection', ENDINGS, 'wait'])
    t.equal(ended.code, 124)
    t.match(ended.stderr, /stopped after 0\.5 s \(--timeout\); still running: ranks 0 1\./)
  }
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  t.test(`${signal} to the launcher ends everything with code ${code}`, async (t) => {
    const job = start(['-n', '3', '--emulate-hosts', '2', ENDINGS, 'wait'])
    await job.printed('rank 2 is there')
    const pids = descendants(job.child.pid as number)
    t.equal(pids.length, 2, 'one process for each host')
    job.child.kill(signal)
    const ended = await job.ended
    t.equal(ended.code, code)
    t.match(ended.stderr, `${signal}: the job was stopped`)
    await allGone(pids, 2000)
  })

for (const what of ['compute', 'recv'])
  t.test(`a killed launcher leaves no process behind: ranks in ${what}`, async () => {
    const job = start(['-n', '4', '--emulate-hosts', '2', 'test/errors/programs/lasting.ts', what])
    await job.printed('all there')
    const pids = descendants(job.child.pid as number)
    job.child.kill('SIGKILL')
    await allGone(pids, 2000)
  })

t.test('a killed agent ends the job and names its ranks', async (t) => {
  const job = start(['-n', '4', '--emulate-hosts', '2', 'test/errors/programs/lasting.ts', 'recv'])
  await job.printed('all there')
  const pids = descendants(job.child.pid as number)
  process.kill(pids[1] as number, 'SIGKILL')
  const ended = await job.ended
  t.equal(ended.code, 137)
  t.match(ended.stderr, /the process of ranks (0 1|2 3) on host[01] was lost \(signal SIGKILL\); the job was stopped/)
  await allGone(pids, 2000)
})
