/**
 * The factorisation: a right-looking loop over panels, with or without look-ahead.
 *
 * With look-ahead d, up to d panels are factored and known to all but not yet applied to the whole trailing matrix. A
 * panel's own columns get the pending updates first, so that it can be factored and sent while everybody still works on
 * the oldest pending panel. Panels are applied to any column in order. Layer below: panel.ts, pfact/, bcast/, update.ts.
 */
import { ACTIVITY } from './activities.ts'
import { PanelBroadcast } from './bcast/panel-broadcast.ts'
import { numrocI } from './block-cyclic.ts'
import { synchronise } from './messaging.ts'
import { Panel } from './panel.ts'
import { factorPanel } from './pfact/factor.ts'
import type { Solver } from './solver.ts'
import { update } from './update.ts'

/**
 * Factors [A|b] in place: b becomes y = L^-1 P b. Collective over the grid.
 *
 * @returns 0, or the 1-based column of the first zero pivot, in all processes
 */
export async function factorise(solver: Solver): Promise<number> {
  const { system, grid, variant } = solver
  const panels = new PanelRing(solver)
  const blocks = Math.ceil(system.n / system.nb)
  const depth = grid.npcol === 1 ? 0 : Math.min(variant.depth, blocks)

  const pending: Panel[] = []
  for (let k = 0; k < depth; k++) {
    const panel = await factorNext(solver, panels, pending)
    await panels.receive(panel).finish()
    panels.note(panel)
    pending.push(panel)
  }
  for (let k = depth; k < blocks; k++) {
    if (k > 0) solver.onProgress?.(k * system.nb)
    const panel = await factorNext(solver, panels, pending)
    const broadcast = panels.receive(panel)
    const oldest = pending.shift()
    if (oldest !== undefined) await update(solver, oldest, oldest.remaining, broadcast)
    await broadcast.finish()
    panels.note(panel)
    if (depth === 0) await update(solver, panel, panel.remaining)
    else pending.push(panel)
  }
  for (const panel of pending) await update(solver, panel, panel.remaining)
  await panels.drain()
  await solver.rowsOnTheWay.drain()
  if (solver.columnMemory !== undefined) await synchronise(grid.column) // others may still read my rows of U
  return panels.info
}

/** Places the next panel; its owners bring its columns up to date with the pending panels and factor it. */
async function factorNext(solver: Solver, panels: PanelRing, pending: readonly Panel[]): Promise<Panel> {
  const { nb } = solver.system
  const { mycol, npcol } = solver.grid
  const panel = await panels.next()
  const mine = numrocI(panel.jb, panel.ia, nb, mycol, 0, npcol)
  if (mine === 0) return panel
  for (const earlier of pending) await update(solver, earlier, mine)
  await factorPanel(solver, panel)
  return panel
}

/** The panel records, used in turn. */
class PanelRing {
  /** 1-based column of the first zero pivot, 0 if there is none so far. */
  info = 0
  readonly #solver: Solver
  readonly #panels: readonly Panel[]
  #placed = 0

  constructor(solver: Solver) {
    this.#solver = solver
    this.#panels = solver.system.panels.map((base) => new Panel(base))
  }

  /** The next panel of the matrix, in the record that was used longest ago. */
  async next(): Promise<Panel> {
    const panel = this.#panels[this.#placed % this.#panels.length]
    await this.#drained(panel)
    panel.place(this.#solver, this.#placed * this.#solver.system.nb)
    this.#placed++
    return panel
  }

  /** Starts the broadcast of a panel that its owners have factored. */
  receive(panel: Panel): PanelBroadcast {
    const { activities } = this.#solver
    const before = activities.enter(ACTIVITY.broadcast)
    if (this.#solver.grid.mycol === panel.pcol) panel.pack(this.#solver)
    const broadcast = new PanelBroadcast(this.#solver, panel)
    activities.enter(before)
    return broadcast
  }

  /** A panel is here: what it says about the run. */
  note(panel: Panel): void {
    const { memory } = this.#solver.system
    this.#solver.activities.mark()
    if (this.info === 0) this.info = memory[panel.info]
    this.#solver.onPanel?.(panel, this.#solver)
  }

  async drain(): Promise<void> {
    for (const panel of this.#panels) await this.#drained(panel)
  }

  /** Waits until the sends of a panel have left. */
  async #drained(panel: Panel): Promise<void> {
    if (panel.onTheWay.empty) return
    const before = this.#solver.activities.enter(ACTIVITY.broadcast)
    await panel.onTheWay.drain()
    this.#solver.activities.enter(before)
  }
}
