/**
 * Which messages an agent takes in before a rank has asked for them: in the order in which they were announced, as far as
 * there is room. So a panel arrives while its receiver is inside a long computation, and a flood of messages that nobody
 * receives waits at its senders.
 *
 * Invariant: what is taken in ahead never exceeds the limit. A message that a rank asks for needs no room here.
 */
import type { InboundMessage } from './inbound-message.ts'

/** What a message costs besides its bytes, here and in its rank: empty messages are bounded too. */
const OVERHEAD_BYTES = 512

export class Prefetch {
  readonly #limitBytes: number
  readonly #request: (message: InboundMessage) => void
  readonly #taken = new Set<InboundMessage>()
  readonly #waiting = new Set<InboundMessage>()
  #turns = this.#waiting.values()
  #first: InboundMessage | undefined
  #bytes = 0

  /** @param request asks for the bytes of a message, whose memory has been taken */
  constructor(limitBytes: number, request: (message: InboundMessage) => void) {
    this.#limitBytes = limitBytes
    this.#request = request
  }

  /** Takes a message in, now or when there is room for it, unless `release` comes first. */
  announce(message: InboundMessage): void {
    this.#waiting.add(message)
    this.#fill()
  }

  /** The rank has asked for a message, has read it, or will not have it. */
  release(message: InboundMessage): void {
    this.#waiting.delete(message)
    if (this.#taken.delete(message)) this.#bytes -= costOf(message)
    this.#fill()
  }

  #fill(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (this.#bytes + costOf(next) > this.#limitBytes || !next.makeRoom()) return
      this.#bytes += costOf(next)
      this.#waiting.delete(next)
      this.#taken.add(next)
      this.#request(next)
    }
  }

  /** The one that has waited longest. A new iterator would look at all the places that others have left: we keep one. */
  #next(): InboundMessage | undefined {
    if (this.#first !== undefined && this.#waiting.has(this.#first)) return this.#first
    let { value, done } = this.#turns.next()
    if (done === true) {
      this.#turns = this.#waiting.values()
      ;({ value, done } = this.#turns.next())
    }
    return (this.#first = done === true ? undefined : (value as InboundMessage))
  }
}

function costOf({ nbytes }: InboundMessage): number {
  return nbytes + OVERHEAD_BYTES
}
