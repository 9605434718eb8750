/**
 * ZeroMQ between agents: one PULL socket that all others send to, and one PUSH socket to each other agent, over tcp.
 *
 * CURVE on every socket, with keys of this job only; a ZAP handler admits exactly the keys of the job's agents, so that
 * nobody else gets a frame parsed. Messages of one agent to another stay in order. (RFC 23 ZMTP, RFC 26 CURVE, RFC 27
 * ZAP.)
 */
import { Pull, Push, Reply } from 'zeromq'

export interface LinkKeys {
  readonly publicKey: string
  readonly secretKey: string
}

const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
const ZAP_DOMAIN = 'tsmpi'

/** No limit on queued messages: window credit bounds eager bytes, rendezvous bytes are sent when asked for. */
const UNLIMITED = 0

/** The receiving end of an agent. */
export class ZmqInbox {
  readonly endpoint: string
  readonly #pull: Pull

  private constructor(pull: Pull, endpoint: string) {
    this.#pull = pull
    this.endpoint = endpoint
  }

  /**
   * Listens on a port of the system's choice.
   *
   * @param address interface to listen on
   * @param admitted public keys of those who may send, Z85
   */
  static async open(address: string, keys: LinkKeys, admitted: readonly string[]): Promise<ZmqInbox> {
    await guard(admitted)
    const pull = new Pull({
      receiveHighWaterMark: UNLIMITED,
      curveServer: true,
      curveSecretKey: keys.secretKey,
      zapDomain: ZAP_DOMAIN,
      linger: 0,
    })
    await pull.bind(`tcp://${address}:*`)
    return new ZmqInbox(pull, pull.lastEndpoint as string)
  }

  /** Calls `deliver` for each message, until the socket closes. */
  async listen(deliver: (parts: Buffer[]) => void): Promise<void> {
    for await (const parts of this.#pull) deliver(parts)
  }
}

/** The sending end towards one agent: a queue that never blocks the caller. */
export class ZmqOutbox {
  readonly #push: Push
  readonly #queue: Uint8Array[][] = []
  #sending = false

  constructor(endpoint: string, keys: LinkKeys, serverKey: string) {
    this.#push = new Push({
      sendHighWaterMark: UNLIMITED,
      curveServerKey: serverKey,
      curvePublicKey: keys.publicKey,
      curveSecretKey: keys.secretKey,
      linger: 0,
    })
    this.#push.connect(endpoint)
  }

  /** Queues a message. Parts above 128 bytes are sent from where they are: they must stay unchanged until received. */
  send(parts: Uint8Array[], onError: (error: unknown) => void): void {
    this.#queue.push(parts)
    if (!this.#sending) this.#pump().catch(onError)
  }

  /** One send at a time: the library allows no more on a socket. */
  async #pump(): Promise<void> {
    this.#sending = true
    try {
      for (let parts = this.#queue.shift(); parts !== undefined; parts = this.#queue.shift())
        await this.#push.send(parts)
    } finally {
      this.#sending = false
    }
  }
}

/** Answers libzmq's questions whether a client may connect (RFC 27): yes to the keys of the job, no to all others. */
async function guard(admitted: readonly string[]): Promise<void> {
  const handler = new Reply({ linger: 0 })
  await handler.bind(ZAP_ENDPOINT)
  void answer(handler, new Set(admitted))
}

async function answer(handler: Reply, admitted: ReadonlySet<string>): Promise<void> {
  for await (const [version, id, , , , mechanism, key] of handler) {
    const known = mechanism?.toString() === 'CURVE' && key !== undefined && admitted.has(encodeZ85(key))
    const verdict = known ? ['200', 'OK', 'agent', ''] : ['400', 'not an agent of this job', '', '']
    await handler.send([version as Buffer, id as Buffer, ...verdict])
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
