/**
 * Numbers for what goes over one end's links, from 0 for each peer, modulo 2^32.
 *
 * Invariant: the receiver takes each message once, in the order in which they were sent, and none after one that is
 * missing. TCP keeps this for as long as a connection holds; libzmq makes a new one by itself when it breaks, and what was
 * under way is lost or, who knows, sent once more.
 */
export class FrameOrder {
  readonly #sent: Uint32Array
  readonly #taken: Uint32Array

  constructor(peers: number) {
    this.#sent = new Uint32Array(peers)
    this.#taken = new Uint32Array(peers)
  }

  /** The number of the next message to a peer. */
  number(peer: number): number {
    const number = this.#sent[peer] as number
    this.#sent[peer] = number + 1
    return number
  }

  /** How many messages have had a number, which is the number of the next. */
  sent(peer: number): number {
    return this.#sent[peer] as number
  }

  /** How many messages of a peer are missing before its message `number`; negative if that has been taken already. */
  missing(peer: number, number: number): number {
    return (number - (this.#taken[peer] as number)) | 0
  }

  /** The next message of a peer is taken. */
  take(peer: number): void {
    this.#taken[peer] = (this.#taken[peer] as number) + 1
  }
}
