/**
 * How many times a receive looks for its message before it gives up its turn, after which it takes longer to end.
 *
 * A program that waits has nothing else to do, so it looks for three times as long as most answers take. With a quarter of
 * these looks a tenth of the answers to 1 KiB came too late on two processors that share a core: 2 % of the time. But one
 * that sends something else before the message can come, `Promise.all([recv(…), send(…)])`, looks in vain, and soon hardly.
 */

/** 5 us. */
const MOST_LOOKS = 1600
/** A third of a microsecond. */
const FEWEST_LOOKS = 100

export class Patience {
  readonly #most: number
  /** Of a receive that begins now. */
  #looks: number
  /** The latest looks were in vain, and the rank has neither sent nor received since. */
  #inVain = false

  /** @param spins whether waiting ranks may spin */
  constructor(spins: boolean) {
    this.#looks = this.#most = spins ? MOST_LOOKS : 1
  }

  /** Looks until something is ready, but not for ever; true if it is. */
  sees(inlet: { readonly ready: boolean }): boolean {
    for (let look = this.#looks; look > 0; look--) if (inlet.ready) return true
    this.#inVain = true
    return false
  }

  /** The rank sends: after looks in vain, it had something else to do. */
  sends(): void {
    if (!this.#inVain) return
    this.#inVain = false
    this.#looks = Math.max(this.#looks / 2, Math.min(FEWEST_LOOKS, this.#most))
  }

  /** The rank receives: after looks in vain, it could have looked for longer. */
  receives(): void {
    if (!this.#inVain) return
    this.#inVain = false
    this.#looks = Math.min(this.#looks * 2, this.#most)
  }
}
