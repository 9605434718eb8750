/**
 * One send, receive or probe under way. It ends exactly once, by `complete` or `fail`; a promise is made only for those
 * that somebody waits for before they have ended, since most small messages end at once and a promise costs more than
 * they do.
 */
import type { MessageView } from '../base/message-buffer.ts'
import type { MatchKey } from './match-queues.ts'

/** Told when somebody begins and ceases to wait, so that the engine knows whether to look for progress. */
export interface WaitCounter {
  waitBegins(operation: Operation): void
  waitEnds(operation: Operation): void
}

/**
 * What a receive inside a collective call expects of its message, besides the envelope: to come from the same call, and
 * to be exactly as long as the receive buffer.
 */
export interface Agreement {
  /** Travels with the messages of the call; not 0, which is point-to-point. */
  readonly signature: number
  /** A signature in words, for the message about two that differ. */
  describe(signature: number): string
}

const DONE = Promise.resolve()

export class Operation implements MatchKey {
  readonly context: number
  /** World rank of the sender; ANY_SOURCE until a wildcard receive is matched. */
  source: number
  tag: number
  /** Receives: where the message goes; undefined for probes and for receives of objects. */
  readonly view: MessageView | undefined
  readonly call: string
  /** Receives inside collectives. */
  readonly agreement: Agreement | undefined
  /** Size of the message received. */
  nbytes = 0
  /** Receives of objects: the serialized value. */
  payload: Uint8Array | undefined = undefined
  done = false
  cancelled = false
  error: Error | undefined = undefined
  /** The recorder's own, if there is one. */
  mark: object | undefined = undefined
  readonly #counter: WaitCounter
  #promise: Promise<void> | undefined = undefined
  #resolve: (() => void) | undefined = undefined
  #reject: ((error: Error) => void) | undefined = undefined

  constructor(counter: WaitCounter, call: string, key: MatchKey, view?: MessageView, agreement?: Agreement) {
    this.#counter = counter
    this.call = call
    this.context = key.context
    this.source = key.source
    this.tag = key.tag
    this.view = view
    this.agreement = agreement
  }

  complete(): void {
    this.done = true
    if (this.#resolve === undefined) return
    this.#counter.waitEnds(this)
    this.#resolve()
  }

  fail(error: Error): void {
    this.error = error
    this.done = true
    if (this.#reject === undefined) return
    this.#counter.waitEnds(this)
    this.#reject(error)
  }

  /** Settles when the operation ends. */
  settled(): Promise<void> {
    if (this.error !== undefined) return Promise.reject(this.error)
    if (this.done) return DONE
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
      })
      this.#counter.waitBegins(this)
    }
    return this.#promise
  }
}
