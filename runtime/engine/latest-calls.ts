/**
 * The latest collective calls that a rank has made on a communicator, so that errors and reports can tell what ranks called
 * that disagree. Kept in words, which cost a call 1 ns: the signature says all there is to say.
 *
 * Invariant: the entry of a call is its number and then its signature, written in this order, so that another thread never
 * takes the signature of a later call for that of an earlier one. 0 is the signature of no call.
 */

/** Calls that are kept in memory of the rank's own. */
export const CALLS_KEPT = 256

export class LatestCalls {
  #words: Int32Array | undefined

  /** @param words two for each call that is kept, a power of two, 0 at first; default: memory of the rank's own */
  constructor(words?: Int32Array) {
    this.#words = words
  }

  /** A call has begun. */
  note(number: number, signature: number): void {
    const words = (this.#words ??= new Int32Array(2 * CALLS_KEPT))
    const at = (2 * number) & (words.length - 1)
    words[at] = number
    words[at + 1] = signature
  }

  /** The signature of a call; undefined if it has not been made, or too long ago. */
  signatureOf(number: number): number | undefined {
    const words = this.#words ?? []
    const at = (2 * number) & (words.length - 1)
    const signature = words[at + 1]
    return words[at] === number && signature !== 0 ? signature : undefined
  }

  /** Goes on in memory that other ranks read. */
  moveTo(words: Int32Array): void {
    const known = this.#words ?? []
    this.#words = words
    for (let at = 0; at < known.length; at += 2) {
      const [number = 0, signature = 0] = [known[at], known[at + 1]]
      if (signature !== 0) this.note(number, signature)
    }
  }

  /** The first of the calls kept up to a number of which another rank has made another. */
  firstDifference(theirs: LatestCalls, upTo: number): number | undefined {
    for (let number = Math.max(0, upTo - (this.#words?.length ?? 0) / 2); number <= upTo; number++) {
      const [own, other] = [this.signatureOf(number), theirs.signatureOf(number)]
      if (own !== undefined && other !== undefined && own !== other) return number
    }
    return undefined
  }
}
