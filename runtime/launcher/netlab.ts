/**
 * `--netlab`: the hosts of `--emulate-hosts` as network namespaces with real links of the kernel. The launcher starts
 * itself once more under scripts/netlab, which makes the namespaces and takes them down whatever becomes of the job; there
 * every agent starts in the namespace of its host. Below: scripts/netlab.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { shellQuote } from '../base/shell-quote.ts'
import type { AgentPlan } from './placement.ts'

/** Compiled code lies one folder deeper than its sources. */
const PLACES = ['../../../scripts/netlab', '../../scripts/netlab']
/** Set for the launcher that runs inside. */
const INSIDE = 'TSMPI_INSIDE_NETLAB'
const HANDED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const

/** True if the namespaces of this job are there. */
export function insideNetlab(): boolean {
  return process.env[INSIDE] !== undefined
}

/** Runs this command line again between namespaces. Resolves to its exit code. */
export async function runInside(hosts: number, rate: string, args: readonly string[]): Promise<number> {
  const again = [process.execPath, ...process.execArgv, process.argv[1] as string, ...args]
  const lab = spawn('bash', [script(), 'run', String(hosts), rate, '--', ...again], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  })
  for (const signal of HANDED_ON) process.on(signal, () => lab.kill(signal))
  return new Promise((resolve, reject) => {
    lab.on('error', (error) => reject(new Error(`--netlab needs bash: ${error.message}`)))
    lab.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

/** The plans of emulated hosts, in their namespaces. */
export function inNamespaces(plans: readonly AgentPlan[]): AgentPlan[] {
  return plans.map((plan) => ({ ...plan, host: `n${Number(/\d+$/.exec(plan.host)?.[0]) + 1}`, local: false }))
}

/** What starts an agent in its namespace. */
export function agentCommand(): string {
  return `bash ${shellQuote(script())} exec {host}`
}

function script(): string {
  const places = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const found = places.find((place) => existsSync(place))
  if (found === undefined)
    throw new Error(`scripts/netlab is not beside the code of tsmpi (looked for ${places.join(', ')})`)
  return found
}
