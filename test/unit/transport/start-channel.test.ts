/** The start channel's packets survive being cut anywhere and mixed with text of strangers. */
import fc from 'fast-check'
import t from 'tap'
import { encodePacket, PacketParser, type Packet } from '../../../runtime/agent/start-channel.ts'

const packet = fc.record(
  {
    type: fc.integer({ min: 1, max: 4 }),
    flags: fc.integer({ min: 0, max: 255 }),
    rank: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    payload: fc.uint8Array({ maxLength: 300 }),
  },
  { noNullPrototype: true },
)
/** Text between packets, of a native library, say; it holds no NUL. */
const stray = fc.string({ unit: fc.constantFrom(...'abc \nTM'), maxLength: 30 })
const stream = fc.array(fc.oneof({ weight: 3, arbitrary: packet }, stray), { maxLength: 30 })

t.test('PacketParser finds every packet and passes on the text between', async (t) => {
  fc.assert(
    fc.property(stream, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (items, cuts) => {
      const bytes = Buffer.concat(
        items.map((item) =>
          typeof item === 'string' ? Buffer.from(item) : encodePacket(item.type, item.flags, item.rank, item.payload),
        ),
      )
      const packets: Packet[] = []
      let text = ''
      const parser = new PacketParser(
        (found) => packets.push({ ...found, payload: Buffer.from(found.payload) }),
        (found) => (text += found.toString()),
      )
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const length = cuts[cut % cuts.length] as number
        parser.push(bytes.subarray(at, at + length))
        at += length
      }
      const expected = items.filter((item) => typeof item !== 'string')
      t.equal(packets.length, expected.length)
      for (const [index, { payload, ...rest }] of packets.entries()) {
        const { payload: sent, ...head } = expected[index] as (typeof expected)[number]
        t.strictSame(rest, head)
        t.strictSame([...payload], [...sent])
      }
      return text === items.filter((item) => typeof item === 'string').join('')
    }),
    { numRuns: 200 },
  )
})
