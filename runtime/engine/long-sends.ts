/**
 * The sender's side of messages that wait for an answer: what a ready-to-send frame offers, and what is kept until FIN.
 *
 * Invariant: the memory of a message under way is released exactly once, on FIN. It is offered as it is where it can be
 * read: shared memory by its place, private memory by its address to a thread of this process, the receiver or the agent;
 * else a copy in shared memory is.
 */
import { invariant } from '../base/errors.ts'
import type { MessageView } from '../base/message-buffer.ts'
import { loadedMemory, nativeMemory, type NativeMemory } from '../base/native-calls.ts'
import type { Region } from '../base/region.ts'
import { FRAME, type Frame, type Transport } from '../transport/transport.ts'
import type { Operation } from './operation.ts'
import type { Pending } from './pending.ts'

/** Copies of messages that fit into the caches of two cores. */
const CACHED_NBYTES = 4 * 1024 * 1024
/** How long a send waits for room in there: what the receiver takes for a copy of this size. */
const STAGING_MS = 0.1

/** A send whose memory the receiver has not released yet. */
interface PendingSend {
  readonly operation: Operation
  readonly dest: number
  readonly nbytes: number
  /** What it travels with. */
  readonly signature: number
  /** Shared memory that holds a copy because the user's own is private. */
  readonly staged: Region | undefined
  /** What the receiver may be reading: keeps its memory alive. */
  readonly view?: MessageView
}

export class LongSends {
  readonly #transport: Transport
  readonly #progress: () => void
  readonly #sends = new Map<number, PendingSend>()
  /** Bytes of messages that lie in shared memory as copies. */
  #stagedNbytes = 0
  /** False after a wait for room that was in vain: who floods a rank that does not receive, waits once. */
  #patient = true
  #latestId = 0

  /** @param progress lets receivers tell that they are done with earlier messages */
  constructor(transport: Transport, progress: () => void) {
    this.#transport = transport
    this.#progress = progress
  }

  /** Makes the frame of an eager message one whose receiver answers. */
  expectAnswer(frame: Frame, operation: Operation): void {
    frame.id = this.#latestId = idAfter(this.#latestId)
    this.#sends.set(frame.id, {
      operation,
      dest: frame.dest,
      nbytes: frame.nbytes,
      signature: frame.aux,
      staged: undefined,
    })
  }

  /** Makes the frame one that offers the message. */
  offer(frame: Frame, view: MessageView, operation: Operation): void {
    const direct = view.region !== undefined && this.#transport.isShared(view.region)
    const native = direct ? undefined : this.#nativeFor(view, frame.dest)
    const staged = direct || native !== undefined ? undefined : this.#stage(view)
    frame.kind = FRAME.RTS
    frame.payload = undefined
    frame.region = direct ? view.region : staged
    frame.address = native?.addressOf(view.region as Region) ?? 0
    frame.id = this.#latestId = idAfter(this.#latestId)
    const { dest, aux: signature } = frame
    this.#sends.set(frame.id, { operation, dest, nbytes: view.nbytes, signature, staged, view })
  }

  /** The receiver has taken the message. */
  finish(id: number): void {
    const send = this.#sends.get(id)
    invariant(send !== undefined, `FIN for unknown send ${id}`)
    this.#sends.delete(id)
    if (send.staged !== undefined) {
      this.#stagedNbytes -= send.nbytes
      this.#patient = true
      this.#transport.free(send.staged)
    }
    send.operation.complete()
  }

  /** Memory of this rank that others may be reading. */
  lent(): ArrayBufferLike[] {
    return [...this.#sends.values()].flatMap(({ staged, view }) =>
      staged === undefined && view?.region !== undefined ? [view.region.buffer] : [],
    )
  }

  /** The sends that have not ended. */
  pending(): Pending[] {
    return Array.from(this.#sends.values(), (send): Pending => ({ ...send, kind: 'send' }))
  }

  /** What reads private memory of this rank in another thread: the receiver, or the agent of this host. */
  #nativeFor({ region, nbytes }: MessageView, dest: number): NativeMemory | undefined {
    const transport = this.#transport
    if (transport.sharesAddresses !== true || dest === transport.worldRank) return undefined
    if (nbytes === 0 || region?.byteLength !== nbytes) return undefined
    // What it takes to do without copies is loaded as soon as there are many of them.
    return this.#stagedNbytes < CACHED_NBYTES ? loadedMemory() : nativeMemory()
  }

  /** A copy of a message in memory that its receiver can read. */
  #stage(view: MessageView): Region {
    this.#awaitStaging(view.nbytes)
    return view.packInto(this.#transport.alloc(view.nbytes))
  }

  /**
   * Gives the receivers of earlier copies a moment to take them, so that memory is used again while it is in the caches:
   * a window of 1 MiB messages moves 16 GB/s instead of 10.
   */
  #awaitStaging(nbytes: number): void {
    if (this.#stagedNbytes > 0) this.#progress()
    this.#stagedNbytes += nbytes
    if (this.#stagedNbytes <= CACHED_NBYTES || !this.#patient || this.#transport.hasCores !== true) return
    const end = performance.now() + STAGING_MS
    this.#patient = false // unless one of the earlier messages is taken meanwhile
    do this.#progress()
    while (this.#stagedNbytes > CACHED_NBYTES && performance.now() < end)
  }
}

/** Numbers of messages are 32-bit integers on the wire; by the time one comes round again its message is long gone. */
export function idAfter(id: number): number {
  return id === 0x7fff_ffff ? 1 : id + 1
}
