/**
 * Keys for the sockets of a job, made by Node's own X25519: to load zeromq.js for that would cost every start on several
 * agents 16 ms of a processor. Keys of CURVE are X25519's, in the text form Z85 (RFC 26 CURVE, RFC 32 Z85).
 */
import { generateKeyPairSync } from 'node:crypto'
import { encodeZ85 } from '../base/z85.ts'
import type { LinkKeys } from '../transport/admission.ts'

/** A fresh pair. */
export function curveKeys(): Pick<LinkKeys, 'publicKey' | 'secretKey'> {
  const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  return {
    publicKey: encodeZ85(Buffer.from(x as string, 'base64url')),
    secretKey: encodeZ85(Buffer.from(d as string, 'base64url')),
  }
}
