/**
 * Factors a panel: recursion down to NBMIN columns, then column by column. Collective over the process column that owns
 * the panel. Layer below: recursive.ts, kernels.ts, panel-factorisation.ts.
 */
import { ACTIVITY } from '../activities.ts'
import type { Panel } from '../panel.ts'
import type { Solver } from '../solver.ts'
import { KERNELS } from './kernels.ts'
import { PanelFactorisation } from './panel-factorisation.ts'
import { RECURSIONS } from './recursive.ts'

/**
 * Factors the panel of A in the panel's record, together with its pivots and info. All processes of the column know
 * the same L1 and pivots afterwards.
 */
export async function factorPanel(solver: Solver, panel: Panel): Promise<void> {
  const { timers, activities } = solver
  const began = timers.now()
  const before = activities.enter(ACTIVITY.panel)
  const f = new PanelFactorisation(solver, panel)
  f.begin()
  await factorColumns(f, 0, panel.jb)
  f.finish()
  activities.enter(before)
  timers.rfact += timers.now() - began
}

/** Columns first..first+n-1, which are up to date with all columns left of them. */
async function factorColumns(f: PanelFactorisation, first: number, n: number): Promise<void> {
  const { nbmin, ndiv, rfact } = f.solver.variant
  if (n <= nbmin) return factorWithKernel(f, first, n)
  const recursion = RECURSIONS[rfact]
  const part = Math.ceil(Math.ceil(n / nbmin) / ndiv) * nbmin
  const end = first + n
  for (let j = first; j < end; j += part) {
    const width = Math.min(part, end - j)
    recursion.before(f, first, j, width)
    await factorColumns(f, j, width)
    recursion.after(f, first, j, width, end)
  }
}

async function factorWithKernel(f: PanelFactorisation, first: number, n: number): Promise<void> {
  const { timers, variant } = f.solver
  const began = timers.now()
  const update = KERNELS[variant.pfact]
  const end = first + n
  for (let j = first; j < end; j++) {
    const elimination = f.eliminate(j)
    if (elimination !== undefined) await elimination
    if (j + 1 < end) update(f, first, j, end)
  }
  timers.pfact += timers.now() - began
}
