/**
 * The two directions of an emulated network port, as clocks in virtual time. Nothing here waits or reads a clock: the
 * caller says what time it is, and may be late. A late caller catches up, since every piece is accounted at the time it
 * should have moved; nothing moves before that time.
 *
 * Invariants, both directions: one piece after the other, each taking its bytes / bandwidth; never idle while something
 * could move; pieces of one peer stay in order.
 */
import { Fifo } from '../base/fifo.ts'
import { windowBytes, type LinkProfile } from './emulated-link.ts'

/** What waits for one destination: a connection's send queue. */
interface Flow<T> {
  readonly queue: Fifo<Outgoing<T>>
  /** Bytes under way that the destination has not taken yet, and how many there may be. */
  inFlight: number
  window: number
  /** When the window last opened. */
  openedAt: number
}

interface Outgoing<T> {
  readonly nbytes: number
  readonly item: T
  readonly queuedAt: number
}

/**
 * The transmitting side of a host: a queue for each destination, and one port behind them with a buffer. What is in the
 * buffer leaves first in, first out, whatever it is: small messages wait behind bulk.
 */
export class TransmitPort<T> {
  readonly #link: LinkProfile
  readonly #flows: Flow<T>[]
  readonly #bufferMs: number
  /** When the last bit of all that is in the buffer has left. */
  #free = -Infinity
  #last = 0

  constructor(link: LinkProfile, peers: number) {
    this.#link = link
    this.#bufferMs = link.bufferBytes / link.bytesPerMs
    this.#flows = Array.from({ length: peers }, () => ({
      queue: new Fifo<Outgoing<T>>(),
      inFlight: 0,
      window: windowBytes(link),
      openedAt: -Infinity,
    }))
  }

  /** Queues a piece. @param nbytes on the wire */
  push(peer: number, nbytes: number, item: T, now: number): void {
    this.#flow(peer).queue.push({ nbytes, item, queuedAt: now })
  }

  /** What the destination's port has taken; `atMs`: when we come to know. */
  credit(peer: number, { nbytes, window, atMs }: Credit): void {
    const flow = this.#flow(peer)
    const wasShut = isShut(flow)
    flow.inFlight -= nbytes
    flow.window = window
    if (wasShut && !isShut(flow)) flow.openedAt = atMs
  }

  /** Something else of so many bytes goes out in between, such as acknowledgements of what comes in. */
  interpose(nbytes: number, now: number): void {
    if (this.#free > now) this.#free += nbytes / this.#link.bytesPerMs
  }

  /** Moves pieces into the buffer while it has room; `leave` hears when the last bit of each will have left. */
  advance(now: number, leave: (peer: number, piece: T, departMs: number) => void): void {
    for (;;) {
      const peer = this.#next()
      if (peer === undefined) return
      const start = this.#startOf(peer)
      if (start > Math.max(now, this.#free) || start - now >= this.#bufferMs) return
      this.#last = peer
      const flow = this.#flow(peer)
      const { nbytes, item } = flow.queue.first as Outgoing<T>
      flow.queue.shift()
      flow.inFlight += nbytes
      this.#free = start + nbytes / this.#link.bytesPerMs
      leave(peer, item, this.#free)
    }
  }

  /** When `advance` should be called again: while half of the buffer is still full, or when a piece may start. */
  get wakeMs(): number {
    const peer = this.#next()
    if (peer === undefined) return Infinity
    const start = this.#startOf(peer)
    return start > this.#free ? start : this.#free - this.#bufferMs / 2
  }

  /** The peer whose first piece may start earliest; of several, the next in turn. */
  #next(): number | undefined {
    let best: number | undefined
    let bestStart = Infinity
    for (let step = 1; step <= this.#flows.length; step++) {
      const peer = (this.#last + step) % this.#flows.length
      const start = this.#startOf(peer)
      if (start < bestStart) [best, bestStart] = [peer, start]
    }
    return best
  }

  #startOf(peer: number): number {
    const flow = this.#flow(peer)
    const piece = flow.queue.first
    return piece === undefined || isShut(flow) ? Infinity : Math.max(this.#free, piece.queuedAt, flow.openedAt)
  }

  #flow(peer: number): Flow<T> {
    return this.#flows[peer] as Flow<T>
  }
}

function isShut({ inFlight, window }: Flow<unknown>): boolean {
  return inFlight >= window
}

interface Incoming<T> {
  readonly nbytes: number
  /** Undefined if nobody waits for it. */
  readonly item: T | undefined
  /** When its last bit is at the port. */
  readonly arrivalMs: number
  readonly parts: number
  /** Parts that have passed. */
  passed: number
}

/** What the receiving side hears and says. */
export interface Receiver<T> {
  /** A piece that somebody waits for has passed, or will have at `atMs`; in the order of these times. */
  pass(piece: T, atMs: number): void
  /** To be told to the peer, that it may send more. */
  credit(peer: number, credit: Credit): void
}

/** A receiving port has taken so many bytes at `atMs`; `window` bytes may be under way. */
export interface Credit {
  readonly nbytes: number
  readonly window: number
  readonly atMs: number
}

/**
 * The receiving side of a host, the port of the switch that leads to it: what comes from all others passes one after the
 * other, in the order of arrival. Pieces of several peers arrive at the same time, packet by packet; they are accounted
 * in up to PARTS parts each, so that a small message that comes amid a large piece need not wait for its end.
 */
export class ReceivePort<T> {
  readonly #link: LinkProfile
  readonly #arriving: Fifo<Incoming<T>>[]
  /** Arrival times of those that somebody waits for. */
  readonly #awaited: Fifo<number>[]
  /** When the last piece of each peer had passed, and its bytes that it has had no credit for yet. */
  readonly #heard: number[]
  readonly #owed: number[]
  /** When all that has arrived will have passed. */
  #free = -Infinity

  constructor(link: LinkProfile, peers: number) {
    this.#link = link
    this.#arriving = Array.from({ length: peers }, () => new Fifo<Incoming<T>>())
    this.#awaited = this.#arriving.map(() => new Fifo<number>())
    this.#heard = this.#arriving.map(() => -Infinity)
    this.#owed = this.#arriving.map(() => 0)
  }

  /** A piece is on its way; its last bit will be here at `arrivalMs`, later than that of the piece before it. */
  push(peer: number, nbytes: number, item: T | undefined, arrivalMs: number): void {
    const parts = Math.min(PARTS, Math.ceil(nbytes / SMALLEST_PART))
    if (item !== undefined) this.#awaited[peer]?.push(arrivalMs)
    this.#arriving[peer]?.push({ nbytes, item, arrivalMs, parts, passed: 0 })
  }

  /** Something else of so many bytes comes in between. */
  interpose(nbytes: number, now: number): void {
    if (this.#free > now) this.#free += nbytes / this.#link.bytesPerMs
  }

  /** Takes what has arrived by `now`. */
  advance(now: number, receiver: Receiver<T>): void {
    for (;;) {
      const peer = this.#next()
      if (peer === undefined) return
      const queue = this.#arriving[peer] as Fifo<Incoming<T>>
      const piece = queue.first as Incoming<T>
      const arrival = this.#arrivalOf(piece)
      if (arrival > now) return
      this.#free = Math.max(arrival, this.#free + piece.nbytes / piece.parts / this.#link.bytesPerMs)
      if (++piece.passed < piece.parts) continue
      queue.shift()
      this.#heard[peer] = this.#free
      if (piece.item !== undefined) {
        this.#awaited[peer]?.shift()
        receiver.pass(piece.item, this.#free)
      }
      this.#owe(peer, piece.nbytes, receiver)
    }
  }

  /** Credit is given by the eighth of a window: small messages alone need none. */
  #owe(peer: number, nbytes: number, receiver: Receiver<T>): void {
    const window = windowBytes(this.#link)
    const owed = (this.#owed[peer] as number) + nbytes
    this.#owed[peer] = owed < window / 8 ? owed : 0
    if (owed >= window / 8) receiver.credit(peer, { nbytes: owed, window: this.#windowOfEach(), atMs: this.#free })
  }

  /** When to call `advance` again: when a piece arrives that somebody waits for; for others in good time for the senders. */
  get wakeMs(): number {
    const slackMs = this.#link.bufferBytes / this.#link.bytesPerMs / 2
    let wakeMs = Infinity
    for (const { first } of this.#awaited) wakeMs = Math.min(wakeMs, first ?? Infinity)
    for (const { first } of this.#arriving) wakeMs = Math.min(wakeMs, (first?.arrivalMs ?? Infinity) + slackMs)
    return wakeMs
  }

  /** Those that have sent something lately share the buffer, as far as it suffices for two credits each. */
  #windowOfEach(): number {
    const window = windowBytes(this.#link)
    const since = this.#free - window / this.#link.bytesPerMs
    return window / Math.min(this.#heard.filter((at) => at >= since).length, 4)
  }

  /** The peer whose next part arrives first. */
  #next(): number | undefined {
    let best: number | undefined
    let bestArrival = Infinity
    for (const [peer, { first }] of this.#arriving.entries()) {
      const arrival = first === undefined ? Infinity : this.#arrivalOf(first)
      if (arrival < bestArrival) [best, bestArrival] = [peer, arrival]
    }
    return best
  }

  /** When the last bit of the next part is here: parts come evenly over the time that the piece takes on the wire. */
  #arrivalOf({ nbytes, arrivalMs, parts, passed }: Incoming<T>): number {
    return arrivalMs - ((parts - 1 - passed) * nbytes) / parts / this.#link.bytesPerMs
  }
}

/** Finer costs time and shows nowhere. */
const PARTS = 16
/** A full Ethernet frame. */
const SMALLEST_PART = 1538
