/**
 * An emulated network between the agents of a job: sits between the relay and its sockets, lets nothing through before it
 * would have come over a link of the given speed, and makes senders wait when a port is full. Each agent keeps the clocks
 * of its own port; with each message goes the time when its last bit reaches the receiver's port.
 *
 * Messages travel on the real sockets as soon as they are in the emulated port's buffer, ahead of their time, and wait at
 * the receiver: so the time of the real way counts within the emulated one, not on top of it. Of bulk only the last piece
 * has to wait, since nobody looks at the others before it. Sleeps in timers while nothing is due. Timers are too
 * coarse for a network: for the last millisecond the event loop turns, or the thread sleeps as long as `restMs` says.
 */
import { Fifo } from '../base/fifo.ts'
import { machineMs } from '../base/machine-clock.ts'
import type { Part } from '../transport/agent-link.ts'
import { acknowledgementBytes, wireBytes, type EmulatedNetwork } from '../transport/emulated-link.ts'
import { ReceivePort, TransmitPort, type Credit, type Receiver } from '../transport/emulated-port.ts'
import type { Frame } from '../transport/transport.ts'
import { CHUNK_MORE, encodeFrame, makeFrame, readTime, WIRE, writeTime } from './wire-format.ts'

/** The sending end towards one agent. */
export interface Outbox {
  send(parts: readonly Part[], onError: (error: unknown) => void): void
}

export interface ShaperOptions extends EmulatedNetwork {
  readonly agent: number
  /** A rank of each agent, by agent: frames between agents name ranks. */
  readonly ranks: readonly number[]
  /** Takes what has come through. */
  readonly deliver: (frame: Frame) => void
  readonly onError: (error: unknown) => void
}

/** Timers may come that much too late. What is due sooner is left to the next turn of the event loop. */
const TIMER_SLACK_MS = 1.2
/** A thread that has slept is slow at first: it looks that long before. 8 B over 50 us: 78 us one way instead of 96. */
const LOOK_MS = 0.05

export class Shaper {
  readonly #options: ShaperOptions
  readonly #transmit: TransmitPort<readonly Part[]>
  readonly #receive: ReceivePort<Frame>
  readonly #outboxes = new Map<number, Outbox>()
  /** Frames that have passed the port or will at the given time, in the order of these times. */
  readonly #passed = new Fifo<{ readonly frame: Frame; readonly atMs: number }>()
  readonly #receiver: Receiver<Frame> = {
    pass: (frame, atMs) => this.#passed.push({ frame, atMs }),
    credit: (peer, credit) => this.#credit(peer, credit),
  }
  #turning = false
  /** When something is due. */
  #wakeMs = Infinity
  #immediate: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity

  constructor(options: ShaperOptions) {
    this.#options = options
    this.#transmit = new TransmitPort(options.link, options.ranks.length)
    this.#receive = new ReceivePort(options.link, options.ranks.length)
  }

  /** How long it is until the event loop has to turn, in milliseconds; timers see to what is further off. */
  get restMs(): number {
    return this.#immediate === undefined ? Infinity : this.#wakeMs - LOOK_MS - machineMs()
  }

  /** The way to another agent, through this host's port. */
  outbox(peer: number, real: Outbox): Outbox {
    this.#outboxes.set(peer, real)
    return {
      send: (parts) => {
        this.#transmit.push(peer, wireBytes(parts), parts, machineMs())
        this.#turn()
      },
    }
  }

  /** A message of another agent has really come. */
  receive(peer: number, frame: Frame, parts: readonly Buffer[]): void {
    const now = machineMs()
    const atMs = readTime(parts) + (this.#options.oneClock ? 0 : now)
    if (frame.kind === WIRE.TAKEN) {
      this.#receive.interpose(acknowledgementBytes(frame.nbytes), now)
      this.#transmit.credit(peer, { nbytes: frame.nbytes, window: frame.aux, atMs })
    } else {
      const early = frame.kind === WIRE.CHUNK && (frame.aux & CHUNK_MORE) !== 0
      // What comes early is dealt with now, all of a message but its last piece: where the next one belongs depends on it.
      // What waits has to be kept.
      if (!early && frame.payload !== undefined) frame.payload = new Uint8Array(frame.payload)
      this.#receive.push(peer, wireBytes(parts), early ? undefined : frame, atMs)
      if (early) this.#options.deliver(frame)
    }
    this.#turn()
  }

  /** Does all that is due. What is delivered may be answered at once: the answer leaves in the same turn. */
  #turn(): void {
    if (this.#turning) return
    this.#turning = true
    const now = machineMs()
    this.#receive.advance(now, this.#receiver)
    for (let next = this.#passed.first; next !== undefined && next.atMs <= now; next = this.#passed.first) {
      this.#passed.shift()
      this.#options.deliver(next.frame)
    }
    this.#transmit.advance(now, (peer, parts, departMs) =>
      this.#send(peer, parts, departMs + this.#options.link.latencyMs),
    )
    this.#turning = false
    this.#schedule(now)
  }

  #credit(peer: number, { nbytes, window, atMs }: Credit): void {
    const { agent, ranks, link } = this.#options
    const [source, dest] = [ranks[agent] as number, ranks[peer] as number]
    const taken = makeFrame(WIRE.TAKEN, { nbytes, aux: Math.min(window, LARGEST_WINDOW), source, dest })
    this.#transmit.interpose(acknowledgementBytes(nbytes), machineMs())
    this.#send(peer, [encodeFrame(taken)], atMs + link.latencyMs)
  }

  #send(peer: number, parts: readonly Part[], atMs: number): void {
    writeTime(parts, this.#options.oneClock ? atMs : Math.max(0, atMs - machineMs()))
    this.#outboxes.get(peer)?.send(parts, this.#options.onError)
  }

  #schedule(now: number): void {
    this.#wakeMs = Math.min(this.#passed.first?.atMs ?? Infinity, this.#receive.wakeMs, this.#transmit.wakeMs)
    if (this.#immediate !== undefined) return
    const timerAt = this.#wakeMs - TIMER_SLACK_MS
    if (timerAt <= now) this.#immediate = setImmediate(() => ((this.#immediate = undefined), this.#turn()))
    else if (timerAt < this.#timerAt) {
      clearTimeout(this.#timer)
      this.#timerAt = timerAt
      this.#timer = setTimeout(() => ((this.#timerAt = Infinity), this.#turn()), timerAt - now)
    }
  }
}

/** What fits the header's field. */
const LARGEST_WINDOW = 2 ** 31 - 1
