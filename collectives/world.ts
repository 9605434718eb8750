/** The two communicators every rank is born with (MPI 4.1, section 7.2): all processes, and the process alone. */
import { Group } from '../runtime/comm/group.ts'
import type { Job } from '../runtime/comm/comm.ts'
import type { Engine } from '../runtime/engine/engine.ts'
import { Intracomm } from './intracomm.ts'

/** Contexts come in pairs, one for point-to-point and one for collectives. */
const WORLD_CONTEXT = 0
const SELF_CONTEXT = 2
const FIRST_FREE_CONTEXT = 4

/** @param abort ends the whole job */
export function createWorld(engine: Engine, abort: (code: number) => never): { world: Intracomm; self: Intracomm } {
  const job: Job = { engine, abort, nextContext: FIRST_FREE_CONTEXT }
  const everyone = Array.from({ length: engine.worldSize }, (_, rank) => rank)
  return {
    world: new Intracomm(job, new Group(everyone), WORLD_CONTEXT),
    self: new Intracomm(job, new Group([engine.worldRank]), SELF_CONTEXT),
  }
}
