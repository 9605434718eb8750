/**
 * ZeroMQ between agents: one PULL socket that all others send to, and one PUSH socket to each other agent, over tcp.
 *
 * CURVE on every socket, with keys of this job only; zmq-guard.ts admits exactly the keys of the job's agents, so that
 * nobody else gets a frame parsed. Messages of one agent to another stay in order. (RFC 23 ZMTP, RFC 26 CURVE.)
 */
import { isIPv6 } from 'node:net'
import { Pull, Push, type Observer } from 'zeromq'
import { Guard, ZAP_DOMAIN, type Strangers } from './zmq-guard.ts'

export interface LinkKeys {
  readonly publicKey: string
  readonly secretKey: string
}

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

/** No limit on queued messages: window credit bounds eager bytes, rendezvous bytes are sent when asked for. */
const UNLIMITED = 0
/**
 * A connection that has not proved its key by then is closed. An agent that had no time to answer is connected to again
 * by libzmq: nothing is lost, since nothing is sent before.
 */
const HANDSHAKE_MS = 3000
/** Connections that the system keeps until they are accepted: enough that a crowd of strangers does not keep agents out. */
const BACKLOG = 1024
/** What CURVE adds to a part, with room to spare (33 bytes, RFC 26). */
const CURVE_OVERHEAD = 256

/** The receiving end of an agent. */
export class ZmqInbox {
  readonly #pull: Pull
  readonly #guard: Guard

  private constructor(pull: Pull, guard: Guard) {
    this.#pull = pull
    this.#guard = guard
  }

  /** Where others connect to. */
  get endpoint(): string {
    return this.#pull.lastEndpoint as string
  }

  /**
   * Begins to listen. One inbox a process.
   *
   * @param admitted public keys of those who may send, Z85
   * @throws Error if the address is not of this machine or no port is free
   */
  static async open(where: Listening, keys: LinkKeys, admitted: readonly string[]): Promise<ZmqInbox> {
    const guard = await Guard.open(admitted)
    const pull = new Pull({
      receiveHighWaterMark: UNLIMITED,
      maxMessageSize: where.partMax + CURVE_OVERHEAD,
      handshakeInterval: where.handshakeMs ?? HANDSHAKE_MS,
      backlog: BACKLOG,
      ipv6: isIPv6(where.address),
      curveServer: true,
      curveSecretKey: keys.secretKey,
      zapDomain: ZAP_DOMAIN,
      linger: 0,
    })
    void guard.watch(pull.events)
    const inbox = new ZmqInbox(pull, guard)
    try {
      await bind(pull, where)
    } catch (error) {
      await inbox.close()
      throw error
    }
    return inbox
  }

  /** Calls `deliver` for each message, until the socket closes. */
  async listen(deliver: (parts: Buffer[]) => void): Promise<void> {
    while (!this.#pull.closed)
      try {
        for await (const parts of this.#pull) deliver(parts)
      } catch (error) {
        // Under load the library sometimes wakes its receiver although there is nothing yet, and says so.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
  }

  /** Who else came. */
  get strangers(): Strangers {
    return this.#guard.strangers
  }

  async close(): Promise<void> {
    this.#pull.close()
    await this.#guard.close()
  }
}

/** Takes the first port that is free. */
async function bind(pull: Pull, { address, ports }: Listening): Promise<void> {
  const host = isIPv6(address) ? `[${address}]` : address
  if (ports === undefined) return pull.bind(`tcp://${host}:*`)
  for (let port = ports.first; port <= ports.last; port++) {
    try {
      return await pull.bind(`tcp://${host}:${port}`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error(`all ports from ${ports.first} to ${ports.last} of ${address} are taken: give a wider range`)
}

const NO_ANSWER = 'no answer'

/** The sending end towards one agent: a queue that never blocks the caller. */
export class ZmqOutbox {
  /** Where the other agent listens. */
  readonly endpoint: string
  readonly #push: Push
  readonly #queue: Uint8Array[][] = []
  #sending = false
  #trouble: string | undefined = NO_ANSWER

  /** @param onBroken called when a connection that held has ended: what it carried may be lost */
  constructor(endpoint: string, keys: LinkKeys, serverKey: string, onBroken: () => void = () => undefined) {
    this.endpoint = endpoint
    this.#push = new Push({
      sendHighWaterMark: UNLIMITED,
      // The other end sends commands of the handshake only.
      maxMessageSize: CURVE_OVERHEAD * 4,
      ipv6: endpoint.includes('['),
      curveServerKey: serverKey,
      curvePublicKey: keys.publicKey,
      curveSecretKey: keys.secretKey,
      linger: 0,
    })
    void this.#watch(this.#push.events, onBroken)
    this.#push.connect(endpoint)
  }

  /** Why there has not been a connection yet; undefined once there was one. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Queues a message. Parts above 128 bytes are sent from where they are: they must stay unchanged until received. */
  send(parts: Uint8Array[], onError: (error: unknown) => void): void {
    this.#queue.push(parts)
    if (!this.#sending) this.#pump().catch(onError)
  }

  close(): void {
    this.#push.close()
  }

  /** Events are read as long as the socket lives: libzmq's thread waits for somebody to take them. */
  async #watch(events: Observer, onBroken: () => void): Promise<void> {
    let connected = false
    for await (const { type } of events) {
      if (type === 'connect') connected = true
      else if (type === 'handshake') {
        this.#trouble = undefined
      } else if (this.#trouble === undefined) {
        if (type === 'disconnect') onBroken()
      } else {
        if (type === 'handshake:error:auth') this.#trouble = 'it refuses our key'
        else if (type === 'disconnect' && this.#trouble === NO_ANSWER)
          this.#trouble = 'what listens there is no agent of this job'
        else if (type === 'connect:retry' && !connected) this.#trouble = 'the connection is refused'
      }
    }
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
