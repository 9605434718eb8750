/**
 * Whether everything on this host stands still: all ranks have said that only messages could wake them, or have ended,
 * and no frame lies in a ring that somebody will read.
 *
 * One look is no proof: it reads one word after the other while ranks run. But every word it reads only grows (stillness,
 * ring positions, frames on the wire), and a still rank says that it is still no longer before it takes a frame. So if a
 * look of every host is followed by a second look of every host, and all of them find the same numbers, then between the
 * last word of the first round and the first of the second nothing changed anywhere. If besides the hosts have received
 * as many frames as they have sent, none was on the wire at that moment either: no rank can ever be woken again. (The
 * four counter method of F. Mattern, Algorithms for distributed termination detection, 1987, with ring positions for
 * counters.) The launcher does the counting.
 */
import { ringOffset, type HostHeapLayout } from '../transport/host-heap.ts'
import { ringPositions } from '../transport/ring.ts'
import { Stillness } from '../transport/stillness.ts'

/** What one look at a host finds. */
export interface HostLook {
  readonly quiet: boolean
  /** Changes whenever anything does. */
  readonly mark: number
  /** Frames that this host has sent to, and taken from, other hosts. */
  readonly sent: number
  readonly received: number
}

/** The host's traffic with others; nothing if there are no others. */
export interface Wire {
  readonly sent: number
  readonly received: number
  /** True if frames wait here for room in the ring of one of these seats. */
  holdsFramesFor(isLive: (seat: number) => boolean): boolean
}

export class HostWatch {
  readonly #heap: HostHeapLayout
  readonly #stillness: readonly Stillness[]
  readonly #ended = new Set<number>()
  /** Activity of each seat when it was last seen to change, and when that was. */
  readonly #activity: { sum: number; since: number }[]

  constructor(heap: HostHeapLayout) {
    this.#heap = heap
    const seats = Array.from({ length: heap.ranks }, (_, seat) => seat)
    this.#stillness = seats.map((seat) => new Stillness(heap.memory, seat))
    this.#activity = seats.map(() => ({ sum: -1, since: performance.now() }))
  }

  /** The thread of a seat has ended: nobody reads its rings any more. */
  ended(seat: number): void {
    this.#ended.add(seat)
  }

  hasEnded(seat: number): boolean {
    return this.#ended.has(seat)
  }

  phaseOf(seat: number): number {
    return (this.#stillness[seat] as Stillness).phase
  }

  look(wire: Wire | undefined): HostLook {
    const { sent, received } = wire ?? { sent: 0, received: 0 }
    let quiet = wire?.holdsFramesFor((seat) => !this.#ended.has(seat)) !== true
    let mark = this.#ended.size + sent + received
    for (const [seat, stillness] of this.#stillness.entries()) {
      const { count } = stillness
      mark += count
      if ((count & 1) === 0 && !this.#ended.has(seat)) quiet = false
    }
    // Most looks end here: some rank computes.
    if (!quiet) return { quiet, mark, sent, received }
    this.#eachRing((reader, { written, read }) => {
      mark += written
      if (written !== read && !this.#ended.has(reader)) quiet = false
    })
    return { quiet, mark, sent, received }
  }

  /** Seconds since each seat has sent or taken a frame, as far as calls of this function could see. */
  silentSeconds(): number[] {
    const sums = new Array<number>(this.#heap.ranks + 1).fill(0)
    this.#eachRing((reader, { written, read }, writer) => {
      sums[writer] = (sums[writer] as number) + written
      sums[reader] = (sums[reader] as number) + read
    })
    const now = performance.now()
    return this.#activity.map((activity, seat) => {
      const sum = sums[seat] as number
      if (sum !== activity.sum) Object.assign(activity, { sum, since: now })
      return (now - activity.since) / 1000
    })
  }

  #eachRing(visit: (reader: number, positions: { written: number; read: number }, writer: number) => void): void {
    const { memory, ranks } = this.#heap
    for (let writer = 0; writer <= ranks; writer++)
      for (let reader = 0; reader <= ranks; reader++)
        if (writer !== reader) visit(reader, ringPositions(memory, ringOffset(ranks, writer, reader)), writer)
  }
}
