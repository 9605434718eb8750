/**
 * The transport of a rank in a real job: rings in the host's shared heap to the other ranks of the host, and one pair of
 * rings to the agent, which carries frames to and from other hosts.
 *
 * Frames of one rank to another always take the same path, so they stay in order.
 */
import type { Region } from '../base/region.ts'
import { loadWaker } from './poll.ts'
import { HeapAllocator, RING_CAPACITY, ringOffset, seatOffset, type HostHeapLayout } from './host-heap.ts'
import { Doorbell } from './doorbell.ts'
import { OwnProcessor } from './own-processor.ts'
import { Patience } from './patience.ts'
import { RingReader, RingWriter, type Place } from './ring.ts'
import { SharedMemories } from './shared-memories.ts'
import { PHASE_OF_RANK, Stillness } from './stillness.ts'
import { ThreadWaiter } from './thread-waiter.ts'
import { Frame, type Inlet, type Progress, type Transport } from './transport.ts'

/**
 * Largest eager payload: above it, offering memory and copying once is quicker than copying in and out of the ring.
 * Below, the message needs no answer.
 */
const NEAR_EAGER_LIMIT = 16_384
/** Between hosts an answer costs a round trip on the wire, so more is sent unasked. */
export const FAR_EAGER_LIMIT = 65_536

/** Where this rank sits. Made by the agent, handed to the rank's thread. */
export interface Seating {
  readonly heap: HostHeapLayout
  /** Name of the host's announcement channel. */
  readonly channel: string
  readonly worldRank: number
  readonly worldSize: number
  /** World ranks of this host's seats, in order. */
  readonly seats: readonly number[]
  /** Number of the agent of every world rank. */
  readonly hosts: readonly number[]
  /** Whether there is a core for every thread of the job on this machine, so that waiting ranks may always spin. */
  readonly spin: boolean
  /** What wakes the agent beside its doorbell: a descriptor to write into; undefined if it needs none. */
  readonly wakeEnd: number | undefined
  /** Cores for the ranks of this host, if all others on the machine are known to sleep: 0 if nobody knows. */
  readonly cores: number
}

interface Link {
  readonly writer: RingWriter
  readonly doorbell: Doorbell
}

export class ShmTransport implements Transport {
  readonly worldRank: number
  readonly worldSize: number
  readonly hasCores: boolean
  readonly sharesAddresses = true
  readonly #stillness: Stillness
  readonly #memories: SharedMemories
  readonly #allocator: HeapAllocator
  readonly #waiter: ThreadWaiter
  readonly #links: Link[]
  readonly #readers: RingReader[]
  /** By world rank; undefined for this rank and those of other hosts. */
  readonly #inlets: (RingReader | undefined)[]
  readonly #patience: Patience
  /** Seat that frames to a world rank go to: its own, or the agent's. */
  readonly #route: Int32Array
  readonly #agentSeat: number
  readonly #hosts: readonly number[]
  readonly #frame = new Frame()

  /** @param onlyMessagesWake true if nothing but messages could wake this rank from its waits, as far as the caller knows */
  constructor(seating: Seating, progress: Progress, onlyMessagesWake: () => boolean = () => false) {
    const { heap, seats } = seating
    this.worldRank = seating.worldRank
    this.worldSize = seating.worldSize
    this.hasCores = seating.spin
    this.#hosts = seating.hosts
    const seat = seats.indexOf(seating.worldRank)
    this.#memories = new SharedMemories(heap, seating.channel, seat)
    this.#allocator = new HeapAllocator(heap.memory)
    this.#agentSeat = seats.length
    const allSeats = Array.from({ length: seats.length + 1 }, (_, index) => index)
    const wakeAgent = seating.wakeEnd === undefined ? undefined : lazyWaker(seating.wakeEnd)
    this.#links = allSeats.map((peer) =>
      openLink(heap, seat, peer, this.#memories, peer === seats.length ? wakeAgent : undefined),
    )
    const readers = allSeats.map((peer) =>
      peer === seat
        ? undefined
        : new RingReader(heap.memory, ringOffset(heap.ranks, peer, seat), RING_CAPACITY, this.#memories),
    )
    this.#readers = readers.filter((reader) => reader !== undefined)
    this.#inlets = Array.from({ length: seating.worldSize }, (_, rank) => readers[seats.indexOf(rank)])
    this.#patience = new Patience(seating.spin)
    this.#route = new Int32Array(seating.worldSize).fill(this.#agentSeat)
    for (const [index, worldRank] of seats.entries()) this.#route[worldRank] = index
    this.#stillness = new Stillness(heap.memory, seat)
    this.#stillness.phase = PHASE_OF_RANK.RUNNING
    const frameReady = (): boolean => this.#readers.some((reader) => reader.ready)
    const vigil = { stillness: this.#stillness, frameReady, onlyMessagesWake }
    const bells = seats.map((_, index) => new Doorbell(heap.memory, seatOffset(index)))
    const roomy = (): boolean => seating.spin || isRoomy(bells, seating.cores)
    const ownProcessor = new OwnProcessor(heap.memory, seat, bells)
    this.#waiter = new ThreadWaiter(progress, bells[seat] as Doorbell, vigil, ownProcessor, roomy)
  }

  /** Lets the agent see that this rank's main function has returned, or is called once more. */
  finish(finished: boolean): void {
    for (const reader of this.#readers) reader.tell()
    this.#stillness.phase = finished ? PHASE_OF_RANK.FINISHED : PHASE_OF_RANK.RUNNING
  }

  eagerLimit(dest: number): number {
    return this.isNear(dest) ? NEAR_EAGER_LIMIT : FAR_EAGER_LIMIT
  }

  trySend(dest: number, frame: Frame, payloadWords?: Int32Array): boolean {
    this.#patience.sends()
    const link = this.#links[this.#route[dest] as number] as Link
    if (!link.writer.write(frame, payloadWords)) return false
    link.doorbell.ring()
    return true
  }

  poll(deliver: (frame: Frame) => void, except?: Inlet, enough?: () => boolean): void {
    const frame = this.#frame
    for (const reader of this.#readers) {
      while (reader !== except && reader.ready) {
        if (enough?.() === true) return reader.tell()
        this.#patience.receives()
        reader.read(frame)
        deliver(frame)
        reader.advance()
      }
      reader.tell()
    }
  }

  inletOf(source: number, idle?: () => void): Inlet | undefined {
    const reader = this.#inlets[source]
    if (reader === undefined) return undefined
    if (!reader.ready) {
      reader.tell()
      idle?.()
    }
    return this.#patience.sees(reader) ? reader : undefined
  }

  inletNow(source: number): Inlet | undefined {
    const reader = this.#inlets[source]
    return reader?.ready === true ? reader : undefined
  }

  linger(hasHappened: () => boolean): boolean {
    return this.#waiter.linger(hasHappened)
  }

  /** Calls a function while nothing of this transport's keeps the event loop alive. */
  aside<T>(look: () => T): T {
    return this.#waiter.aside(look)
  }

  isNear(dest: number): boolean {
    return this.#route[dest] !== this.#agentSeat
  }

  hostOf(dest: number): number {
    return this.#hosts[dest] as number
  }

  isShared(bytes: Region): boolean {
    return this.#memories.contains(bytes)
  }

  alloc(nbytes: number): Region {
    return this.#allocator.allocDirty(nbytes)
  }

  /** Zeroed memory for the program. @throws {MpiError} MPI_ERR_NO_MEM */
  allocZeroed(nbytes: number): Region {
    return this.#allocator.alloc(nbytes)
  }

  free(bytes: Region): void {
    this.#allocator.free(bytes)
  }

  /** Makes memory of the program's own readable by the host's ranks and agent. */
  share(memory: SharedArrayBuffer): void {
    this.#memories.share(memory)
  }

  /** Where shared bytes lie, in words that every thread of the host understands. */
  placeOf(bytes: Region): Place {
    return this.#memories.placeOf(bytes)
  }

  /** The bytes at a place that another rank of the host has named. */
  bytesAt(segment: number, offset: number, nbytes: number): Region {
    return this.#memories.bytesAt(segment, offset, nbytes)
  }

  /** Nothing to do: this rank is as fast as it is (paced-shm.ts). */
  settlePace(): void {
    return
  }

  setWaiting(waiting: boolean): void {
    this.#waiter.setWaiting(waiting)
  }
}

/** True if no more threads are awake than there are cores. */
function isRoomy(bells: readonly Doorbell[], cores: number): boolean {
  let awake = 0
  for (const bell of bells) awake += bell.awake
  return awake <= cores
}

/** What `seat` needs to write to `peer`. @param wake what wakes `peer` if it does not sleep at its doorbell */
export function openLink(
  heap: HostHeapLayout,
  seat: number,
  peer: number,
  memories: SharedMemories,
  wake?: () => void,
): Link {
  return {
    writer: new RingWriter(heap.memory, ringOffset(heap.ranks, seat, peer), RING_CAPACITY, memories),
    doorbell: new Doorbell(heap.memory, seatOffset(peer), peer === heap.ranks, wake),
  }
}

/** Loaded when it is needed: many ranks talk to ranks of their own host only. */
function lazyWaker(wakeEnd: number): () => void {
  let waker: (() => void) | undefined
  return () => (waker ??= loadWaker(wakeEnd))()
}
