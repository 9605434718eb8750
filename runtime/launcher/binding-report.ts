/** What comes of the wish to bind ranks to cores: a table when all hosts have told, and a note where it cannot be. */
import { coreListText, rangesText, type Bindings } from '../agent/cores.ts'
import type { AgentEvent } from '../agent/job-description.ts'
import type { AgentPlan } from './placement.ts'

type BindingEvent = Extract<AgentEvent, { event: 'bound' | 'unbound' }>

export class BindingReport {
  readonly #bindings: Bindings
  readonly #table: boolean
  readonly #write: (text: string) => void
  /** Host and processors by rank; undefined processors: not bound. */
  readonly #told = new Map<number, { readonly host: string; readonly processors: readonly number[] | undefined }>()
  readonly #notes = new Set<string>()

  /** @param table print what every rank is bound to */
  constructor(bindings: Bindings, table: boolean, write: (text: string) => void) {
    this.#bindings = bindings
    this.#table = table
    this.#write = write
  }

  /** @param rank the rank that tells; -1: its agent, of all its ranks */
  hear({ host, ranks }: AgentPlan, rank: number, event: BindingEvent): void {
    const processors = event.event === 'bound' ? event.processors : undefined
    for (const one of rank === -1 ? ranks : [rank])
      if (this.#bindings[one] !== undefined) this.#told.set(one, { host, processors })
    if (event.event === 'unbound') this.#note(`ranks on ${host} are not bound to cores: ${event.reason}`)
    const expected = this.#bindings.filter((list) => list !== undefined).length
    if (this.#table && this.#told.size === expected) void this.#print()
  }

  #note(text: string): void {
    if (!this.#notes.has(text)) this.#write(`tsmpirun: note: ${text}\n`)
    this.#notes.add(text)
  }

  async #print(): Promise<void> {
    const { textTable } = await import('./text-table.ts')
    const rows = [...this.#told]
      .sort(([a], [b]) => a - b)
      .map(([rank, { host, processors }]) => [
        `${rank}`,
        host,
        coreListText(this.#bindings[rank] ?? []),
        processors === undefined ? 'not bound' : rangesText(processors),
      ])
    this.#write(textTable(['rank', 'host', 'cores', 'processors'], rows, [6, 30, 18]))
  }
}
