/**
 * Frames between agents: a header part of HEADER_BYTES, little endian, and a payload part. Regions do not travel: memory
 * of one host means nothing on another.
 */
import { Frame } from '../transport/transport.ts'

/** Kinds that only agents speak, beside those of transport.ts. */
export const WIRE = {
  /** To the sender's agent: send the bytes of message `id`. */
  PULL: 16,
  /** To the receiver's agent: bytes of message `id`, from `aux`-th chunk on. */
  CHUNK: 17,
} as const

const HEADER_BYTES = 48

export function encodeHeader(frame: Frame): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES)
  header.writeUInt8(frame.kind, 0)
  header.writeUInt8(frame.flags, 1)
  header.writeUInt16LE(frame.elementType, 2)
  header.writeInt32LE(frame.context, 4)
  header.writeInt32LE(frame.tag, 8)
  header.writeInt32LE(frame.source, 12)
  header.writeInt32LE(frame.dest, 16)
  header.writeInt32LE(frame.id, 20)
  header.writeInt32LE(frame.aux, 24)
  header.writeDoubleLE(frame.nbytes, 32)
  return header
}

/** The frame of a message's parts. @throws RangeError if the message is none of ours */
export function decodeFrame(parts: readonly Buffer[]): Frame {
  const [header, payload] = parts
  if (header === undefined || header.length !== HEADER_BYTES)
    throw new RangeError(
      `a message of another agent has a header of ${header?.length ?? 0} bytes, expected ${HEADER_BYTES}`,
    )
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
  frame.nbytes = header.readDoubleLE(32)
  frame.payload = payload
  return frame
}

/** A frame that an agent makes itself. */
export function makeFrame(kind: number, fields: Partial<Frame>): Frame {
  return Object.assign(new Frame(), { kind }, fields)
}
