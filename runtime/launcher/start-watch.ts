/**
 * Watches the agents begin. Every agent says hello as soon as it runs, with its versions; one that does not in time, whose
 * start command ends before, or that is another version of tsmpi makes the start fail. What fails at about the same time
 * is told together. Layer below: start-advice.ts.
 */
import type { AgentEvent } from '../agent/job-description.ts'
import { OLDEST_NODE } from '../base/oldest-node.ts'
import { afterRunning } from '../base/running-timer.ts'
import { startAdvice } from './start-advice.ts'
import type { StartCommand } from './start-command.ts'

/** What is asked of an agent here. */
export interface StartingAgent {
  readonly plan: { readonly host: string; readonly ranks: readonly number[] }
  readonly start: StartCommand
  /** What the start command printed. */
  readonly preamble: string
}

export type Hello = Extract<AgentEvent, { event: 'hello' }>

export interface StartWatchOptions {
  /** Versions of the launcher. */
  readonly own: Pick<Hello, 'version' | 'node'>
  readonly limitSeconds: number
  /** The start has failed. Called once. */
  readonly onFailure: (message: string) => void
  /** Something that the user should know; the job goes on. */
  readonly onNote: (text: string) => void
}

/** How long others may take to fail, too, once one has. */
const COMPANY_MS = 3000
/** Hosts that are told in full. */
const TOLD = 8

export class StartWatch<A extends StartingAgent> {
  readonly #options: StartWatchOptions
  readonly #agents: readonly A[]
  readonly #waiting: Set<A>
  readonly #hellos = new Map<A, Hello>()
  readonly #failures = new Map<A, string>()
  readonly #cancelLimit: () => void
  #cancelCompany: (() => void) | undefined
  #done = false
  #tellMachines: (machines: (string | undefined)[]) => void = () => undefined
  /** When all agents run: what each says of its machine. Stays pending if the start fails. */
  readonly machines: Promise<readonly (string | undefined)[]>

  constructor(agents: readonly A[], options: StartWatchOptions) {
    this.#options = options
    this.#agents = agents
    this.#waiting = new Set(agents)
    this.machines = new Promise((resolve) => (this.#tellMachines = resolve))
    this.#cancelLimit = afterRunning(options.limitSeconds * 1000, () => this.#expire())
  }

  /** An agent runs. */
  hello(agent: A, hello: Hello): void {
    const { own } = this.#options
    this.#hellos.set(agent, hello)
    if (hello.version !== own.version)
      this.#fail(agent, `tsmpi ${hello.version} is installed there, ${own.version} here`)
    else if (Number(major(hello.node)) < OLDEST_NODE) this.#fail(agent, `Node.js ${hello.node} runs there`)
    else this.#settle(agent)
  }

  /** An agent is gone; true if it had not begun, and the failed start is what will be told. */
  lost(agent: A, how: string): boolean {
    if (this.#done || !this.#waiting.has(agent)) return this.#failures.has(agent) && !this.#done
    this.#fail(agent, how)
    return true
  }

  /** Watches no more: the job ends. */
  close(): void {
    this.#done = true
    this.#cancelLimit()
    this.#cancelCompany?.()
  }

  #fail(agent: A, how: string): void {
    this.#failures.set(agent, how)
    this.#cancelCompany ??= afterRunning(COMPANY_MS, () => this.#tell())
    this.#settle(agent)
  }

  #settle(agent: A): void {
    this.#waiting.delete(agent)
    if (this.#waiting.size > 0 || this.#done) return
    if (this.#failures.size > 0) this.#tell()
    else {
      this.close()
      this.#compareNodes()
      this.#tellMachines(this.#agents.map((agent) => this.#hellos.get(agent)?.machine))
    }
  }

  #expire(): void {
    const { limitSeconds } = this.#options
    for (const agent of [...this.#waiting]) this.#fail(agent, `no answer within ${limitSeconds} s`)
  }

  #tell(): void {
    if (this.#done) return
    this.close()
    const failed = this.#agents.filter((agent) => this.#failures.has(agent))
    const byHost = new Map(failed.map((agent) => [agent.plan.host, { agent, how: this.#failures.get(agent) ?? '' }]))
    const all = [...byHost.values()]
    const texts = all.slice(0, TOLD).map(({ agent, how }) => this.#describe(agent, how))
    const more = all.slice(TOLD).map(({ agent, how }) => `host ${agent.plan.host} could not be started (${how}).`)
    this.#options.onFailure([...texts, ...more].join('\n'))
  }

  #describe({ plan, start, preamble }: A, how: string): string {
    const { own } = this.#options
    const { host } = plan
    const advice = startAdvice({ host, method: start.method, how, printed: preamble, version: own.version })
    const program = start.method === 'agent-command' || start.method === 'here' ? 'it' : start.method
    const printed = preamble === '' ? `${program} printed nothing` : `${program} printed: ${hang(preamble)}`
    return `host ${host} could not be started (${how}).\n  command: ${start.text}\n  ${printed}\n  try: ${advice}`
  }

  /** Two versions of Node run the same program; that may surprise, it need not harm. */
  #compareNodes(): void {
    const { own, onNote } = this.#options
    const others = new Map<string, Set<string>>()
    for (const [{ plan }, { node }] of this.#hellos)
      if (major(node) !== major(own.node)) others.set(node, (others.get(node) ?? new Set()).add(plan.host))
    for (const [node, hosts] of others)
      onNote(
        `Node.js ${node} runs on ${[...hosts].join(' ')}, ${own.node} here: the same major version everywhere is safer`,
      )
  }
}

function major(node: string): string {
  return node.replace(/\..*/, '')
}

/** Lines after the first stand below it. */
function hang(text: string): string {
  return text.replaceAll('\n', '\n    ')
}
