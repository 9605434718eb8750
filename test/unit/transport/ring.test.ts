/** Rings and their memory: what goes in comes out, in order, whatever the sizes. */
import fc from 'fast-check'
import t from 'tap'
import { FreeList } from '../../../runtime/base/free-list.ts'
import { wordsOf } from '../../../runtime/base/words.ts'
import {
  HEADER_BYTES,
  ringBytes,
  ringPositions,
  RingReader,
  RingWriter,
  type Places,
} from '../../../runtime/transport/ring.ts'
import { Frame } from '../../../runtime/transport/transport.ts'

const CAPACITY = 4096

function openRing(): { writer: RingWriter; reader: RingReader; memory: SharedArrayBuffer } {
  const memory = new SharedArrayBuffer(64 + ringBytes(CAPACITY) + 4096)
  const places: Places = {
    placeOf: (bytes) => ({ segment: 0, offset: bytes.byteOffset }),
    bytesAt: (_, offset, nbytes) => new Uint8Array(memory, offset, nbytes),
  }
  const end = [memory, 64, CAPACITY, places] as const
  return { writer: new RingWriter(...end), reader: new RingReader(...end), memory }
}

const arbitraryFrame = fc.record(
  {
    kind: fc.integer({ min: 1, max: 6 }),
    flags: fc.integer({ min: 0, max: 255 }),
    elementType: fc.integer({ min: 0, max: 11 }),
    context: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    tag: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    source: fc.integer({ min: 0, max: 65_535 }),
    dest: fc.integer({ min: 0, max: 65_535 }),
    id: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    aux: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    nbytes: fc.integer({ min: 0, max: 2 ** 40 }),
    address: fc.constant(0),
    payload: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: CAPACITY / 2 - HEADER_BYTES })),
  },
  { noNullPrototype: true },
)

t.test(
  'RingWriter and RingReader deliver every frame unchanged and in order, around the end and when full',
  async (t) => {
    fc.assert(
      fc.property(fc.array(arbitraryFrame, { maxLength: 60 }), fc.infiniteStream(fc.boolean()), (frames, readNow) => {
        const { writer, reader } = openRing()
        const expected = [...frames]
        const pending = [...frames]
        const received = new Frame()
        while (expected.length > 0) {
          const next = pending[0]
          const written = next !== undefined && writer.write(Object.assign(new Frame(), next))
          if (written) pending.shift()
          if (written && readNow.next().value === true) continue
          if (!reader.ready) {
            reader.tell()
            continue
          }
          reader.read(received)
          const { payload, region: _region, ...rest } = received
          t.strictSame({ ...rest, payload: payload?.slice() }, expected.shift())
          reader.advance()
        }
        return !reader.ready
      }),
      { numRuns: 200 },
    )
  },
)

/** Bytes from `at` on in memory of their own, which may be words or not. */
const place = fc.nat({ max: 7 })

t.test('short payloads are the same whether they are copied as words or as bytes, at either end', async () => {
  const payloads = fc.array(fc.tuple(fc.uint8Array({ maxLength: 160 }), place, place, fc.nat({ max: 12 })))
  fc.assert(
    fc.property(payloads, (messages) => {
      const { writer, reader } = openRing()
      const [sent, received] = [new Frame(), new Frame()]
      for (const [content, from, to, room] of messages) {
        const payload = new Uint8Array(from + content.length).subarray(from)
        payload.set(content)
        const target = new Uint8Array(to + content.length + room).fill(7).subarray(to)
        sent.payload = payload
        if (!writer.write(sent, wordsOf(payload))) return false
        reader.peek(received)
        reader.take(target, content.length, wordsOf(target))
        reader.tell()
        if (Buffer.compare(target, Buffer.concat([content, new Uint8Array(room).fill(7)])) !== 0) return false
      }
      return !reader.ready
    }),
    { numRuns: 300 },
  )
})

t.test('a full ring refuses a frame, and takes it when the reader has advanced', async (t) => {
  const { writer, reader } = openRing()
  const frame = Object.assign(new Frame(), { payload: new Uint8Array(960) })
  let written = 0
  while (writer.write(frame)) written++
  const line = 64 // one stays free
  t.equal(written, Math.floor((CAPACITY - line) / (HEADER_BYTES + 960)))
  t.notOk(writer.write(frame))
  reader.read(new Frame())
  t.notOk(writer.write(frame), 'reading alone frees nothing: the payload may still be in use')
  t.ok(reader.ready)
  reader.advance()
  reader.tell()
  t.ok(writer.write(frame))
})

t.test(
  'records of one line, laps of them, with longer ones at any place between: none is seen twice or too early',
  async () => {
    // After a lap of single lines the first word behind a record is not cleared any more.
    const lap = CAPACITY / 64
    const stretch = fc.record({
      lines: fc.nat({ max: 3 * lap }),
      longer: fc.nat({ max: CAPACITY / 2 - HEADER_BYTES }),
      behind: fc.constantFrom(0, 0, 0, 1, lap / 4),
    })
    // As the program's bytes could be: lines that look like the first of a record, in either lap.
    const content = Uint8Array.from({ length: CAPACITY / 2 }, (_, i) => (((i >> 6) & 1) === 0 ? 0x41 : 0x42))
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 2, maxLength: 8 }), (stretches) => {
        const { writer, reader } = openRing()
        const [sent, received] = [new Frame(), new Frame()]
        let [written, read] = [0, 0]
        const take = (): void => {
          if (reader.ready !== read < written) throw new Error(`ready is ${reader.ready} after ${read} of ${written}`)
          if (!reader.ready) {
            reader.tell()
            return
          }
          reader.read(received)
          if (received.tag !== read++) throw new Error(`frame ${received.tag} instead of ${read - 1}`)
          reader.advance()
        }
        const put = (nbytes: number): void => {
          sent.tag = written
          sent.payload = content.subarray(0, nbytes)
          while (!writer.write(sent)) take()
          written++
        }
        for (const { lines, longer, behind } of stretches) {
          for (let i = 0; i < lines; i++) {
            put(i % 17)
            while (written - read > behind) take()
            if (behind === 0) take()
          }
          put(longer)
        }
        while (read < written) take()
      }),
      { numRuns: 500 },
    )
  },
)

t.test(
  'room is free as soon as the reader tells, at the latest when a quarter of the ring has been read',
  async (t) => {
    const { writer, reader, memory } = openRing()
    const told = (): number => ringPositions(memory, 64).read
    for (let i = 0; i < 20; i++) writer.write(new Frame())
    const pass = (): void => {
      reader.read(new Frame())
      reader.advance()
    }
    pass()
    t.equal(told(), 0)
    reader.tell()
    t.equal(told(), 64)
    for (let i = 1; i < 16; i++) pass()
    t.equal(told(), 64)
    pass()
    t.equal(told(), 17 * 64)
  },
)

t.test('a region arrives as the same memory', async (t) => {
  const { writer, reader, memory } = openRing()
  const region = new Uint8Array(memory, 64 + ringBytes(CAPACITY), 100).fill(7)
  writer.write(Object.assign(new Frame(), { region }))
  const received = new Frame()
  t.ok(reader.ready)
  reader.read(received)
  region[99] = 8
  t.equal(received.region?.byteLength, 100)
  t.equal((received.region as Uint8Array)[99], 8)
})

t.test('an address arrives in the place of a region', async (t) => {
  const { writer, reader } = openRing()
  for (const address of [2 ** 47 - 1, 0]) writer.write(Object.assign(new Frame(), { address, nbytes: 2 ** 33 }))
  const received = new Frame()
  for (const address of [2 ** 47 - 1, 0]) {
    t.ok(reader.ready)
    reader.read(received)
    t.match({ ...received }, { address, nbytes: 2 ** 33, region: undefined })
    reader.advance()
  }
})

t.test('FreeList never hands out overlapping blocks and loses none', async () => {
  const operations = fc.array(
    fc.record({ take: fc.boolean(), size: fc.integer({ min: 0, max: 2000 }), which: fc.nat() }),
    {
      maxLength: 200,
    },
  )
  fc.assert(
    fc.property(operations, (steps) => {
      const total = 64 * 200
      const list = new FreeList()
      list.donate(0, total)
      const blocks: { offset: number; size: number }[] = []
      for (const { take, size, which } of steps) {
        if (take) {
          const offset = list.take(size)
          if (offset === undefined) continue
          if (offset % 64 !== 0 || offset + size > total) return false
          if (blocks.some((block) => offset < block.offset + block.size && block.offset < offset + size)) return false
          blocks.push({ offset, size: Math.max(size, 1) })
        } else if (blocks.length > 0) {
          const [block] = blocks.splice(which % blocks.length, 1)
          list.give((block as { offset: number }).offset)
        }
      }
      for (const { offset } of blocks) list.give(offset)
      return list.take(total) === 0
    }),
  )
})
