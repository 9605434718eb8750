/**
 * How a thread waits for sockets of libzmq and for the ranks of its host. While there is traffic it sleeps in `poll`,
 * a millisecond at most, and lets the event loop turn between sleeps; when there has been none for a while, a thread of
 * Node's pool sleeps there, and the event loop is free.
 *
 * To sleep in the event loop itself costs more: the way from a descriptor through the loop, a promise and a microtask is
 * about as long as the way of a small message through the kernel.
 */
import type { RankDuty } from './agent-link.ts'
import type { NativeSocket } from './native-zmq.ts'
import { loadWaker, PollSet, WakePipe } from './poll.ts'

/** Longest sleep, and longest time without a turn of the event loop. */
const SLICE_MS = 1
/** Without traffic for so long, the event loop is left alone. */
const PATIENCE_MS = 50

interface Source {
  readonly socket: NativeSocket
  /** The socket whose events these are, or itself. */
  readonly of: NativeSocket
  /** Takes what has come; true if there may be more. */
  readonly serve: () => boolean
  /** Number in the set. */
  index: number
  /** There may be something although the descriptor does not say so. */
  more: boolean
}

export class SocketPump {
  readonly #pipe = new WakePipe()
  readonly #wake = loadWaker(this.#pipe.writeEnd)
  #set = new PollSet()
  #sources: Source[] = []
  #duty: RankDuty | undefined
  #busyAtMs = performance.now()
  /** A thread of the pool sleeps. */
  #watching = false
  #closed: (() => void) | undefined

  constructor() {
    this.#set.add(this.#pipe.readEnd)
    setImmediate(this.#turn)
  }

  /** What another thread of this process writes into to wake this one. */
  get wakeEnd(): number {
    return this.#pipe.writeEnd
  }

  /**
   * @param serve takes what has come to the socket; true if it has left something
   * @param of the socket whose events this one tells; absent: it is one by itself
   */
  add(socket: NativeSocket, serve: () => boolean, of: NativeSocket = socket): void {
    this.#sources.push({ socket, of, serve, index: this.#set.add(socket.fd), more: true })
    this.#stir()
  }

  /** Closes a socket, and the one that tells its events. */
  remove(socket: NativeSocket): void {
    socket.close()
    for (const source of this.#sources) if (source.of === socket && source.socket !== socket) source.socket.close()
    this.#sources = this.#sources.filter(({ of }) => of !== socket)
    this.#set = new PollSet()
    this.#set.add(this.#pipe.readEnd)
    for (const source of this.#sources) source.index = this.#set.add(source.socket.fd)
    this.#stir()
  }

  attend(duty: RankDuty): void {
    this.#duty = duty
    this.#stir()
  }

  /** Closes all sockets. */
  close(): Promise<void> {
    this.#stir()
    return new Promise((resolve) => (this.#closed = resolve))
  }

  #stir(): void {
    this.#busyAtMs = performance.now()
    if (this.#watching) this.#wake()
  }

  /** One turn of the event loop: all that there is to do, and sleep. */
  readonly #turn = (): void => {
    const start = performance.now()
    let now = start
    do {
      if (this.#work()) this.#busyAtMs = now
      if (this.#closed !== undefined) return this.#end(this.#closed)
      if (now - this.#busyAtMs > PATIENCE_MS) return this.#watch()
      this.#sleep()
      now = performance.now()
    } while (now - start < SLICE_MS && this.#restMs > 0)
    setImmediate(this.#turn)
  }

  /** True if there was anything to do. */
  #work(): boolean {
    let busy = this.#duty?.drain() === true
    if (this.#set.isReady(0)) this.#pipe.clear()
    for (const source of this.#sources)
      if (source.more || this.#set.isReady(source.index)) {
        source.more = source.serve()
        busy = true
      }
    return busy
  }

  get #leftover(): boolean {
    return this.#duty?.ready() === true || this.#sources.some(({ more }) => more)
  }

  get #restMs(): number {
    return this.#duty?.restMs() ?? SLICE_MS
  }

  #sleep(): void {
    const { doorbell } = this.#duty ?? {}
    doorbell?.lieDown()
    const restMs = this.#restMs
    if (this.#leftover || restMs <= 0) this.#set.sleep(0)
    else if (restMs < SLICE_MS) this.#set.nap(restMs)
    else this.#set.sleep(SLICE_MS)
    doorbell?.getUp()
  }

  #watch(): void {
    this.#duty?.doorbell.lieDown()
    if (this.#leftover) return this.#resume()
    this.#watching = true
    this.#set.watch(() => {
      this.#watching = false
      this.#resume()
    })
  }

  #resume(): void {
    this.#duty?.doorbell.getUp()
    this.#busyAtMs = performance.now()
    for (const source of this.#sources) source.more = true
    this.#turn()
  }

  #end(done: () => void): void {
    for (const of of new Set(this.#sources.map((source) => source.of))) this.remove(of)
    this.#pipe.close()
    done()
  }
}
