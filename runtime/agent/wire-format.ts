/**
 * Frames between agents: a header of HEADER_BYTES, little endian, and the payload, in one part; bulk is a part of its own,
 * so that it need not be copied. Regions do not travel: memory of one host means nothing on another.
 *
 * Invariant: what `decodeFrame` returns is a frame that the relay can deal with, of this job's ranks; every other message
 * is an error that says what is wrong with it. Nothing is allocated that the message did not bring along.
 */
import { ELEMENT_TYPES } from '../base/element-type.ts'
import type { Part } from '../transport/agent-link.ts'
import { FAR_EAGER_LIMIT } from '../transport/shm.ts'
import { FLAG_SYNCHRONOUS, FRAME, Frame } from '../transport/transport.ts'

/** Kinds that only agents speak, beside those of transport.ts. */
export const WIRE = {
  /** To the sender's agent: send the bytes of message `id`. */
  PULL: 16,
  /** To the receiver's agent: the next bytes of message `id`; `aux` is made of CHUNK_MORE and CHUNK_TELL. */
  CHUNK: 17,
  /** Of an emulated network (shaper.ts): the receiver's port has taken `nbytes`; `aux` bytes may be under way. */
  TAKEN: 18,
  /** The agent of `source` is here. */
  BEAT: 19,
  /** To the sender's agent: `nbytes` of bulk have come since the last (bulk-queue.ts). */
  ARRIVED: 20,
} as const

/** More bytes of the message follow. */
export const CHUNK_MORE = 1
/** The other agent wants to be told when these bytes have come. */
export const CHUNK_TELL = 2

/**
 * Bulk travels in pieces, none longer than that, so that messages take turns. Pieces of 64 KiB and of 1 MiB cost more: the
 * former each a turn of libzmq's encryption, the latter leave the cache between its steps.
 */
export const CHUNK_BYTES = 128 << 10

export const HEADER_BYTES = 48

/** No part of a message between agents is longer. */
export const PART_MAX: number = Math.max(CHUNK_BYTES, HEADER_BYTES + FAR_EAGER_LIMIT)

/** Longest payload of the kinds that travel; of FRAME's kinds, WANT and LANDED stay inside a host. */
const LONGEST_PAYLOAD: Readonly<Record<number, number>> = {
  [FRAME.EAGER]: FAR_EAGER_LIMIT,
  [FRAME.RTS]: 0,
  [FRAME.FIN]: 0,
  [FRAME.CREDIT]: 0,
  [WIRE.PULL]: 0,
  [WIRE.CHUNK]: CHUNK_BYTES,
  [WIRE.TAKEN]: 0,
  [WIRE.BEAT]: 0,
  [WIRE.ARRIVED]: 0,
}

/** The message of a frame with a copy of its payload. For bulk, the payload is left out and sent as a second part. */
export function encodeFrame(frame: Frame, payload: Uint8Array | undefined = frame.payload): Buffer {
  const nbytes = payload === undefined ? 0 : payload.length
  const header = Buffer.allocUnsafe(HEADER_BYTES + nbytes)
  if (nbytes > 0) header.set(payload as Uint8Array, HEADER_BYTES)
  header.writeUInt8(frame.kind, 0)
  header.writeUInt8(frame.flags, 1)
  header.writeUInt16LE(frame.elementType, 2)
  header.writeInt32LE(frame.context, 4)
  header.writeInt32LE(frame.tag, 8)
  header.writeInt32LE(frame.source, 12)
  header.writeInt32LE(frame.dest, 16)
  header.writeInt32LE(frame.id, 20)
  header.writeInt32LE(frame.aux, 24)
  header.writeDoubleLE(frame.nbytes, 28)
  header.writeDoubleLE(0, TIME_AT)
  header.writeUInt32LE(0, NUMBER_AT)
  return header
}

/** Where an emulated network puts the time of a message, in milliseconds; 0 without one. */
const TIME_AT = 36

/** Where the number of a message on its link stands (transport/frame-order.ts); in beats, that of the next. */
const NUMBER_AT = 44

export function writeNumber([header]: readonly Part[], number: number): void {
  const { buffer, byteOffset } = header as Uint8Array
  new DataView(buffer, byteOffset).setUint32(NUMBER_AT, number, true)
}

export function readNumber([header]: readonly Buffer[]): number {
  return (header as Buffer).readUInt32LE(NUMBER_AT)
}

export function writeTime([header]: readonly Part[], ms: number): void {
  const { buffer, byteOffset } = header as Uint8Array
  new DataView(buffer, byteOffset).setFloat64(TIME_AT, ms, true)
}

export function readTime([header]: readonly Buffer[]): number {
  return (header as Buffer).readDoubleLE(TIME_AT)
}

/** Whose bytes follow a header: the message's sender and number, if the header, which nobody has checked, is of a chunk. */
export function chunkOf(header: Buffer): Pick<Frame, 'source' | 'id'> | undefined {
  if (header.length !== HEADER_BYTES || header.readUInt8(0) !== WIRE.CHUNK) return undefined
  return { source: header.readInt32LE(12), id: header.readInt32LE(20) }
}

/**
 * The frame of a message's parts.
 *
 * @param worldSize ranks of the job
 * @throws RangeError if the message is none of ours: it says which field is wrong, the value and what is allowed
 */
export function decodeFrame(parts: readonly Buffer[], worldSize: number): Frame {
  const [header, bulk] = parts
  if (parts.length > 2 || header === undefined) throw malformed('number of parts', parts.length, '1 or 2')
  if (header.length < HEADER_BYTES || (bulk !== undefined && header.length > HEADER_BYTES))
    throw malformed('length of the header', header.length, `${HEADER_BYTES} bytes`)
  const payload = bulk ?? header.subarray(HEADER_BYTES)
  const frame = new Frame()
  frame.kind = header.readUInt8(0)
  frame.flags = header.readUInt8(1)
  frame.elementType = header.readUInt16LE(2)
  frame.context = header.readInt32LE(4)
  frame.tag = header.readInt32LE(8)
  frame.source = header.readInt32LE(12)
  frame.dest = header.readInt32LE(16)
  frame.id = header.readInt32LE(20)
  frame.aux = header.readInt32LE(24)
  frame.nbytes = header.readDoubleLE(28)
  frame.payload = payload
  check(frame, payload.length, worldSize)
  return frame
}

/** A handful of comparisons a frame: nothing beside the system calls that brought it. */
function check(frame: Frame, payloadBytes: number, worldSize: number): void {
  const { kind, flags, elementType, source, dest, nbytes } = frame
  const longest = LONGEST_PAYLOAD[kind]
  if (longest === undefined) throw malformed('kind', kind, Object.keys(LONGEST_PAYLOAD).join(', '))
  if (payloadBytes > longest) throw malformed('length of the payload', payloadBytes, `at most ${longest} bytes`)
  if ((flags & ~FLAG_SYNCHRONOUS) !== 0) throw malformed('flags', flags, `0 or ${FLAG_SYNCHRONOUS}`)
  if (elementType >= ELEMENT_TYPES.length)
    throw malformed('element type', elementType, `0..${ELEMENT_TYPES.length - 1}`)
  if (!(source >= 0 && source < worldSize)) throw malformed('source', source, `0..${worldSize - 1}`)
  if (!(dest >= 0 && dest < worldSize)) throw malformed('dest', dest, `0..${worldSize - 1}`)
  if (!(Number.isSafeInteger(nbytes) && nbytes >= 0)) throw malformed('size', nbytes, 'a number of bytes')
  if (kind === FRAME.EAGER && nbytes !== payloadBytes) throw malformed('size', nbytes, `${payloadBytes}, the payload's`)
}

function malformed(field: string, value: number, allowed: string): RangeError {
  return new RangeError(`a message of another agent is malformed: its ${field} is ${value}, expected ${allowed}`)
}

/** A frame that an agent makes itself. */
export function makeFrame(kind: number, fields: Partial<Frame>): Frame {
  return Object.assign(new Frame(), { kind }, fields)
}
