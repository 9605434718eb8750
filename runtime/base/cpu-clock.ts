/**
 * How long the calling thread has computed: its processor time, which stands still while it waits or another thread has the
 * core. Node has no such clock for one thread before version 23.9, the C library has one on Linux and macOS. Loaded on
 * demand: the library that makes foreign calls takes some milliseconds.
 */
import { nativeFunction } from './native-calls.ts'

/** CLOCK_THREAD_CPUTIME_ID. */
const THREAD_CLOCK: Partial<Record<NodeJS.Platform, number>> = { linux: 3, darwin: 16 }

/** Newer versions of Node. */
type WithThreadClock = typeof process & { threadCpuUsage?: () => { readonly user: number; readonly system: number } }

/** What reads the processor time of this thread, in milliseconds; elapsed time where the system has no such clock. */
export function threadClock(): () => number {
  return nativeClock() ?? nodeClock() ?? (() => performance.now())
}

/** 0.3 us a reading. */
function nativeClock(): (() => number) | undefined {
  const id = THREAD_CLOCK[process.platform]
  if (id === undefined) return undefined
  try {
    const read = nativeFunction('int clock_gettime(int clock, uint8_t *time)') as (
      id: number,
      time: Uint8Array,
    ) => number
    const time = new Uint8Array(16)
    // struct timespec: seconds and nanoseconds, 64 bits each, of which the lower 32 are enough.
    const words = new Uint32Array(time.buffer)
    return read(id, time) === 0
      ? () => {
          read(id, time)
          return (words[0] as number) * 1000 + (words[2] as number) / 1e6
        }
      : undefined
  } catch {
    return undefined
  }
}

function nodeClock(): (() => number) | undefined {
  const { threadCpuUsage } = process as WithThreadClock
  if (threadCpuUsage === undefined) return undefined
  return () => {
    const { user, system } = threadCpuUsage()
    return (user + system) / 1000
  }
}
