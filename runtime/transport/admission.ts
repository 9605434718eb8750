/**
 * Who may connect to this process and who has tried: the answer to libzmq's question about a key that a client has proved
 * to hold (RFC 27, ZAP), and the count of those who were turned away. Whoever owns the sockets hands over what libzmq
 * asks and tells: zmq-guard.ts and native-link.ts.
 */
import { encodeZ85 } from '../base/z85.ts'

export const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
export const ZAP_DOMAIN = 'tsmpi'

/** What becomes of a connection, in the words of zeromq.js. */
export type ConnectionEvent =
  | 'accept'
  | 'connect'
  | 'connect:retry'
  | 'disconnect'
  | 'handshake'
  | 'handshake:error:auth'
  | 'handshake:error:other'
  | 'handshake:error:protocol'

/** Connections that were not of this job, by how far they got. */
export interface Strangers {
  /** All of them, those that are still open and silent included. */
  readonly connections: number
  /** Said too little to be judged until they left, were closed after a time, or the job ended. */
  readonly silent: number
  /** Spoke the protocol, with a key that is none of the job's. */
  readonly wrongKey: number
  /** Where the last of those with a whole key of their own came from: nobody else gives an address. */
  readonly address: string | undefined
}

/** The keys that are admitted, and the count of the others. */
export class Admission {
  readonly #admittedKeys: ReadonlySet<string>
  #accepted = 0
  #admitted = 0
  #ended = 0
  #silent = 0
  #wrongKey = 0
  #address: string | undefined

  /** @param admittedKeys public keys of those who may connect, Z85 */
  constructor(admittedKeys: readonly string[]) {
    this.#admittedKeys = new Set(admittedKeys)
  }

  /** Something became of a connection. @param cryptographic for errors of the protocol: it was the key that did not fit */
  note(event: ConnectionEvent, cryptographic: boolean): void {
    if (event === 'accept') this.#accepted++
    else if (event === 'handshake') this.#admitted++
    else if (event === 'disconnect') this.#ended++
    else if (event === 'handshake:error:auth') this.#wrongKey++
    else if (event === 'handshake:error:other') this.#silent++
    else if (event === 'handshake:error:protocol' && cryptographic) this.#wrongKey++
  }

  /** The answer to a question of libzmq: yes to the keys of the job's agents, no to all others. */
  answer([asker, , version, id, domain, address, , mechanism, key]: readonly Buffer[]): Buffer[] {
    const known =
      domain?.toString() === ZAP_DOMAIN &&
      mechanism?.toString() === 'CURVE' &&
      key !== undefined &&
      this.#admittedKeys.has(encodeZ85(key))
    if (!known) this.#address = address?.toString()
    const verdict = known ? ['200', 'OK', 'agent', ''] : ['400', 'not an agent of this job', '', '']
    const texts = verdict.map((text) => Buffer.from(text))
    return [asker as Buffer, Buffer.alloc(0), version as Buffer, id as Buffer, ...texts]
  }

  get strangers(): Strangers {
    const connections = this.#accepted - this.#admitted
    const undecided = Math.max(0, connections - this.#ended)
    return { connections, silent: this.#silent + undecided, wrongKey: this.#wrongKey, address: this.#address }
  }
}

const NO_ANSWER = 'no answer'

/** What is known of the connection to another agent. */
export class Contact {
  readonly #onBroken: () => void
  #begun = 0
  #finished = 0
  #trouble: string | undefined = NO_ANSWER

  /** @param onBroken called when a connection that held has ended: what it carried may be lost */
  constructor(onBroken: () => void) {
    this.#onBroken = onBroken
  }

  /** Why there has not been a connection yet; undefined once there was one. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /**
   * Connections that were begun and came to nothing, one under way included: on a busy machine a handshake may take longer
   * than the other side waits, which then counts a stranger. The first is under way before anything is known of it.
   */
  get unfinished(): number {
    return Math.max(this.#begun - this.#finished, this.#trouble === undefined ? 0 : 1)
  }

  note(event: ConnectionEvent): void {
    if (event === 'connect') this.#begun++
    if (event === 'handshake') {
      this.#finished++
      this.#trouble = undefined
    } else if (this.#trouble === undefined) {
      if (event === 'disconnect') this.#onBroken()
    } else if (event === 'handshake:error:auth') this.#trouble = 'it refuses our key'
    else if (event === 'disconnect' && this.#trouble === NO_ANSWER)
      this.#trouble = 'what listens there is no agent of this job'
    else if (event === 'connect:retry' && this.#begun === 0) this.#trouble = 'the connection is refused'
  }
}
