/**
 * Waiting in tests for something that no event tells. Looks every few milliseconds: one that spins takes the core of what
 * it waits for.
 */
const LOOK_MS = 5

/** Resolves when the condition holds, rejects after `limitMs` with what `what` says. */
export async function until(condition: () => boolean, limitMs: number, what: () => string): Promise<void> {
  const begun = performance.now()
  while (!condition()) {
    if (performance.now() > begun + limitMs && performance.now() > begun + leastLimit())
      throw new Error(`not within ${limitMs} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/**
 * What a machine has at least, in ms: the time in which it would now start Node 20 times. A limit that the product promises
 * is one for a machine with room, not for one on which ten other tests run.
 */
function leastLimit(): number {
  const begun = performance.now()
  process.getBuiltinModule('node:child_process').spawnSync(process.execPath, ['--eval', '0'])
  return 20 * (performance.now() - begun)
}
