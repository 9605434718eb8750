/**
 * The ways to the other agents of a job. Each opens with the first message that goes there: agents that never talk to each
 * other need no connection, and a handshake of CURVE costs its two ends some 0.7 ms of their processors.
 *
 * Invariant: messages to an agent stay in order, and their numbers are the order in which they reach its socket. Below:
 * agent-link.ts.
 */
import { afterRunning } from '../base/running-timer.ts'
import type { AgentLinks, Outbox as SocketOutbox } from '../transport/agent-link.ts'
import type { FrameOrder } from '../transport/frame-order.ts'
import type { Network, Unfinished, Unlinked } from './job-description.ts'
import type { Outbox, Shaper } from './shaper.ts'
import { writeNumber } from './wire-format.ts'

/** An agent that has not been connected to by then never will be. Long, for machines that have much else to do. */
const LINK_MS = 20_000

export interface PeerLinksOptions {
  readonly sockets: AgentLinks
  readonly network: Network
  /** Where each agent listens. */
  readonly endpoints: readonly string[]
  readonly order: FrameOrder
  /** The network that the job pretends to have, above the sockets. */
  readonly shaper: Shaper | undefined
  /** Puts a bad network upon a socket. */
  readonly spoil: ((peer: number, real: Outbox, onBroken: () => void) => Outbox) | undefined
  /** The connection to an agent held, and has broken. */
  readonly onBroken: (peer: number) => void
  /** There is no connection to an agent, long after it was wanted. */
  readonly onUnlinked: (peer: Unlinked) => void
}

interface Way {
  /** What messages are handed to. */
  readonly outbox: Outbox
  /** The same below numbers and emulated network. */
  readonly wire: Outbox
  readonly socket: SocketOutbox
}

export class PeerLinks {
  readonly #options: PeerLinksOptions
  readonly #ways = new Map<number, Way>()

  constructor(options: PeerLinksOptions) {
    this.#options = options
  }

  /** Where messages to an agent go. */
  to(peer: number): Outbox {
    return (this.#ways.get(peer) ?? this.#open(peer)).outbox
  }

  /** Where goes what nobody counts and no emulated network delays. */
  wireTo(peer: number): Outbox {
    return (this.#ways.get(peer) ?? this.#open(peer)).wire
  }

  /** Agents to which connections were begun that came to nothing, and how many. */
  get unfinished(): Unfinished[] {
    const all = [...this.#ways].map(([agent, { socket }]) => ({ agent, connections: socket.unfinished }))
    return all.filter(({ connections }) => connections > 0)
  }

  #open(peer: number): Way {
    const { sockets, network, endpoints, shaper, spoil } = this.#options
    const onBroken = (): void => this.#options.onBroken(peer)
    const serverKey = network.publicKeys[peer] as string
    const socket = sockets.outbox(endpoints[peer] as string, network.keys, serverKey, onBroken)
    afterRunning(LINK_MS, () => this.#judge(peer, socket))
    const wire = spoil?.(peer, socket, onBroken) ?? socket
    const numbered = this.#numbered(peer, wire)
    const way = { outbox: shaper?.outbox(peer, numbered) ?? numbered, wire, socket }
    this.#ways.set(peer, way)
    return way
  }

  #numbered(peer: number, wire: Outbox): Outbox {
    const { order } = this.#options
    return {
      send: (parts, onError) => {
        writeNumber(parts, order.number(peer))
        wire.send(parts, onError)
      },
    }
  }

  #judge(agent: number, { trouble, endpoint }: SocketOutbox): void {
    if (trouble !== undefined) this.#options.onUnlinked({ agent, endpoint, why: trouble })
  }
}
