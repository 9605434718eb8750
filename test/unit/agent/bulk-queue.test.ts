/** Bulk to one agent: bounded, in turns, in order. */
import fc from 'fast-check'
import t from 'tap'
import { BulkQueue } from '../../../runtime/agent/bulk-queue.ts'
import { makeFrame, WIRE } from '../../../runtime/agent/wire-format.ts'

interface Piece {
  readonly id: number
  readonly more: boolean
  readonly bytes: Uint8Array
}

const PIECE = 4
const WINDOW = 12

function queueWith(): { queue: BulkQueue; pieces: Piece[] } {
  const pieces: Piece[] = []
  const queue = new BulkQueue({
    pieceBytes: PIECE,
    windowBytes: WINDOW,
    send: ({ id, aux }, bytes) => pieces.push({ id, more: aux === 1, bytes: bytes as Uint8Array }),
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
  const queue = new BulkQueue({ pieceBytes: PIECE, windowBytes: WINDOW, send: (_frame, bytes) => pieces.push(bytes) })
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

t.test(
  'BulkQueue sends each message whole, in order, with its end marked, and never more than a window and a piece',
  async () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 60 }), { maxLength: 12 }), fc.array(fc.nat({ max: 3 })), (sizes, order) => {
        const { queue, pieces } = queueWith()
        let taken = 0
        const take = (): boolean => {
          const piece = pieces[taken]
          if (piece === undefined) return false
          taken++
          queue.arrived(piece.bytes.length)
          return true
        }
        const underWay = (): number => pieces.slice(taken).reduce((sum, { bytes }) => sum + bytes.length, 0)
        for (const [id, nbytes] of sizes.entries()) {
          queue.add(header(id), message(id, nbytes))
          if (underWay() >= WINDOW + PIECE) return false
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
