/**
 * What waits its turn: first in, first out. `shift` of an array moves all that is left once there is much of it; here each
 * item costs the same however many wait.
 */

/** Places in front that are left empty before the rest moves up. */
const SPARE = 1024

export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  /** The one that has waited longest. */
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes out the one that has waited longest; undefined if none waits. */
  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head >= SPARE && this.#head >= this.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
