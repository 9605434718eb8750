/** Communicators whose small calls go through a board (collectives/small-calls.ts). */
import type { Intracomm } from '../../index.ts'
import { runRanks } from '../../testing.ts'

/** More calls than a communicator makes by messages before it has a board. */
export const CALLS_BEFORE = 8

/** Collective. */
export async function foundBoard(world: Intracomm): Promise<void> {
  for (let i = 0; i < CALLS_BEFORE; i++) await world.barrier()
}

/** The error of the first rank that fails in what comes after the board has been founded. */
export async function failureOnBoard(calls: readonly ((world: Intracomm) => Promise<unknown>)[]): Promise<string> {
  try {
    await runRanks(calls.length, async ({ world }) => {
      await foundBoard(world)
      await calls[world.rank]?.(world)
    })
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}
