/**
 * Wakes a sleeping thread of the host. One word in shared memory for each seat: 1 while its thread sleeps or is about to.
 *
 * The sleeper sets the word, looks once more for work, then sleeps as long as the word is 1; whoever leaves work clears
 * the word if it is set and wakes the thread. Nobody pays for a system call while nobody sleeps. An agent may sleep for long:
 * who rings it makes sure that one of the two sees the other's write (sequential consistency of Atomics). A rank sleeps a
 * millisecond at a time, and looks a few times before: who rings it takes a plain look, which costs nothing.
 */
const AWAKE = 0
const ASLEEP = 1

export class Doorbell {
  readonly #word: Int32Array
  readonly #wake: () => void
  readonly #certain: boolean

  /**
   * @param certain whether the thread sleeps for longer than a moment
   * @param wake wakes the thread if it sleeps elsewhere than in `sleep` and `sleepAsync`
   */
  constructor(heap: SharedArrayBuffer, offset: number, certain = false, wake?: () => void) {
    const word = new Int32Array(heap, offset, 1)
    this.#word = word
    this.#certain = certain
    this.#wake = wake ?? ((): unknown => Atomics.notify(word, 0))
  }

  /** Wakes the thread if it sleeps. */
  ring(): void {
    if (this.#word[0] === AWAKE && !this.#certain) return
    if (Atomics.compareExchange(this.#word, 0, ASLEEP, AWAKE) === ASLEEP) this.#wake()
  }

  /** 1 if the thread is awake, 0 if it sleeps or is about to, as far as is known: a plain look, which V8 makes quicker. */
  get awake(): number {
    return 1 - (this.#word[0] as number)
  }

  /** Announces sleep. The caller then looks for work once more before it sleeps. */
  lieDown(): void {
    Atomics.store(this.#word, 0, ASLEEP)
  }

  getUp(): void {
    Atomics.store(this.#word, 0, AWAKE)
  }

  /** Blocks the thread until the bell rings or the time is over. Call after `lieDown`. */
  sleep(ms: number): void {
    Atomics.wait(this.#word, 0, ASLEEP, ms)
  }

  /** Resolves when the bell rings; the thread's event loop goes on. Call after `lieDown`. Undefined if it rang already. */
  sleepAsync(): Promise<unknown> | undefined {
    const result = Atomics.waitAsync(this.#word, 0, ASLEEP)
    return result.async ? result.value : undefined
  }
}
