/** Runs a built-in program as a job that talks in lines of JSON objects. Layer below: runtime/launcher/. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const TSMPIRUN = fileURLToPath(
  new URL(`../runtime/launcher/tsmpirun.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
)

/** A line that the program printed. */
export type JsonLine = Readonly<Record<string, unknown>>

export interface JsonJob {
  readonly onLine: (line: JsonLine) => void
  /** What the job says on standard error, as it comes. */
  readonly onComplaint: (text: string) => void
}

/** Runs tsmpirun with these arguments; its exit code. */
export function runJsonJob(args: readonly string[], { onLine, onComplaint }: JsonJob): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, TSMPIRUN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() as string
    for (const line of lines) if (line.startsWith('{')) onLine(JSON.parse(line) as JsonLine)
  })
  child.stderr.setEncoding('utf8').on('data', onComplaint)
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}
