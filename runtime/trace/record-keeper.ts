/** Keeps records in a `TraceMemory` while there is room; those for which there is none are counted. */
import { RECORD, type TraceMemory, type TraceRecord } from './trace-memory.ts'

/** Records that are kept before their reader sees them, while calls share readings of the clock. */
const HANDED_OVER = 32

export class RecordKeeper {
  readonly #memory: TraceMemory
  /** The clock has been read, and the record has not been shown to its reader since. */
  fresh = true
  #unseen = 0
  #lost = 0
  #lostSince = 0

  constructor(memory: TraceMemory) {
    this.#memory = memory
  }

  /** Whether to `keep` so many records, the first of which begins at `begun`; if not, they are counted. */
  hasRoomFor(count: number, begun: number): boolean {
    const memory = this.#memory
    if (!memory.keepsRecords) return false
    if (this.#mayHaveRoom() && memory.hasRoomFor(count)) return true
    this.fresh = false
    this.#lose(count, begun)
    return false
  }

  keep(record: TraceRecord): void {
    const memory = this.#memory
    if (!memory.keepsRecords) return
    if (this.#mayHaveRoom() && memory.hasRoomFor(1)) {
      if (this.#lost > 0) this.#tellLost(record.begun)
      memory.write(record)
      if (++this.#unseen >= HANDED_OVER || this.fresh) this.#publish()
    } else this.#lose(1, record.begun)
    this.fresh = false
  }

  /** Of a flood, only the records for which the clock is read look whether there is room again. */
  #mayHaveRoom(): boolean {
    return this.#lost === 0 || this.fresh
  }

  #lose(count: number, begun: number): void {
    if (this.#lost === 0) this.#lostSince = begun
    this.#lost += count
  }

  #publish(): void {
    this.#unseen = 0
    this.#memory.publish()
  }

  /** Nothing follows. */
  close(ended: number): void {
    if (this.#lost > 0) this.#tellLost(ended)
    this.#memory.publish()
  }

  #tellLost(until: number): void {
    this.#memory.write({ ...blankRecord(), begun: this.#lostSince, ended: until, nbytes: this.#lost })
    this.#lost = 0
  }
}

/** A record of loss, to be filled. Its times are doubles from the start. */
export function blankRecord(): TraceRecord {
  const [begun, ended] = [0.5, 0.5]
  return { kind: RECORD.LOST, begun, ended, nbytes: 0, call: 0, context: 0, peer: -1, tag: -1, id: 0, place: 0 }
}
