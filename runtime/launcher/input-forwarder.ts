/**
 * Passes standard input on to the ranks that get it, when one of them reads, and as fast as the slowest of those takes it.
 *
 * Nothing is read before a rank asks: a job in the background whose program reads nothing is not stopped by the terminal,
 * and an endless input fills no memory.
 */

/** The agent of ranks that get standard input. */
export interface InputTaker {
  readonly gone: boolean
  /** Takes bytes; empty at their end. False if no more should come until `onceDrained`. */
  feed(bytes: Uint8Array): boolean
  onceDrained(resume: () => void): void
}

const END = new Uint8Array(0)

export class InputForwarder<A extends InputTaker> {
  readonly #takers: readonly A[]
  /** Agents with a rank that reads, and whether they can take more. */
  readonly #asked = new Map<A, boolean>()
  /** Agents whose channel is full. */
  readonly #congested = new Set<A>()
  #listening = false
  #ended = false

  constructor(takers: readonly A[]) {
    this.#takers = takers
  }

  /** A rank of this agent reads, or the agent has enough for now. */
  wanted(agent: A, wanted: boolean): void {
    this.#asked.set(agent, wanted)
    this.#adjust()
  }

  /** No more input: the job ends. A rank that asks now must not make the launcher wait for its terminal. */
  end(): void {
    this.#ended = true
    if (this.#listening) process.stdin.destroy()
  }

  #adjust(): void {
    if (this.#ended || this.#asked.size === 0) return
    const flowing = this.#congested.size === 0 && [...this.#asked].every(([agent, wanted]) => wanted || agent.gone)
    if (!this.#listening) this.#listen()
    if (flowing) process.stdin.resume()
    else process.stdin.pause()
  }

  #listen(): void {
    this.#listening = true
    const { stdin } = process
    stdin.on('data', (bytes: Buffer) => this.#feed(bytes))
    stdin.on('end', () => this.#feed(END))
    stdin.on('error', () => this.#feed(END))
  }

  #feed(bytes: Uint8Array): void {
    for (const agent of this.#takers) {
      if (agent.gone || agent.feed(bytes)) continue
      this.#congested.add(agent)
      agent.onceDrained(() => {
        this.#congested.delete(agent)
        this.#adjust()
      })
    }
    this.#adjust()
  }
}
