/**
 * libzmq called directly: the same library that zeromq.js brings along, without the event loop between. A message through
 * zeromq.js costs 10 us more at each end, most of it promises and turns of the loop (measured, `npm run bench:latency`).
 *
 * Its functions are symbols of zeromq.js's addon, and koffi calls them. Where that does not work (no koffi, a system that
 * hides the symbols), `loadLibzmq` says so and zeromq.js does all. Whoever uses a socket of these does it from one thread.
 * Addresses are of memory that does not move: array buffers.
 */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import { dirname, join } from 'node:path'
import { nativeFunction, nativeMemory, usesMusl, type AddressedBytes, type NativeMemory } from '../base/native-calls.ts'

type Call = (...args: readonly (number | bigint | string | null)[]) => number

/** What is used of libzmq. */
export interface Libzmq {
  readonly memory: NativeMemory
  readonly context: number
  readonly call: Readonly<Record<keyof typeof PROTOTYPES, Call>>
}

const PROTOTYPES = {
  zmq_ctx_new: 'uintptr_t zmq_ctx_new()',
  zmq_socket: 'uintptr_t zmq_socket(uintptr_t context, int type)',
  zmq_close: 'int zmq_close(uintptr_t socket)',
  zmq_setsockopt: 'int zmq_setsockopt(uintptr_t socket, int option, uintptr_t value, size_t length)',
  zmq_getsockopt: 'int zmq_getsockopt(uintptr_t socket, int option, uintptr_t value, uintptr_t length)',
  zmq_bind: 'int zmq_bind(uintptr_t socket, const char *endpoint)',
  zmq_connect: 'int zmq_connect(uintptr_t socket, const char *endpoint)',
  zmq_socket_monitor: 'int zmq_socket_monitor(uintptr_t socket, const char *endpoint, int events)',
  zmq_send: 'int zmq_send(uintptr_t socket, uintptr_t source, size_t nbytes, int flags)',
  zmq_send_const: 'int zmq_send_const(uintptr_t socket, uintptr_t source, size_t nbytes, int flags)',
  zmq_recv: 'int zmq_recv(uintptr_t socket, uintptr_t target, size_t nbytes, int flags)',
  zmq_errno: 'int zmq_errno()',
} as const

export const SOCKET = { PAIR: 0, ROUTER: 6, PULL: 7, PUSH: 8 } as const

export const OPTION = {
  RCVMORE: 13,
  FD: 14,
  LINGER: 17,
  BACKLOG: 19,
  MAXMSGSIZE: 22,
  SNDHWM: 23,
  RCVHWM: 24,
  LAST_ENDPOINT: 32,
  IPV6: 42,
  PLAIN_SERVER: 44,
  PLAIN_USERNAME: 45,
  PLAIN_PASSWORD: 46,
  CURVE_SERVER: 47,
  CURVE_PUBLICKEY: 48,
  CURVE_SECRETKEY: 49,
  CURVE_SERVERKEY: 50,
  ZAP_DOMAIN: 55,
  HANDSHAKE_IVL: 66,
} as const

const DONTWAIT = 1
const SNDMORE = 2
const ALL_EVENTS = 0xffff
/** The only option here that has 64 bits. */
const WIDE: number = OPTION.MAXMSGSIZE

/** libzmq with a context of its own; undefined if it cannot be called. */
export function loadLibzmq(): Libzmq | undefined {
  const memory = nativeMemory()
  if (memory === undefined) return undefined
  try {
    const require = createRequire(import.meta.url)
    const call = firstOf(likelyAddons(require), callsOf) ?? callsOf(loadedAddon(require))
    return call && { memory, call, context: call.zmq_ctx_new() }
  } catch {
    return undefined
  }
}

/** The functions of the library in a file; undefined if it cannot be loaded. */
function callsOf(addon: string): Libzmq['call'] | undefined {
  try {
    const functions = Object.entries(PROTOTYPES).map(([name, text]) => [name, nativeFunction(text, addon)])
    return Object.fromEntries(functions) as Libzmq['call']
  } catch {
    return undefined
  }
}

function firstOf<T, R>(all: readonly T[], find: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const found = find(each)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Addons of zeromq.js for this kind of system, found without its loader: that searches long and sets up what only
 * JavaScript needs, 4 ms of a processor, too long for every agent. All have the same libzmq, and are tried as by the
 * loader: those for later versions of Node first. One that wants a later C library cannot be loaded.
 */
function likelyAddons(require: NodeJS.Require): string[] {
  try {
    const folder = join(
      dirname(require.resolve('zeromq/package.json')),
      'build',
      process.platform,
      process.arch,
      'node',
    )
    const name = new RegExp(`^${usesMusl() ? 'musl' : 'glibc'}-(\\d+)-Release$`)
    const version = (entry: string): number => Number(name.exec(entry)?.[1] ?? 0)
    const builds = readdirSync(folder).filter((entry) => version(entry) > 0)
    return builds.sort((a, b) => version(b) - version(a)).map((entry) => join(folder, entry, 'addon.node'))
  } catch {
    return []
  }
}

/** The addon that zeromq.js loads itself; a path that is none if it has none. */
function loadedAddon(require: NodeJS.Require): string {
  require('zeromq/lib/load-addon.js') // which knows where it lies; all of zeromq.js takes longer
  return Object.keys(require.cache).find((path) => /zeromq.*\.node$/.test(path)) ?? ''
}

/** A socket of libzmq that never blocks. */
export class NativeSocket {
  readonly #lib: Libzmq
  readonly #socket: number
  /** Where received parts are put, one after the other. */
  readonly #arena: Uint8Array
  readonly #base: number
  /** Two words of an option's value, then its length, a `size_t`. */
  readonly #scratch = new Int32Array(4)
  readonly #values: number

  /** @param roomBytes for the parts of one message; longer ones are cut */
  constructor(lib: Libzmq, type: number, roomBytes: number) {
    this.#lib = lib
    this.#socket = lib.call.zmq_socket(lib.context, type)
    this.#arena = new Uint8Array(roomBytes)
    this.#base = lib.memory.addressOf(this.#arena)
    this.#values = lib.memory.addressOf(this.#scratch)
    this.set(OPTION.LINGER, 0)
  }

  set(option: number, value: number | string): void {
    const { call, memory } = this.#lib
    const bytes =
      typeof value === 'string'
        ? new Uint8Array(Buffer.from(value))
        : new Uint8Array((option === WIDE ? BigInt64Array.of(BigInt(value)) : Int32Array.of(value)).buffer)
    this.#check(call.zmq_setsockopt(this.#socket, option, memory.addressOf(bytes), bytes.length), `option ${option}`)
  }

  /** @throws Error with the system's name of it as `code` */
  bind(endpoint: string): void {
    this.#check(this.#lib.call.zmq_bind(this.#socket, endpoint), `bind ${endpoint}`)
  }

  connect(endpoint: string): void {
    this.#check(this.#lib.call.zmq_connect(this.#socket, endpoint), `connect ${endpoint}`)
  }

  /** A socket that tells what becomes of the connections of this one. */
  monitor(): NativeSocket {
    const endpoint = `inproc://events-${this.#socket}`
    this.#check(this.#lib.call.zmq_socket_monitor(this.#socket, endpoint, ALL_EVENTS), 'monitor')
    const pair = new NativeSocket(this.#lib, SOCKET.PAIR, 1024)
    pair.connect(endpoint)
    return pair
  }

  /** Where it listens. */
  get lastEndpoint(): string {
    this.#scratch[2] = this.#arena.length
    const { call } = this.#lib
    this.#check(call.zmq_getsockopt(this.#socket, OPTION.LAST_ENDPOINT, this.#base, this.#values + 8), 'endpoint')
    return Buffer.from(this.#arena.buffer, 0, (this.#scratch[2] as number) - 1).toString()
  }

  /** Can be read after something has happened to the socket; then it is asked until it has nothing more. */
  get fd(): number {
    return this.#number(OPTION.FD)
  }

  /**
   * The parts of the next message, which stay until the next call; undefined if there is none.
   *
   * @param place chooses memory for the second part by the first; who has none for it leaves it to the socket. Of a part
   *   that was put at an address only the length is told
   */
  receive(place?: (first: Buffer) => Uint8Array | AddressedBytes | undefined): Buffer[] | undefined {
    let nbytes = this.#take(0)
    if (nbytes < 0) return undefined
    const parts = [this.#part(0, nbytes)]
    for (let at = nbytes; this.#number(OPTION.RCVMORE) !== 0; at += nbytes) {
      at = Math.min(at, this.#arena.length)
      // The rest of a message has come with its first part.
      const room = parts.length === 1 ? place?.(parts[0] as Buffer) : undefined
      nbytes = room === undefined ? this.#take(at) : this.#takeInto(room)
      const fits = room !== undefined && 'buffer' in room && nbytes <= room.length
      parts.push(fits ? Buffer.from(room.buffer, room.byteOffset, nbytes) : this.#part(at, nbytes))
    }
    return parts
  }

  /**
   * Queues a message of copies of these parts, but for shared memory and what is known by its address only: that is read
   * from where it is, and must stay.
   */
  send(parts: readonly (Uint8Array | AddressedBytes)[]): void {
    const { call, memory } = this.#lib
    for (const [index, part] of parts.entries()) {
      const isOwn = 'buffer' in part
      const send = isOwn && !(part.buffer instanceof SharedArrayBuffer) ? call.zmq_send : call.zmq_send_const
      const flags = index < parts.length - 1 ? DONTWAIT | SNDMORE : DONTWAIT
      const address = !isOwn ? part.address : part.length === 0 ? 0 : memory.addressOf(part)
      this.#check(send(this.#socket, address, part.length, flags), 'send')
    }
  }

  close(): void {
    this.#lib.call.zmq_close(this.#socket)
  }

  /** Length of the next part; negative if there is none. These sockets know no other error. */
  #take(at: number): number {
    return this.#lib.call.zmq_recv(this.#socket, this.#base + at, this.#arena.length - at, DONTWAIT)
  }

  #takeInto(room: Uint8Array | AddressedBytes): number {
    const { call, memory } = this.#lib
    const address = 'buffer' in room ? memory.addressOf(room) : room.address
    return call.zmq_recv(this.#socket, address, room.length, DONTWAIT)
  }

  #part(at: number, nbytes: number): Buffer {
    return Buffer.from(this.#arena.buffer, at, Math.min(nbytes, this.#arena.length - at))
  }

  #number(option: number): number {
    this.#scratch[2] = 4
    this.#lib.call.zmq_getsockopt(this.#socket, option, this.#values, this.#values + 8)
    return this.#scratch[0] as number
  }

  #check(outcome: number, what: string): void {
    if (outcome >= 0) return
    const errno = this.#lib.call.zmq_errno()
    const code = Object.entries(os.constants.errno).find(([, value]) => value === errno)?.[0] ?? `error ${errno}`
    throw Object.assign(new Error(`libzmq refuses ${what}: ${code}`), { code })
  }
}
