/**
 * Carries out a broadcast schedule on a panel: receives are posted when the broadcast starts, and whoever calls `test`
 * between two pieces of work hands on what has arrived. Layer below: schedule.ts, the row communicator.
 *
 * The broadcast is over for this process when it has received everything and posted all sends. Sends that have not left
 * by then belong to the panel, whose memory must not be used again before `panel.onTheWay` is drained.
 */
import type { Request } from '../../runtime/comm/request.ts'
import { ACTIVITY } from '../activities.ts'
import { complete, TAG } from '../messaging.ts'
import type { Panel } from '../panel.ts'
import { relativeTo } from '../process-grid.ts'
import type { BroadcastTopology } from '../parameters.ts'
import type { Solver } from '../solver.ts'
import { long, longModified } from './long.ts'
import { ring1, ring1Modified, ring2, ring2Modified } from './rings.ts'
import type { Round, Schedule, Transfer } from './schedule.ts'

const SCHEDULES: Record<BroadcastTopology, Schedule> = {
  '1ring': ring1,
  '1ringM': ring1Modified,
  '2ring': ring2,
  '2ringM': ring2Modified,
  long,
  longM: longModified,
}

export class PanelBroadcast {
  readonly #solver: Solver
  readonly #panel: Panel
  readonly #tag: number
  readonly #rounds: readonly Round[]
  readonly #receives: readonly Request[][]
  readonly #began: number
  #round = 0
  /** Receives of the current round that are known to be complete. */
  #received = 0

  /** Starts the broadcast of a panel that process column `panel.pcol` has factored. Collective over the process row. */
  constructor(solver: Solver, panel: Panel) {
    const { grid, system, variant } = solver
    const { npcol, mycol } = grid
    this.#solver = solver
    this.#panel = panel
    // Panels are numbered from 0, and at most depth + 2 of them are under way (local-system.ts).
    this.#tag = TAG.firstBroadcast + (Math.floor(panel.ia / system.nb) % (TAG.lastBroadcast - TAG.firstBroadcast + 1))
    const schedule = SCHEDULES[variant.bcast]
    this.#rounds = npcol === 1 ? [] : schedule(relativeTo(panel.pcol, mycol, npcol), npcol, panel.length)
    this.#began = solver.activities.moment
    this.#receives = this.#rounds.map(({ receives }) => receives.map((transfer) => this.#receive(transfer)))
    this.#send()
    this.test()
  }

  /** True if others wait for what this process has yet to receive. */
  get handsOn(): boolean {
    return this.#rounds.slice(this.#round + 1).some(({ sends }) => sends.length > 0)
  }

  /** Makes progress without waiting; true once the panel is here and has been handed on. Local. */
  test(): boolean {
    while (this.#round < this.#rounds.length) {
      const receives = this.#receives[this.#round]
      while (this.#received < receives.length) {
        if (receives[this.#received].test() === undefined) return false
        this.#received++
      }
      this.#nextRound()
    }
    return true
  }

  /** Waits until the panel is here and has been handed on. */
  async finish(): Promise<void> {
    if (this.test()) return
    const { activities } = this.#solver
    const before = activities.enter(ACTIVITY.wait)
    while (!this.test()) await complete(this.#receives[this.#round][this.#received])
    activities.enter(before)
  }

  #nextRound(): void {
    this.#round++
    this.#received = 0
    if (this.#round === this.#rounds.length) this.#solver.activities.broadcastEnded(this.#began)
    this.#send()
  }

  #send(): void {
    if (this.#round >= this.#rounds.length) return
    const { sends } = this.#rounds[this.#round]
    if (sends.length === 0) return
    const before = this.#solver.activities.enter(ACTIVITY.broadcast)
    for (const transfer of sends) {
      const request = this.#solver.grid.row.isend(this.#part(transfer), { dest: this.#peer(transfer), tag: this.#tag })
      this.#panel.onTheWay.add(request)
    }
    this.#solver.activities.enter(before)
  }

  #receive(transfer: Transfer): Request {
    return this.#solver.grid.row.irecv(this.#part(transfer), { source: this.#peer(transfer), tag: this.#tag })
  }

  #part({ from, to }: Transfer): Float64Array {
    return this.#solver.system.memory.subarray(this.#panel.base + from, this.#panel.base + to)
  }

  #peer({ peer }: Transfer): number {
    return (peer + this.#panel.pcol) % this.#solver.grid.npcol
  }
}
