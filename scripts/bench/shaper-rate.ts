/**
 * What the shaper of emulated networks carries by itself: two of them in this process, a link without limits, and no
 * sockets, encryption or ranks between. Layer below: runtime/agent/shaper.ts.
 */
import { toBytes } from '../../runtime/base/native-calls.ts'
import type { Part } from '../../runtime/transport/agent-link.ts'
import { Shaper } from '../../runtime/agent/shaper.ts'
import { CHUNK_BYTES, decodeFrame, encodeFrame, makeFrame, WIRE } from '../../runtime/agent/wire-format.ts'
import type { LinkProfile } from '../../runtime/transport/emulated-link.ts'
import { FRAME, type Frame } from '../../runtime/transport/transport.ts'

/** 1000 Gbit/s. */
const UNLIMITED: LinkProfile = { bytesPerMs: 125e6, latencyMs: 0, bufferBytes: 64 << 20 }
/** Bytes that are handed to the shaper before the others have come through. */
const WINDOW_BYTES = 8 << 20
const RANKS = [0, 1]

/** GB/s of bulk, in pieces as agents cut it. */
export function bulkGBps(nbytes: number): Promise<number> {
  const piece = new Uint8Array(CHUNK_BYTES)
  const header = makeFrame(WIRE.CHUNK, { source: 0, dest: 1, aux: 1 })
  return rate(nbytes, CHUNK_BYTES, () => [encodeFrame(header, new Uint8Array(0)), piece])
}

/** GB/s of small messages with `payloadBytes` each, which the shaper keeps until they are due. */
export function eagerGBps(nbytes: number, payloadBytes: number): Promise<number> {
  const frame = makeFrame(FRAME.EAGER, { source: 0, dest: 1, nbytes: payloadBytes })
  frame.payload = new Uint8Array(payloadBytes)
  return rate(nbytes, payloadBytes, () => [encodeFrame(frame)])
}

/** Sends `nbytes` of messages with `each` payload from one shaper to the other. */
async function rate(nbytes: number, each: number, message: () => Uint8Array[]): Promise<number> {
  let arrived = 0
  let all: () => void = () => undefined
  const done = new Promise<void>((resolve) => (all = resolve))
  const source: Shaper = shaper(0, () => undefined)
  const dest: Shaper = shaper(1, () => {
    arrived += each
    if (arrived >= nbytes) all()
  })
  const outbox = source.outbox(1, { send: (parts) => hand(parts, 0, dest) })
  dest.outbox(0, { send: (parts) => hand(parts, 1, source) })
  const begin = performance.now()
  for (let sent = 0; sent < nbytes;) {
    for (; sent < nbytes && sent - arrived < WINDOW_BYTES; sent += each) outbox.send(message(), fail)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await done
  return nbytes / (performance.now() - begin) / 1e6
}

function shaper(agent: number, deliver: (frame: Frame) => void): Shaper {
  return new Shaper({ link: UNLIMITED, oneClock: true, agent, ranks: RANKS, deliver, onError: fail })
}

function hand(parts: readonly Part[], from: number, to: Shaper): void {
  const buffers = parts.map(toBytes).map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length))
  to.receive(from, decodeFrame(buffers, RANKS.length), buffers)
}

function fail(error: unknown): never {
  throw error
}
