/**
 * Keys for the sockets of a job, made by Node's own X25519: to load zeromq.js for that would cost every start on several
 * agents 16 ms of a processor. Keys of CURVE are X25519's, in the text form Z85 (RFC 26 CURVE, RFC 32 Z85).
 */
import { generateKeyPairSync } from 'node:crypto'
import type { CurveKeys } from '../agent/job-description.ts'

/** A fresh pair. */
export function curveKeys(): CurveKeys {
  const { x, d } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  return {
    publicKey: z85(Buffer.from(x as string, 'base64url')),
    secretKey: z85(Buffer.from(d as string, 'base64url')),
  }
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
const DIGITS_A_WORD = 5

/** @param bytes a multiple of four */
export function z85(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.readUInt32BE(at)
    for (let place = DIGITS_A_WORD - 1; place >= 0; place--)
      text += DIGITS[Math.floor(word / DIGITS.length ** place) % DIGITS.length]
  }
  return text
}
