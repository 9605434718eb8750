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

/** Text before each line of a rank; empty for none. */
export type LinePrefix = (rank: number, fd: Fd) => string

/** Where merged output goes. */
export type Sink = (fd: Fd, bytes: Uint8Array) => void

export class OutputMerger {
  readonly #sink: Sink
  readonly #prefix: LinePrefix
  /** Text without a line end yet, by rank and descriptor. */
  readonly #partial = new Map<string, Buffer>()
  /** Whose incomplete line is shown, by descriptor. */
  readonly #open = new Map<Fd, string>()
  /** Running since the last piece of an incomplete line, by rank and descriptor. */
  readonly #timers = new Map<string, NodeJS.Timeout>()

  /** @param prefix what each line begins with */
  constructor(sink: Sink, prefix: LinePrefix = () => '') {
    this.#sink = sink
    this.#prefix = prefix
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
    this.#sink(fd, prefixed(text, this.#prefix(rank, fd), continues))
    if (text[text.length - 1] === NEWLINE) this.#open.delete(fd)
    else this.#open.set(fd, key)
  }
}

/** The text with the prefix before each line; the first line may go on where an earlier text stopped. */
function prefixed(text: Buffer, prefix: string, continues: boolean): Buffer {
  if (prefix === '') return text
  const body = text.toString('latin1').replace(/\n(?=[^])/g, `\n${prefix}`)
  return Buffer.from(continues ? body : prefix + body, 'latin1')
}
