/** Signals to the launcher: handed on to the programs, or to stop and continue the whole job. */
import { once } from 'node:events'
import t from 'tap'
import { encodePacket, PACKET } from '../../runtime/agent/start-channel.ts'
import type { Command } from '../../runtime/agent/job-description.ts'
import { allGone, descendants, isStopped, start, type Running } from '../helpers/tsmpirun.ts'
import { until } from '../helpers/until.ts'

const { spawn } = process.getBuiltinModule('node:child_process')

const SIGNALS = 'test/errors/programs/signals.ts'

/** By default USR2 is named: then a rank that waits for a signal is no deadlock. */
async function listening(...options: string[]): Promise<{ job: Running; launcher: number; agents: number[] }> {
  const named = options.length > 0 ? options : ['--forward-signals', 'USR2']
  const job = start(['-n', '2', '--emulate-hosts', '2', ...named, SIGNALS])
  await Promise.all(['rank 0 listens', 'rank 1 listens'].map((text) => job.printed(text)))
  const launcher = job.child.pid as number
  return { job, launcher, agents: descendants(launcher) }
}

const heard = (job: Running, signal: string): Promise<unknown> =>
  Promise.all([0, 1].map((rank) => job.printed(`rank ${rank} hears ${signal}`)))

const clock = (sent: number): Buffer => command({ command: 'clock', sent, questions: 0 })

function command(one: Command): Buffer {
  return encodePacket(PACKET.COMMAND, 0, -1, Buffer.from(JSON.stringify(one)))
}

/** An agent without a launcher. In a group of its own: its end is that of its group. */
function startAgent() {
  const child = spawn(process.execPath, ['dist/runtime/agent/agent-main.cjs'], { stdio: 'pipe', detached: true })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  const say = (...packets: readonly Buffer[]): void => void child.stdin.write(Buffer.concat(packets))
  const heard = async (words: string): Promise<void> => {
    for (const end = performance.now() + 20_000; !text.includes(words); await once(child.stdout, 'data'))
      if (text.includes('unusable') || performance.now() > end) throw new Error(`no ${words}: ${text}`)
  }
  return { child, say, heard }
}

/** Resolves when all processes are in the state `T`, stopped. */
async function allStopped(pids: readonly number[]): Promise<void> {
  await until(
    () => pids.every(isStopped),
    20_000,
    () => 'all are stopped',
  )
}

t.test('SIGUSR2 reaches the programs of all ranks', async (t) => {
  const { job } = await listening()
  job.child.kill('SIGUSR2')
  await heard(job, 'SIGUSR2 12')
  job.child.kill('SIGUSR2')
  t.equal((await job.ended).code, 0, 'and a rank that waits for a signal is no deadlock')
})

t.test('--forward-signals USR1,USR2 hands both on, and SIGUSR1 shows no picture', async (t) => {
  const { job } = await listening('--forward-signals', 'usr1,SIGUSR2')
  job.child.kill('SIGUSR1')
  await heard(job, 'SIGUSR1 10')
  job.child.kill('SIGTERM')
  const ended = await job.ended
  t.equal(ended.code, 143)
  t.notMatch(ended.stderr, /what the ranks do/)
})

t.test('SIGTSTP stops the launcher and all ranks for longer than a lease, SIGCONT makes them go on', async (t) => {
  const { job, launcher, agents } = await listening()
  job.child.kill('SIGTSTP')
  await allStopped([launcher, ...agents])
  await new Promise((resolve) => setTimeout(resolve, 6000)) // longer than the lease: that is what is tested
  job.child.kill('SIGCONT')
  await heard(job, 'SIGCONT')
  job.child.kill('SIGUSR2')
  await heard(job, 'SIGUSR2')
  job.child.kill('SIGUSR2')
  const ended = await job.ended
  t.equal(ended.code, 0)
  t.notMatch(ended.stderr, /stopped/)
})

t.test('a launcher that is killed while its job stands still leaves nothing behind', async () => {
  const { job, launcher, agents } = await listening()
  job.child.kill('SIGTSTP')
  await allStopped([launcher, ...agents])
  const all = descendants(launcher)
  job.child.kill('SIGKILL')
  await allGone([...all, ...agents], 2000)
  await job.ended
})

t.test('an agent that is told to stand still and to go on in one breath goes on', async (t) => {
  const { child, say, heard } = startAgent()
  for (let round = 0; round < 5; round++) {
    say(command({ command: 'suspend' }), encodePacket(PACKET.BEAT, 0, -1, new Uint8Array(0)), clock(2000 + round))
    await heard(`"sent":${2000 + round}`)
    say(clock(3000 + round))
    await heard(`"sent":${3000 + round}`)
  }
  child.stdin.end()
  await new Promise((resolve) => child.once('close', resolve))
  t.pass('and ends with its launcher')
})

t.test('SIGTERM ends a job that stands still, once it goes on', async (t) => {
  const { job, launcher, agents } = await listening()
  job.child.kill('SIGTSTP')
  await allStopped([launcher, ...agents])
  job.child.kill('SIGTERM')
  job.child.kill('SIGCONT')
  t.equal((await job.ended).code, 143)
  await allGone(agents, 2000)
})
