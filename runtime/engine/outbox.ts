/**
 * Frames on their way out of a rank.
 *
 * Invariant: frames to one rank leave in the order in which they were posted; one that finds no room is kept, with a copy
 * of its payload, behind those that found none before it. Frames of a rank to itself arrive at once.
 */
import { Fifo } from '../base/fifo.ts'
import { Frame, type Transport } from '../transport/transport.ts'

/** What a frame that answers another, or a message to no receive, may say. */
export type ControlFields = Partial<Pick<Frame, 'id' | 'aux' | 'nbytes' | 'region' | 'address'>>

export class Outbox {
  readonly #transport: Transport
  readonly #deliver: (frame: Frame) => void
  readonly #kept = new Map<number, Fifo<Frame>>()
  /** For frames that answer others. */
  readonly #answer = new Frame()

  /** @param deliver takes what this rank sends itself */
  constructor(transport: Transport, deliver: (frame: Frame) => void) {
    this.#transport = transport
    this.#deliver = deliver
  }

  /** True if no frame waits for room. */
  get isEmpty(): boolean {
    return this.#kept.size === 0
  }

  /** Sends a frame now, or keeps a copy of it behind those that had no room. */
  post(frame: Frame): void {
    const { dest } = frame
    if (dest === this.#transport.worldRank) {
      this.#deliver(frame)
      return
    }
    const waiting = this.#kept.get(dest)
    if (waiting === undefined && this.#transport.trySend(dest, frame)) return
    const copy = Object.assign(new Frame(), frame)
    if (frame.payload !== undefined) copy.payload = frame.payload.slice()
    this.#queueTo(dest).push(copy)
  }

  /** Posts a frame without a message. */
  control(kind: number, dest: number, fields: ControlFields): void {
    const frame = this.#answer
    frame.kind = kind
    frame.source = this.#transport.worldRank
    frame.dest = dest
    frame.id = fields.id ?? 0
    frame.aux = fields.aux ?? 0
    frame.nbytes = fields.nbytes ?? 0
    frame.region = fields.region
    frame.address = fields.address ?? 0
    this.post(frame)
  }

  /** Sends what there is room for now. */
  flush(): void {
    for (const [dest, waiting] of this.#kept) {
      while (waiting.first !== undefined && this.#transport.trySend(dest, waiting.first)) waiting.shift()
      if (waiting.first === undefined) this.#kept.delete(dest)
    }
  }

  #queueTo(dest: number): Fifo<Frame> {
    let queue = this.#kept.get(dest)
    if (queue === undefined) this.#kept.set(dest, (queue = new Fifo<Frame>()))
    return queue
  }
}
