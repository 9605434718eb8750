/**
 * Carries frames between the ranks of this host and the agents of other hosts, and the bytes of rendezvous messages from
 * memory to memory, while the ranks compute.
 *
 * Invariants: frames of one rank to another leave and arrive in order; the bytes of a message are asked for once; its
 * sender gets exactly one FIN, after the bytes have left its memory (and, for synchronous sends, the message has been
 * matched). Bytes that no rank has asked for yet are taken in ahead (prefetch.ts) and the rank is told where they lie; a
 * message that is asked for is never refused for lack of space.
 */
import { networkInterfaces } from 'node:os'
import { Fifo } from '../base/fifo.ts'
import type { AddressedBytes } from '../base/native-calls.ts'
import type { Region } from '../base/region.ts'
import { Doorbell } from '../transport/doorbell.ts'
import { HeapAllocator, RING_CAPACITY, ringOffset, seatOffset, type HostHeapLayout } from '../transport/host-heap.ts'
import { RingReader } from '../transport/ring.ts'
import { SharedMemories } from '../transport/shared-memories.ts'
import { FAR_EAGER_LIMIT, openLink } from '../transport/shm.ts'
import { FrameOrder } from '../transport/frame-order.ts'
import { FLAG_SYNCHRONOUS, FRAME, Frame } from '../transport/transport.ts'
import type { LinkKeys, Strangers } from '../transport/admission.ts'
import type { AgentLinks, Listening, Part } from '../transport/agent-link.ts'
import { pieceBytes, windowBytes, type LinkProfile } from '../transport/emulated-link.ts'
import { BulkQueue, type BulkOptions } from './bulk-queue.ts'
import { InboundMessage } from './inbound-message.ts'
import { areOnOneMachine, LinkWatch, type LinkState } from './link-watch.ts'
import type { Network, Unfinished, Unlinked } from './job-description.ts'
import { listenAddress } from './listen-address.ts'
import { PeerLinks } from './peer-links.ts'
import { Prefetch } from './prefetch.ts'
import type { Outbox, Shaper } from './shaper.ts'
import {
  CHUNK_BYTES,
  CHUNK_TELL,
  chunkOf,
  decodeFrame,
  encodeFrame,
  makeFrame,
  PART_MAX,
  readNumber,
  WIRE,
  writeNumber,
} from './wire-format.ts'

/** Bytes taken in for receives that are not posted yet: a few of HPL's largest panels; and a flood of small messages. */
const PREFETCH_BYTES = 256 << 20
const PREFETCH_SMALL_BYTES = 16 << 20
/** Bytes of bulk on the way to one agent: a small message waits behind so many, 4.5 ms on 1 Gbit/s. */
const WINDOW_BYTES = 512 << 10
/** A rank that does not read makes its agent try again this often. */
const RETRY_MS = 1

export interface RelayOptions {
  readonly heap: HostHeapLayout
  /** Name of the host's announcement channel. */
  readonly channel: string
  readonly placement: readonly (readonly number[])[]
  readonly agent: number
  readonly network: Network
  /** Takes what becomes of the links to other agents. */
  readonly onLink: (peer: number, state: LinkState) => void
  /** Takes which agent there is no link to, long after it was wanted. */
  readonly onUnlinked: (peer: Unlinked) => void
}

type Link = ReturnType<typeof openLink>

export class Relay {
  readonly endpoint: string
  readonly #options: RelayOptions
  readonly #wire: AgentLinks
  readonly #order: FrameOrder
  #shaper: Shaper | undefined
  #faulty: ((peer: number, real: Outbox, onBroken: () => void) => Outbox) | undefined
  #peers: PeerLinks | undefined
  readonly #agentOf: Int32Array
  readonly #seatOf = new Map<number, number>()
  readonly #links: Link[]
  readonly #readers: RingReader[]
  readonly #doorbell: Doorbell
  readonly #overflow = new Map<number, Fifo<Frame>>()
  readonly #outgoing = new Map<string, Region | AddressedBytes>()
  /** What goes to each agent. */
  readonly #bulk = new Map<number, BulkQueue>()
  readonly #inbound = new Map<string, InboundMessage>()
  /** Bytes of bulk that have come from each agent and that it has not been told of. */
  readonly #untold = new Map<number, number>()
  readonly #memory: HeapAllocator
  readonly #large = new Prefetch(PREFETCH_BYTES, (message) => this.#request(message))
  readonly #small = new Prefetch(PREFETCH_SMALL_BYTES, (message) => this.#request(message))
  readonly #frame = new Frame()
  #sent = 0
  #received = 0
  #retry: NodeJS.Timeout | undefined

  private constructor(options: RelayOptions, wire: AgentLinks) {
    const { heap, placement, agent } = options
    this.#options = options
    this.#wire = wire
    this.endpoint = wire.inbox.endpoint
    this.#order = new FrameOrder(placement.length)
    this.#memory = new HeapAllocator(heap.memory)
    const seats = placement[agent] as readonly number[]
    const memories = new SharedMemories(heap, options.channel, seats.length)
    this.#agentOf = new Int32Array(placement.flat().length)
    for (const [index, ranks] of placement.entries()) for (const worldRank of ranks) this.#agentOf[worldRank] = index
    for (const [seat, worldRank] of seats.entries()) this.#seatOf.set(worldRank, seat)
    this.#links = seats.map((_, seat) => openLink(heap, seats.length, seat, memories))
    this.#readers = seats.map(
      (_, seat) => new RingReader(heap.memory, ringOffset(heap.ranks, seat, seats.length), RING_CAPACITY, memories),
    )
    this.#doorbell = new Doorbell(heap.memory, seatOffset(seats.length))
  }

  /** Listens for the other agents; `connect` follows when all do. */
  static async open(options: RelayOptions): Promise<Relay> {
    const { keys, publicKeys, ...hints } = options.network
    const address = listenAddress({ ...hints, sshConnection: process.env.SSH_CONNECTION }, networkInterfaces())
    const where = { address, ports: hints.ports, partMax: PART_MAX }
    const relay = new Relay(options, await openLinks(where, keys, publicKeys))
    await relay.#emulate()
    await relay.#spoil(process.env.TSMPI_FAULTS)
    return relay
  }

  /** Puts a bad network under everything, if somebody wants one. */
  async #spoil(faults: string | undefined): Promise<void> {
    if (faults === undefined) return
    const { FaultyOutbox: faultyClass, parseFaults } = await import('./fault-shim.ts')
    const plan = parseFaults(faults)
    const { agent, placement } = this.#options
    this.#faulty = (peer, real, onBroken) => new faultyClass(real, plan, agent * placement.length + peer, onBroken)
  }

  /** Puts an emulated network between the relay and its sockets, if the job wants one. */
  async #emulate(): Promise<void> {
    const { agent, placement, network } = this.#options
    if (network.emulated === undefined) return
    const { Shaper: shaperClass } = await import('./shaper.ts')
    this.#shaper = new shaperClass({
      ...network.emulated,
      agent,
      ranks: placement.map(([first]) => first as number),
      deliver: (frame) => this.#take(frame),
      onError: fatal,
    })
  }

  /** Begins to carry: what comes from other agents, and to them by `endpoints`, where each listens. */
  connect(endpoints: readonly string[]): void {
    const { network, onUnlinked } = this.#options
    const watch = this.#watchLinks(endpoints)
    const peers = new PeerLinks({
      sockets: this.#wire,
      network,
      endpoints,
      order: this.#order,
      shaper: this.#shaper,
      spoil: this.#faulty,
      onBroken: (peer) => watch.broken(peer),
      onUnlinked,
    })
    this.#peers = peers
    const take = (parts: readonly Buffer[]): void => {
      const frame = this.#own(decodeFrame(parts, this.#agentOf.length))
      const peer = this.#agentOf[frame.source] as number
      watch.heard(peer)
      const missing = this.#order.missing(peer, readNumber(parts))
      if (missing > 0) watch.broken(peer)
      if (missing !== 0 || frame.kind === WIRE.BEAT) return
      this.#order.take(peer)
      if (this.#shaper === undefined) return this.#take(frame)
      peers.to(peer) // by which the shaper answers
      this.#shaper.receive(peer, frame, parts)
    }
    this.#wire.inbox.listen(take, fatal, (header) => this.#placeOf(header))
    this.#serveRanks()
  }

  /**
   * Beats take the socket itself: an emulated network does not delay them, and nobody counts them. They say how many
   * messages came before them, so that one that is lost is missed even if no other follows. Within a machine the network
   * does not fail, and agents may be many.
   */
  #watchLinks(endpoints: readonly string[]): LinkWatch {
    const { agent, placement, onLink } = this.#options
    const first = (of: number): number => (placement[of] as readonly number[])[0] as number
    const beat = (peer: number): void => {
      const frame = makeFrame(WIRE.BEAT, { source: first(agent), dest: first(peer) })
      const parts = [encodeFrame(frame)]
      writeNumber(parts, this.#order.sent(peer))
      this.#peers?.wireTo(peer).send(parts, fatal)
    }
    const own = endpoints[agent] as string
    const fails = (endpoint: string): boolean => this.#faulty !== undefined || !areOnOneMachine(endpoint, own)
    const far = [...endpoints.keys()].filter((peer) => peer !== agent && fails(endpoints[peer] as string))
    return new LinkWatch(far, beat, onLink)
  }

  /** Frames handed to the sockets so far, and frames taken from them and dealt with. */
  get sent(): number {
    return this.#sent
  }

  /** What ranks wake this thread with, beside its doorbell. */
  get wakeEnd(): number | undefined {
    return this.#wire.wakeEnd
  }

  get received(): number {
    return this.#received
  }

  /** Who has connected here and is not of the job. */
  get strangers(): Strangers {
    return this.#wire.inbox.strangers
  }

  /** Connections of this agent's own that came to nothing: others may have counted them among the strangers. */
  get unfinished(): readonly Unfinished[] {
    return this.#peers?.unfinished ?? []
  }

  /** True if frames wait here for room in the ring of one of these seats. */
  holdsFramesFor(isLive: (seat: number) => boolean): boolean {
    return [...this.#overflow.keys()].some((dest) => isLive(this.#seatOf.get(dest) as number))
  }

  // ---- ranks of this host ------------------------------------------------------------------------------------

  #serveRanks(): void {
    const ready = (): boolean => this.#readers.some((reader) => reader.ready)
    const drain = (): boolean => this.#drainRings()
    const restMs = (): number => this.#shaper?.restMs ?? Infinity
    this.#wire.attend({ doorbell: this.#doorbell, ready, drain, restMs }, fatal)
  }

  #drainRings(): boolean {
    let any = false
    for (const reader of this.#readers) {
      while (reader.ready) {
        any = true
        reader.read(this.#frame)
        this.#fromRank(this.#frame)
        reader.advance()
      }
      reader.tell()
    }
    return any
  }

  #fromRank(frame: Frame): void {
    switch (frame.kind) {
      case FRAME.RTS:
        this.#outgoing.set(outgoingKey(frame.source, frame.id), memoryOf(frame))
        this.#toWire(frame)
        break
      case FRAME.WANT:
        this.#want(frame)
        break
      case FRAME.FIN:
        if (!this.#release(frame)) this.#toWire(frame)
        break
      default:
        this.#toWire(frame)
    }
  }

  /** A rank has matched a message and says where its bytes go. */
  #want(frame: Frame): void {
    const message = this.#inbound.get(inboundKey(frame.dest, frame.id)) as InboundMessage
    message.land(memoryOf(frame), frame.aux)
    if (!message.requested) this.#request(message)
    this.#prefetchOf(message).release(message)
    this.#settle(message)
  }

  /** True if the FIN says that a rank has read or will not take a rendezvous message (and not that it took an eager one). */
  #release(frame: Frame): boolean {
    const message = this.#inbound.get(inboundKey(frame.dest, frame.id))
    if (message === undefined) return false
    message.release()
    this.#prefetchOf(message).release(message)
    this.#settle(message)
    return true
  }

  #prefetchOf({ nbytes }: InboundMessage): Prefetch {
    return nbytes <= FAR_EAGER_LIMIT ? this.#small : this.#large
  }

  #toRank(frame: Frame): void {
    const waiting = this.#overflow.get(frame.dest)
    if (waiting === undefined && this.#write(frame)) return
    if (frame.payload !== undefined) frame.payload = new Uint8Array(frame.payload)
    const queue = waiting ?? new Fifo<Frame>()
    queue.push(frame)
    this.#overflow.set(frame.dest, queue)
    this.#retry ??= setTimeout(() => this.#writeOverflow(), RETRY_MS)
  }

  #write(frame: Frame): boolean {
    const link = this.#links[this.#seatOf.get(frame.dest) as number] as Link
    const written = link.writer.write(frame)
    if (written) link.doorbell.ring()
    return written
  }

  #writeOverflow(): void {
    this.#retry = undefined
    for (const [dest, frames] of this.#overflow) {
      while (frames.first !== undefined && this.#write(frames.first)) frames.shift()
      if (frames.length === 0) this.#overflow.delete(dest)
    }
    if (this.#overflow.size > 0) this.#retry = setTimeout(() => this.#writeOverflow(), RETRY_MS)
  }

  // ---- agents of other hosts ---------------------------------------------------------------------------------

  #take(frame: Frame): void {
    this.#fromWire(frame)
    this.#received++
  }

  /** A frame from a rank elsewhere to a rank here. @throws RangeError if it is none */
  #own(frame: Frame): Frame {
    const { source, dest } = frame
    if (this.#seatOf.has(dest) && !this.#seatOf.has(source)) return frame
    throw new RangeError(
      `a message of another agent is from rank ${source} to rank ${dest}, expected one to ${[...this.#seatOf.keys()].join(' ')} from elsewhere`,
    )
  }

  #fromWire(frame: Frame): void {
    switch (frame.kind) {
      case FRAME.RTS:
        this.#announce(frame)
        break
      case WIRE.PULL:
        this.#push(frame)
        break
      case WIRE.CHUNK:
        this.#receive(frame)
        break
      case WIRE.ARRIVED:
        this.#bulkTo(this.#agentOf[frame.source] as number).arrived(frame.nbytes)
        break
      case FRAME.FIN:
        this.#outgoing.delete(outgoingKey(frame.dest, frame.id))
        this.#toRank(frame)
        break
      default:
        this.#toRank(frame)
    }
  }

  #announce(frame: Frame): void {
    const message = new InboundMessage(frame, (frame.flags & FLAG_SYNCHRONOUS) !== 0, this.#memory)
    const key = inboundKey(frame.source, frame.id)
    if (this.#inbound.has(key)) throw unheardOf('announcement of', frame, 'that has been announced before')
    this.#inbound.set(key, message)
    frame.payload = undefined
    this.#toRank(frame)
    this.#prefetchOf(message).announce(message)
  }

  #request(message: InboundMessage): void {
    message.requested = true
    const { id, source, dest } = message
    this.#toWire(makeFrame(WIRE.PULL, { id, source: dest, dest: source }))
  }

  /** Another agent asks for a message of a rank here: its bytes go out from where they are. */
  #push(pull: Frame): void {
    const bytes = this.#outgoing.get(outgoingKey(pull.dest, pull.id))
    if (bytes === undefined) throw unheardOf('request for', pull, 'that was not offered')
    const { id, source, dest } = pull
    this.#bulkTo(this.#agentOf[source] as number).add(makeFrame(WIRE.CHUNK, { id, source: dest, dest: source }), bytes)
  }

  #bulkTo(agent: number): BulkQueue {
    let queue = this.#bulk.get(agent)
    if (queue === undefined) {
      queue = new BulkQueue({
        ...sizesOf(this.#options.network.emulated?.link),
        send: (frame, bytes) => this.#toWire(frame, bytes),
      })
      this.#bulk.set(agent, queue)
    }
    return queue
  }

  /**
   * Where the bytes of a chunk belong: if it is a right one, they are there already when it is dealt with. One that comes
   * once more must not touch what has come since.
   */
  #placeOf(header: Buffer): Part | undefined {
    const chunk = chunkOf(header)
    if (chunk === undefined) return undefined
    const peer = this.#agentOf[chunk.source]
    if (peer === undefined || this.#order.missing(peer, readNumber([header])) !== 0) return undefined
    return this.#inbound.get(inboundKey(chunk.source, chunk.id))?.room(CHUNK_BYTES)
  }

  #receive(chunk: Frame): void {
    const message = this.#inbound.get(inboundKey(chunk.source, chunk.id))
    if (message === undefined) throw unheardOf('bytes of', chunk, 'that was not announced')
    const bytes = chunk.payload ?? EMPTY
    this.#noteArrived(chunk, bytes.length)
    message.receive(bytes)
    this.#settle(message)
  }

  #noteArrived({ source, dest, aux }: Frame, nbytes: number): void {
    const agent = this.#agentOf[source] as number
    const untold = (this.#untold.get(agent) ?? 0) + nbytes
    // An emulated network deals with pieces that ask before others that came earlier: these are told unasked.
    const tell = (aux & CHUNK_TELL) !== 0 || untold >= WINDOW_BYTES
    this.#untold.set(agent, tell ? 0 : untold)
    if (tell) this.#toWire(makeFrame(WIRE.ARRIVED, { nbytes: untold, source: dest, dest: source }))
  }

  /** Does what the state of a message allows: release the sender, tell the receiver, forget. */
  #settle(message: InboundMessage): void {
    const { id, source, dest, aux } = message
    const matched = message.wanted || message.released
    const arrived = message.complete || (message.released && !message.requested)
    if (arrived && !message.finished && (matched || !message.synchronous)) {
      message.finished = true
      this.#toWire(makeFrame(FRAME.FIN, { id, source: dest, dest: source }))
    }
    if (arrived && !matched && !message.told) {
      message.told = true
      this.#toRank(makeFrame(FRAME.HERE, { id, source, dest, region: message.ahead }))
    }
    if (!arrived || !matched) return
    this.#inbound.delete(inboundKey(source, id))
    if (message.wanted) this.#toRank(makeFrame(FRAME.LANDED, { id, aux, source, dest, nbytes: message.nbytes }))
  }

  /** Payloads of frames from a ring are copied: the ring goes on. Bulk lies in memory that stays until FIN. */
  #toWire(frame: Frame, bulk?: Part): void {
    const outbox = (this.#peers as PeerLinks).to(this.#agentOf[frame.dest] as number)
    this.#sent++
    outbox.send(bulk === undefined ? [encodeFrame(frame)] : [encodeFrame(frame, EMPTY), bulk], fatal)
  }
}

const EMPTY = new Uint8Array(0)

/** How bulk is cut, and how much of it may be under way. An emulated way is as quick as it is said to be. */
function sizesOf(link: LinkProfile | undefined): Pick<BulkOptions, 'pieceBytes' | 'windowBytes' | 'grows'> {
  if (link === undefined) return { pieceBytes: CHUNK_BYTES, windowBytes: WINDOW_BYTES, grows: true }
  return {
    pieceBytes: Math.min(CHUNK_BYTES, pieceBytes(link)),
    windowBytes: Math.max(WINDOW_BYTES, 2 * windowBytes(link)),
    grows: false,
  }
}

/** What a rank of this host offers to send from, or wants to receive in. */
function memoryOf({ region, address, nbytes }: Frame): Region | AddressedBytes {
  return region ?? { address, length: nbytes }
}

/** Messages are numbered by their sender. */
function outgoingKey(source: number, id: number): string {
  return `${source} ${id}`
}

const inboundKey = outgoingKey

function unheardOf(what: string, { id, source, dest }: Frame, why: string): RangeError {
  return new RangeError(`another agent sent the ${what} a message ${why}: number ${id}, rank ${source} to rank ${dest}`)
}

/** Throws outside of any promise, where the agent's last handler reports it. */
function fatal(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}

/** Sockets by calls of libzmq itself where these can be had, else by way of zeromq.js. */
async function openLinks(where: Listening, keys: LinkKeys, admitted: readonly string[]): Promise<AgentLinks> {
  const { loadLibzmq } = await import('../transport/native-zmq.ts')
  const lib = process.env.TSMPI_LIBZMQ === 'zeromq.js' ? undefined : loadLibzmq()
  if (lib !== undefined)
    return (await import('../transport/native-link.ts')).NativeLinks.open(lib, where, keys, admitted)
  return (await import('../transport/zmq-link.ts')).ZmqLinks.open(where, keys, admitted)
}
