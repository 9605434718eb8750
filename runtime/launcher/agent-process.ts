/**
 * One agent as the launcher sees it: how it is started, and its start channel.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import type { AgentEvent, Command } from '../agent/job-description.ts'
import { encodePacket, PACKET, PacketParser, type Packet } from '../agent/start-channel.ts'
import type { AgentPlan } from './placement.ts'
import { AGENT_MAIN } from './program.ts'
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

export class AgentProcess {
  readonly plan: AgentPlan
  /** The command that started it, for messages. */
  readonly command: string
  /** What the start command printed, for messages. */
  complaints = ''
  gone = false
  /** Ranks that have ended. */
  readonly ended = new Set<number>()
  readonly #child: ChildProcess
  readonly #listener: AgentListener
  readonly #pieces = new Map<number, Buffer[]>()

  /** @param agentCommand template with {host}, for hosts other than this one */
  constructor(plan: AgentPlan, agentCommand: string | undefined, listener: AgentListener) {
    const [file, args] = startCommand(plan, agentCommand)
    this.plan = plan
    this.command = [file, ...args].join(' ')
    this.#listener = listener
    // A process group of its own: Ctrl-C in the terminal is for the launcher to handle.
    this.#child = spawn(file, args, { stdio: 'pipe', detached: true })
    const parser = new PacketParser(
      (packet) => this.#receive(packet),
      (bytes) => listener.onOutput(-1, 1, bytes),
    )
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      listener.onHeard(this)
      parser.push(chunk)
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.complaints = (this.complaints + chunk.toString()).slice(-2000)
      listener.onOutput(-1, 2, chunk)
    })
    this.#child.stdin?.on('error', () => undefined) // its end shows as `close`
    // What a rank has started holds the agent's output open, and must not outlive it.
    this.#child.on('exit', () => this.kill())
    this.#child.on('error', (error) => this.#leave(error.message, null))
    this.#child.on('close', (code, signal) =>
      this.#leave(signal === null ? `exit code ${code}` : `signal ${signal}`, signal),
    )
  }

  send(command: Command): void {
    this.#child.stdin?.write(encodePacket(PACKET.COMMAND, 0, -1, Buffer.from(JSON.stringify(command))))
  }

  /** Says that the launcher is here. */
  beat(): void {
    this.#child.stdin?.write(BEAT)
  }

  /** Standard input for rank 0; empty at its end. Returns false if the agent does not keep up. */
  feed(bytes: Uint8Array): boolean {
    return this.#child.stdin?.write(encodePacket(PACKET.STDIN, 0, 0, bytes)) ?? true
  }

  onceDrained(resume: () => void): void {
    this.#child.stdin?.once('drain', resume)
  }

  /** Ends the agent with all its ranks. */
  stop(): void {
    this.send({ command: 'stop' })
    this.#child.stdin?.end()
  }

  /** Kills the agent and every process that its ranks have started: they are one process group. */
  kill(): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // The group is gone already.
    }
  }

  #receive(packet: Packet): void {
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

  #leave(how: string, signal: NodeJS.Signals | null): void {
    if (this.gone) return
    this.gone = true
    this.#listener.onGone(this, how, signal)
  }
}

/** Program and arguments that start an agent. Host names have been checked to be free of shell characters. */
function startCommand(plan: AgentPlan, agentCommand: string | undefined): [string, string[]] {
  const agent = [process.execPath, ...process.execArgv, AGENT_MAIN]
  if (plan.local) return [process.execPath, agent.slice(1)]
  const quoted = agent.map(shellQuote).join(' ')
  if (agentCommand === undefined) return ['ssh', ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', plan.host, quoted]]
  return ['/bin/sh', ['-c', `exec ${agentCommand.replaceAll('{host}', plan.host)} ${quoted}`]]
}

/** A word as a shell reads it back. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
