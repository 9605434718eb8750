/**
 * The memories that the threads of a host share, and the numbers by which frames name them: the heap is number 0, others
 * are added by `share`. A place (number, offset) means the same bytes in every thread.
 *
 * Announcements travel through a BroadcastChannel, whose messages are queued at the receivers before `postMessage`
 * returns: a thread that meets an unknown number finds its announcement without waiting.
 */
import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads'
import { invariant } from '../base/errors.ts'
import { regionOver, type Region } from '../base/region.ts'
import { LISTENERS_OFFSET, type HostHeapLayout } from './host-heap.ts'
import type { Place, Places } from './ring.ts'

interface Announcement {
  readonly segment: number
  readonly memory: SharedArrayBuffer
}

/** Numbers of one seat are its own: seat + k * SEATS. */
const SEATS = 4096

export class SharedMemories implements Places {
  readonly #memories = new Map<number, SharedArrayBuffer>()
  readonly #segments = new WeakMap<ArrayBufferLike, number>()
  readonly #channel: BroadcastChannel
  readonly #ranks: number
  /** Ranks that listen, counted in the heap. */
  readonly #listeners: Int32Array
  readonly #unannounced = new Set<SharedArrayBuffer>()
  #next: number

  /**
   * @param heap of the host; its memory is number 0
   * @param name of the channel, one for each agent of a job
   * @param seat of this thread
   */
  constructor({ memory: heap, ranks }: HostHeapLayout, name: string, seat: number) {
    this.#ranks = ranks
    this.#listeners = new Int32Array(heap, LISTENERS_OFFSET, 1)
    this.#next = seat + SEATS
    this.#know({ segment: 0, memory: heap })
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = (event: unknown) => this.#know((event as { data: Announcement }).data)
    this.#channel.unref()
    if (seat < ranks) Atomics.add(this.#listeners, 0, 1)
  }

  /** Makes a memory known to all threads of the host. Does nothing if it is known. */
  share(memory: SharedArrayBuffer): void {
    if (this.#segments.has(memory)) return
    this.#unannounced.add(memory)
    this.#announce()
  }

  contains(bytes: Region): boolean {
    if (this.#unannounced.size > 0) this.#announce()
    return this.#segments.has(bytes.buffer)
  }

  placeOf(bytes: Region): Place {
    const segment = this.#segments.get(bytes.buffer)
    invariant(segment !== undefined, 'a region outside the shared memories')
    return { segment, offset: bytes.byteOffset }
  }

  bytesAt(segment: number, offset: number, nbytes: number): Region {
    if (!this.#memories.has(segment)) this.#hearAnnouncements()
    const memory = this.#memories.get(segment)
    invariant(memory !== undefined, `shared memory ${segment} was never announced`)
    return regionOver(memory, offset, nbytes)
  }

  close(): void {
    this.#channel.close()
  }

  /** A channel that is opened later would miss it: until all ranks listen, the memory counts as private. */
  #announce(): void {
    if (Atomics.load(this.#listeners, 0) < this.#ranks) return
    for (const memory of this.#unannounced) {
      const announcement = { segment: this.#next, memory }
      this.#next += SEATS
      this.#know(announcement)
      this.#channel.postMessage(announcement)
    }
    this.#unannounced.clear()
  }

  #hearAnnouncements(): void {
    for (;;) {
      // BroadcastChannel is accepted here as MessagePort is; the types of Node 20 do not say so.
      const received = receiveMessageOnPort(this.#channel as never) as { message: Announcement } | undefined
      if (received === undefined) return
      this.#know(received.message)
    }
  }

  #know({ segment, memory }: Announcement): void {
    this.#memories.set(segment, memory)
    this.#segments.set(memory, segment)
  }
}
