/**
 * Runs the jobs of a lab one after the other, and reads the lines of JSON that programs print. Ctrl-C ends the job that
 * runs and the measurement with it. Layer below: lab.ts, runtime/launcher/.
 */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { showProgress } from '../progress.ts'
import type { Job, JobEnd } from './lab.ts'

const TSMPIRUN = fileURLToPath(
  new URL(`../../runtime/launcher/tsmpirun.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
)

/** A job that must not fail has failed: what it said is for the student. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure'
}

/**
 * Runs all jobs in a folder. Progress goes to standard error: a bar in a terminal, a line a job elsewhere.
 *
 * @throws JobFailure at the first job that fails and may not, or when `interrupt` fires
 */
export async function runJobs(jobs: readonly Job[], folder: string, interrupt: AbortSignal): Promise<JobEnd[]> {
  const progress = showProgress(process.stderr, { total: jobs.length })
  const ended: JobEnd[] = []
  try {
    for (const job of jobs) {
      progress.begin(job.name)
      const end = await runJob(job, folder, interrupt)
      interrupt.throwIfAborted()
      if (end.code !== 0 && job.mayFail !== true) throw new JobFailure(describeFailure(end))
      ended.push(end)
      progress.end()
    }
  } finally {
    progress.stop()
  }
  return ended
}

async function runJob(job: Job, cwd: string, interrupt: AbortSignal): Promise<JobEnd> {
  const child = spawn(process.execPath, [...process.execArgv, TSMPIRUN, ...job.args], { cwd, stdio: 'pipe' })
  const stop = (): void => void child.kill('SIGINT')
  interrupt.addEventListener('abort', stop)
  child.stdin.on('error', () => undefined) // a job that ends early does not read its input
  child.stdin.end(job.input ?? '')
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code))
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  interrupt.removeEventListener('abort', stop)
  return { job, code, stdout, stderr: stderr.replace(/^tsmpirun: note: \d+ ranks share .*\n/gm, '') }
}

function describeFailure({ job, code, stdout, stderr }: JobEnd): string {
  return `${job.name} ended with code ${code}: tsmpirun ${job.args.join(' ')}\n${stdout}${stderr}`.trimEnd()
}

/**
 * The lines of JSON objects that a job printed; other lines are the student's own. Local.
 *
 * @throws JobFailure if there is none
 */
export function jsonLines(end: JobEnd): Record<string, unknown>[] {
  const lines = end.stdout.split('\n').filter((line) => line.startsWith('{'))
  if (lines.length === 0)
    throw new JobFailure(`${end.job.name}: the program printed no line of JSON, such as {"ranks":4,"seconds":0.2}`)
  return lines.map((line) => {
    try {
      return JSON.parse(line) as Record<string, unknown>
    } catch {
      throw new JobFailure(`${end.job.name}: the program printed a line that is no JSON: ${line}`)
    }
  })
}
