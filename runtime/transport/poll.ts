/**
 * Sleep until something can be read: the system's `poll`, and a pipe by which other threads of the process wake who
 * sleeps there. For threads that wait for sockets of a C library and for ranks at the same time.
 *
 * Called through koffi; where that is not to be had, nobody is to call this.
 */
import { constants } from 'node:fs'
import { nativeFunction, nativeMemory, type NativeMemory } from '../base/native-calls.ts'

const POLLIN = 1
const REVENTS_SHIFT = 16
const F_SETFD = 2
const FD_CLOEXEC = 1
const F_SETFL = 4
const PR_SET_TIMERSLACK = 29

interface PollFunction {
  (fds: number, count: number, timeoutMs: number): number
  async: (fds: number, count: number, timeoutMs: number, done: (error: unknown, ready: number) => void) => void
}

/** File descriptors that are looked at together. */
export class PollSet {
  readonly #poll = nativeFunction('int poll(uintptr_t fds, unsigned long count, int timeout_ms)') as PollFunction
  #doze: ((fds: number, count: number, ms: number) => number) | undefined
  /** `struct pollfd`: descriptor; events and revents, 16 bits each. */
  #words = new Int32Array(16)
  #count = 0

  /** @returns its number, for `isReady` */
  add(fd: number): number {
    if (2 * this.#count === this.#words.length) {
      const longer = new Int32Array(2 * this.#words.length)
      longer.set(this.#words)
      this.#words = longer
    }
    this.#words.set([fd, POLLIN], 2 * this.#count)
    return this.#count++
  }

  /** Blocks the thread until one of them can be read, `ms` at most. True if one can. */
  sleep(ms: number): boolean {
    return this.#poll(this.#address(), this.#count, ms) > 0
  }

  /**
   * The same for a time that may be shorter than a millisecond: to within some 5 us where the system can (Linux). Elsewhere
   * it does not sleep for the last millisecond.
   */
  nap(ms: number): boolean {
    this.#doze ??= loadDoze() ?? ((fds, count, napMs) => this.#poll(fds, count, Math.floor(napMs)))
    return this.#doze(this.#address(), this.#count, Math.max(ms, 0)) > 0
  }

  /** Calls `done` when one of them can be read. The event loop goes on; nothing may be added before. */
  watch(done: (ready: Int32Array) => void): void {
    // The system writes into the words until then: they have to stay where and what they are.
    const words = this.#words
    this.#poll.async(this.#address(), this.#count, -1, () => done(words))
  }

  isReady(index: number): boolean {
    return (this.#words[2 * index + 1] as number) >> REVENTS_SHIFT !== 0
  }

  #address(): number {
    return memory().addressOf(this.#words)
  }
}

/** `poll` with a timer as fine as the kernel has; undefined where there is none. The calling thread's timers get fine. */
function loadDoze(): ((fds: number, count: number, ms: number) => number) | undefined {
  if (process.platform !== 'linux') return undefined
  const ppoll = nativeFunction('int ppoll(uintptr_t fds, unsigned long count, uintptr_t timeout, uintptr_t mask)') as (
    ...args: [number, number, number, number]
  ) => number
  const prctl = nativeFunction('int prctl(int option, ...)') as (...args: [number, 'unsigned long', number]) => number
  // Timers of a thread are late by 50 us otherwise, so that the system has to wake less often.
  prctl(PR_SET_TIMERSLACK, 'unsigned long', 1)
  /** `struct timespec`: seconds and nanoseconds. */
  const timeout = new BigInt64Array(2)
  return (fds, count, ms) => {
    timeout[1] = BigInt(Math.floor(ms * 1e6))
    return ppoll(fds, count, memory().addressOf(timeout), 0)
  }
}

/** A pipe: who sleeps on its one end wakes when something is written into the other. */
export class WakePipe {
  readonly readEnd: number
  readonly writeEnd: number
  readonly #read = nativeFunction('long read(int fd, uintptr_t target, size_t nbytes)') as (
    ...args: [number, number, number]
  ) => number
  readonly #bytes = new Uint8Array(64)

  constructor() {
    const pipe = nativeFunction('int pipe(uintptr_t fds)') as (fds: number) => number
    const fcntl = nativeFunction('int fcntl(int fd, int command, ...)') as (
      ...args: [number, number, 'int', number]
    ) => number
    const ends = new Int32Array(2)
    if (pipe(memory().addressOf(ends)) !== 0)
      throw new Error('the system gives no pipe: too many open files (ulimit -n)')
    this.readEnd = ends[0] as number
    this.writeEnd = ends[1] as number
    for (const end of ends) {
      fcntl(end, F_SETFD, 'int', FD_CLOEXEC)
      fcntl(end, F_SETFL, 'int', constants.O_NONBLOCK)
    }
  }

  close(): void {
    const close = nativeFunction('int close(int fd)') as (fd: number) => number
    close(this.readEnd)
    close(this.writeEnd)
  }

  /** Takes out what woke us. */
  clear(): void {
    this.#read(this.readEnd, memory().addressOf(this.#bytes), this.#bytes.length)
  }
}

/** What writes one byte into a pipe of this process. */
export function loadWaker(writeEnd: number): () => void {
  const write = nativeFunction('long write(int fd, uintptr_t source, size_t nbytes)') as (
    ...args: [number, number, number]
  ) => number
  const byte = memory().addressOf(ONE)
  return () => void write(writeEnd, byte, 1)
}

const ONE = Uint8Array.of(1)

function memory(): NativeMemory {
  const memory = nativeMemory()
  if (memory === undefined) throw new Error('koffi, which calls the C library, cannot be loaded')
  return memory
}
