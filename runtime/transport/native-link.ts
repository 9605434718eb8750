/**
 * The sockets between agents by calls of libzmq itself (agent-link.ts has the contract, native-zmq.ts the calls): the
 * thread sleeps in the system's `poll` until a message has come or a rank has rung, and deals with it at once.
 *
 * Invariant: a descriptor of libzmq tells that something has happened, not that something is there. So a socket is asked
 * until it has nothing more, and one that was left before that is asked again before the next sleep.
 */
import { isIPv6Address } from '../base/ip-address.ts'
import {
  Admission,
  Contact,
  ZAP_DOMAIN,
  ZAP_ENDPOINT,
  type ConnectionEvent,
  type LinkKeys,
  type Strangers,
} from './admission.ts'
import {
  BACKLOG,
  bindFirstFree,
  CURVE_OVERHEAD,
  EVENTS_A_TURN,
  HANDSHAKE_MAX,
  HANDSHAKE_MS,
  UNLIMITED,
  type AgentLinks,
  type Inbox,
  type Listening,
  type Outbox,
  type Part,
  type Place,
  type RankDuty,
} from './agent-link.ts'
import { NativeSocket, OPTION, SOCKET, type Libzmq } from './native-zmq.ts'
import { SocketPump } from './socket-pump.ts'

/** Messages taken from one socket before others have their turn. */
const MESSAGES_A_TURN = 64
/** Longest question about a key: nine or ten parts, an address and names among them. */
const QUESTION_BYTES = 8192

export class NativeLinks implements AgentLinks {
  readonly inbox: Inbox
  readonly #lib: Libzmq
  readonly #pump: SocketPump

  private constructor(lib: Libzmq, pump: SocketPump, inbox: Inbox) {
    this.#lib = lib
    this.#pump = pump
    this.inbox = inbox
  }

  /**
   * Begins to listen.
   *
   * @param admitted public keys of those who may send, Z85
   * @throws Error if the address is not of this machine or no port is free
   */
  static async open(lib: Libzmq, where: Listening, keys: LinkKeys, admitted: readonly string[]): Promise<NativeLinks> {
    const pump = new SocketPump()
    return new NativeLinks(lib, pump, await NativeInbox.open(lib, pump, where, keys, admitted))
  }

  get wakeEnd(): number {
    return this.#pump.wakeEnd
  }

  outbox(endpoint: string, keys: LinkKeys, serverKey: string, onBroken: () => void = () => undefined): Outbox {
    return new NativeOutbox(this.#lib, this.#pump, endpoint, keys, serverKey, onBroken)
  }

  /** Errors of what is called are thrown out of the event loop. */
  attend(duty: RankDuty): void {
    this.#pump.attend(duty)
  }
}

class NativeInbox implements Inbox {
  readonly endpoint: string
  readonly #pump: SocketPump
  readonly #admission: Admission
  readonly #pull: NativeSocket

  private constructor(pump: SocketPump, admission: Admission, pull: NativeSocket) {
    this.#pump = pump
    this.#admission = admission
    this.#pull = pull
    this.endpoint = pull.lastEndpoint
  }

  static async open(
    lib: Libzmq,
    pump: SocketPump,
    where: Listening,
    keys: LinkKeys,
    admitted: readonly string[],
  ): Promise<NativeInbox> {
    const admission = new Admission(keys, admitted)
    const handler = new NativeSocket(lib, SOCKET.ROUTER, QUESTION_BYTES)
    handler.set(OPTION.SNDHWM, UNLIMITED)
    handler.bind(ZAP_ENDPOINT)
    pump.add(
      handler,
      upTo(EVENTS_A_TURN, handler, (question) => handler.send(admission.answer(question))),
    )
    const pull = new NativeSocket(lib, SOCKET.PULL, 2 * (where.partMax + CURVE_OVERHEAD))
    pull.set(OPTION.RCVHWM, UNLIMITED)
    pull.set(OPTION.MAXMSGSIZE, where.partMax + CURVE_OVERHEAD)
    pull.set(OPTION.HANDSHAKE_IVL, where.handshakeMs ?? HANDSHAKE_MS)
    pull.set(OPTION.BACKLOG, BACKLOG)
    pull.set(OPTION.IPV6, Number(isIPv6Address(where.address)))
    if (keys.inTheClear) pull.set(OPTION.PLAIN_SERVER, 1)
    else {
      pull.set(OPTION.CURVE_SERVER, 1)
      pull.set(OPTION.CURVE_SECRETKEY, keys.secretKey)
    }
    pull.set(OPTION.ZAP_DOMAIN, ZAP_DOMAIN)
    watch(pump, pull, (event, cryptographic) => admission.note(event, cryptographic))
    try {
      await bindFirstFree(where, (endpoint) => pull.bind(endpoint))
    } catch (error) {
      await pump.close()
      throw error
    }
    return new NativeInbox(pump, admission, pull)
  }

  listen(deliver: (parts: readonly Buffer[]) => void, _onError: (error: unknown) => void, place?: Place): void {
    this.#pump.add(this.#pull, upTo(MESSAGES_A_TURN, this.#pull, deliver, place))
  }

  get strangers(): Strangers {
    return this.#admission.strangers
  }

  /** Closes all sockets that share the pump. */
  close(): Promise<void> {
    return this.#pump.close()
  }
}

class NativeOutbox implements Outbox {
  readonly endpoint: string
  readonly #push: NativeSocket
  readonly #pump: SocketPump
  readonly #contact: Contact

  constructor(
    lib: Libzmq,
    pump: SocketPump,
    endpoint: string,
    keys: LinkKeys,
    serverKey: string,
    onBroken: () => void,
  ) {
    this.endpoint = endpoint
    this.#pump = pump
    this.#push = new NativeSocket(lib, SOCKET.PUSH, QUESTION_BYTES)
    this.#push.set(OPTION.SNDHWM, UNLIMITED)
    this.#push.set(OPTION.MAXMSGSIZE, HANDSHAKE_MAX)
    this.#push.set(OPTION.IPV6, Number(endpoint.includes('[')))
    if (keys.inTheClear) {
      this.#push.set(OPTION.PLAIN_USERNAME, keys.publicKey)
      this.#push.set(OPTION.PLAIN_PASSWORD, serverKey)
    } else {
      this.#push.set(OPTION.CURVE_SERVERKEY, serverKey)
      this.#push.set(OPTION.CURVE_PUBLICKEY, keys.publicKey)
      this.#push.set(OPTION.CURVE_SECRETKEY, keys.secretKey)
    }
    this.#contact = new Contact(onBroken)
    watch(pump, this.#push, (event) => this.#contact.note(event))
    this.#push.connect(endpoint)
  }

  get trouble(): string | undefined {
    return this.#contact.trouble
  }

  get unfinished(): number {
    return this.#contact.unfinished
  }

  send(parts: readonly Part[], onError: (error: unknown) => void): void {
    try {
      this.#push.send(parts)
    } catch (error) {
      onError(error)
    }
  }

  close(): void {
    this.#pump.remove(this.#push)
  }
}

/** What zmq.h calls the events, as bits. */
const EVENTS: ReadonlyMap<number, ConnectionEvent> = new Map([
  [0x1, 'connect'],
  [0x4, 'connect:retry'],
  [0x20, 'accept'],
  [0x200, 'disconnect'],
  [0x800, 'handshake:error:other'],
  [0x1000, 'handshake'],
  [0x2000, 'handshake:error:protocol'],
  [0x4000, 'handshake:error:auth'],
])
/** ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC */
const CRYPTOGRAPHIC = 0x11000001

/** Takes the events of a socket as long as it lives: libzmq's thread waits for somebody to take them. */
function watch(
  pump: SocketPump,
  socket: NativeSocket,
  note: (event: ConnectionEvent, cryptographic: boolean) => void,
): void {
  const monitor = socket.monitor()
  const take = ([what]: readonly Buffer[]): void => {
    const event = EVENTS.get((what as Buffer).readUInt16LE(0))
    if (event !== undefined) note(event, (what as Buffer).readUInt32LE(2) === CRYPTOGRAPHIC)
  }
  pump.add(monitor, upTo(EVENTS_A_TURN, monitor, take), socket)
}

/** Takes messages of a socket, but not too many in a row; true if there may be more. */
function upTo(
  most: number,
  socket: NativeSocket,
  take: (parts: readonly Buffer[]) => void,
  place?: Place,
): () => boolean {
  return () => {
    for (let n = 0; n < most; n++) {
      const parts = socket.receive(place)
      if (parts === undefined) return false
      take(parts)
    }
    return true
  }
}
