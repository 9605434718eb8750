/** What other agents send is a valid frame or a clear error, whatever the bytes. */
import fc from 'fast-check'
import t from 'tap'
import {
  CHUNK_BYTES,
  decodeFrame,
  encodeFrame,
  HEADER_BYTES,
  makeFrame,
  WIRE,
} from '../../../runtime/agent/wire-format.ts'
import { ELEMENT_TYPES } from '../../../runtime/base/element-type.ts'
import { FRAME, type Frame } from '../../../runtime/transport/transport.ts'

const WORLD = 7
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const rank = fc.integer({ min: 0, max: WORLD - 1 })
const TRAVELLING = [
  FRAME.EAGER,
  FRAME.RTS,
  FRAME.FIN,
  FRAME.CREDIT,
  WIRE.PULL,
  WIRE.CHUNK,
  WIRE.TAKEN,
  WIRE.BEAT,
  WIRE.ARRIVED,
] as const

const NOTHING = new Uint8Array(0)

/** The message of a valid frame. */
const valid = fc
  .record({
    kind: fc.constantFrom(...TRAVELLING),
    flags: fc.constantFrom(0, 1),
    elementType: fc.integer({ min: 0, max: ELEMENT_TYPES.length - 1 }),
    context: int32,
    tag: int32,
    source: rank,
    dest: rank,
    id: int32,
    aux: int32,
    nbytes: fc.maxSafeNat(),
    payload: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ kind, payload, nbytes, ...rest }) => {
    const carries = kind === FRAME.EAGER || kind === WIRE.CHUNK
    const frame = makeFrame(kind, { ...rest, nbytes: kind === FRAME.EAGER ? payload.length : nbytes })
    frame.payload = carries ? payload : new Uint8Array(0)
    return frame
  })

function partsOf(frame: Frame): Buffer[] {
  return [encodeFrame(frame, NOTHING), Buffer.from(frame.payload as Uint8Array)]
}

t.test('decodeFrame() reads what encodeFrame() wrote, in one part or with bulk beside', async (t) => {
  fc.assert(
    fc.property(valid, (frame) => {
      const { payload: sent, ...written } = frame
      return [partsOf(frame), [encodeFrame(frame)]].every((parts) => {
        const { payload, ...fields } = decodeFrame(parts, WORLD)
        t.strictSame(fields, written)
        return Buffer.compare(payload as Buffer, sent as Uint8Array) === 0
      })
    }),
  )
})

/** The frame of any parts, or the error's text; every other outcome fails the test. */
function outcome(parts: readonly Uint8Array[]): Frame | string {
  try {
    return decodeFrame(
      parts.map((part) => Buffer.from(part)),
      WORLD,
    )
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return error.message
  }
}

function isSound(result: Frame | string): boolean {
  if (typeof result === 'string')
    return /^a message of another agent is malformed: its .+ is \S+, expected .+/.test(result)
  const { kind, source, dest, nbytes, elementType, payload } = result
  const ranks = [source, dest].every((one) => one >= 0 && one < WORLD)
  const size = Number.isSafeInteger(nbytes) && nbytes >= 0 && (payload?.length ?? 0) <= CHUNK_BYTES
  return TRAVELLING.some((one) => one === kind) && ranks && size && elementType < ELEMENT_TYPES.length
}

t.test('decodeFrame() makes a valid frame or a clear error of every message', async () => {
  const header = fc.oneof(
    { weight: 3, arbitrary: fc.uint8Array({ minLength: HEADER_BYTES, maxLength: HEADER_BYTES }) },
    fc.uint8Array({ maxLength: 200 }),
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 20 })), { maxLength: 4 }), (parts) =>
      isSound(outcome(parts)),
    ),
    { numRuns: 2000 },
  )
})

t.test('decodeFrame() makes a valid frame or a clear error of valid messages with bytes changed', async () => {
  const change = fc.record({
    at: fc.integer({ min: 0, max: HEADER_BYTES - 1 }),
    byte: fc.integer({ max: 255, min: 0 }),
  })
  fc.assert(
    fc.property(valid, fc.array(change, { minLength: 1, maxLength: 5 }), (frame, changes) => {
      const [header, payload] = partsOf(frame) as [Buffer, Buffer]
      for (const { at, byte } of changes) header.writeUInt8(byte, at)
      return isSound(outcome([header, payload]))
    }),
    { numRuns: 2000 },
  )
})

t.test('decodeFrame() names the field that is wrong, its value and what is allowed', async (t) => {
  const frame = (fields: Partial<Frame>): Frame =>
    Object.assign(makeFrame(FRAME.RTS, { payload: new Uint8Array(0) }), fields)
  const cases: readonly (readonly [Partial<Frame>, string])[] = [
    [{ kind: FRAME.WANT }, 'its kind is 3, expected 1, 2, 5, 6, 16, 17, 18, 19, 20'],
    [{ kind: 99 }, 'its kind is 99, expected 1, 2, 5, 6, 16, 17, 18, 19, 20'],
    [{ payload: new Uint8Array(1) }, 'its length of the payload is 1, expected at most 0 bytes'],
    [
      { kind: WIRE.CHUNK, payload: new Uint8Array(CHUNK_BYTES + 1) },
      'its length of the payload is 131073, expected at most 131072 bytes',
    ],
    [{ flags: 2 }, 'its flags is 2, expected 0 or 1'],
    [{ elementType: 500 }, `its element type is 500, expected 0..${ELEMENT_TYPES.length - 1}`],
    [{ source: -1 }, 'its source is -1, expected 0..6'],
    [{ dest: 7 }, 'its dest is 7, expected 0..6'],
    [{ nbytes: NaN }, 'its size is NaN, expected a number of bytes'],
    [{ nbytes: -8 }, 'its size is -8, expected a number of bytes'],
    [{ nbytes: 2 ** 60 }, 'its size is 1152921504606847000, expected a number of bytes'],
    [{ kind: FRAME.EAGER, nbytes: 9 }, "its size is 9, expected 0, the payload's"],
  ]
  for (const [fields, text] of cases)
    t.equal(outcome(partsOf(frame(fields))), `a message of another agent is malformed: ${text}`)
  t.equal(outcome([]), 'a message of another agent is malformed: its number of parts is 0, expected 1 or 2')
  t.match(outcome([NOTHING, NOTHING, NOTHING]), 'its number of parts is 3, expected 1 or 2')
  t.match(outcome([new Uint8Array(47)]), 'its length of the header is 47, expected 48 bytes')
  t.match(outcome([new Uint8Array(49), NOTHING]), 'its length of the header is 49, expected 48 bytes')
  t.match(outcome([new Uint8Array(3), new Uint8Array(0)]), 'its length of the header is 3, expected 48 bytes')
})
