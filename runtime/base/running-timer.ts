/**
 * Limits in time that this process itself was running. A limit on what others do must not end while the one who watches
 * was stopped (Ctrl-Z, a laptop that was shut): what they did meanwhile has not been read yet.
 *
 * Invariant: however long a pause, it counts as one tick. So no clock is read: ticks are counted.
 */

const TICK_MS = 500

/**
 * Calls `action` once this process has been running for `ms` milliseconds.
 *
 * @returns takes it back
 */
export function afterRunning(ms: number, action: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number): void => {
    const step = Math.min(leftMs, TICK_MS)
    timer = setTimeout(() => (step < leftMs ? wait(leftMs - step) : action()), step)
  }
  wait(ms)
  return () => clearTimeout(timer)
}
