/**
 * Binds the calling thread to processors. Linux only: its sched_setaffinity is about one thread, which on other systems
 * nothing is. Loaded on demand: the library that calls into C takes longer to load than the rest of a rank.
 */
import koffi from 'koffi'
import { allowedProcessors } from './cores.ts'

/** Bytes of glibc's cpu_set_t, and processors that it has bits for. */
const SET_BYTES = 128
const SET_PROCESSORS = 8 * SET_BYTES

/**
 * Keeps this thread, and threads that it starts, to the processors. Returns those that the system then names: what a
 * container takes away is missing.
 *
 * @throws Error if the system refuses
 */
export function bindThread(processors: readonly number[]): number[] {
  const set = new Uint8Array(SET_BYTES)
  for (const processor of processors.filter((one) => one < SET_PROCESSORS))
    set[processor >> 3] = (set[processor >> 3] as number) | (1 << (processor & 7))
  // Node links the C library: its symbols are this process's own.
  const setAffinity = koffi.load(null).func('int sched_setaffinity(int pid, size_t bytes, const uint8_t *set)')
  const thisThread = 0
  if (setAffinity(thisThread, SET_BYTES, set) !== 0)
    throw new Error(`sched_setaffinity to processors ${processors.join(' ')} is refused (errno ${koffi.errno()})`)
  return allowedProcessors('/proc/thread-self/status')
}
