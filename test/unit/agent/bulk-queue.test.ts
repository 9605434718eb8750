/** Bulk to one agent: bounded, in turns, in order. */
import fc from 'fast-check'
import t from 'tap'
import { BulkQueue, type BulkOptions } from '../../../runtime/agent/bulk-queue.ts'
import { CHUNK_MORE, CHUNK_TELL, makeFrame, WIRE } from '../../../runtime/agent/wire-format.ts'

interface Piece {
  readonly id: number
  readonly more: boolean
  /** It asks the receiver to say how much has come. */
  readonly asks: boolean
  readonly bytes: Uint8Array
}

const PIECE = 4
const WINDOW = 12

function queueWith(sizes: Partial<BulkOptions> = {}): { queue: BulkQueue; pieces: Piece[] } {
  const pieces: Piece[] = []
  const queue = new BulkQueue({
    pieceBytes: PIECE,
    windowBytes: WINDOW,
    grows: false,
    send: ({ id, aux }, bytes) =>
      pieces.push({
        id,
        more: (aux & CHUNK_MORE) !== 0,
        asks: (aux & CHUNK_TELL) !== 0,
        bytes: bytes as Uint8Array,
      }),
    ...sizes,
  })
  return { queue, pieces }
}

const header = (id: number): ReturnType<typeof makeFrame> => makeFrame(WIRE.CHUNK, { id })
const message = (id: number, nbytes: number): Uint8Array => Uint8Array.from({ length: nbytes }, (_, i) => 16 * id + i)

t.test('BulkQueue sends a window, and more as pieces arrive', async (t) => {
  const { queue, pieces } = queueWith()
  queue.add(header(0), message(0, 30))
  t.equal(pieces.length, 3)
  queue.arrived(PIECE)
  t.equal(pieces.length, 4)
  t.ok(pieces.every(({ more }) => more))
})

t.test('BulkQueue asks to be told twice a window', async (t) => {
  const { queue, pieces } = queueWith({ windowBytes: 4 * PIECE })
  queue.add(header(0), message(0, 10 * PIECE))
  for (let n = 0; n < 3; n++) queue.arrived(2 * PIECE)
  t.same(
    pieces.map(({ asks }) => asks),
    [false, true, false, true, false, true, false, true, false, true],
  )
})

t.test('BulkQueue has as much under way as arrives in 4.4 ms, from one window to two', async (t) => {
  const [piece, slow] = [64 << 10, 512 << 10]
  let nowMs = 0
  const { queue, pieces } = queueWith({ pieceBytes: piece, windowBytes: slow, grows: true, now: () => nowMs })
  let taken = 0
  const take = (): void => queue.arrived((pieces[taken++] as Piece).bytes.length)
  const underWay = (): number => (pieces.length - taken) * piece
  /** Bytes under way after as many have come at this rate as are looked at, and once more, for a window that shrinks. */
  const underWayAt = (bytesPerMs: number, windows = 8): number => {
    for (let n = 0; n < (windows * slow) / piece; n++) {
      nowMs += piece / bytesPerMs
      take()
    }
    return underWay()
  }
  queue.add(header(0), new Uint8Array(48 << 20))
  t.equal(underWay(), slow, 'at first as on a slow way')
  t.equal(underWayAt(1 << 20), 2 * slow, 'quick')
  t.equal(underWayAt(160_000), 704 << 10, 'between')
  t.equal(underWayAt(117_700), slow, '1 Gbit/s')
  t.equal(underWayAt(10_000), slow, 'slow')
  t.equal(underWayAt(1 << 20), 2 * slow, 'quick again')
  while (taken < pieces.length) take()
  nowMs += 10_000
  queue.add(header(1), new Uint8Array(32 << 20))
  t.equal(underWayAt(1 << 20, 4), 2 * slow, 'a pause with nothing to send says nothing')
})

t.test('BulkQueue does not take for quick what had come before a pause, untold', async (t) => {
  const [piece, slow] = [64 << 10, 512 << 10]
  let nowMs = 0
  const { queue, pieces } = queueWith({ pieceBytes: piece, windowBytes: slow, grows: true, now: () => nowMs })
  queue.add(header(0), new Uint8Array(3 * piece))
  nowMs += 1000
  queue.add(header(1), new Uint8Array(32 << 20))
  queue.arrived(3 * piece)
  let taken = 3
  for (let n = 0; n < (4 * slow) / piece; n++, taken++) {
    nowMs += piece / 117_700
    queue.arrived(piece)
  }
  t.equal((pieces.length - taken) * piece, slow)
})

t.test('BulkQueue lets messages take turns', async (t) => {
  const { queue, pieces } = queueWith()
  queue.add(header(0), message(0, 40))
  queue.add(header(1), message(1, 8))
  for (let n = 0; n < 4; n++) queue.arrived(PIECE)
  t.same(
    pieces.map(({ id }) => id),
    [0, 0, 0, 0, 1, 0, 1],
  )
})

t.test('BulkQueue cuts memory that is known by its address only', async (t) => {
  const pieces: unknown[] = []
  const { queue } = queueWith({ send: (_frame, bytes) => pieces.push(bytes) })
  queue.add(header(0), { address: 1000, length: 9 })
  t.same(pieces, [
    { address: 1000, length: 4 },
    { address: 1004, length: 4 },
    { address: 1008, length: 1 },
  ])
})

t.test('BulkQueue refuses to hear that more has come than it sent', async (t) => {
  const { queue } = queueWith()
  queue.add(header(0), message(0, 2))
  t.throws(() => queue.arrived(3), /says that 3 bytes of bulk have come when 2 were under way/)
})

for (const [grows, windows] of [
  [false, 1],
  [true, 2],
] as const)
  t.test(
    `BulkQueue sends each message whole, in order, with its end marked, and never more than a piece and ${windows} window${grows ? 's' : ''}`,
    async () => {
      fc.assert(
        fc.property(fc.array(fc.nat({ max: 200 }), { maxLength: 12 }), fc.array(fc.nat({ max: 3 })), (sizes, order) => {
          // Each reading of the clock finds another rate, so that the window grows and shrinks.
          const times = [0, 0.001, 50, 50.002, 50.004, 300]
          let [readings, nowMs] = [0, 0]
          const now = (): number => (nowMs += times[readings++ % times.length] as number)
          const { queue, pieces } = queueWith({ grows, now })
          let taken = 0
          let untold = 0
          const take = (): boolean => {
            const piece = pieces[taken]
            if (piece === undefined) return false
            taken++
            untold += piece.bytes.length
            if (piece.asks) queue.arrived(untold)
            if (piece.asks) untold = 0
            return true
          }
          const underWay = (): number => pieces.slice(taken).reduce((sum, { bytes }) => sum + bytes.length, 0)
          for (const [id, nbytes] of sizes.entries()) {
            queue.add(header(id), message(id, nbytes))
            if (underWay() >= windows * WINDOW + PIECE) return false
            for (let n = order[id] ?? 0; n > 0 && take(); n--);
          }
          while (take());
          return sizes.every((nbytes, id) => {
            const own = pieces.filter((piece) => piece.id === id)
            const whole = Buffer.concat(own.map(({ bytes }) => bytes))
            const marks = own.map(({ more }) => more)
            return whole.equals(message(id, nbytes)) && marks.pop() === false && marks.every((more) => more)
          })
        }),
      )
    },
  )
