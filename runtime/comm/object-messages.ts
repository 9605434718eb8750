/** Values as messages: the structured clone of Node, serialized into bytes of the element type OBJECT. */
import { deserialize, serialize } from 'node:v8'
import { OBJECT } from '../base/element-type.ts'
import { MpiError } from '../base/errors.ts'
import { describe, MessageView } from '../base/message-buffer.ts'
import { MAX_BYTES } from '../base/region.ts'

/** A value in serialized form as a message. @throws {MpiError} like `serializeObject` */
export function objectView(value: unknown, call: string): MessageView {
  const bytes = serializeObject(value, call)
  return new MessageView(OBJECT, bytes.length, bytes)
}

/** @throws {MpiError} MPI_ERR_TYPE if the value cannot be cloned, MPI_ERR_COUNT if it is too large */
export function serializeObject(value: unknown, call: string): Uint8Array {
  try {
    const { buffer, byteOffset, length } = serialize(value)
    // A plain array: `slice` of a Buffer would not copy.
    return new Uint8Array(buffer, byteOffset, length)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(call, cause)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MpiError('MPI_ERR_TYPE', `${call}: ${describe(value)} cannot be sent: ${reason}`, { cause })
  }
}

function tooLarge(call: string, cause: unknown): MpiError {
  return new MpiError(
    'MPI_ERR_COUNT',
    `${call}: the value takes more than ${MAX_BYTES} bytes in serialized form, the most that this Node can hold; send its typed arrays by themselves, with send`,
    { cause },
  )
}

export function deserializeObject<T>(bytes: Uint8Array): T {
  return deserialize(bytes) as T
}
