/**
 * One agent as the launcher sees it: its start channel, over whatever line it was started on.
 */
import type { AgentEvent, Command } from '../agent/job-description.ts'
import { encodePacket, PACKET, PacketParser, type Packet } from '../agent/start-channel.ts'
import { HostProcess, type AgentLine, type LineListener } from './host-process.ts'
import type { AgentPlan } from './placement.ts'
import { startCommand, type StartCommand, type StartSettings } from './start-command.ts'
import type { Fd } from './output-merger.ts'

export interface AgentListener {
  /** Anything has come from the agent. */
  onHeard(agent: AgentProcess): void
  onOutput(rank: number, fd: Fd, bytes: Buffer): void
  onEvent(agent: AgentProcess, rank: number, event: AgentEvent): void
  /** A packet of type TRACE. */
  onTrace(packet: Packet): void
  /** The process is gone; all its output has been delivered. */
  onGone(agent: AgentProcess, how: string, signal: NodeJS.Signals | null): void
}

const BEAT = encodePacket(PACKET.BEAT, 0, -1, new Uint8Array(0))

export class AgentProcess implements LineListener {
  readonly plan: AgentPlan
  gone = false
  /** Ranks that have ended. */
  readonly ended = new Set<number>()
  /** What came before the agent's first packet: from the start command, or from a shell on the way. */
  #preamble = { stdout: '', stderr: '' }
  #heard = false
  #line: AgentLine | undefined
  readonly #listener: AgentListener
  readonly #pieces = new Map<number, Buffer[]>()
  /** What is said after it is woken, while it is suspended: the first packet wakes it. */
  #held: Buffer[] | undefined
  readonly #parser = new PacketParser(
    (packet) => this.#receive(packet),
    (bytes) => this.#passOn(1, bytes),
  )

  constructor(plan: AgentPlan, listener: AgentListener) {
    this.plan = plan
    this.#listener = listener
  }

  /** Called once, as soon as it has been started. */
  attach(line: AgentLine): void {
    this.#line = line
  }

  /** How it was started. */
  get start(): StartCommand {
    return (this.#line as AgentLine).start
  }

  /** What the start command printed before the agent itself was heard, if it was. */
  get preamble(): string {
    return (this.#preamble.stdout + this.#preamble.stderr).replaceAll('\r', '').trim()
  }

  /** True once the agent has said anything. */
  get heard(): boolean {
    return this.#heard
  }

  send(command: Command): void {
    this.#write(encodePacket(PACKET.COMMAND, 0, -1, Buffer.from(JSON.stringify(command))))
  }

  /** Says that the launcher is here. */
  beat(): void {
    this.#write(BEAT)
  }

  /** Makes the agent and its ranks stand still until `wake`. */
  suspend(): void {
    this.send({ command: 'suspend' })
    this.#held ??= []
  }

  wake(): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    for (const packet of [BEAT, ...held]) this.#write(packet)
  }

  /** Standard input for its ranks; empty at its end. Returns false if the agent does not keep up. */
  feed(bytes: Uint8Array): boolean {
    return this.#write(encodePacket(PACKET.STDIN, 0, -1, bytes))
  }

  /** Takes no output of its ranks for the moment. */
  hold(): void {
    this.#line?.hold()
  }

  release(): void {
    this.#line?.release()
  }

  onceDrained(resume: () => void): void {
    this.#line?.onceDrained(resume)
  }

  /** Ends the agent with all its ranks. */
  stop(): void {
    this.wake()
    this.send({ command: 'stop' })
    this.#line?.end()
  }

  /** Kills the agent, or what connects to it, and every process that its ranks have started: they are one process group. */
  kill(): void {
    this.#line?.kill()
  }

  onBytes(bytes: Buffer): void {
    // Text of a shell on the way is no sign that the agent runs.
    if (this.#heard) this.#listener.onHeard(this)
    this.#parser.push(bytes)
  }

  onComplaint(bytes: Buffer): void {
    this.#passOn(2, bytes)
  }

  onGone(how: string, signal: NodeJS.Signals | null): void {
    this.gone = true
    this.#listener.onGone(this, how, signal)
  }

  /** Text that no rank has printed. It is held back until the agent is heard: it may be why there will be none. */
  #passOn(fd: Fd, bytes: Buffer): void {
    const isSlurms = fd === 2 && this.start.method === 'srun'
    if (this.#heard && !isSlurms) this.#listener.onOutput(-1, fd, bytes)
    else {
      const stream = fd === 1 ? 'stdout' : 'stderr'
      this.#preamble[stream] = (this.#preamble[stream] + bytes.toString()).slice(-PREAMBLE_MAX)
    }
  }

  /** Returns false if the agent does not keep up. */
  #write(packet: Buffer): boolean {
    if (this.#held === undefined) return this.#line?.write(packet) ?? true
    this.#held.push(packet)
    return true
  }

  /**
   * The agent runs: what was printed on the way to it was no more than noise, and none of the program's output. srun's own is
   * not worth showing.
   */
  #begin(): void {
    this.#heard = true
    this.#listener.onHeard(this)
    const { stdout, stderr } = this.#preamble
    if (stdout !== '') this.#listener.onOutput(-1, 2, Buffer.from(stdout.replace(/\n?$/, '\n')))
    if (stderr !== '') this.#passOn(2, Buffer.from(stderr))
  }

  #receive(packet: Packet): void {
    if (!this.#heard) this.#begin()
    const { type, flags, rank, payload } = packet
    if (type === PACKET.OUTPUT) this.#listener.onOutput(rank, flags as Fd, payload)
    else if (type === PACKET.EVENT) this.#receiveEvent(flags === 1, rank, payload)
    else if (type === PACKET.TRACE) this.#listener.onTrace(packet)
  }

  #receiveEvent(more: boolean, rank: number, payload: Buffer): void {
    const pieces = [...(this.#pieces.get(rank) ?? []), payload]
    if (more) this.#pieces.set(rank, pieces)
    else {
      this.#pieces.delete(rank)
      this.#listener.onEvent(this, rank, JSON.parse(Buffer.concat(pieces).toString()) as AgentEvent)
    }
  }
}

/** What is kept of the text before an agent's first packet. */
const PREAMBLE_MAX = 4000

/** Starts an agent for each plan: those of another host share one start command. All start commands run at once. */
export function startAgents(
  plans: readonly AgentPlan[],
  settings: StartSettings,
  listener: AgentListener,
): AgentProcess[] {
  const agents = plans.map((plan) => new AgentProcess(plan, listener))
  for (const group of connections(agents)) {
    const host = new HostProcess(startCommand(group[0].plan, group.length, settings), group)
    for (const [index, agent] of group.entries()) agent.attach(host.line(index))
  }
  return agents
}

/** Agents by connection: one for each that runs here, one for each other host. */
function connections(agents: readonly AgentProcess[]): [AgentProcess, ...AgentProcess[]][] {
  const hosts = new Map<AgentProcess | string, [AgentProcess, ...AgentProcess[]]>()
  for (const agent of agents) {
    const key = agent.plan.local ? agent : agent.plan.host
    const group = hosts.get(key)
    if (group === undefined) hosts.set(key, [agent])
    else group.push(agent)
  }
  return [...hosts.values()]
}
