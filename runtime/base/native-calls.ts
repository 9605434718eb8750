/**
 * What the C library does better than V8, called through koffi: copies of long memory, and giving the core to another
 * thread.
 *
 * Copies of long memory with the C library's `memcpy`. V8 copies shared memory word by word, so that other threads never
 * see half of a word; `memcpy` moves whole lines, which is a third to a half faster (1 MiB: 32 against 42 us, 64 KiB: 1.3
 * against 1.9 us). Messages need no such care: nobody may look at a buffer that is being received into.
 *
 * The library that makes foreign calls, koffi, takes some milliseconds to load: that happens after so many bytes that it is
 * won back soon. Where it cannot be loaded, V8 copies on.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type koffiModule from 'koffi'

/** A part of a buffer, as a typed array or a region is. */
interface Placed {
  readonly buffer: ArrayBufferLike
  readonly byteOffset: number
}

/** Memory by its address, which means the same in all threads of this process. */
export interface NativeMemory {
  /** Where a region begins. It stays there as long as its buffer lives and is not transferred. */
  addressOf(memory: Placed): number
  copy(target: number, source: number, nbytes: number): void
}

/** Memory of another thread of this process, known by its address only. Whoever names it keeps it until told that it is done with. */
export interface AddressedBytes {
  readonly address: number
  readonly length: number
}

/** Up to this many bytes a loop is quicker than `set`. */
const SHORT_NBYTES = 16
/** Shorter memory is copied as quickly by V8: a foreign call costs 0.1 us. */
const LONG_NBYTES = 8192
/** Bytes that V8 copies first: to load what calls `memcpy` takes 1.05 ms, 128 KiB 4.0 us by V8 and 2.6 by it. */
const PATIENCE_NBYTES = 96 * 1024 * 1024

/** A thread's way to copy: V8's until it has copied enough. */
class Copier {
  #copied = 0
  #memory: NativeMemory | undefined
  #tried = false

  get memory(): NativeMemory | undefined {
    return this.#memory
  }

  copy(target: Uint8Array, source: Uint8Array): void {
    const nbytes = source.length
    const memory = this.#memory
    if (nbytes <= SHORT_NBYTES) for (let i = 0; i < nbytes; i++) target[i] = source[i] as number
    else if (nbytes < LONG_NBYTES) target.set(source)
    else if (memory !== undefined && nbytes <= target.length)
      memory.copy(memory.addressOf(target), memory.addressOf(source), nbytes)
    else this.#copySlowly(target, source)
  }

  #copySlowly(target: Uint8Array, source: Uint8Array): void {
    target.set(source)
    this.#copied += source.length
    if (this.#copied >= PATIENCE_NBYTES) this.load()
  }

  load(): NativeMemory | undefined {
    this.#copied = -Infinity
    if (!this.#tried) this.#memory = loadMemory()
    this.#tried = true
    return this.#memory
  }
}

/**
 * A function of a library in C, as koffi calls it.
 *
 * @param prototype in C; addresses are `uintptr_t`
 * @param library path of a shared library. Absent: what this process has loaded already, such as the C library
 * @throws Error if there is no way to call it
 */
export function nativeFunction(prototype: string, library: string | null = null): unknown {
  return loadKoffi().load(library).func(prototype)
}

/** What is used of koffi. */
type Koffi = Pick<typeof koffiModule, 'load' | 'address'>

let koffi: Koffi | undefined

function loadKoffi(): Koffi {
  const require = createRequire(import.meta.url)
  return (koffi ??= koffiAlone(require) ?? (require('koffi') as Koffi))
}

/**
 * The native part of koffi, which has all that is used here. What is around it looks where the native part lies, for 4 ms
 * of a processor: too long for every agent. Undefined where that is not known beforehand.
 */
function koffiAlone(require: NodeJS.Require): Koffi | undefined {
  try {
    const { platform, arch } = process
    return usesMusl()
      ? undefined
      : (require(`@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`) as Koffi)
  } catch {
    return undefined
  }
}

/** True where the C library is musl. @throws Error where that is not known, which is anywhere but on Linux */
export function usesMusl(): boolean {
  return readFileSync('/proc/self/maps', 'latin1').includes('/ld-musl-')
}

/** Gives the core to another thread that is ready to run; undefined if there is no way to do it. 0.2 us if there is none. */
export function loadYield(): (() => unknown) | undefined {
  try {
    return nativeFunction('int sched_yield()') as () => unknown
  } catch {
    return undefined
  }
}

function loadMemory(): NativeMemory | undefined {
  try {
    const koffi = loadKoffi()
    const known = new WeakMap<ArrayBufferLike, number>()
    const addressOf = ({ buffer, byteOffset }: Placed): number => {
      let base = known.get(buffer)
      // One byte will do, and no typed array could span the shared heap of a host.
      if (base === undefined) known.set(buffer, (base = Number(koffi.address(new Uint8Array(buffer, 0, 1)))))
      return base + byteOffset
    }
    const copy = nativeFunction(
      'void memcpy(uintptr_t target, uintptr_t source, size_t nbytes)',
    ) as NativeMemory['copy']
    const probe = new Uint8Array(new SharedArrayBuffer(2))
    copy(addressOf(probe), addressOf(Uint8Array.of(7)), 1)
    return probe[0] === 7 && probe[1] === 0 ? { addressOf, copy } : undefined
  } catch {
    return undefined
  }
}

/** One for each thread; what it remembers makes copies quicker, never different. */
const copier = new Copier()

/** Copies `source` to the start of `target`, which is as long or longer. They may overlap only if both are short. */
export function copyBytes(target: Uint8Array, source: Uint8Array): void {
  copier.copy(target, source)
}

/** A copy of bytes that may be known by their address only; those that are not are returned as they are. */
export function toBytes(source: Uint8Array | AddressedBytes): Uint8Array {
  if (source instanceof Uint8Array) return source
  const copy = new Uint8Array(source.length)
  const memory = nativeMemoryHere()
  memory.copy(memory.addressOf(copy), source.address, source.length)
  return copy
}

/** Copies `source` to an address. */
export function copyToAddress(target: number, source: Uint8Array): void {
  const memory = nativeMemoryHere()
  if (source.length > 0) memory.copy(target, memory.addressOf(source), source.length)
}

/** @throws Error if there is none: then no other thread of this process names memory by its address */
function nativeMemoryHere(): NativeMemory {
  const memory = nativeMemory()
  if (memory === undefined) throw new Error('koffi, which calls the C library, cannot be loaded')
  return memory
}

/** Memory by address, if this thread has copied so much that what is needed for it has been loaded. */
export function loadedMemory(): NativeMemory | undefined {
  return copier.memory
}

/** Memory by address; loads what is needed for it. Undefined if that cannot be loaded. */
export function nativeMemory(): NativeMemory | undefined {
  return copier.memory ?? copier.load()
}
