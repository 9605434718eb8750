/** The two communicators every rank is born with (MPI 4.1, section 7.2): all processes, and the process alone. */
import { Group } from '../runtime/comm/group.ts'
import type { Job } from '../runtime/comm/comm-context.ts'
import { Communicators } from '../runtime/comm/communicators.ts'
import type { Engine } from '../runtime/engine/engine.ts'
import { Intracomm } from './intracomm.ts'
import type { Selection } from './selection.ts'

/** Contexts come in pairs, one for point-to-point and one for collectives. */
const WORLD_CONTEXT = 0
const SELF_CONTEXT = 2
/** Pairs that no rank may give out: those above, rounded up so that the rest divides evenly among the ranks. */
const RESERVED_PAIRS_PER_RANK = 2

/** What a job may be asked for, besides messages. */
export type WorldOptions = Partial<Pick<Job, 'communicators' | 'ssendAll' | 'checks'>>

/**
 * @param abort ends the whole job
 * @param selection what the launcher asked for of the collectives' algorithms
 */
export function createWorld(
  engine: Engine,
  abort: (code: number) => never,
  selection: Selection = {},
  { communicators = new Communicators(), ssendAll = false, checks }: WorldOptions = {},
): { world: Intracomm; self: Intracomm } {
  const { worldSize, worldRank } = engine
  // Rank r gives out the pairs r, r + worldSize, r + 2 worldSize, …: no two ranks ever choose the same.
  const nextContext = 2 * (RESERVED_PAIRS_PER_RANK * worldSize + worldRank)
  const job: Job = { engine, abort, nextContext, communicators, retiredBoards: [], ssendAll, checks }
  const everyone = Array.from({ length: worldSize }, (_, rank) => rank)
  return {
    world: new Intracomm(job, new Group(everyone), WORLD_CONTEXT, selection),
    self: new Intracomm(job, new Group([worldRank]), SELF_CONTEXT, selection),
  }
}
