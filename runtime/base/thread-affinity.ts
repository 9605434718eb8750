/**
 * Which processors the calling thread runs on and may run on: the calls of Linux, which Node does not have. Loaded on demand:
 * the library that makes foreign calls takes a millisecond, and 5 to 20 while a job starts.
 */
import { readFileSync } from 'node:fs'
import { nativeFunction } from './native-calls.ts'

export interface ThreadAffinity {
  /** The number by which the system knows this thread. */
  readonly threadId: number
  /** The processor that this thread runs on, counted from 0: 0.06 us. */
  processor(): number
  /** Those that it may run on. */
  allowed(): number[]
  /** Makes it run on one of these at once, and on no other until the next call. 30 to 100 us if it has to move. */
  allow(processors: readonly number[]): void
}

/** Bytes of a set of processors, a bit each: the C library's own size of it. */
const MASK_BYTES = 128
/** Of what `/proc/.../stat` tells after the name in parentheses: state, and the processor run on last. */
const STATE_FIELD = 0
const PROCESSOR_FIELD = 36

type MaskCall = (thread: number, nbytes: number, mask: Uint8Array) => number
const CALLING_THREAD = 0

/** Undefined where the system has no such calls, or more processors than they are asked for here. */
export function loadThreadAffinity(): ThreadAffinity | undefined {
  try {
    const processor = nativeFunction('int sched_getcpu()') as () => number
    const get = nativeFunction('int sched_getaffinity(int thread, size_t nbytes, uint8_t *mask)') as MaskCall
    const set = nativeFunction('int sched_setaffinity(int thread, size_t nbytes, uint8_t *mask)') as MaskCall
    const threadId = (nativeFunction('int gettid()') as () => number)()
    const mask = new Uint8Array(MASK_BYTES)
    if (processor() < 0 || get(CALLING_THREAD, MASK_BYTES, mask) < 0) return undefined
    return {
      threadId,
      processor,
      allowed: () => {
        get(CALLING_THREAD, MASK_BYTES, mask)
        return processorsIn(mask)
      },
      allow: (processors) => void set(CALLING_THREAD, MASK_BYTES, maskOf(processors)),
    }
  } catch {
    return undefined
  }
}

function processorsIn(mask: Uint8Array): number[] {
  return Array.from({ length: 8 * mask.length }, (_, bit) => bit).filter(
    (bit) => ((mask[bit >> 3] as number) & (1 << (bit & 7))) !== 0,
  )
}

function maskOf(processors: readonly number[]): Uint8Array {
  const mask = new Uint8Array(MASK_BYTES)
  for (const bit of processors) mask[bit >> 3] = (mask[bit >> 3] as number) | (1 << (bit & 7))
  return mask
}

/** The processor where a thread of this process runs, or waits for its turn; undefined if it wants none. 15 us. */
export function processorWanted(threadId: number): number | undefined {
  try {
    const text = readFileSync(`/proc/self/task/${threadId}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[STATE_FIELD] === 'R' ? Number(fields[PROCESSOR_FIELD]) : undefined
  } catch {
    return undefined // it has ended
  }
}
