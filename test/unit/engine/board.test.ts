/** A rank's way round its ring: how far it may be ahead, and that nothing is overwritten that somebody has yet to read. */
import fc from 'fast-check'
import t from 'tap'
import { Board, BOARD_NBYTES, boardBytes, Span } from '../../../runtime/engine/board.ts'

const RANKS = 2
const { all, zeroed } = boardBytes(RANKS)
const RING_NBYTES = (all - zeroed) / RANKS
const SIGNATURE = 7
const ELEMENT_TYPE = 1

/** Rank 0 posts, rank 1 reads, each at its own pace. */
class Pair {
  readonly #writer: Board
  readonly #reader: Board
  /** What rank 1 has yet to read: length, and the byte of which it consists. */
  readonly #ahead: { readonly nbytes: number; readonly byte: number }[] = []
  #calls = 0
  #waits = false

  constructor() {
    const memory = new Uint8Array(new SharedArrayBuffer(all))
    const nobodySleeps = (): void => undefined
    this.#writer = new Board(memory, 0, RANKS, nobodySleeps)
    this.#reader = new Board(memory, 1, RANKS, nobodySleeps)
  }

  /** @returns false if there is no room; the next post is for the same call then */
  post(nbytes: number): boolean {
    if (!this.#waits) this.#writer.begin(SIGNATURE)
    this.#waits = !this.#writer.hasRoom(nbytes)
    if (this.#waits) return false
    const byte = this.#calls++ % 251
    const payload = new Span(new Uint8Array(nbytes).fill(byte))
    this.#writer.post({ signature: SIGNATURE, elementType: ELEMENT_TYPE, nbytes }, payload)
    this.#writer.end(nbytes)
    this.#ahead.push({ nbytes, byte })
    return true
  }

  /** Posts until there is no room, at most so many. */
  postMany(nbytes: number, most = Infinity): void {
    for (let i = 0; i < most && this.post(nbytes); i++);
  }

  /** @returns true if what was posted is there, or nothing is left to read */
  read(): boolean {
    const next = this.#ahead.shift()
    if (next === undefined) return true
    this.#reader.begin(SIGNATURE)
    if (!this.#reader.havePosted(1)) return false
    const got = new Uint8Array(next.nbytes)
    this.#reader.read(0, new Span(got), 0)
    this.#reader.end(next.nbytes)
    return got.every((byte) => byte === next.byte)
  }

  readMany(count: number): boolean {
    for (let i = 0; i < count; i++) if (!this.read()) return false
    return true
  }

  get ahead(): number {
    return this.#ahead.length
  }
}

t.test('what is posted stays until it has been read, whatever its length and however far ahead a rank is', async () => {
  const nbytes = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 20_000 }), fc.nat({ max: BOARD_NBYTES }))
  const step = fc.oneof(fc.record({ posts: fc.nat({ max: 40 }), nbytes }), fc.record({ reads: fc.nat({ max: 40 }) }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair()
      return steps.every((one) => {
        if ('reads' in one) return pair.readMany(one.reads)
        pair.postMany(one.nbytes, one.posts)
        return true
      })
    }),
    { numRuns: 25 },
  )
})

t.test(
  'a rank may be ahead by all that its ring holds once a call more has been read, however it went before',
  async () => {
    // Multiples of a line that divide the ring: then it holds so many, not one less.
    const nbytes = fc.integer({ min: 10, max: 18 }).map((exponent) => 2 ** exponent)
    const step = fc.record({ posts: fc.nat({ max: 50 }), reads: fc.nat({ max: 50 }) })
    fc.assert(
      fc.property(nbytes, fc.array(step, { maxLength: 30, size: 'max' }), (nbytes, steps) => {
        const pair = new Pair()
        for (const { posts, reads } of steps) {
          pair.postMany(nbytes, posts)
          if (!pair.readMany(reads)) return false
        }
        pair.postMany(nbytes)
        // It has gone back to the beginning, perhaps, and meets a payload there that nobody has read.
        if (!pair.read()) return false
        pair.postMany(nbytes)
        return pair.ahead === RING_NBYTES / nbytes
      }),
      { numRuns: 25 },
    )
  },
)
