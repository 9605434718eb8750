/**
 * What a rank lets its agent see without being asked, in the second cache line of its seat: how far it has come in the
 * job, and whether it is *still*, that is, waits for messages and nothing of its own could wake it.
 *
 * The word of stillness only grows: it is odd while the rank is still, and every way out of stillness makes it another
 * number. A still rank takes no frame out of a ring before it has said that it is still no longer. So whoever reads the
 * same odd number twice knows that the rank has taken and sent nothing in between.
 */
import { seatOffset } from './host-heap.ts'

const STILLNESS = 0
const PHASE = 1
const LINE_BYTES = 64

/** How far a rank has come. */
export const PHASE_OF_RANK = {
  /** It has not called `run` yet. */
  STARTING: 0,
  /** Its main function is under way. */
  RUNNING: 1,
  /** Its main function has returned. */
  FINISHED: 2,
} as const

export class Stillness {
  readonly #words: Int32Array

  constructor(heap: SharedArrayBuffer, seat: number) {
    this.#words = new Int32Array(heap, seatOffset(seat) + LINE_BYTES, 2)
  }

  /** True if the rank is still. */
  get still(): boolean {
    return (this.count & 1) === 1
  }

  /** How often the rank has become still, or ceased to be. */
  get count(): number {
    return Atomics.load(this.#words, STILLNESS)
  }

  /** For the rank itself: it is still, or it is no longer. */
  toggle(): void {
    Atomics.add(this.#words, STILLNESS, 1)
  }

  get phase(): number {
    return Atomics.load(this.#words, PHASE)
  }

  set phase(phase: number) {
    Atomics.store(this.#words, PHASE, phase)
  }
}
