/**
 * Many ranks in one thread, for unit tests: no process, no socket, no launcher. Exported as `tsmpi/testing`.
 *
 * The ranks are async functions that take turns whenever they wait; everything above the transport is the code that
 * runs in a real job.
 *
 * @module tsmpi/testing
 */
import { createWorld } from './collectives/world.ts'
import type { Intracomm } from './collectives/intracomm.ts'
import { Engine } from './runtime/engine/engine.ts'
import { InprocHub, type InprocOptions } from './runtime/transport/inproc.ts'

/**
 * What a rank under test is given.
 *
 * @example
 * import { SUM } from 'tsmpi'
 * import { runRanks, type TestRank } from 'tsmpi/testing'
 *
 * const body = ({ world }: TestRank): Promise<number> => world.allreduce(1, { op: SUM })
 * console.log(await runRanks(3, body)) // → [ 3, 3, 3 ]
 */
export interface TestRank {
  readonly world: Intracomm
  readonly self: Intracomm
}

/**
 * Runs `main` once for each of `size` ranks; resolves to what they return, by rank.
 *
 * @throws what the first failing rank throws, or that a link is cut; the others are left where they wait
 * @example
 * import { SUM } from 'tsmpi'
 * import { runRanks } from 'tsmpi/testing'
 *
 * const sums = await runRanks(4, ({ world }) => world.allreduce(world.rank, { op: SUM }))
 * console.log(sums) // → [ 6, 6, 6, 6 ]
 */
export async function runRanks<T>(
  size: number,
  main: (rank: TestRank) => Promise<T> | T,
  options: InprocOptions = {},
): Promise<T[]> {
  const hub = new InprocHub(size, options)
  const ranks = Array.from({ length: size }, (_, rank) => {
    const engine = new Engine((progress) => hub.open(rank, progress))
    return createWorld(engine, (code) => {
      throw new Error(`rank ${rank} called abort(${code})`)
    })
  })
  return Promise.race([Promise.all(ranks.map(async (rank) => main(rank))), hub.broken])
}
