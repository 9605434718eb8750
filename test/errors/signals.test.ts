/** Signals to the launcher: handed on to the programs, or to stop and continue the whole job. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { allGone, descendants, start, type Running } from '../helpers/tsmpirun.ts'

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

/** Resolves when all processes are in the state `T`, stopped. */
async function allStopped(pids: readonly number[]): Promise<void> {
  const stopped = (pid: number): boolean => /^\d+ \(.*\) T/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  while (!pids.every(stopped)) await new Promise((resolve) => setImmediate(resolve))
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

t.test('SIGTERM ends a job that stands still, once it goes on', async (t) => {
  const { job, launcher, agents } = await listening()
  job.child.kill('SIGTSTP')
  await allStopped([launcher, ...agents])
  job.child.kill('SIGTERM')
  job.child.kill('SIGCONT')
  t.equal((await job.ended).code, 143)
  await allGone(agents, 2000)
})
