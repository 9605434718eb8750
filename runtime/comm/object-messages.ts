/** Values as messages: the structured clone of Node, serialized into bytes of the element type OBJECT. */
import { deserialize, serialize } from 'node:v8'
import { OBJECT } from '../base/element-type.ts'
import { MpiError } from '../base/errors.ts'
import { describe, MessageView } from '../base/message-buffer.ts'

/** A value in serialized form as a message. @throws {MpiError} MPI_ERR_TYPE if the value cannot be cloned */
export function objectView(value: unknown, call: string): MessageView {
  const bytes = serializeObject(value, call)
  return new MessageView(OBJECT, bytes.length, bytes)
}

/** @throws {MpiError} MPI_ERR_TYPE if the value cannot be cloned */
export function serializeObject(value: unknown, call: string): Uint8Array {
  try {
    const { buffer, byteOffset, length } = serialize(value)
    // A plain array: `slice` of a Buffer would not copy.
    return new Uint8Array(buffer, byteOffset, length)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MpiError('MPI_ERR_TYPE', `${call}: ${describe(value)} cannot be sent: ${reason}`, { cause })
  }
}

export function deserializeObject<T>(bytes: Uint8Array): T {
  return deserialize(bytes) as T
}
