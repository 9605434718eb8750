/**
 * The start channel: the standard input and output of an agent, by which it was started (directly, through ssh, through
 * any other command). It carries everything between launcher and agent: the job with its secrets, commands, events, and
 * what the ranks print. When it closes, the other side is gone: a killed launcher leaves nothing behind.
 *
 * Both directions carry packets: magic, type, flags, rank, length, payload. The agent's threads write theirs with one
 * synchronous `write` each, at most PACKET_MAX bytes, which a pipe keeps in one piece; what a native library prints
 * past Node lands between packets and is passed on as it is.
 */
import { writeSync } from 'node:fs'

/** Starts every packet. A NUL byte does not occur in text that libraries print. */
const MAGIC = Buffer.from([0x00, 0x54, 0x4d, 0x01])
/** Bytes of a packet besides its payload. */
export const HEADER = 14
/** PIPE_BUF of Linux: longer writes to a pipe may be interleaved with those of other threads (POSIX write(2)). */
const PACKET_MAX = 4096
/** Longest payload of one packet. */
export const PAYLOAD_MAX = PACKET_MAX - HEADER

export const PACKET = {
  /** Agent to launcher: bytes that rank `rank` wrote to file descriptor `flags`. */
  OUTPUT: 1,
  /** Agent to launcher: an event as JSON, in pieces; `flags` is 1 on all but the last. */
  EVENT: 2,
  /** Launcher to agent: a command as JSON. */
  COMMAND: 3,
  /** Launcher to agent: standard input of the ranks that get it; empty at its end. */
  STDIN: 4,
  /** Agent to launcher: what rank `rank` has recorded; `flags` is one of TRACE_FLAG. */
  TRACE: 5,
  /** Both ways: I am here. Empty. */
  BEAT: 6,
  /** Both ways, where several agents share a connection: bytes of agent number `rank` there; `flags` is one of CARRIED. */
  CARRIED: 7,
} as const

export const CARRIED = {
  /** Of its standard input or output. */
  BYTES: 0,
  /** Of its standard error. */
  COMPLAINT: 1,
  /** Its standard input ends; or it has ended, with this exit code or signal as JSON. */
  END: 2,
} as const

export const TRACE_FLAG = {
  /** Whole records. */
  RECORDS: 0,
  /** The name of a call, a place in the program, or a communicator's name: its number, a space and the text. */
  CALL: 1,
  PLACE: 2,
  COMMUNICATOR: 3,
} as const

export interface Packet {
  readonly type: number
  readonly flags: number
  readonly rank: number
  readonly payload: Buffer
}

export function encodePacket(type: number, flags: number, rank: number, payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(HEADER + payload.length)
  MAGIC.copy(packet)
  packet.writeUInt8(type, 4)
  packet.writeUInt8(flags, 5)
  packet.writeInt32LE(rank, 6)
  packet.writeUInt32LE(payload.length, 10)
  packet.set(payload, HEADER)
  return packet
}

/** Cuts a byte stream into packets, and the text between packets. */
export class PacketParser {
  readonly #onPacket: (packet: Packet) => void
  readonly #onStray: (bytes: Buffer) => void
  #pending: Buffer = Buffer.alloc(0)

  constructor(onPacket: (packet: Packet) => void, onStray: (bytes: Buffer) => void) {
    this.#onPacket = onPacket
    this.#onStray = onStray
  }

  /** True if nothing is there of a packet whose rest is yet to come. */
  get idle(): boolean {
    return this.#pending.length === 0
  }

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (this.#next());
  }

  /** Takes one packet or stray text off the front; false if more bytes are needed. */
  #next(): boolean {
    const bytes = this.#pending
    const start = bytes.indexOf(MAGIC)
    if (start !== 0) return this.#stray(start === -1 ? bytes.length - magicPrefix(bytes) : start)
    if (bytes.length < HEADER) return false
    const length = bytes.readUInt32LE(10)
    if (bytes.length < HEADER + length) return false
    this.#pending = bytes.subarray(HEADER + length)
    this.#onPacket({
      type: bytes.readUInt8(4),
      flags: bytes.readUInt8(5),
      rank: bytes.readInt32LE(6),
      payload: bytes.subarray(HEADER, HEADER + length),
    })
    return true
  }

  #stray(length: number): boolean {
    if (length <= 0) return false
    this.#onStray(this.#pending.subarray(0, length))
    this.#pending = this.#pending.subarray(length)
    return this.#pending.length > 0
  }
}

/** Bytes at the end that may be the beginning of MAGIC. */
function magicPrefix(bytes: Buffer): number {
  for (let n = Math.min(MAGIC.length - 1, bytes.length); n > 0; n--)
    if (bytes.subarray(bytes.length - n).equals(MAGIC.subarray(0, n))) return n
  return 0
}

/** Tells the launcher what a rank printed. Synchronous: printed is printed, even if the thread blocks or dies next. */
export function writeOutput(fd: 1 | 2, rank: number, bytes: Uint8Array): void {
  for (const packet of outputPackets(fd, rank, bytes)) writeAll(packet)
}

/** Tells the launcher an event; `rank` is -1 for the agent itself. Synchronous, as `writeOutput` is. */
export function writeEvent(rank: number, event: object): void {
  for (const packet of eventPackets(rank, event)) writeAll(packet)
}

/** What a rank printed, as packets. */
export function outputPackets(fd: 1 | 2, rank: number, bytes: Uint8Array): Buffer[] {
  return pieces(bytes).map((piece) => encodePacket(PACKET.OUTPUT, fd, rank, piece))
}

/** An event as packets. */
export function eventPackets(rank: number, event: object): Buffer[] {
  const all = pieces(Buffer.from(JSON.stringify(event)))
  return all.map((piece, index) => encodePacket(PACKET.EVENT, index < all.length - 1 ? 1 : 0, rank, piece))
}

function pieces(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / PAYLOAD_MAX) }, (_, index) =>
    bytes.subarray(index * PAYLOAD_MAX, (index + 1) * PAYLOAD_MAX),
  )
}

/** Tells the launcher what a rank has recorded; at most PAYLOAD_MAX bytes. */
export function writeTrace(rank: number, flag: number, bytes: Uint8Array): void {
  writeAll(encodePacket(PACKET.TRACE, flag, rank, bytes))
}

const RETRY = new Int32Array(new SharedArrayBuffer(4))

function writeAll(packet: Buffer): void {
  for (let at = 0; at < packet.length;) {
    try {
      at += writeSync(1, packet, at)
    } catch (error) {
      // sshd may hand us one nonblocking socket as both ends; wait for the reader a millisecond at a time.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      Atomics.wait(RETRY, 0, 0, 1)
    }
  }
}
