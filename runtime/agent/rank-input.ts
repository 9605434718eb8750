/**
 * Standard input on its way to the ranks of this host that get it. A rank gets bytes once its program has begun to read:
 * input that comes unasked would keep its thread alive. The launcher hears whether more is wanted.
 *
 * Invariant: every rank gets all bytes. Ranks of other hosts may ask before those of this one are there.
 */
import type { Worker } from 'node:worker_threads'

export class RankInput {
  /** What came before the first rank was there. */
  readonly #first: Buffer[] = []
  /** Ranks whose programs have not begun to read, and what has come for them. */
  readonly #early = new Map<Worker, Buffer[]>()
  readonly #readers = new Set<Worker>()
  readonly #tell: (wanted: boolean) => void
  #admitted = false
  #wanted = false

  /** @param tell called when more input is wanted, and when no more is for the moment */
  constructor(tell: (wanted: boolean) => void) {
    this.#tell = tell
  }

  /** A rank that gets standard input; those of a host are admitted at once, before anything else comes. */
  admit(worker: Worker): void {
    this.#admitted = true
    this.#early.set(worker, [...this.#first])
    worker.on('exit', () => {
      this.#early.delete(worker)
      this.#readers.delete(worker)
      this.#adjust()
    })
  }

  /** The rank's program has begun to read. */
  asked(worker: Worker): void {
    const early = this.#early.get(worker) ?? []
    this.#early.delete(worker)
    this.#readers.add(worker)
    worker.stdin?.on('drain', () => this.#adjust())
    for (const bytes of early) write(worker, bytes)
    this.#adjust()
  }

  /** Takes bytes for all ranks that get them; empty at their end. */
  feed(bytes: Buffer): void {
    if (!this.#admitted) this.#first.push(bytes)
    for (const early of this.#early.values()) early.push(bytes)
    for (const worker of this.#readers) write(worker, bytes)
    this.#adjust()
  }

  #adjust(): void {
    const wanted = this.#readers.size > 0 && [...this.#readers].every(({ stdin }) => stdin?.writableNeedDrain !== true)
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    this.#tell(wanted)
  }
}

function write({ stdin }: Worker, bytes: Buffer): void {
  if (bytes.length === 0) stdin?.end()
  else stdin?.write(bytes)
}
