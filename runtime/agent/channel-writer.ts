/**
 * What an agent's own thread says to the launcher, in order, without ever waiting: a launcher that does not read, or is
 * gone without a trace, must not keep the agent from noticing. Rank threads write to the same descriptor themselves
 * (start-channel.ts); packets stay whole.
 */
import { write } from 'node:fs'

/** The channel may be a nonblocking socket: then it is tried again this often. */
const RETRY_MS = 5

export class ChannelWriter {
  readonly #queue: Buffer[] = []
  readonly #waiting: (() => void)[] = []
  #writing = false

  /** True if everything has been written. */
  get idle(): boolean {
    return !this.#writing
  }

  /** @param packets at most PACKET_MAX bytes each, so that each is written in one piece */
  write(packets: readonly Buffer[]): void {
    this.#queue.push(...packets)
    if (!this.#writing) this.#next()
  }

  /** Resolves when everything has been written, or `limitMs` are over. */
  flushed(limitMs: number): Promise<void> {
    if (this.idle) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      setTimeout(resolve, limitMs)
    })
  }

  #next(): void {
    const packet = this.#queue[0]
    this.#writing = packet !== undefined
    if (packet === undefined) for (const resolve of this.#waiting.splice(0)) resolve()
    // A write that blocks does so in a thread of Node's pool.
    else write(1, packet, (error, nbytes) => this.#written(error, packet, nbytes))
  }

  #written(error: NodeJS.ErrnoException | null, packet: Buffer, nbytes: number): void {
    if (error?.code === 'EAGAIN') {
      setTimeout(() => this.#next(), RETRY_MS)
      return
    }
    // Any other error means that nobody listens any more: the end of standard input will say so.
    if (error !== null || nbytes === packet.length) this.#queue.shift()
    else this.#queue[0] = packet.subarray(nbytes)
    this.#next()
  }
}
