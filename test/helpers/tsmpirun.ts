/** Runs the real launcher, as compiled, and waits for its end. */
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'
import { ALL } from './effort.ts'

const { spawn } = process.getBuiltinModule('node:child_process')
/** tap puts its hooks into the NODE_OPTIONS of whatever a test starts; they listen for signals, as no shell's children do. */
export const WITHOUT_HOOKS: readonly string[] = ['-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE']

export const TSMPIRUN = fileURLToPath(new URL('../../dist/runtime/launcher/tsmpirun.js', import.meta.url))

export const TSMPI = fileURLToPath(new URL('../../dist/tsmpi.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when standard output or standard error contains the text. */
  printed(text: string): Promise<void>
}

/**
 * Far above what any test needs: a job that hangs is told, with what it printed, and fails its own test only. All recorded
 * runs of HPL over sockets take 50 s on two quiet cores, and 150 s on two slow ones beside other tests.
 */
const LIMIT_MS = ALL ? 450_000 : 150_000
/** For a picture of what hangs. */
const PICTURE_MS = 5000

export interface StartOptions {
  readonly cwd?: string
  readonly input?: string
  /** Standard input stays open; the test writes to it. */
  readonly inputStaysOpen?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** Default tsmpirun. */
  readonly command?: string
  /** A program that is not ours, instead of a command of ours. */
  readonly program?: string
}

/** Starts tsmpirun with these arguments. */
export function start(
  args: readonly string[],
  { cwd, input, inputStaysOpen = false, env, command = TSMPIRUN, program }: StartOptions = {},
): Running {
  const words = program === undefined ? [process.execPath, command, ...args] : [program, ...args]
  const child = spawn('env', [...WITHOUT_HOOKS, ...words], {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: 'pipe',
  })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    for (const check of waiting) check()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    for (const check of waiting) check()
  })
  child.stdin.on('error', () => undefined)
  if (!inputStaysOpen) child.stdin.end(input ?? '')
  const limit = setTimeout(() => {
    child.kill('SIGUSR1') // the launcher prints where its ranks are
    setTimeout(() => {
      const left = descendants(child.pid as number).map(commandLine)
      stderr += `\nstopped by the test after ${LIMIT_MS / 1000} s; its processes:\n${left.join('\n')}\n`
      console.error(`tsmpirun ${args.join(' ')}\n${stdout}\n${stderr}`)
      child.kill('SIGKILL')
    }, PICTURE_MS)
  }, LIMIT_MS)
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      resolve({ code, signal, stdout, stderr })
    }),
  )
  const printed = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void =>
        void ((stdout.includes(text) || stderr.includes(text)) && waiting.delete(check) && resolve(undefined))
      waiting.add(check)
      check()
    })
  return { child, ended, printed }
}

/** Runs tsmpirun to its end. */
export function tsmpirun(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended
}

/** The launcher's notes and messages without the note on sharing cores, which depends on the machine. */
export function messages({ stderr }: Ended): string {
  return stderr.replace(/^tsmpirun: note: \d+ ranks share .*\n/gm, '')
}

/** The test runner's own settings must not reach the ranks. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...rest } = process.env
  return rest
}

/** Processes started by `pid`, and by those, up to so many generations, from /proc. */
export function descendants(pid: number, generations = Infinity): number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) if (/^\d+$/.test(entry)) parents.set(Number(entry), parentOf(Number(entry)))
  const children = (of: number): number[] => [...parents].filter(([, parent]) => parent === of).map(([child]) => child)
  const all: number[] = []
  for (
    let queue = children(pid), left = generations;
    queue.length > 0 && left > 0;
    queue = queue.flatMap(children), left--
  )
    all.push(...queue)
  return all
}

function commandLine(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`
  } catch {
    return `${pid} gone`
  }
}

/** True if a process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  return !/^[ZX]?$/.test(stateOf(pid))
}

/** True if a process has been stopped, by Ctrl-Z for instance. */
export function isStopped(pid: number): boolean {
  return stateOf(pid) === 'T'
}

/** A letter, as `ps` shows it; empty if there is no such process. */
function stateOf(pid: number): string {
  try {
    return /^\d+ \(.*\) (\w)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Resolves when all processes are gone; rejects with those that are not after `limitMs`. */
export async function allGone(pids: readonly number[], limitMs: number): Promise<void> {
  await until(
    () => !pids.some(isAlive),
    limitMs,
    () => `still there: ${pids.filter(isAlive).join(' ')}`,
  )
}
