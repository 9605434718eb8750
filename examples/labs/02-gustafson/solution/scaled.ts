/**
 * Three programs in one, which all sleep instead of computing:
 *
 *   fixed    a serial part and a part that is divided, whatever the number of ranks (as in lab 1)
 *   scaled   the divided part grows with the ranks: each has as much to do as one rank alone
 *   chatty   no serial part, but at the end each rank reports in turn, and that takes time
 *
 * Try one by hand with: npx tsmpirun -n 4 scaled.ts fixed
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { run, type Intracomm } from 'tsmpi'

const SERIAL_MS = 60
const PARALLEL_MS = 240
const REPORT_MS = 12

/** How much faster than one rank, which needs `one` for the same work? */
function speedUp(one: number, seconds: number): number {
  return one / seconds
}

/** The serial fraction that Karp and Flatt compute from a measured speed-up. Not for one rank. */
function karpFlatt(s: number, p: number): number {
  return (1 / s - 1 / p) / (1 - 1 / p)
}

await run(async ({ world, log, argv }) => {
  const mode = argv[0] ?? 'fixed'
  const p = world.size
  const repeats = argv.includes('quick') ? 1 : 3
  const times: number[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    await world.barrier()
    const began = performance.now()
    if (mode !== 'chatty' && world.rank === 0) await sleep(SERIAL_MS)
    await world.barrier()
    await sleep(mode === 'scaled' ? PARALLEL_MS : PARALLEL_MS / p)
    if (mode === 'chatty') await reportInTurn(world)
    await world.barrier()
    times.push((performance.now() - began) / 1000)
  }
  const seconds = Math.min(...times)
  // What one rank alone needs for the work that p ranks have done.
  const work = { fixed: SERIAL_MS + PARALLEL_MS, scaled: SERIAL_MS + p * PARALLEL_MS, chatty: PARALLEL_MS }
  const one = work[mode as keyof typeof work] / 1000
  const s = speedUp(one, seconds)
  if (world.rank === 0) log(JSON.stringify({ mode, ranks: p, one, seconds, speedUp: s, karpFlatt: p === 1 ? 0 : karpFlatt(s, p) })) // prettier-ignore
})

/** One after the other: rank r begins when rank r - 1 has ended. */
async function reportInTurn(world: Intracomm): Promise<void> {
  const token = new Int8Array(1)
  if (world.size === 1) return
  if (world.rank > 0) await world.recv(token, { source: world.rank - 1 })
  await sleep(REPORT_MS)
  if (world.rank < world.size - 1) await world.send(token, { dest: world.rank + 1 })
}
