/**
 * Who may connect to this process and who has tried: the answer to libzmq's question about a key that a client has proved
 * to hold, or says in the clear (RFC 27, ZAP), and the count of those who were turned away. Whoever owns the sockets hands over what libzmq
 * asks and tells: zmq-guard.ts and native-link.ts.
 */
import { encodeZ85 } from '../base/z85.ts'

export const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
export const ZAP_DOMAIN = 'tsmpi'

/** What an agent proves itself with; keys are Z85 text. */
export interface LinkKeys {
  readonly publicKey: string
  readonly secretKey: string
  /**
   * False: CURVE, which encrypts. True: PLAIN, with the public keys of both ends as name and password, which nobody but
   * the agents is told: they keep others out, but who can read the wire reads messages, and keys too.
   */
  readonly inTheClear: boolean
}

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

/** Who is admitted, and the count of the others. */
export class Admission {
  readonly #mechanism: 'CURVE' | 'PLAIN'
  /** What they are known by: their key, and without encryption the password after it. */
  readonly #admitted: ReadonlySet<string>
  #accepted = 0
  #finished = 0
  #ended = 0
  #silent = 0
  #wrongKey = 0
  #address: string | undefined

  /**
   * @param own keys of this process
   * @param admittedKeys public keys of those who may connect, Z85; its own is none of them, in the clear it is the password
   */
  constructor(own: LinkKeys, admittedKeys: readonly string[]) {
    const others = admittedKeys.filter((key) => key !== own.publicKey)
    this.#mechanism = own.inTheClear ? 'PLAIN' : 'CURVE'
    this.#admitted = new Set(own.inTheClear ? others.map((key) => `${key} ${own.publicKey}`) : others)
  }

  /** Something became of a connection. @param cryptographic for errors of the protocol: it was the key that did not fit */
  note(event: ConnectionEvent, cryptographic: boolean): void {
    if (event === 'accept') this.#accepted++
    else if (event === 'handshake') this.#finished++
    else if (event === 'disconnect') this.#ended++
    else if (event === 'handshake:error:auth') this.#wrongKey++
    else if (event === 'handshake:error:other') this.#silent++
    else if (event === 'handshake:error:protocol' && cryptographic) this.#wrongKey++
  }

  /** The answer to a question of libzmq: yes to the job's agents, no to all others. */
  answer([asker, , version, id, domain, address, , mechanism, ...credentials]: readonly Buffer[]): Buffer[] {
    const known =
      domain?.toString() === ZAP_DOMAIN &&
      mechanism?.toString() === this.#mechanism &&
      this.#admitted.has(this.#nameOf(credentials))
    if (!known) this.#address = address?.toString()
    const verdict = known ? ['200', 'OK', 'agent', ''] : ['400', 'not an agent of this job', '', '']
    const texts = verdict.map((text) => Buffer.from(text))
    return [asker as Buffer, Buffer.alloc(0), version as Buffer, id as Buffer, ...texts]
  }

  #nameOf([first = Buffer.alloc(0), password]: readonly Buffer[]): string {
    return this.#mechanism === 'CURVE' ? encodeZ85(first) : `${String(first)} ${String(password)}`
  }

  get strangers(): Strangers {
    const connections = this.#accepted - this.#finished
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
