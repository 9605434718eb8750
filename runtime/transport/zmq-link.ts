/**
 * The sockets between agents by way of zeromq.js (agent-link.ts has the contract). Everything is an event of the event
 * loop: messages, and the doorbell that ranks ring.
 */
import { Pull, Push, type Observer } from 'zeromq'
import { isIPv6Address } from '../base/ip-address.ts'
import { toBytes } from '../base/native-calls.ts'
import { Contact, ZAP_DOMAIN, type ConnectionEvent, type LinkKeys, type Strangers } from './admission.ts'
import {
  BACKLOG,
  bindFirstFree,
  CURVE_OVERHEAD,
  HANDSHAKE_MAX,
  HANDSHAKE_MS,
  UNLIMITED,
  type AgentLinks,
  type Inbox,
  type Listening,
  type Outbox,
  type Part,
  type RankDuty,
} from './agent-link.ts'
import { Guard } from './zmq-guard.ts'

/** The sockets of an agent. One a process: libzmq asks one handler for keys. */
export class ZmqLinks implements AgentLinks {
  readonly inbox: Inbox
  readonly wakeEnd = undefined

  private constructor(inbox: Inbox) {
    this.inbox = inbox
  }

  /**
   * Begins to listen.
   *
   * @param admitted public keys of those who may send, Z85
   * @throws Error if the address is not of this machine or no port is free
   */
  static async open(where: Listening, keys: LinkKeys, admitted: readonly string[]): Promise<ZmqLinks> {
    return new ZmqLinks(await ZmqInbox.open(where, keys, admitted))
  }

  outbox(endpoint: string, keys: LinkKeys, serverKey: string, onBroken?: () => void): Outbox {
    return new ZmqOutbox(endpoint, keys, serverKey, onBroken)
  }

  attend(duty: RankDuty, onError: (error: unknown) => void): void {
    serveRanks(duty).catch(onError)
  }
}

async function serveRanks({ doorbell, drain, ready }: RankDuty): Promise<void> {
  for (;;) {
    while (drain()) await new Promise((resolve) => setImmediate(resolve))
    doorbell.lieDown()
    if (!ready()) await doorbell.sleepAsync()
    doorbell.getUp()
  }
}

class ZmqInbox implements Inbox {
  readonly #pull: Pull
  readonly #guard: Guard

  private constructor(pull: Pull, guard: Guard) {
    this.#pull = pull
    this.#guard = guard
  }

  get endpoint(): string {
    return this.#pull.lastEndpoint as string
  }

  static async open(where: Listening, keys: LinkKeys, admitted: readonly string[]): Promise<ZmqInbox> {
    const guard = await Guard.open(keys, admitted)
    const pull = new Pull({
      receiveHighWaterMark: UNLIMITED,
      maxMessageSize: where.partMax + CURVE_OVERHEAD,
      handshakeInterval: where.handshakeMs ?? HANDSHAKE_MS,
      backlog: BACKLOG,
      ipv6: isIPv6Address(where.address),
      ...(keys.inTheClear ? { plainServer: true } : { curveServer: true, curveSecretKey: keys.secretKey }),
      zapDomain: ZAP_DOMAIN,
      linger: 0,
    })
    void guard.watch(pull.events)
    const inbox = new ZmqInbox(pull, guard)
    try {
      await bindFirstFree(where, (endpoint) => pull.bind(endpoint))
    } catch (error) {
      await inbox.close()
      throw error
    }
    return inbox
  }

  listen(deliver: (parts: readonly Buffer[]) => void, onError: (error: unknown) => void): void {
    this.#listen(deliver).catch(onError)
  }

  get strangers(): Strangers {
    return this.#guard.strangers
  }

  async close(): Promise<void> {
    this.#pull.close()
    await this.#guard.close()
  }

  async #listen(deliver: (parts: readonly Buffer[]) => void): Promise<void> {
    while (!this.#pull.closed)
      try {
        for await (const parts of this.#pull) deliver(parts)
      } catch (error) {
        // Under load the library sometimes wakes its receiver although there is nothing yet, and says so.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
  }
}

export class ZmqOutbox implements Outbox {
  readonly endpoint: string
  readonly #push: Push
  readonly #queue: Uint8Array[][] = []
  readonly #contact: Contact
  #sending = false

  /** @param onBroken called when a connection that held has ended */
  constructor(endpoint: string, keys: LinkKeys, serverKey: string, onBroken: () => void = () => undefined) {
    this.endpoint = endpoint
    this.#push = new Push({
      sendHighWaterMark: UNLIMITED,
      maxMessageSize: HANDSHAKE_MAX,
      ipv6: endpoint.includes('['),
      ...(keys.inTheClear
        ? { plainUsername: keys.publicKey, plainPassword: serverKey }
        : { curveServerKey: serverKey, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey }),
      linger: 0,
    })
    this.#contact = new Contact(onBroken)
    void this.#watch(this.#push.events)
    this.#push.connect(endpoint)
  }

  get trouble(): string | undefined {
    return this.#contact.trouble
  }

  get unfinished(): number {
    return this.#contact.unfinished
  }

  send(parts: readonly Part[], onError: (error: unknown) => void): void {
    this.#queue.push(parts.map(toBytes))
    if (!this.#sending) this.#pump().catch(onError)
  }

  close(): void {
    this.#push.close()
  }

  /** Events are read as long as the socket lives: libzmq's thread waits for somebody to take them. */
  async #watch(events: Observer): Promise<void> {
    for await (const { type } of events) this.#contact.note(type as ConnectionEvent)
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
