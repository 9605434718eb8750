/** Ranks in one thread under the costly checks of `--check`. */
import { createWorld } from '../../collectives/world.ts'
import type { Intracomm } from '../../index.ts'
import { BufferChecks } from '../../runtime/comm/buffer-checks.ts'
import { Engine } from '../../runtime/engine/engine.ts'
import { InprocHub } from '../../runtime/transport/inproc.ts'

/** The world of each rank. Every call is made at prog.ts:1:1, so that messages show where they tell a place. */
export function checkedWorlds(size: number): Intracomm[] {
  const hub = new InprocHub(size)
  return Array.from({ length: size }, (_, rank) => {
    const engine = new Engine((progress) => hub.open(rank, progress))
    const abort = (): never => {
      throw new Error('abort')
    }
    return createWorld(engine, abort, {}, { checks: new BufferChecks(() => 'prog.ts:1:1') }).world
  })
}
