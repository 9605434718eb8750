/**
 * What an emulated network is made of: the speed of a host's link, the delay of the wire, the room in a port; and what a
 * message costs on the wire. Plain numbers, part of what agents are told; the launcher makes them of `--emulate`.
 */

/** A full-duplex link between a host and its switch. All hosts of a job have the same. */
export interface LinkProfile {
  /** Bytes on the wire, headers and all: 1 Gbit/s is 125 000. */
  readonly bytesPerMs: number
  /** From the last bit sent to the last bit received on idle ports. */
  readonly latencyMs: number
  /** Bytes that a port holds before its senders have to wait. */
  readonly bufferBytes: number
}

/** The network that a job pretends to have. */
export interface EmulatedNetwork {
  readonly link: LinkProfile
  /** All agents run on one machine: what one reads from its clock means the same to the others. */
  readonly oneClock: boolean
}

/** Payload of a full Ethernet frame: MTU 1500 less IPv4 (20), TCP (20) and its timestamps (12). */
const SEGMENT_BYTES = 1448
/** The rest of that frame: 52 of TCP/IP, header and checksum of Ethernet (18), preamble (8), gap between frames (12). */
const SEGMENT_OVERHEAD = 90
/**
 * What CURVE adds to each part of a message: name (8), nonce (8), authenticator (16), flags (1); RFC 26. Counted also for a job
 * without encryption, which shall not look like another network.
 */
const CURVE_BYTES = 33
/** What ZMTP adds to that: flags, and the length in one byte if it fits, else in eight; RFC 23. */
const SHORT_FRAME = { overhead: 2, longest: 255 } as const
const LONG_FRAME_OVERHEAD = 9

/** Share of the wire that TCP's payload can have: 0.9415. */
export const PAYLOAD_SHARE = SEGMENT_BYTES / (SEGMENT_BYTES + SEGMENT_OVERHEAD)

/** Bytes on the wire of a message of these parts. */
export function wireBytes(parts: readonly { readonly length: number }[]): number {
  let carried = 0
  for (const { length } of parts) carried += zmtpBytes(length + CURVE_BYTES)
  return carried + SEGMENT_OVERHEAD * Math.ceil(carried / SEGMENT_BYTES)
}

function zmtpBytes(nbytes: number): number {
  return nbytes + (nbytes <= SHORT_FRAME.longest ? SHORT_FRAME.overhead : LONG_FRAME_OVERHEAD)
}

/** Bytes on the wire of TCP's acknowledgements for so many bytes the other way: one for every second full segment. */
export function acknowledgementBytes(wire: number): number {
  return SEGMENT_OVERHEAD * Math.floor(wire / (2 * (SEGMENT_BYTES + SEGMENT_OVERHEAD)))
}

const LARGEST_PIECE = 1 << 20
const SMALLEST_PIECE = 4 << 10
const PIECE_MS = 0.5

/**
 * Into which pieces bulk is cut: half a millisecond of the link, so that flows take turns about as packets do, and at
 * most a quarter of a port's buffer; a power of two.
 */
export function pieceBytes({ bytesPerMs, bufferBytes }: LinkProfile): number {
  const wanted = Math.min(bytesPerMs * PIECE_MS, bufferBytes / 4, LARGEST_PIECE)
  return 2 ** Math.floor(Math.log2(Math.max(wanted, SMALLEST_PIECE)))
}

/** Bytes that may be under way between two hosts: what fills the wire both ways, and the port's buffer. */
export function windowBytes({ bytesPerMs, latencyMs, bufferBytes }: LinkProfile): number {
  return bufferBytes + 2 * latencyMs * bytesPerMs
}
