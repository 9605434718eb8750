/**
 * The shared memory of one collective call whose ranks work for each other: who has come, where the memory of each lies,
 * which jobs have been taken and how many are done.
 *
 * Layout: a line each for the counters | for each rank a line that says where its elements lie | what a rank that has failed
 * says. Counters only grow.
 * Invariants: places are read when all have come, and memory that they name is touched by whoever has taken a job, before
 * that job is counted as done. A rank that has left never looks again; when all have, the memory serves the next call.
 */
import { regionOver, type Region } from '../base/region.ts'
import type { Transport } from '../transport/transport.ts'

const LINE = 64
const LINE_WORDS = LINE / 4
const LINE_DOUBLES = LINE / 8
// Counters, each on a line of its own: ranks that have come, jobs taken, jobs done, ranks that have left.
const COME = 0
const TAKEN = LINE_WORDS
const DONE = 2 * LINE_WORDS
const LEFT = 3 * LINE_WORDS
// Not 0: a rank has failed; the word after it: bytes of what it says.
const FAILED = 4 * LINE_WORDS
const COUNTER_LINES = 5
const TEXT_NBYTES = 1024
// Words of a rank's line.
const PRESENT = 0
// Doubles of a rank's line: after the first, where its elements lie and where its result goes, in three doubles each.
const GIVEN = 1
const GOT = 4

/** Memory of a rank. */
export interface Whereabouts {
  /** Number of a memory that the ranks of the host share; ADDRESS: `offset` is an address of the process. */
  readonly segment: number
  readonly offset: number
  /** 0: there is none. */
  readonly nbytes: number
}

export const ADDRESS = -1
export const NOWHERE: Whereabouts = { segment: 0, offset: 0, nbytes: 0 }

export class SharedWork {
  readonly size: number
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #text: Uint8Array

  /** @param memory of `workBytes`, zeroed by whoever founds the call */
  constructor(memory: Region, size: number) {
    this.size = size
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, workBytes(size) / 4)
    this.#doubles = new Float64Array(memory.buffer, memory.byteOffset, workBytes(size) / 8)
    this.#text = new Uint8Array(memory.buffer, memory.byteOffset + LINE * (COUNTER_LINES + size), TEXT_NBYTES)
  }

  /** A rank has come, with elements and room for a result. True if it was the last. */
  come(rank: number, given: Whereabouts, got: Whereabouts): boolean {
    this.#write(rank, GIVEN, given)
    this.#write(rank, GOT, got)
    Atomics.store(this.#words, this.#line(rank) * LINE_WORDS + PRESENT, 1)
    return Atomics.add(this.#words, COME, 1) === this.size - 1
  }

  get allHaveCome(): boolean {
    return Atomics.load(this.#words, COME) === this.size
  }

  /** The first rank that has not come, or -1. */
  get missing(): number {
    for (let rank = 0; rank < this.size; rank++)
      if (Atomics.load(this.#words, this.#line(rank) * LINE_WORDS + PRESENT) === 0) return rank
    return -1
  }

  /** Where the elements of a rank lie. Once all have come. */
  given(rank: number): Whereabouts {
    return this.#read(rank, GIVEN)
  }

  /** Where the result of a rank goes. Once all have come. */
  got(rank: number): Whereabouts {
    return this.#read(rank, GOT)
  }

  /** Number of a job that nobody else does: 0, 1, …; without end. */
  take(): number {
    return Atomics.add(this.#words, TAKEN, 1)
  }

  /** A job is done; how many are. */
  finish(): number {
    return Atomics.add(this.#words, DONE, 1) + 1
  }

  get done(): number {
    return Atomics.load(this.#words, DONE)
  }

  /** A job of this rank's could not be done. The first that says so is heard. Before the job is counted as done. */
  fail(text: string): void {
    if (Atomics.compareExchange(this.#words, FAILED, 0, 1) !== 0) return
    const bytes = Buffer.from(text).subarray(0, TEXT_NBYTES)
    this.#text.set(bytes)
    this.#words[FAILED + 1] = bytes.length
  }

  /** What a rank has said that failed, once all jobs are done; undefined if none has. */
  get failure(): string | undefined {
    if (Atomics.load(this.#words, FAILED) === 0) return undefined
    return Buffer.from(this.#text.slice(0, this.#words[FAILED + 1])).toString()
  }

  leave(): void {
    Atomics.add(this.#words, LEFT, 1)
  }

  get isDeserted(): boolean {
    return Atomics.load(this.#words, LEFT) === this.size
  }

  #line(rank: number): number {
    return COUNTER_LINES + rank
  }

  #write(rank: number, at: number, { segment, offset, nbytes }: Whereabouts): void {
    this.#doubles.set([segment, offset, nbytes], this.#line(rank) * LINE_DOUBLES + at)
  }

  #read(rank: number, at: number): Whereabouts {
    const first = this.#line(rank) * LINE_DOUBLES + at
    const [segment = 0, offset = 0, nbytes = 0] = this.#doubles.subarray(first, first + 3)
    return { segment, offset, nbytes }
  }
}

function workBytes(size: number): number {
  return LINE * (COUNTER_LINES + size) + TEXT_NBYTES
}

/** Memory for the calls that a rank founds: as many as are under way at once, used again and again. */
export class WorkMemories {
  readonly #transport: Transport
  readonly #used: { readonly memory: Region; readonly work: SharedWork }[] = []

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Memory for a call of `size` ranks, zeroed. @throws {MpiError} MPI_ERR_NO_MEM */
  found(size: number): Region {
    const nbytes = workBytes(size)
    const at = this.#used.findIndex(({ memory, work }) => work.isDeserted && memory.byteLength === nbytes)
    const memory = at === -1 ? this.#transport.alloc(nbytes) : (this.#used.splice(at, 1)[0]?.memory as Region)
    new Uint8Array(memory.buffer, memory.byteOffset, nbytes).fill(0)
    this.#used.push({
      memory: regionOver(memory.buffer, memory.byteOffset, nbytes),
      work: new SharedWork(memory, size),
    })
    return memory
  }
}
