/**
 * Merges what the ranks print into the launcher's own output. Invariant: a line holds text of one rank only.
 *
 * Whole lines are passed on at once. A line without an end (a prompt, say) is passed on when its rank has printed nothing
 * more for a moment; if another rank prints then, it begins a new line.
 */

/** How long a line may stay incomplete before it is shown. */
const PARTIAL_LINE_MS = 50
const NEWLINE = 0x0a

export type Fd = 1 | 2

/** Where merged output goes. */
export type Sink = (fd: Fd, bytes: Uint8Array) => void

export class OutputMerger {
  readonly #sink: Sink
  readonly #tag: boolean
  /** Text without a line end yet, by rank and descriptor. */
  readonly #partial = new Map<string, Buffer>()
  /** Whose incomplete line is shown, by descriptor. */
  readonly #open = new Map<Fd, string>()
  /** Running since the last piece of an incomplete line, by rank and descriptor. */
  readonly #timers = new Map<string, NodeJS.Timeout>()

  /** @param tag begin each line with the rank */
  constructor(sink: Sink, tag: boolean) {
    this.#sink = sink
    this.#tag = tag
  }

  /** Takes bytes that a rank printed. */
  push(rank: number, fd: Fd, bytes: Buffer): void {
    const key = `${rank}:${fd}`
    const before = this.#partial.get(key)
    const text = before === undefined ? bytes : Buffer.concat([before, bytes])
    const end = text.lastIndexOf(NEWLINE) + 1
    if (end > 0) this.#show(key, rank, fd, text.subarray(0, end))
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    if (end === text.length) {
      this.#partial.delete(key)
      return
    }
    this.#partial.set(key, text.subarray(end))
    this.#timers.set(
      key,
      setTimeout(() => this.#showPartial(key, rank, fd), PARTIAL_LINE_MS),
    )
  }

  /** Shows incomplete lines as they are. */
  flush(): void {
    for (const key of [...this.#partial.keys()]) {
      const [rank, fd] = key.split(':').map(Number) as [number, Fd]
      this.#showPartial(key, rank, fd)
    }
  }

  #showPartial(key: string, rank: number, fd: Fd): void {
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    const text = this.#partial.get(key)
    if (text === undefined) return
    this.#partial.delete(key)
    this.#show(key, rank, fd, text)
  }

  #show(key: string, rank: number, fd: Fd, text: Buffer): void {
    const open = this.#open.get(fd)
    const continues = open === key
    if (open !== undefined && !continues) this.#sink(fd, Buffer.from('\n'))
    this.#sink(fd, this.#tag ? tagged(text, rank, continues) : text)
    if (text[text.length - 1] === NEWLINE) this.#open.delete(fd)
    else this.#open.set(fd, key)
  }
}

/** The text with its rank before each line; the first line may go on where an earlier text stopped. */
function tagged(text: Buffer, rank: number, continues: boolean): Buffer {
  const tag = `[${rank}] `
  const body = text.toString('latin1').replace(/\n(?=[^])/g, `\n${tag}`)
  return Buffer.from(continues ? body : tag + body, 'latin1')
}
