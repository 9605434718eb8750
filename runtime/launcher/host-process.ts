/**
 * The process of one start command, and the agents that are reached through it: one by its standard input and output as
 * they are, several by packets that carry the bytes of each. An agent sees only its own line to the launcher, whichever it
 * is. Invariant: the line of every agent ends exactly once.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { CARRIED, encodePacket, PACKET, PacketParser, type Packet } from '../agent/start-channel.ts'
import type { StartCommand } from './start-command.ts'

/** What comes from an agent. */
export interface LineListener {
  /** From its standard output. */
  onBytes(bytes: Buffer): void
  /** From its standard error, or from the start command. */
  onComplaint(bytes: Buffer): void
  /** The process is gone; all that it wrote has been delivered. */
  onGone(how: string, signal: NodeJS.Signals | null): void
}

/** One agent's way to and from the launcher. */
export interface AgentLine {
  readonly start: StartCommand
  /** To its standard input; false if it does not keep up. */
  write(bytes: Uint8Array): boolean
  onceDrained(resume: () => void): void
  /** Takes nothing of what comes from there for the moment. */
  hold(): void
  release(): void
  /** Ends its standard input, and with that the agent. */
  end(): void
  /** Kills the start command with all that it has started on this machine. */
  kill(): void
}

export class HostProcess {
  readonly start: StartCommand
  readonly #child: ChildProcess
  readonly #listeners: readonly LineListener[]
  readonly #ended = new Set<number>()
  /** Nobody takes what comes from there for the moment. */
  #held = false

  /** Starts the agents, one for each listener. */
  constructor(start: StartCommand, listeners: readonly LineListener[]) {
    this.start = start
    this.#listeners = listeners
    const { file, args, env } = start
    // A process group of its own: Ctrl-C in the terminal is for the launcher to handle.
    this.#child = spawn(file, args, { stdio: 'pipe', detached: true, env })
    this.#child.stdout?.on('data', listeners.length === 1 ? this.#passOn(0) : this.#takeApart())
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#listener(0).onComplaint(chunk))
    this.#child.stdin?.on('error', () => undefined) // its end shows as `close`
    // What a rank has started holds the agent's output open, and must not outlive it.
    this.#child.on('exit', () => {
      this.#kill()
      this.#letGo()
    })
    this.#child.on('error', (error) => this.#goneAll(error.message, null))
    this.#child.on('close', (code, signal) =>
      this.#goneAll(signal === null ? `exit code ${code}` : `signal ${signal}`, signal),
    )
  }

  /** The line to agent `index`. */
  line(index: number): AgentLine {
    const stdin = this.#child.stdin
    const carry = (flag: number, bytes: Uint8Array): boolean =>
      stdin?.write(encodePacket(PACKET.CARRIED, flag, index, bytes)) ?? true
    const alone = this.#listeners.length === 1
    return {
      start: this.start,
      write: alone ? (bytes) => stdin?.write(bytes) ?? true : (bytes) => carry(CARRIED.BYTES, bytes),
      onceDrained: (resume) => void stdin?.once('drain', resume),
      hold: () => this.#hold(true),
      release: () => this.#hold(false),
      end: alone ? () => void stdin?.end() : () => void carry(CARRIED.END, NOTHING),
      kill: () => this.#kill(),
    }
  }

  #passOn(index: number): (chunk: Buffer) => void {
    return (chunk) => this.#listener(index).onBytes(chunk)
  }

  #takeApart(): (chunk: Buffer) => void {
    const parser = new PacketParser(
      (packet) => this.#deliver(packet),
      (stray) => this.#listener(0).onBytes(stray),
    )
    return (chunk) => parser.push(chunk)
  }

  #deliver({ flags, rank: index, payload }: Packet): void {
    if (flags === CARRIED.BYTES) this.#listener(index).onBytes(payload)
    else if (flags === CARRIED.COMPLAINT) this.#listener(index).onComplaint(payload)
    else {
      const { code, signal } = JSON.parse(payload.toString()) as { code: number; signal: NodeJS.Signals | null }
      this.#gone(index, signal === null ? `exit code ${code}` : `signal ${signal}`, signal)
    }
  }

  #listener(index: number): LineListener {
    return this.#listeners[index] as LineListener
  }

  #gone(index: number, how: string, signal: NodeJS.Signals | null): void {
    if (this.#ended.has(index)) return
    this.#ended.add(index)
    this.#listener(index).onGone(how, signal)
  }

  #goneAll(how: string, signal: NodeJS.Signals | null): void {
    for (const index of this.#listeners.keys()) this.#gone(index, how, signal)
  }

  #hold(held: boolean): void {
    this.#held = held
    if (held) this.#child.stdout?.pause()
    else this.#child.stdout?.resume()
  }

  /** Who holds the output of a process that has ended has left its group, and may live for ever: it is not waited for. */
  #letGo(): void {
    const { stdout, stderr } = this.#child
    let leftMs = LAST_BYTES_MS
    const timer = setInterval(() => {
      if (!this.#held) leftMs -= LOOK_MS
      if (leftMs > 0) return
      stdout?.destroy()
      stderr?.destroy()
    }, LOOK_MS)
    this.#child.once('close', () => clearInterval(timer))
  }

  #kill(): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // The group is gone already.
    }
  }
}

/** What a process has written before its end is there at once; reading it takes a moment on a busy machine. */
const LAST_BYTES_MS = 500
const LOOK_MS = 100
const NOTHING = new Uint8Array(0)
