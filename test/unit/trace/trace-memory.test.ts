/** The shared memory of a rank's record: what is taken is what was written, in order, whatever the pace of both sides. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import {
  decodeRecords,
  RECORD,
  RECORD_BYTES,
  TraceMemory,
  type TraceRecord,
} from '../../../runtime/trace/trace-memory.ts'

const record = (id: number): TraceRecord => ({
  kind: RECORD.SEND,
  begun: id + 0.25,
  ended: id + 0.5,
  nbytes: 2 ** 33 + id,
  call: 127,
  context: 2 ** 31 - 2,
  peer: id % 7,
  tag: 2 ** 31 - 1,
  id: -id,
  place: 1023,
})

t.test('take() gives what write() was given, in order, and no more than was published', async () => {
  const step = fc.record({
    writes: fc.nat(12),
    publishes: fc.boolean(),
    most: fc.nat(10),
    piece: fc.integer({ min: 1, max: 5 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const shared = TraceMemory.create(8, 3)
      const [rank, agent] = [new TraceMemory(shared, 3), new TraceMemory(shared, 3)]
      const model: number[] = []
      let next = 1
      let visible = 0
      for (const { writes, publishes, most, piece } of steps) {
        for (let i = 0; i < writes; i++) {
          const fits = rank.write(record(next))
          if (fits !== model.length < 8) return false
          if (fits) model.push(next++)
        }
        if (publishes) {
          rank.publish()
          visible = model.length
        }
        const taken: TraceRecord[] = []
        const count = agent.take(most, piece, (bytes) => {
          if (bytes.length > piece * RECORD_BYTES) throw new Error('a piece is too long')
          taken.push(...decodeRecords(bytes))
        })
        const expected = model.splice(0, Math.min(most, visible)).map(record)
        visible -= expected.length
        if (count !== expected.length || !isDeepStrictEqual(taken, expected)) return false
      }
      return true
    }),
  )
})

t.test('a memory of no records keeps sums only', async (t) => {
  const memory = new TraceMemory(TraceMemory.create(0, 2), 2)
  t.notOk(memory.keepsRecords)
  t.notOk(memory.write(record(1)))
})
