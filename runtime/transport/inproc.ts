/**
 * Many ranks in one thread: frames go through queues in memory. The unit-test fixture of everything above.
 *
 * Frames from one rank to another stay in order; a waiting rank makes progress in a microtask of its own, so that ranks
 * take turns the way their messages do. All memory is shared: one thread sees it all.
 */
import { regionOver, type Region } from '../base/region.ts'
import { FrameOrder } from './frame-order.ts'
import { Frame, type Progress, type Transport } from './transport.ts'

/** Sizes a test may choose to drive the protocols into their corners. */
export interface InprocOptions {
  /** Largest eager payload in bytes. */
  readonly eagerLimit?: number
  /** Frames that a pair may have in flight before `trySend` refuses. */
  readonly queueLimit?: number
  /**
   * Random numbers in 0..1, from a seeded generator: frames are held back as they say and ranks overtake each other, as
   * on a bad network. Frames of one rank to another stay in order.
   */
  readonly faults?: () => number
  /** Share of the frames that come twice, 0..1; only with `faults`. */
  readonly duplicate?: number
  /** Frames of one rank to another after which nothing goes through between the two any more; then the run fails. */
  readonly cut?: number
  /** Number of the host that each rank is said to run on; default: one host. All of them still share one memory. */
  readonly hosts?: readonly number[]
}

/** The network that the ranks of one `InprocHub` share. */
export class InprocHub {
  readonly size: number
  readonly eagerLimit: number
  readonly faults: (() => number) | undefined
  readonly duplicate: number
  /** Rejects when a link is cut. */
  readonly broken: Promise<never>
  #break: (error: Error) => void = () => undefined
  readonly #cut: number
  readonly #queueLimit: number
  readonly #ends: InprocTransport[]
  readonly #hosts: readonly number[]
  readonly #kept: Region[] = []

  constructor(size: number, options: InprocOptions = {}) {
    this.size = size
    this.eagerLimit = options.eagerLimit ?? 16_384
    this.faults = options.faults
    this.duplicate = options.duplicate ?? 0
    this.#cut = options.cut ?? Infinity
    this.broken = new Promise((_, reject) => (this.#break = reject))
    this.broken.catch(() => undefined) // for whoever wants to know
    this.#queueLimit = options.queueLimit ?? Infinity
    this.#hosts = options.hosts ?? []
    this.#ends = Array.from({ length: size }, (_, rank) => new InprocTransport(this, rank))
  }

  /** The end of one rank; `progress` is called while that rank waits and frames have come for it. */
  open(rank: number, progress: Progress): Transport {
    const end = this.#end(rank)
    end.progress = progress
    return end
  }

  hostOf(rank: number): number {
    return this.#hosts[rank] ?? 0
  }

  /** A number for memory, by which any rank finds it again. */
  keep(bytes: Region): number {
    return this.#kept.push(bytes) - 1
  }

  kept(number: number): Region {
    return this.#kept[number] as Region
  }

  /** Puts a copy of the frame into the queue of `dest`; false if the pair's queue is full. */
  post(source: number, dest: number, frame: Frame): boolean {
    return this.#end(dest).enqueue(source, frame, this.#queueLimit)
  }

  /** True if frame `number` on this link is beyond where it is cut. */
  isCut(source: number, dest: number, number: number): boolean {
    if (number < this.#cut) return false
    this.#break(new Error(`the link from rank ${source} to rank ${dest} is cut`))
    return true
  }

  /** Room came free for frames from `source`: let it try again what it holds back, even if it waits for nothing. */
  wake(source: number): void {
    if (this.#queueLimit !== Infinity) this.#end(source).schedule()
  }

  #end(rank: number): InprocTransport {
    const end = this.#ends[rank]
    if (end === undefined) throw new RangeError(`rank ${rank} is outside 0..${this.size - 1}`)
    return end
  }
}

/** A frame on its way. */
interface Travelling {
  readonly frame: Frame
  readonly number: number
  /** It has been delivered before. */
  readonly again: boolean
}

class InprocTransport implements Transport {
  readonly worldRank: number
  readonly worldSize: number
  progress: Progress | undefined
  readonly #hub: InprocHub
  #queue: Travelling[] = []
  /** Of the frames that come here, by source. */
  readonly #order: FrameOrder
  readonly #inFlight = new Map<number, number>()
  #waiting = false
  #scheduled = false

  constructor(hub: InprocHub, rank: number) {
    this.#hub = hub
    this.worldRank = rank
    this.worldSize = hub.size
    this.#order = new FrameOrder(hub.size)
  }

  eagerLimit(): number {
    return this.#hub.eagerLimit
  }

  trySend(dest: number, frame: Frame): boolean {
    return this.#hub.post(this.worldRank, dest, frame)
  }

  poll(deliver: (frame: Frame) => void): void {
    const { faults } = this.#hub
    if (faults !== undefined) this.#deliverSome(deliver, faults)
    else while (this.#queue.length > 0) this.#deliverAll(this.#queue.splice(0), deliver)
  }

  #deliverAll(frames: readonly Travelling[], deliver: (frame: Frame) => void): void {
    for (const { frame, number } of frames) {
      if (this.#order.missing(frame.source, number) !== 0) continue
      this.#order.take(frame.source)
      this.#inFlight.set(frame.source, (this.#inFlight.get(frame.source) ?? 1) - 1)
      this.#hub.wake(frame.source)
      deliver(frame)
    }
  }

  /** Lets a random number of the first frames of each source through, the sources in random order. */
  #deliverSome(deliver: (frame: Frame) => void, faults: () => number): void {
    const queue = this.#queue
    const sources = [...new Set(queue.map(({ frame }) => frame.source))]
    const passing = sources
      .map((source) => ({ at: faults(), frames: queue.filter(({ frame }) => frame.source === source) }))
      .sort((a, b) => a.at - b.at)
      .flatMap(({ frames }) => frames.slice(0, Math.floor(faults() * (frames.length + 1))))
    const gone = new Set(passing)
    const { duplicate } = this.#hub
    const twice = passing.filter(({ again }) => !again && duplicate > 0 && faults() < duplicate)
    this.#queue = queue.filter((one) => !gone.has(one)).concat(twice.map((one) => ({ ...one, again: true })))
    this.#deliverAll(passing, deliver)
    if (this.#queue.length > 0) this.#scheduleIfWaiting()
  }

  isNear(dest: number): boolean {
    return this.hostOf(dest) === this.hostOf(this.worldRank)
  }

  hostOf(dest: number): number {
    return this.#hub.hostOf(dest)
  }

  isShared(): boolean {
    return true
  }

  alloc(nbytes: number): Region {
    return regionOver(new SharedArrayBuffer(nbytes), 0, nbytes)
  }

  placeOf(bytes: Region): { segment: number; offset: number } {
    return { segment: this.#hub.keep(bytes), offset: 0 }
  }

  bytesAt(segment: number): Region {
    return this.#hub.kept(segment)
  }

  free(): void {
    // The garbage collector sees all memory of this thread.
  }

  setWaiting(waiting: boolean): void {
    this.#waiting = waiting
    if (this.#queue.length > 0) this.#scheduleIfWaiting()
  }

  enqueue(source: number, frame: Frame, limit: number): boolean {
    const inFlight = this.#inFlight.get(source) ?? 0
    if (inFlight >= limit) return false
    const number = this.#order.number(source)
    if (this.#hub.isCut(source, this.worldRank, number)) return true
    const copy = Object.assign(new Frame(), frame)
    if (frame.payload !== undefined) copy.payload = frame.payload.slice()
    this.#inFlight.set(source, inFlight + 1)
    this.#queue.push({ frame: copy, number, again: false })
    this.#scheduleIfWaiting()
    return true
  }

  #scheduleIfWaiting(): void {
    if (this.#waiting) this.schedule()
  }

  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.progress?.()
    })
  }
}
