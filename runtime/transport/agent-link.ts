/**
 * The contract of the sockets between agents, and what their two forms have in common: zmq-link.ts goes through zeromq.js
 * and works everywhere, native-link.ts calls libzmq itself and is quicker. One PULL socket that all others send to, and
 * one PUSH socket to each other agent, over tcp.
 *
 * Every socket has keys of this job only; admission.ts admits exactly those of the job's agents, so that nobody else gets a
 * frame parsed. Messages of one agent to another stay in order. (RFC 23 ZMTP, RFC 24 PLAIN, RFC 26 CURVE.)
 */
import { isIPv6Address } from '../base/ip-address.ts'
import type { AddressedBytes } from '../base/native-calls.ts'
import type { LinkKeys, Strangers } from './admission.ts'
import type { Doorbell } from './doorbell.ts'

/** Where to listen. */
export interface Listening {
  /** Address of an interface, IPv4 or IPv6. */
  readonly address: string
  /** Ports to choose from, both ends included; undefined: any that the system has. */
  readonly ports: { readonly first: number; readonly last: number } | undefined
  /** Longest part of a message, in bytes: who sends more is cut off, before memory is taken for it. */
  readonly partMax: number
  /** Time for a connection to prove its key, in milliseconds. Absent: HANDSHAKE_MS. */
  readonly handshakeMs?: number
}

/** Chooses memory for the second part of a message by its first. */
export type Place = (first: Buffer) => Part | undefined

/** The receiving end of an agent. */
export interface Inbox {
  /** Where others connect to. */
  readonly endpoint: string
  /** Who else came. */
  readonly strangers: Strangers
  /**
   * Calls `deliver` for each message. Its parts are the library's: they stay as they are until `deliver` returns. (To keep
   * them, copy them: `slice` of a Buffer does not.)
   * Errors of `deliver` go to `onError`, and nothing is heard any more.
   *
   * @param place where the second part of a message may be put, by its first; that part is then what lies there, or, if that is
   *   an address, something as long. Undefined: anywhere. It may be called for messages that `deliver` finds fault with. Not all inboxes ask
   */
  listen(deliver: (parts: readonly Buffer[]) => void, onError: (error: unknown) => void, place?: Place): void
  close(): Promise<void>
}

/** Of a message that leaves: the first is memory of this thread, others may be known by their address only. */
export type Part = Uint8Array | AddressedBytes

/** The sending end towards one agent: a queue that never blocks the caller. */
export interface Outbox {
  /** Where the other agent listens. */
  readonly endpoint: string
  /** Why there has not been a connection yet; undefined once there was one. */
  readonly trouble: string | undefined
  /** Connections that were begun and came to nothing; the other agent may have taken them for a stranger's. */
  readonly unfinished: number
  /** Queues a message. Its parts may be sent from where they are: they must stay unchanged until received. */
  send(parts: readonly Part[], onError: (error: unknown) => void): void
  close(): void
}

/** What the thread with the sockets does for the ranks of its host. */
export interface RankDuty {
  /** By which ranks wake this thread. */
  readonly doorbell: Doorbell
  /** True if a rank has left something. */
  readonly ready: () => boolean
  /** Takes what ranks have left; true if there was anything. */
  readonly drain: () => boolean
  /** How long the thread may sleep until the event loop has to turn, in milliseconds; 0 or less: not at all. */
  readonly restMs: () => number
}

/** The sockets of an agent, and how its thread waits for them and for its ranks. */
export interface AgentLinks {
  readonly inbox: Inbox
  /** What ranks wake this thread with, beside the doorbell: a descriptor to write into; undefined if it needs none. */
  readonly wakeEnd: number | undefined
  /** @param onBroken called when a connection that held has ended: what it carried may be lost */
  outbox(endpoint: string, keys: LinkKeys, serverKey: string, onBroken?: () => void): Outbox
  /** Begins to serve ranks. */
  attend(duty: RankDuty, onError: (error: unknown) => void): void
}

/** No limit on queued messages: window credit bounds eager bytes, rendezvous bytes are sent when asked for. */
export const UNLIMITED = 0
/**
 * A connection that has not proved its key by then is closed. An agent that had no time to answer is connected to again
 * by libzmq: nothing is lost, since nothing is sent before.
 */
export const HANDSHAKE_MS = 3000
/** Connections that the system keeps until they are accepted: enough that a crowd of strangers does not keep agents out. */
export const BACKLOG = 1024
/** What CURVE adds to a part, with room to spare (33 bytes, RFC 26). */
export const CURVE_OVERHEAD = 256
/** Longest part that comes back to a PUSH socket: commands of the handshake. */
export const HANDSHAKE_MAX: number = 4 * CURVE_OVERHEAD
/** Events of connections taken in one turn: a flood of connections must not keep the thread from its work. */
export const EVENTS_A_TURN = 64

/** Takes the first port that is free. @throws Error if the address is not of this machine or no port is free */
export async function bindFirstFree(
  { address, ports }: Listening,
  bind: (endpoint: string) => Promise<void> | void,
): Promise<void> {
  const host = isIPv6Address(address) ? `[${address}]` : address
  if (ports === undefined) return bind(`tcp://${host}:*`)
  for (let port = ports.first; port <= ports.last; port++) {
    try {
      return await bind(`tcp://${host}:${port}`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error(`all ports from ${ports.first} to ${ports.last} of ${address} are taken: give a wider range`)
}
