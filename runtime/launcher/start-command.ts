/**
 * The command that starts the agents of a host: on this machine directly, elsewhere by ssh, by srun if the host belongs to
 * this Slurm allocation, or by the command that the user gave. Nothing in it is secret: keys and program follow on standard
 * input. Pure.
 */
import { fileURLToPath } from 'node:url'
import { shellQuote } from '../base/shell-quote.ts'

export type StartMethod = 'here' | 'ssh' | 'srun' | 'agent-command'

export interface StartSettings {
  /** Template with {host}; the words that start an agent are appended. */
  readonly agentCommand: string | undefined
  /** What is run instead of `ssh`: another program, or ssh with options. The shell reads it. */
  readonly sshCommand: string | undefined
  /** How long a host may take. */
  readonly limitSeconds: number
  /** Hosts that srun reaches, those of the Slurm allocation, with their component if the job is heterogeneous. */
  readonly slurmNodes: ReadonlyMap<string, number | undefined>
}

/** Where agents shall run, and what the user said of that place. */
export interface StartTarget {
  /** As the start command calls it. Checked to be free of what a shell would read. */
  readonly host: string
  readonly local: boolean
  readonly settings?: {
    /** Node's program there. Absent: the launcher's own path, or else what the PATH there has. */
    readonly nodePath?: string
    /** Folder of the tsmpi package there. Absent: that of the launcher, or else where the PATH there has tsmpirun. */
    readonly programDirectory?: string
  }
}

export interface StartCommand {
  readonly method: StartMethod
  readonly file: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** For messages: what a user would type to the same end. */
  readonly text: string
}

/** Sources run uncompiled in development only. */
const COMPILED = import.meta.url.endsWith('.js')
const ENTRY = `runtime/agent/agent-main.${COMPILED ? 'cjs' : 'ts'}`
/** Entry of a process that starts several agents, which share its connection. */
const ENTRY_OF_SEVERAL = `runtime/agent/agent-host.${COMPILED ? 'cjs' : 'ts'}`
/** Folder of the compiled code. */
const CODE = fileURLToPath(new URL('../../', import.meta.url))

/** @param agents how many agents run there */
export function startCommand(
  target: StartTarget,
  agents: number,
  settings: StartSettings,
  env: NodeJS.ProcessEnv = process.env,
): StartCommand {
  const { host, local } = target
  const { agentCommand, slurmNodes } = settings
  const agent = agentInvocation(target, agents)
  if (local) return { method: 'here', file: agent.node, args: agent.args, env, text: quoted(agent.words) }
  if (agentCommand !== undefined) {
    const text = `${agentCommand.replaceAll('{host}', host)} ${quoted(agent.words)}`
    return { method: 'agent-command', file: '/bin/sh', args: ['-c', `exec ${text}`], env, text }
  }
  if (!slurmNodes.has(host)) return sshCommand(host, agent, settings, env)
  const component = slurmNodes.get(host)
  const args = [...SRUN_OPTIONS, ...(component === undefined ? [] : [`--het-group=${component}`]), `--nodelist=${host}`]
  return {
    method: 'srun',
    file: 'srun',
    args: [...args, ...agent.search],
    env: srunEnvironment(env),
    text: quoted(['srun', ...args, ...agent.words]),
  }
}

interface Invocation {
  readonly node: string
  readonly args: readonly string[]
  /** Both. */
  readonly words: readonly string[]
  /** The same on another host, where paths may differ. */
  readonly search: readonly string[]
}

function agentInvocation({ settings = {} }: StartTarget, agents: number): Invocation {
  const { nodePath, programDirectory } = settings
  const node = nodePath ?? process.execPath
  const entry = agents === 1 ? ENTRY : ENTRY_OF_SEVERAL
  const folder = programDirectory === undefined ? CODE : `${programDirectory}/${COMPILED ? 'dist/' : ''}`
  const rest = agents === 1 ? [] : [String(agents)]
  const args = [...process.execArgv, folder + entry, ...rest]
  const script = searchScript(entry, { anyNode: nodePath === undefined, anyPackage: programDirectory === undefined })
  const [there, what] = [node, folder + entry].map(forPrintf) as [string, string]
  const search = ['/bin/sh', '-c', script, 'tsmpi', there, what, rest.join(), ...process.execArgv]
  return { node, args, words: [node, ...args], search }
}

/** What the script says if there is no Node, or no tsmpi, on its host. */
export const NO_NODE = 'tsmpi: no Node.js here'
export const NO_PACKAGE = 'tsmpi: no tsmpi here'

/** A path as `printf %b` reads it: csh takes `!` for history even in quotes, and other shells differ on backslashes. */
function forPrintf(path: string): string {
  return path.replaceAll(/[!\\\n]/g, (character) => `\\0${character.charCodeAt(0).toString(8)}`)
}

/**
 * Shell text that looks for Node ($1) and the agent's entry ($2) and runs them with $3. Where the launcher's own paths lead
 * nowhere, the PATH of the host decides. It has no single quotes, line breaks or exclamation marks: the login shell that
 * unquotes it may be of any kind.
 */
function searchScript(entry: string, allowed: { readonly anyNode: boolean; readonly anyPackage: boolean }): string {
  const { anyNode, anyPackage } = allowed
  return [
    'n=$(printf %b "$1") m=$(printf %b "$2") k=$3; shift 3',
    ...(anyNode ? ['command -v "$n" >/dev/null 2>&1 || n=node'] : []),
    `command -v "$n" >/dev/null 2>&1 || { echo "${NO_NODE}: $n is not in PATH=$PATH" >&2; exit 127; }`,
    ...(anyPackage
      ? [`[ -f "$m" ] || { t=$(command -v tsmpirun) && t=$(readlink -f "$t") && m=\${t%/*}/../../${entry}; }`]
      : []),
    `[ -f "$m" ] || { echo "${NO_PACKAGE}: there is no $m${anyPackage ? ', nor tsmpirun in PATH=$PATH' : ''}" >&2; exit 127; }`,
    'exec "$n" "$@" "$m" $k',
  ].join('; ')
}

/** An ssh whose network has gone silent must end by itself when nobody is left to end it: after 8 s, a lease and more. */
const KEEPALIVE = ['-o', 'ServerAliveInterval=2', '-o', 'ServerAliveCountMax=3']

function sshCommand(host: string, agent: Invocation, settings: StartSettings, env: NodeJS.ProcessEnv): StartCommand {
  const { sshCommand: command, limitSeconds } = settings
  // No terminal and no windows. A third of the time for the connection leaves some for the log-in and for Node.
  const connectSeconds = Math.max(1, Math.floor(limitSeconds / 3))
  const options = ['-T', '-x', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${connectSeconds}`, ...KEEPALIVE, host]
  const args = [...options, `exec ${quoted(agent.search)}`]
  const text = `${command ?? 'ssh'} ${quoted([...options, ...agent.words])}`
  return command === undefined
    ? { method: 'ssh', file: 'ssh', args, env, text }
    : { method: 'ssh', file: '/bin/sh', args: ['-c', `exec ${command} "$@"`, 'sh', ...args], env, text }
}

/**
 * One task, which is the agent; its ranks are threads and want all of the job's cores and memory on the node. srun shall
 * pass on what the agent writes as it comes, not line by line.
 */
const SRUN_OPTIONS = [
  ...['--nodes=1', '--ntasks=1', '--mem=0', '--cpu-bind=none', '--mpi=none', '--unbuffered', '--quiet'],
]

/** Options for srun that come from how the job was asked for, and that say nothing of an agent. */
const NOT_FOR_AGENTS =
  /^S(?:LURM|RUN)_(NTASKS\w*|NPROCS|NNODES|TASKS_PER_NODE|CPUS_PER_TASK|MEM_PER_\w+|DISTRIBUTION|LABELIO|STD(IN|OUT|ERR)MODE|EXACT|EXCLUSIVE|THREADS_PER_CORE|CORE_SPEC|CPU_BIND\w*|PTY\w*|STEP_\w+|STEPID)$/

function srunEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = Object.entries(env).filter(([name]) => !NOT_FOR_AGENTS.test(name))
  // As --overlap, which older versions do not know: other steps of the job, such as an interactive shell, keep their cores.
  return { ...Object.fromEntries(rest), SLURM_OVERLAP: '1' }
}

function quoted(words: readonly string[]): string {
  return words.map(shellQuote).join(' ')
}
