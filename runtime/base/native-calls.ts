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
import { createRequire } from 'node:module'
import type koffiModule from 'koffi'

type Memcpy = (target: Uint8Array, source: Uint8Array, nbytes: number) => void

/** Shorter memory is copied as quickly by V8: a foreign call costs 0.1 us. */
const LONG_NBYTES = 8192
/** Bytes that V8 copies first. */
const PATIENCE_NBYTES = 256 * 1024 * 1024

/** A thread's way to copy: V8's until it has copied enough. */
class Copier {
  #copied = 0
  #memcpy: Memcpy | undefined

  copy(target: Uint8Array, source: Uint8Array): void {
    const nbytes = source.length
    if (nbytes < LONG_NBYTES) target.set(source)
    else if (this.#memcpy !== undefined && nbytes <= target.length) this.#memcpy(target, source, nbytes)
    else this.#copySlowly(target, source)
  }

  #copySlowly(target: Uint8Array, source: Uint8Array): void {
    target.set(source)
    this.#copied += source.length
    if (this.#copied < PATIENCE_NBYTES) return
    this.#copied = -Infinity
    this.#memcpy = loadMemcpy()
  }
}

/** A function of the C library that this process has loaded already. @throws Error if there is no way to call it */
function load(prototype: string): unknown {
  const koffi = createRequire(import.meta.url)('koffi') as typeof koffiModule
  return koffi.load(null).func(prototype)
}

/** Gives the core to another thread that is ready to run; undefined if there is no way to do it. 0.2 us if there is none. */
export function loadYield(): (() => unknown) | undefined {
  try {
    return load('int sched_yield()') as () => unknown
  } catch {
    return undefined
  }
}

/** `memcpy`; undefined if there is no way to call it. */
function loadMemcpy(): Memcpy | undefined {
  try {
    const memcpy = load('void memcpy(void *target, const void *source, size_t nbytes)') as Memcpy
    const probe = new Uint8Array(new SharedArrayBuffer(2))
    memcpy(probe, Uint8Array.of(7), 1)
    return probe[0] === 7 && probe[1] === 0 ? memcpy : undefined
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
