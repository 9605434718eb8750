/**
 * One job from start to end: starts the agents, tells them of each other, watches, and ends all of them when the work is
 * done or the first thing goes wrong. The first failure is the one that is told.
 */
import { constants } from 'node:os'
import type { JobSelection } from '../base/tuning.ts'
import type { Bindings } from '../agent/cores.ts'
import type { AgentEvent, AgentJob, Checks, InputTarget, Program } from '../agent/job-description.ts'
import { EXIT_UNSETTLED } from '../agent/job-description.ts'
import { originOf } from '../base/failure-origin.ts'
import { LEASE_MS } from '../base/lease.ts'
import { machineMs } from '../base/machine-clock.ts'
import type { LinkState } from '../agent/link-watch.ts'
import type { Packet } from '../agent/start-channel.ts'
import type { LinkKeys } from '../transport/admission.ts'
import type { EmulatedNetwork } from '../transport/emulated-link.ts'
import type { RankReport } from '../diagnosis/picture.ts'
import { deadlockReport, rollCall, timeoutReport } from '../diagnosis/report.ts'
import { startAgents, type AgentListener, type AgentProcess } from './agent-process.ts'
import type { Listening } from './command-line.ts'
import type { Dashboard } from './dashboard/dashboard.ts'
import type { BindingReport } from './binding-report.ts'
import { Diagnosis } from './diagnosis.ts'
import type { JobRecording } from './job-recording.ts'
import { InputForwarder } from './input-forwarder.ts'
import { LinkClaims } from './link-claims.ts'
import type { Output } from './output.ts'
import type { Fd } from './output-merger.ts'
import { sharesOf, type Share } from './neighbours.ts'
import type { AgentPlan } from './placement.ts'
import { StrangerNotes } from './strangers.ts'
import { unlinkedText, type UnlinkedHost } from './unlinked.ts'
import { Supervisor } from './supervisor.ts'
import type { StartSettings } from './start-command.ts'
import { StartWatch } from './start-watch.ts'

/** The job ended well but left something behind, and --strict makes that a failure. */
export const EXIT_LEFTOVERS = 122
/** Nothing could move any more. */
export const EXIT_DEADLOCK = 123
/** What `timeout` of coreutils exits with too. */
export const EXIT_TIMEOUT = 124
/** A host could not be started, or was lost. */
export const EXIT_HOST = 125

/** What a shell says of a command that died of a signal. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

/** How long agents may take to end before they are killed. */
const STOP_MS = 800
/** How long agents may take to stand still. */
const SUSPEND_MS = 1000
/** What one host cannot reach, others cannot either, and say so at about the same time. */
const UNLINKED_MS = 1000
/** How long a rank that has failed because of another one waits for that one's own words. */
const ORIGIN_MS = 500
/** Questions to each other machine what its clock says. */
const CLOCK_QUESTIONS = 16
/** While the job runs, some more every second tell how the clocks drift. */
const DRIFT_QUESTIONS = 4
const DRIFT_PERIOD_MS = 1000

export interface JobOptions {
  readonly plans: readonly AgentPlan[]
  readonly start: StartSettings
  /** The launcher's own. */
  readonly version: string
  readonly timeoutSeconds: number | undefined
  /** What is left behind makes the job fail. */
  readonly strict: boolean
  readonly output: Output
  /** Ranks that get standard input. */
  readonly input: InputTarget
  /** Takes what the ranks record, if anything is recorded. */
  readonly recording: JobRecording | undefined
  /** Shows the job while it runs, if anybody shall see it. */
  readonly dashboard: Dashboard | undefined
  /** Takes what the hosts tell of bound ranks, if any shall be bound. */
  readonly bindingReport: BindingReport | undefined
}

/** What all agents are told; each gets its own number and keys besides. */
export interface JobContents {
  readonly id: string
  readonly program: Program
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly wdir: string | undefined
  readonly launcherDirectory: string | undefined
  readonly selection: JobSelection
  /** Keys and addresses by agent; undefined if there is one agent. */
  readonly network:
    | {
        readonly keys: readonly LinkKeys[]
        readonly addresses: readonly (string | undefined)[]
        readonly listening: Listening
      }
    | undefined
  /** Network that the job pretends to have. */
  readonly emulated: EmulatedNetwork | undefined
  /** Cores of each rank that is bound, by world rank; undefined: none is. */
  readonly bindings: Bindings | undefined
  readonly checks: Checks
}

export class Job implements AgentListener {
  readonly #options: JobOptions
  readonly #output: Output
  readonly #input: InputForwarder<AgentProcess>
  readonly #agents: AgentProcess[]
  readonly #diagnosis: Diagnosis<AgentProcess>
  readonly #supervisor: Supervisor<AgentProcess>
  readonly #links: LinkClaims
  readonly #startWatch: StartWatch<AgentProcess>
  readonly #endpoints = new Map<AgentProcess, string>()
  readonly #failures = new Map<number, number>()
  /** Ranks that have failed because another one has, and what is to be said of them. */
  readonly #passedOn = new Map<number, string>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #unlinked: UnlinkedHost[] = []
  /** What hosts say at the end of those whom they turned away. */
  readonly #strangers = new StrangerNotes()
  readonly #suspended = new Set<AgentProcess>()
  #whenSuspended: (() => void) | undefined
  #exitCode: number | undefined
  #finish: (exitCode: number) => void = () => undefined
  /** Resolves to the exit code when everything of the job is gone. */
  readonly done: Promise<number>

  /** Starts the agents at once: they boot while the program is prepared. */
  constructor(options: JobOptions) {
    this.#options = options
    this.#output = options.output
    this.done = new Promise((resolve) => (this.#finish = resolve))
    this.#agents = startAgents(options.plans, options.start, this)
    this.#startWatch = new StartWatch(this.#agents, {
      own: { version: options.version, node: process.versions.node },
      limitSeconds: options.start.limitSeconds,
      onFailure: (message) => this.stop(EXIT_HOST, message),
      onNote: (text) => this.#say(`note: ${text}`),
    })
    this.#diagnosis = new Diagnosis(this.#agents, (reports) => this.#stuck(reports))
    this.#supervisor = new Supervisor(this.#agents, (lost) => this.stop(EXIT_HOST, silenceText(lost)))
    this.#links = new LinkClaims(
      (from, to, state) => this.stop(EXIT_HOST, this.#linkText(from, to, state)),
      () => !this.#supervisor.deaf,
    )
    this.#input = new InputForwarder(this.#agents.filter(({ plan }) => getsInput(plan, options.input)))
    options.dashboard?.ask(() => this.#askVitals())
    const { timeoutSeconds } = options
    if (timeoutSeconds !== undefined) this.#after(timeoutSeconds * 1000, () => void this.#timeUp(timeoutSeconds))
  }

  /** Gives the agents their work: at once, or when it is known which of them share a machine. */
  async start(contents: JobContents): Promise<void> {
    const machines = this.#areNeighbours ? [] : await this.#startWatch.machines
    if (this.#exitCode !== undefined) return // a host failed, or somebody pressed Ctrl-C, while the job was prepared
    const shares = sharesOf(this.#options.plans, machines)
    for (const [index, agent] of this.#agents.entries())
      agent.send({ command: 'start', job: this.#jobOf(index, contents, shares) })
    if (this.#options.recording !== undefined)
      for (const agent of this.#agents) if (!agent.plan.local) this.#watchClock(agent)
  }

  /** True if nobody has to tell that all agents run here, or if there is one only. */
  get #areNeighbours(): boolean {
    const { plans } = this.#options
    return plans.length === 1 || plans.every(({ local }) => local)
  }

  /** Hands a signal to the programs of all ranks. */
  forward(signal: NodeJS.Signals): void {
    for (const agent of this.#agents) if (!agent.gone) agent.send({ command: 'signal', signal })
  }

  /** Makes all ranks stand still until `resume`; true when they do, false if the job was resumed or ended meanwhile. */
  async suspend(): Promise<boolean> {
    if (this.#exitCode !== undefined || this.#whenSuspended !== undefined) return false
    this.#supervisor.end()
    await new Promise<void>((resolve) => {
      this.#whenSuspended = resolve
      for (const agent of this.#agents) if (!agent.gone) agent.suspend()
      setTimeout(resolve, SUSPEND_MS).unref()
    })
    return this.#exitCode === undefined && this.#whenSuspended !== undefined
  }

  /** Goes on after `suspend`. */
  resume(): void {
    if (this.#whenSuspended === undefined || this.#exitCode !== undefined) return
    this.#whenSuspended()
    this.#whenSuspended = undefined
    this.#suspended.clear()
    for (const agent of this.#agents) agent.wake()
    this.#supervisor.resume()
  }

  /** Whether the ranks may print: not while nobody takes what they have printed. */
  set heldBack(held: boolean) {
    this.#supervisor.deaf = held
    for (const agent of this.#agents)
      if (held) agent.hold()
      else agent.release()
  }

  /** Ends the job: tells why, if there is something to tell, and stops every agent. */
  stop(exitCode: number, message?: string): void {
    if (this.#exitCode !== undefined) return
    this.#exitCode = exitCode
    for (const timer of this.#timers) clearTimeout(timer)
    this.#supervisor.end()
    this.#startWatch.close()
    this.#input.end()
    this.heldBack = false
    if (message !== undefined) this.#say(message)
    this.#options.dashboard?.stopped(exitCode, message)
    for (const agent of this.#agents) if (!agent.gone) agent.stop()
    if (this.#agents.every(({ gone }) => gone)) this.#end()
    else setTimeout(() => this.#killAll(), STOP_MS).unref()
  }

  /** Tells what every rank is doing; the job goes on. */
  async tellState(): Promise<void> {
    const reports = await this.#diagnosis.report()
    if (this.#exitCode !== undefined) return
    this.#say(['what the ranks do:', ...rollCall(reports)].join('\n'))
  }

  onHeard(agent: AgentProcess): void {
    this.#supervisor.heard(agent)
  }

  onOutput(rank: number, fd: Fd, bytes: Buffer): void {
    this.#output.show(rank, fd, bytes)
  }

  onEvent(agent: AgentProcess, rank: number, event: AgentEvent): void {
    if (this.#diagnosis.hear(agent, rank, event)) return
    this.#options.dashboard?.hear(rank, event)
    const who = `rank ${rank} on ${agent.plan.host}`
    switch (event.event) {
      case 'hello':
        this.#startWatch.hello(agent, event)
        break
      case 'listening':
        this.#endpoints.set(agent, event.endpoint)
        this.#connectAll()
        break
      case 'failed':
        this.#failed(rank, event.stack, `${who} failed; the job was stopped.\n${indent(event.stack)}`)
        break
      case 'abort':
        this.#fail(rank, event.code, `${who} called ${event.call}; the job was stopped.\n${indent(event.stack)}`)
        break
      case 'exit':
        agent.ended.add(rank)
        if (event.code !== 0 && !this.#passedOn.has(rank))
          this.#fail(rank, event.code, `${who} ${howItEnded(event.code)}; the job was stopped.`)
        else if (this.#allEnded() && !this.#failPassedOn()) this.#finished()
        break
      case 'profile':
        this.#options.recording?.profile(rank, event.sums)
        break
      case 'clock':
        this.#options.recording?.clock(this.#agents.indexOf(agent), event.sent, event.ms, machineMs())
        this.#askClock(agent, event.questions)
        break
      case 'input':
        this.#input.wanted(agent, event.wanted)
        break
      case 'link':
        this.#links.hear(this.#agents.indexOf(agent), event.peer, event.state)
        break
      case 'suspended':
        this.#suspended.add(agent)
        if (this.#agents.every((one) => one.gone || this.#suspended.has(one))) this.#whenSuspended?.()
        break
      case 'abandoned':
        this.stop(EXIT_HOST, this.#abandonedText(agent))
        break
      case 'unlinked':
        this.#unlinked.push({ host: agent.plan.host, peer: event.peer })
        if (this.#unlinked.length === 1) this.#after(UNLINKED_MS, () => this.#notLinked())
        break
      case 'strangers':
        this.#strangers.turnedAway(this.#agents.indexOf(agent), event)
        break
      case 'unfinished':
        this.#strangers.unfinished(event.links)
        break
      case 'bound':
      case 'unbound':
        this.#options.bindingReport?.hear(agent.plan, rank, event)
        break
      case 'progress':
        this.#options.output.progress(event.progress)
        break
      case 'vitals': // for the dashboard
        break
      case 'note':
        this.#say(`note: ${event.text}`)
        break
      case 'unusable':
        if (!this.#startWatch.lost(agent, event.reason))
          this.stop(EXIT_HOST, `host ${agent.plan.host} cannot take part: ${event.reason}`)
    }
  }

  onTrace(packet: Packet): void {
    this.#options.recording?.receive(packet)
  }

  onGone(agent: AgentProcess, how: string, signal: NodeJS.Signals | null): void {
    if (this.#exitCode !== undefined) {
      if (this.#agents.every(({ gone }) => gone)) this.#end()
    } else if (!this.#startWatch.lost(agent, how))
      this.stop(signal === null ? EXIT_HOST : exitCodeOf(signal), lossOf(agent, how))
  }

  #linkText(from: number, to: number, state: LinkState): string {
    const [one, other] = [from, to].map((index) => this.#agents[index]?.plan.host)
    const what =
      state === 'broken'
        ? `the connection from ${one} to ${other} broke`
        : `${one} has not heard of ${other} for ${LEASE_MS / 1000} s`
    return `${what}, although both answer here: is the network between them down, or a port closed? The job was stopped.`
  }

  #abandonedText({ plan }: AgentProcess): string {
    const { stoodStillSeconds } = this.#supervisor
    const why =
      stoodStillSeconds > 1 ? `tsmpirun itself stood still for ${stoodStillSeconds} s` : 'is its network down?'
    return `${plan.host} has ended the job: it had not heard of tsmpirun for ${LEASE_MS / 1000} s (${why}).`
  }

  #watchClock(agent: AgentProcess): void {
    this.#askClock(agent, CLOCK_QUESTIONS)
    setInterval(() => this.#askClock(agent, DRIFT_QUESTIONS), DRIFT_PERIOD_MS).unref()
  }

  #askClock(agent: AgentProcess, questions: number): void {
    if (questions > 0 && this.#exitCode === undefined && !agent.gone)
      agent.send({ command: 'clock', sent: machineMs(), questions: questions - 1 })
  }

  #askVitals(): void {
    if (this.#exitCode !== undefined) return
    for (const agent of this.#agents) if (!agent.gone) agent.send({ command: 'vitals' })
  }

  #connectAll(): void {
    if (this.#endpoints.size < this.#agents.length) return
    const endpoints = this.#agents.map((agent) => this.#endpoints.get(agent) as string)
    for (const agent of this.#agents) agent.send({ command: 'connect', endpoints })
  }

  #notLinked(): void {
    const hosts = this.#agents.map(({ plan }) => plan.host)
    this.stop(EXIT_HOST, unlinkedText(this.#unlinked, hosts))
  }

  async #timeUp(seconds: number): Promise<void> {
    const running = this.#agents.flatMap(({ plan, ended }) => plan.ranks.filter((rank) => !ended.has(rank)))
    const reports = await this.#diagnosis.report()
    this.stop(
      EXIT_TIMEOUT,
      `the job was stopped after ${seconds} s (--timeout); still running: ${ranksText(running)}.\n${timeoutReport(reports)}`,
    )
  }

  #stuck(reports: readonly RankReport[]): void {
    if (this.#failPassedOn()) return
    this.#options.dashboard?.stuck(reports)
    this.stop(EXIT_DEADLOCK, `deadlock: no rank can go on; the job was stopped.\n${deadlockReport(reports)}`)
  }

  #allEnded(): boolean {
    return this.#agents.every(({ plan, ended }) => plan.ranks.length === ended.size)
  }

  /** All ranks have ended well. */
  #finished(): void {
    const leftovers = this.#diagnosis.leftovers()
    if (leftovers === '') {
      this.stop(0)
      return
    }
    const { strict } = this.#options
    const verdict = strict ? 'error (--strict)' : 'warning'
    this.stop(strict ? EXIT_LEFTOVERS : 0, `${verdict}: the program has ended and left something behind.\n${leftovers}`)
  }

  /** A rank has thrown. If that is because another one has, the other one's own words are waited for. */
  #failed(rank: number, stack: string, message: string): void {
    const origin = originOf(stack)
    if (origin === undefined || origin === rank) return this.#fail(rank, 1, message)
    if (this.#exitCode !== undefined) return
    this.#passedOn.set(rank, message)
    this.#after(ORIGIN_MS, () => this.#failPassedOn())
  }

  /** The other one has said nothing: it goes on, or has ended well. True if there is such a failure. */
  #failPassedOn(): boolean {
    for (const [rank, message] of this.#passedOn) this.#fail(rank, 1, message)
    return this.#passedOn.size > 0
  }

  #fail(rank: number, code: number, message: string): void {
    this.#failures.set(rank, code)
    this.stop(code, message)
  }

  /** The lowest failing rank's code, of those that failed on their own before the job was stopped. */
  #end(): void {
    const places = this.#agents.map((agent) => ({ host: agent.plan.host, endpoint: this.#endpoints.get(agent) }))
    for (const note of this.#strangers.notes(places)) this.#say(note)
    const lowest = [...this.#failures].sort(([a], [b]) => a - b)[0]
    this.#finish(lowest?.[1] ?? (this.#exitCode as number))
  }

  #killAll(): void {
    for (const agent of this.#agents) if (!agent.gone) agent.kill()
  }

  #after(ms: number, action: () => void): void {
    this.#timers.push(setTimeout(action, ms))
  }

  #say(message: string): void {
    this.#output.say(`tsmpirun: ${message}\n`)
  }

  #jobOf(index: number, contents: JobContents, shares: readonly Share[]): AgentJob {
    const { id, program, argv, env, wdir, launcherDirectory, selection, network } = contents
    const { settings, ranks = [] } = this.#agents[index]?.plan ?? {}
    return {
      id,
      program,
      argv,
      env,
      wdir: settings?.wdir ?? wdir,
      launcherDirectory,
      selection,
      agent: index,
      host: this.#agents[index]?.plan.host as string,
      placement: this.#agents.map(({ plan }) => plan.ranks),
      ...(shares[index] as Share),
      pace: settings?.pace,
      bindings: contents.bindings && ranks.map((rank) => contents.bindings?.[rank] ?? null),
      checks: contents.checks,
      recording: this.#options.recording?.kind ?? (this.#options.dashboard && 'profile'),
      watched: this.#options.dashboard !== undefined || this.#options.output.showsProgress,
      input: this.#options.input,
      network: network && {
        keys: network.keys[index] as LinkKeys,
        publicKeys: network.keys.map(({ publicKey }) => publicKey),
        address: network.addresses[index],
        interface: settings?.interface ?? network.listening.interface,
        ports: settings?.ports ?? network.listening.ports,
        emulated: contents.emulated,
      },
    }
  }
}

function getsInput({ ranks }: AgentPlan, input: InputTarget): boolean {
  return input === 'all' || (input !== 'none' && ranks.includes(input))
}

function silenceText(lost: readonly AgentProcess[]): string {
  const who = lost.map(({ plan }) => `${plan.host} (${ranksText(plan.ranks)})`).join(', ')
  const [verb, it] = lost.length === 1 ? ['has', 'it is'] : ['have', 'they are']
  return `${who} ${verb} not answered for ${LEASE_MS / 1000} s: ${it} stopped or dead, or cut off; the job was stopped.`
}

function lossOf({ plan: { host, ranks } }: AgentProcess, how: string): string {
  const who = `${ranks.length === 1 ? 'rank' : 'ranks'} ${ranks.join(' ')} on ${host}`
  return `the process of ${who} was lost (${how}); the job was stopped.`
}

function howItEnded(code: number): string {
  if (code !== EXIT_UNSETTLED) return `ended with exit code ${code}`
  return 'ended although its main function was still waiting: nothing was left that could have woken it'
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}

function ranksText(ranks: readonly number[]): string {
  const shown = ranks.slice(0, 16).join(' ')
  return `${ranks.length === 1 ? 'rank' : 'ranks'} ${shown}${ranks.length > 16 ? ` … (${ranks.length} in all)` : ''}`
}
