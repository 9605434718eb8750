/**
 * A row exchange that goes on while this process computes. Where its steps would wait for a message they stop, until
 * `turn`, between two pieces of work, finds that the message is there, or `finish` has nothing else to do but wait.
 */
import type { Request } from '../../runtime/comm/request.ts'
import { complete, type Wait } from '../messaging.ts'

export class BackgroundExchange {
  readonly #u: Promise<number>
  #stopped: { readonly request: Request; readonly goOn: () => void } | undefined = undefined
  #finishing = false
  #ended = false

  /** @param begin begins the exchange, which waits in the way it is given and resolves to where U is */
  constructor(begin: (wait: Wait) => Promise<number>) {
    this.#u = begin((request) => this.#stop(request))
    const end = (): void => void (this.#ended = true)
    this.#u.then(end, end) // `finish` tells of a failure
  }

  /** True if nothing of it is left to do. */
  get ended(): boolean {
    return this.#ended
  }

  #stop(request: Request): Promise<void> {
    if (this.#finishing) return complete(request)
    return new Promise((goOn) => (this.#stopped = { request, goOn }))
  }

  /** Takes the exchange as far as it gets without waiting. */
  async turn(): Promise<void> {
    while (this.#stopped !== undefined && this.#stopped.request.test() !== undefined) {
      this.#goOn()
      // The steps up to the next message may be several promises away.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Waits for the end of the exchange. @returns where U is */
  async finish(): Promise<number> {
    this.#finishing = true
    if (this.#stopped !== undefined) {
      await complete(this.#stopped.request)
      this.#goOn()
    }
    return this.#u
  }

  #goOn(): void {
    const stopped = this.#stopped
    this.#stopped = undefined
    stopped?.goOn()
  }
}
