/**
 * One test of a sweep as a job of its own: tsmpirun with the input on its standard input and the result on its standard
 * output, so that rank 0 may run on any host. Layer below: plan.ts, hpl/results/.
 *
 * One job a test, not one a grid: a crash, a lost host or a timeout costs one test and its reason is that test's; every
 * test begins with the same fresh memory and engine, whatever ran before it; and the recorded command with the recorded
 * HPL.dat is the whole of what was run. It costs the start of a job, a fraction of a second.
 */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseLine } from '../../hpl/results/reader.ts'
import { RESULT_FORMAT, RESULT_VERSION, type ResultLine } from '../../hpl/results/schema.ts'
import { installedVersion } from '../../runtime/base/version.ts'
import { EXIT_USAGE, UsageError } from '../../runtime/launcher/usage-error.ts'
import type { PlannedTest } from './plan.ts'

const TSMPIRUN = fileURLToPath(
  new URL(`../../runtime/launcher/tsmpirun.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
)
/** Most characters of a failed job's messages that are kept. */
const KEPT_MESSAGES = 4000

/**
 * Runs a test.
 *
 * @param interrupt stops the job when it fires
 * @returns what is to be recorded, or undefined if the job was interrupted
 * @throws UsageError if tsmpirun refuses its options, which no other test would survive either
 */
export async function runJob(test: PlannedTest, interrupt: AbortSignal): Promise<ResultLine | undefined> {
  const began = performance.now()
  const { code, signal, stdout, stderr } = await tsmpirun(test, interrupt)
  if (interrupt.aborted) return undefined
  const said = stderr.replace(/^tsmpirun: note: .*\n/gm, '').trim()
  if (code === EXIT_USAGE) throw new UsageError(said.split('\n').filter((line) => !line.startsWith('Try "')))
  const sweep = {
    id: test.id,
    repeat: test.repeat,
    command: ['tsmpirun', ...test.args],
    wallSeconds: (performance.now() - began) / 1000,
  }
  const result = code === 0 ? parseLine(stdout.trim()) : undefined
  if (typeof result === 'object' && result.kind === 'test') return { ...result, sweep }
  const { ranks, hplDat, settings, point } = test
  return {
    format: RESULT_FORMAT,
    version: RESULT_VERSION,
    kind: 'failure',
    date: new Date().toISOString(),
    tsmpi: installedVersion(),
    ranks,
    hplDat,
    settings,
    test: { ...point },
    reason:
      said.split('\n')[0] || (result === undefined ? howItEnded(code, signal) : `the job printed no result: ${result}`),
    exitCode: code,
    signal,
    stderr: said.slice(-KEPT_MESSAGES),
    sweep,
  }
}

function howItEnded(code: number | null, signal: string | null): string {
  return code === null ? `tsmpirun ended by ${signal}` : `tsmpirun ended with exit code ${code}`
}

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

async function tsmpirun({ args, hplDat }: PlannedTest, interrupt: AbortSignal): Promise<Ended> {
  const child = spawn(process.execPath, [...process.execArgv, TSMPIRUN, ...args], { stdio: 'pipe' })
  const stop = (): void => void child.kill('SIGINT')
  interrupt.addEventListener('abort', stop)
  child.stdin.on('error', () => undefined) // a job that ends early does not read its input
  child.stdin.end(hplDat)
  const ended = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  const [stdout, stderr, end] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  interrupt.removeEventListener('abort', stop)
  return { ...end, stdout, stderr }
}
