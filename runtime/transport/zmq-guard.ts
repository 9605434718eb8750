/**
 * Who may connect to this process: libzmq asks for every key that a client has proved to hold (RFC 27, ZAP), and the
 * answer is yes to the keys of the job's agents, no to all others. Everybody who connects without getting that far is
 * turned away by libzmq itself; here they are counted.
 */
import { Router, type Observer } from 'zeromq'

const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
export const ZAP_DOMAIN = 'tsmpi'

/** Events taken in one turn of the event loop: a flood of connections must not keep the thread from its work. */
const EVENTS_A_TURN = 64

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

/** Answers for one process; libzmq knows no more than one such handler. */
export class Guard {
  /** Not a Reply socket: that one is of no more use once somebody has left between question and answer. */
  readonly #handler = new Router({ linger: 0, sendHighWaterMark: 0 })
  readonly #admittedKeys: ReadonlySet<string>
  #accepted = 0
  #admitted = 0
  #ended = 0
  #silent = 0
  #wrongKey = 0
  #address: string | undefined

  private constructor(admittedKeys: readonly string[]) {
    this.#admittedKeys = new Set(admittedKeys)
  }

  /** Begins to answer. @param admittedKeys public keys of those who may connect, Z85 */
  static async open(admittedKeys: readonly string[]): Promise<Guard> {
    const guard = new Guard(admittedKeys)
    await guard.#handler.bind(ZAP_ENDPOINT)
    void guard.#answer()
    return guard
  }

  /** Counts who comes to a socket. */
  async watch(events: Observer): Promise<void> {
    let n = 0
    for await (const event of events) {
      if (event.type === 'accept') this.#accepted++
      else if (event.type === 'handshake') this.#admitted++
      else if (event.type === 'disconnect') this.#ended++
      else if (event.type === 'handshake:error:auth') this.#wrongKey++
      else if (event.type === 'handshake:error:other') this.#silent++
      else if (event.type === 'handshake:error:protocol' && event.error.code === 'ERR_ZMTP_CRYPTOGRAPHIC')
        this.#wrongKey++
      if (++n % EVENTS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  get strangers(): Strangers {
    const connections = this.#accepted - this.#admitted
    const undecided = Math.max(0, connections - this.#ended)
    return { connections, silent: this.#silent + undecided, wrongKey: this.#wrongKey, address: this.#address }
  }

  async close(): Promise<void> {
    await this.#handler.unbind(ZAP_ENDPOINT)
    this.#handler.close()
  }

  async #answer(): Promise<void> {
    for await (const [asker, , version, id, domain, address, , mechanism, key] of this.#handler) {
      const known =
        domain?.toString() === ZAP_DOMAIN &&
        mechanism?.toString() === 'CURVE' &&
        key !== undefined &&
        this.#admittedKeys.has(encodeZ85(key))
      if (!known) this.#address = address?.toString()
      const verdict = known ? ['200', 'OK', 'agent', ''] : ['400', 'not an agent of this job', '', '']
      await this.#handler.send([asker as Buffer, '', version as Buffer, id as Buffer, ...verdict])
    }
  }
}

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

/** Z85 text of a key of 32 bytes (RFC 32): ZAP hands over bytes, keys are configured as text. */
export function encodeZ85(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let value = bytes.readUInt32BE(at)
    let group = ''
    for (let i = 0; i < 5; i++) {
      group = (Z85[value % 85] as string) + group
      value = Math.floor(value / 85)
    }
    text += group
  }
  return text
}
