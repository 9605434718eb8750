/** Runs a line of shell with `$tsmpirun`, for what only a shell can set up: descriptors, pipes, terminals. */
import { cleanEnvironment, TSMPIRUN, WITHOUT_HOOKS, type Ended } from './tsmpirun.ts'

const { spawn } = process.getBuiltinModule('node:child_process')

/** The shell's own exit code is that of its last command; `set -o pipefail` where another matters. */
export function shell(line: string): Promise<Ended> {
  const child = spawn('env', [...WITHOUT_HOOKS, 'bash', '-c', line], {
    env: { ...cleanEnvironment(), tsmpirun: `${process.execPath} ${TSMPIRUN}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}
