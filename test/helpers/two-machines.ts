/** Runs commands on two machines that are namespaces of this one (two-machines.sh), as root on Linux. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sshdMissing } from './sshd.ts'
import { cleanEnvironment } from './tsmpirun.ts'

const { spawn, spawnSync } = process.getBuiltinModule('node:child_process')
const SCRIPT = fileURLToPath(new URL('two-machines.sh', import.meta.url))
const APART = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/** Why there can be no machines here; undefined if there can. */
export function machinesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may make machines out of namespaces'
  const probe = spawnSync('unshare', [...APART, 'sh', '-c', 'ip netns list && tc -V'])
  if (probe.status !== 0) return `no namespaces here: ${probe.error?.message ?? probe.stderr.toString().trim()}`
  return sshdMissing()
}

export interface Done {
  readonly code: number
  /** What a terminal would show. */
  readonly output: string
}

export interface Machines {
  /** Types a command on a machine. */
  run(machine: string, command: string): Promise<Done>
  stop(): Promise<void>
}

/** Starts them; resolves when both can be logged in to. */
export async function startMachines(): Promise<Machines> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tsmpi-machines-')))
  const child = spawn('unshare', [...APART, SCRIPT, resolve('.'), folder, process.execPath], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: cleanEnvironment(),
  })
  let complaint = ''
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()))
  const gone = new Promise((resolve) => child.once('close', resolve))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  /** What comes before a line that begins so, and the rest of that line. */
  const until = async (mark: string): Promise<{ output: string; rest: string }> => {
    let output = ''
    for (;;) {
      const { done, value } = await lines.next()
      if (done === true) throw new Error(`the machines are gone: ${complaint}\n${output}`)
      if (value.startsWith(mark)) return { output, rest: value.slice(mark.length) }
      output += `${value}\n`
    }
  }
  const stop = async (): Promise<void> => {
    child.stdin.end()
    child.kill('SIGKILL') // its namespaces end with it, with all that is in them
    await gone
    rmSync(folder, { recursive: true })
  }
  try {
    await until('READY')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    run: async (machine, command) => {
      child.stdin.write(`${machine}\t${command}\n`)
      const { output, rest } = await until('END\t')
      return { code: Number(rest), output }
    },
    stop,
  }
}
