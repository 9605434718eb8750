#!/usr/bin/env node
/**
 * tsmpirun: starts an SPMD program as N ranks on this machine, on the hosts of a hostfile, or on emulated hosts.
 */
import { randomUUID } from 'node:crypto'
import type { Bindings } from '../agent/cores.ts'
import { endCopies, foreignLauncher } from '../base/foreign-launcher.ts'
import type { InputTarget } from '../agent/job-description.ts'
import { installedVersion } from '../base/version.ts'
import type { EmulatedNetwork } from '../transport/emulated-link.ts'
import { parseCommandLine, type LaunchOptions } from './command-line.ts'
import type { Dashboard } from './dashboard/dashboard.ts'
import type { BindingReport } from './binding-report.ts'
import { exitCodeOf, Job } from './job.ts'
import { watchTerminal } from './hang-up.ts'
import type { IoOptions } from './io-options.ts'
import type { JobRecording } from './job-recording.ts'
import { planLaunch, type LaunchPlan } from './launch-plan.ts'
import { networkOf } from './network.ts'
import type { AgentPlan } from './placement.ts'
import { prepareProgram } from './program.ts'
import { Output, type OutputListener } from './output.ts'
import { readSelection } from './selection.ts'
import { insideSlurm, slurmHosts, type SlurmHost } from './slurm.ts'
import type { StartSettings } from './start-command.ts'
import type { TerminalBar } from './terminal-bar.ts'
import { EXIT_USAGE, UsageError } from './usage-error.ts'

/** How long a host may take to start its agents. */
const START_LIMIT_SECONDS = 30
/** How long the last output may take after a signal: who reads it may have stopped for good. */
const LAST_OUTPUT_MS = 1000

const endIfHungUp = watchTerminal()
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  complain(`${error.message.replace(/^/gm, 'tsmpirun: ')}\nTry "tsmpirun --help".\n`)
  process.exitCode = EXIT_USAGE
}
endIfHungUp()

async function main(args: readonly string[]): Promise<number> {
  const foreign = foreignLauncher(process.env)
  if (foreign !== undefined)
    await endCopies(foreign, {
      what: 'tsmpirun; each would start a job of its own',
      words: ['tsmpirun', ...args],
      exitCode: EXIT_USAGE,
    })
  const options = await parseCommandLine(args)
  const nodes = insideSlurm(process.env) && options.emulateHosts === undefined ? slurmHosts(process.env) : undefined
  const launch = planLaunch(options, nodes)
  const { dryRun } = options.placement
  const netlab = options.netlab === undefined || dryRun ? undefined : await import('./netlab.ts')
  if (netlab !== undefined && !netlab.insideNetlab())
    return netlab.runInside(options.emulateHosts as number, options.netlab as string, args)
  const { bindings } = launch
  const plans = netlab?.inNamespaces(launch.agents) ?? launch.agents
  for (const text of launch.notes) note(text)
  const env = exported(options.exports)
  const selection = readSelection(options)
  if (dryRun || options.placement.display.has('map')) await displayMap(launch, dryRun ? process.stdout : process.stderr)
  if (dryRun && options.program === '') return 0
  const input = inputOf(options.io, plans)
  const everywhere = plans.some(({ local }) => !local)
  // Compiling is quick, but a program that does not compile must start nothing.
  const program = await prepareProgram(options.program, everywhere)
  const emulated = await emulation(options, plans)
  if (dryRun) return 0
  const recording = await recordingOf(options, plans, (error) => output.fail(String(options.traceFile), error))
  const dashboard = await dashboardOf(options, plans)
  const listener: OutputListener = {
    onFull: () => (job.heldBack = true),
    onRoom: () => (job.heldBack = false),
    onFailed: (exitCode) => job.stop(exitCode),
  }
  const output: Output = new Output(options.io, sizeOf(plans), listener, await terminalBar())
  const job: Job = new Job({
    plans,
    start: startSettings({ ...options, agentCommand: netlab?.agentCommand() ?? options.agentCommand }, nodes ?? []),
    version: installedVersion(),
    timeoutSeconds: options.timeoutSeconds,
    strict: options.strict,
    recording,
    dashboard,
    bindingReport: bindings && (await reportOf(bindings, options)),
    output,
    input,
  })
  hearSignals(job, options.io.forwarded)
  void job.start({
    id: randomUUID(),
    program,
    argv: options.programArgs,
    env,
    selection,
    wdir: options.wdir,
    launcherDirectory: everywhere ? process.cwd() : undefined,
    network: plans.length === 1 ? undefined : await networkOf(plans, options.listening, options.encryption),
    emulated,
    checks: options.checks,
    bindings,
  })
  const exitCode = await job.done
  await dashboard?.close(exitCode)
  output.say(recording?.finish() ?? '')
  await output.finish()
  return exitCode === 0 ? (output.exitCode ?? 0) : exitCode
}

function startSettings(
  { agentCommand, sshCommand, startTimeoutSeconds }: LaunchOptions,
  nodes: readonly SlurmHost[],
): StartSettings {
  return {
    agentCommand,
    sshCommand: sshCommand ?? (process.env['TSMPI_SSH'] || undefined),
    limitSeconds: startTimeoutSeconds ?? START_LIMIT_SECONDS,
    slurmNodes: new Map(nodes.map(({ name, component }) => [name, component])),
  }
}

/** What takes down what the ranks do; loaded only if it is asked for. */
async function recordingOf(
  { traceFile, profile }: LaunchOptions,
  plans: readonly AgentPlan[],
  onError: (error: NodeJS.ErrnoException) => void,
): Promise<JobRecording | undefined> {
  if (traceFile === undefined && !profile) return undefined
  const { JobRecording: recording } = await import('./job-recording.ts')
  return new recording({ traceFile, profile, onError }, plans)
}

/** The page that shows the job, if it is asked for; says where it is. @throws UsageError if its port is taken */
async function dashboardOf(
  { dashboard, dashboardPort }: LaunchOptions,
  plans: readonly AgentPlan[],
): Promise<Dashboard | undefined> {
  if (!dashboard) return undefined
  const { Dashboard: page } = await import('./dashboard/dashboard.ts')
  const opened = await page.open(plans, dashboardPort)
  complain(`tsmpirun: dashboard: ${opened.url}\n`)
  return opened
}

/** What shows on a terminal how far the program is, if there is one. */
async function terminalBar(): Promise<typeof TerminalBar | undefined> {
  if (!process.stderr.isTTY || process.env['TERM'] === 'dumb') return undefined
  return (await import('./terminal-bar.ts')).TerminalBar
}

/** Loaded only if it is asked for, as what prints bindings. */
async function displayMap(launch: LaunchPlan, stream: NodeJS.WriteStream): Promise<void> {
  const { describePlacement } = await import('./placement-map.ts')
  stream.write(describePlacement(launch))
}

async function reportOf(bindings: Bindings, { placement }: LaunchOptions): Promise<BindingReport> {
  const { BindingReport: report } = await import('./binding-report.ts')
  return new report(bindings, placement.display.has('bind'), complain)
}

/** The network that the job pretends to have, if it was asked to. */
async function emulation(
  { emulate }: LaunchOptions,
  plans: readonly AgentPlan[],
): Promise<EmulatedNetwork | undefined> {
  if (emulate === undefined) return undefined
  if (plans.length === 1) note('--emulate has nothing to do, all ranks are on one host; --emulate-hosts K makes more')
  const { emulatedNetwork } = await import('./emulation.ts')
  return emulatedNetwork(emulate, plans)
}

/** Values of `-x`: VAR takes the value from here. @throws UsageError if VAR is not set, or no name */
function exported(words: readonly string[]): Record<string, string> {
  const problems: string[] = []
  const entries = words.map((word): [string, string] => {
    const [, name = '', value = process.env[name]] = /^([A-Za-z_]\w*)(?:=([^]*))?$/.exec(word) ?? []
    if (name === '') problems.push(`-x ${word}: expected VAR or VAR=value`)
    else if (value === undefined) problems.push(`-x ${word}: ${name} is not set here; give a value: -x ${name}=value`)
    return [name, value ?? '']
  })
  if (problems.length > 0) throw new UsageError(problems)
  return Object.fromEntries(entries)
}

/** @throws UsageError if --stdin names a rank that is not there */
function inputOf({ input }: IoOptions, plans: readonly AgentPlan[]): InputTarget {
  const size = sizeOf(plans)
  if (typeof input === 'number' && input >= size)
    throw new UsageError([`--stdin is ${input}, expected a rank from 0 to ${size - 1}, all or none`])
  return input
}

function hearSignals(job: Job, forwarded: readonly NodeJS.Signals[]): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      job.stop(exitCodeOf(signal), `${signal}: the job was stopped.`)
      void job.done.then(() => endSoon(signal))
    })
  // Ctrl-Z. Nobody can catch SIGSTOP, not even we.
  process.on('SIGTSTP', () => void job.suspend().then((stopped) => stopped && process.kill(process.pid, 'SIGSTOP')))
  process.on('SIGCONT', () => {
    job.resume()
    job.forward('SIGCONT')
  })
  // Without a listener, Node would open a debugger.
  if (!forwarded.includes('SIGUSR1')) process.on('SIGUSR1', () => void job.tellState())
  for (const signal of forwarded) process.on(signal, () => job.forward(signal))
}

function endSoon(signal: NodeJS.Signals): void {
  const die = (): void => {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  setTimeout(die, LAST_OUTPUT_MS).unref()
}

function sizeOf(plans: readonly AgentPlan[]): number {
  return plans.reduce((sum, { ranks }) => sum + ranks.length, 0)
}

function note(text: string): void {
  complain(`tsmpirun: note: ${text}\n`)
}

/** Nobody may read it: then the exit code is all that is told. */
function complain(text: string): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined)
  process.stderr.write(text)
}
