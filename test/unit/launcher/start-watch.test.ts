/** When a start has failed, what is told then, and what is advised. */
import t from 'tap'
import { startAdvice } from '../../../runtime/launcher/start-advice.ts'
import { startCommand, type StartMethod, type StartSettings } from '../../../runtime/launcher/start-command.ts'
import { StartWatch, type StartingAgent } from '../../../runtime/launcher/start-watch.ts'

const SETTINGS: StartSettings = {
  agentCommand: undefined,
  sshCommand: undefined,
  limitSeconds: 30,
  slurmNodes: new Map(),
}
const hello = (version: string, node: string) => ({ event: 'hello', version, node }) as const

function agentOn(host: string, preamble = ''): StartingAgent {
  const start = startCommand({ host, local: false }, 1, SETTINGS)
  return { plan: { host, ranks: [0] }, start, preamble }
}

function watch(agents: readonly StartingAgent[], limitSeconds = 30) {
  const failures: string[] = []
  const notes: string[] = []
  let failed: () => void = () => undefined
  const failure = new Promise<void>((resolve) => (failed = resolve))
  const starts = new StartWatch(agents, {
    own: { version: '1.0.0', node: '20.1.0' },
    limitSeconds,
    onFailure: (message) => {
      failures.push(message)
      failed()
    },
    onNote: (text) => notes.push(text),
  })
  return { starts, failures, notes, failure }
}

t.test('when all agents have said hello, nothing is told', async (t) => {
  const agents = ['a', 'b'].map((host) => agentOn(host))
  const { starts, failures, notes } = watch(agents)
  for (const agent of agents) starts.hello(agent, hello('1.0.0', '20.9.1'))
  t.same([failures, notes], [[], []])
  t.notOk(starts.lost(agents[0] as StartingAgent, 'exit code 1'), 'a loss after the start is not of the start')
})

t.test('what agents say of their machines is known when the last one runs, in the order of the hosts', async (t) => {
  const [a, b] = [agentOn('a'), agentOn('b')]
  const { starts } = watch([a, b])
  starts.hello(b, { ...hello('1.0.0', '20.1.0'), machine: 'x' })
  starts.hello(a, hello('1.0.0', '20.1.0'))
  t.same(await starts.machines, [undefined, 'x'])
})

t.test('other major versions of Node are noted once for all hosts that have them', async (t) => {
  const agents = ['a', 'b', 'c'].map((host) => agentOn(host))
  const { starts, notes } = watch(agents)
  for (const [index, agent] of agents.entries()) starts.hello(agent, hello('1.0.0', index === 0 ? '20.2.0' : '22.3.0'))
  t.same(notes, ['Node.js 22.3.0 runs on b c, 20.1.0 here: the same major version everywhere is safer'])
})

t.test('a Node that is too old is an error with advice', async (t) => {
  const [a, b] = [agentOn('a'), agentOn('me@b')]
  const { starts, failures } = watch([a, b])
  starts.hello(a, hello('1.0.0', '20.1.0'))
  starts.hello(b, hello('1.0.0', '18.19.0'))
  t.equal(failures.length, 1)
  t.match(failures[0], /^host me@b could not be started \(Node\.js 18\.19\.0 runs there\)\./)
  t.match(failures[0], /try: update Node\.js on b: tsmpi needs version 20 or later .*; or name its program .*node=PATH/)
})

t.test('failures are told together, in the order of the hosts, when the last agent is heard of', async (t) => {
  const [a, b, c] = [agentOn('a', 'Permission denied (publickey).'), agentOn('b'), agentOn('c')]
  const { starts, failures } = watch([a, b, c])
  t.ok(starts.lost(c, 'exit code 1'))
  t.ok(starts.lost(a, 'exit code 255'))
  t.same(failures, [], 'b may still fail')
  starts.hello(b, hello('2.0.0', '20.1.0'))
  t.equal(failures.length, 1)
  const [ofA, ofB, ofC] = (failures[0] as string).split(/\n(?=host )/)
  t.match(
    ofA,
    /^host a could not be started \(exit code 255\)\.\n {2}command: ssh .* a .*\n {2}ssh printed: Perm.*\n {2}try: /,
  )
  t.match(ofB, /^host b could not be started \(tsmpi 2\.0\.0 is installed there, 1\.0\.0 here\)\./)
  t.match(ofB, /try: install the same tsmpi on b \(npm install --global tsmpi@1\.0\.0\)/)
  t.match(ofC, /^host c could not be started \(exit code 1\)[^]*ssh printed nothing/)
  t.match(ofC, /\n {2}try: this must work without a password .*: ssh c node --version$/)
})

t.test('a failure does not wait for hosts that say nothing', async (t) => {
  const [a, b] = [agentOn('a'), agentOn('b')]
  const { starts, failures, failure } = watch([a, b], 1000)
  starts.lost(a, 'exit code 1')
  await failure
  t.match(failures, [/^host a could/])
  t.notMatch(failures[0], /host b/)
})

t.test('hosts that say nothing fail when the time is over; many are not told in full', async (t) => {
  const agents = Array.from({ length: 20 }, (_, i) => agentOn(`n${i}`))
  const { failures, failure } = watch(agents, 0.01)
  await failure
  const text = failures[0] as string
  t.equal(text.match(/^host n\d+ could not be started \(no answer within 0\.01 s\)\.$/gm)?.length, 20)
  t.equal(text.match(/^ {2}command: /gm)?.length, 8)
})

t.test('what srun and shells say leads to advice', async (t) => {
  const advice = (method: StartMethod, how: string, printed: string): string =>
    startAdvice({ host: 'me@n1', method, how, printed, version: '1.2.3' })
  t.match(
    advice('srun', 'exit code 1', 'srun: error: Unable to confirm allocation for job 7: Invalid job id specified'),
    /has ended: ask for a new one with salloc/,
  )
  t.match(advice('srun', 'spawn srun ENOENT', ''), /srun is not in the PATH/)
  t.match(advice('ssh', 'spawn ssh ENOENT', ''), /install the ssh client/)
  t.match(advice('ssh', 'exit code 255', 'ssh: connect to host n1 port 22: No route to host'), /Try: ping n1$/)
  t.match(
    advice('agent-command', 'exit code 1', "Error: Cannot find module '/x/dist/runtime/agent/agent-main.cjs'"),
    /install the same tsmpi on n1 .*tsmpi@1\.2\.3/,
  )
  t.match(
    advice('ssh', 'exit code 1', 'SyntaxError: Unexpected token {\n\nNode.js v12.0.0'),
    /update Node\.js on n1: tsmpi needs version 20/,
  )
  t.match(advice('agent-command', 'exit code 1', ''), /run the command by hand/)
})
