/**
 * One send, receive or probe under way. It ends exactly once, by `complete` or `fail`; a promise is made only for those
 * that somebody waits for before they have ended, since most small messages end at once and a promise costs more than
 * they do.
 */
import type { MessageView } from '../base/message-buffer.ts'
import type { MatchKey, Postable } from './match-queues.ts'

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
  /** The program's call, if it is another form than the one that the signature names: `ibarrier` of a barrier. */
  readonly form?: string
  /** How many elements the rank has, if a message is but a segment of them. */
  readonly inAll?: number | undefined
  /** Of how many ranks the message has blocks of one length, if a tree brings it: errors tell that of one. */
  readonly blocks?: number
  /** The call as it will be recorded; the recorder's own, if there is one. */
  readonly record?: object | undefined
  /** What came is no data: the call has failed on another rank. */
  fail?(text: string): void
}

/** Somebody who waits for whichever of several operations ends first. */
export interface Watcher {
  /** Called when one of the operations ends. */
  ended(): void
  /** What is waited with; for reports. */
  wait(): Promise<void>
  /** True if something else, an AbortSignal, may end the wait too. */
  readonly abortable: boolean
}

/**
 * Context of operations that are made of others and have no message of their own: that of no communicator, nor the
 * complement of one. It is odd: part of a collective call.
 */
export const COMPOSED = -0x7fff_ffff

const DONE = Promise.resolve()

export class Operation implements Postable {
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
  node: object | undefined = undefined
  /** The recorder's own, if there is one. */
  mark: object | undefined = undefined
  readonly #counter: WaitCounter
  #promise: Promise<void> | undefined = undefined
  #resolve: (() => void) | undefined = undefined
  #reject: ((error: Error) => void) | undefined = undefined
  #watchers: Watcher[] | undefined = undefined

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
    if (this.#watchers !== undefined) this.#tellWatchers()
    if (this.#resolve === undefined) return
    this.#counter.waitEnds(this)
    this.#resolve()
  }

  fail(error: Error): void {
    this.error = error
    this.done = true
    if (this.#watchers !== undefined) this.#tellWatchers()
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

  /**
   * Has `watcher` told once when the operation ends, unless `unwatch` comes first. Call only before it has ended. False if
   * the watcher watches already.
   */
  watch(watcher: Watcher): boolean {
    if (this.#watchers === undefined) this.#watchers = [watcher]
    else if (this.#watchers.includes(watcher)) return false
    else this.#watchers.push(watcher)
    this.#counter.waitBegins(this)
    return true
  }

  /** Takes back a `watch`; a no-op if the operation has ended. A promise cannot forget who waits for it, this can. */
  unwatch(watcher: Watcher): void {
    const at = this.#watchers?.indexOf(watcher) ?? -1
    if (at === -1) return
    this.#watchers?.splice(at, 1)
    this.#counter.waitEnds(this)
  }

  /** What somebody waits with who waits now; for reports. */
  get awaited(): Promise<void> | undefined {
    return this.#promise ?? this.#watchers?.[0]?.wait()
  }

  /** Whether anybody waits for it, before it ends. */
  get isAwaited(): boolean {
    return this.#watchers !== undefined || this.#resolve !== undefined
  }

  /** Waits under way. */
  get waiters(): number {
    return (this.#watchers?.length ?? 0) + (this.#promise !== undefined && !this.done ? 1 : 0)
  }

  /** Waits under way that only a message can end; for reports. */
  get waits(): number {
    const watchers = this.#watchers?.filter(({ abortable }) => !abortable) ?? []
    return watchers.length + (this.#promise !== undefined && !this.done ? 1 : 0)
  }

  #tellWatchers(): void {
    const watchers = this.#watchers as Watcher[]
    this.#watchers = undefined
    for (const watcher of watchers) {
      this.#counter.waitEnds(this)
      watcher.ended()
    }
  }
}

/** Resolves when all of the operations, which have not ended yet, have, well or not: one promise for all of them. */
export function allEnded(operations: readonly Operation[]): Promise<void> {
  const promise = new Promise<void>((resolve) => {
    let left = 0
    const ended = (): void => {
      if (--left === 0) resolve()
    }
    const watcher: Watcher = { ended, wait: () => promise, abortable: false }
    // One may be there twice, and then is watched once.
    for (const operation of operations) if (operation.watch(watcher)) left++
  })
  return promise
}

/**
 * Resolves as soon as one of the operations has ended, well or not; leaves nothing behind on the others.
 *
 * @throws the reason of `signal` if it is aborted first
 */
export function anyEnded(operations: readonly Operation[], signal?: AbortSignal): Promise<void> {
  const promise = new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      for (const operation of operations) operation.unwatch(watcher)
      signal?.removeEventListener('abort', aborted)
    }
    const ended = (): void => {
      stop()
      resolve()
    }
    const aborted = (): void => {
      stop()
      reject(signal?.reason as Error)
    }
    const watcher: Watcher = { ended, wait: () => promise, abortable: signal !== undefined }
    if (operations.some(({ done }) => done)) resolve()
    else if (signal?.aborted === true) reject(signal.reason as Error)
    else {
      signal?.addEventListener('abort', aborted)
      for (const operation of operations) operation.watch(watcher)
    }
  })
  return promise
}
