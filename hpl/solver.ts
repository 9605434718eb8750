/**
 * What every part of the solver works on: the local system, the grid, the kernels, the variant and the clock of one
 * solve. Only data; the algorithm is in lookahead.ts.
 */
import { ActivityLog } from './activities.ts'
import type { Blas } from './blas/blas.ts'
import type { LocalSystem } from './local-system.ts'
import { Outstanding } from './messaging.ts'
import type { BroadcastTopology, Factorisation, StorageForm, SwapAlgorithm } from './parameters.ts'
import type { FactoredPanel } from './panel-record.ts'
import type { ProcessGrid } from './process-grid.ts'
import type { ColumnMemory } from './swap/in-place.ts'
import type { Timers } from './timers.ts'

/** How to factor. None of it changes the result but for rounding, and not even that with ordered kernels. */
export interface Variant {
  readonly depth: number
  readonly bcast: BroadcastTopology
  readonly rfact: Factorisation
  readonly ndiv: number
  readonly pfact: Factorisation
  readonly nbmin: number
  readonly swap: SwapAlgorithm
  readonly swapThreshold: number
  readonly l1: StorageForm
  readonly u: StorageForm
  readonly equilibrate: boolean
  /** Whether rows are exchanged in sections, each while the one before is worked on; needs U 'transposed'. */
  readonly split?: boolean
}

export interface Solver {
  readonly grid: ProcessGrid
  readonly blas: Blas
  readonly system: LocalSystem
  readonly variant: Variant
  readonly timers: Timers
  /** What this process does when; its kernels and communicators are those of `blas` and `grid`. */
  readonly activities: ActivityLog
  /** The matrix of my process column, if all of it is in memory that I can reach; then no rows are sent. */
  readonly columnMemory: ColumnMemory | undefined
  /** Messages out of `system.w` that have not left yet. */
  readonly rowsOnTheWay: Outstanding
  /** Called when a panel has been factored and received. For tests and reports. */
  readonly onPanel: ((panel: FactoredPanel, solver: Solver) => void) | undefined
  /** Called when `column` columns, not all and not none, are factored. For reports of progress. */
  readonly onProgress: ((column: number) => void) | undefined
}

type Optional = 'onPanel' | 'onProgress' | 'activities' | 'columnMemory'

export function createSolver(parts: Omit<Solver, 'rowsOnTheWay' | Optional> & Partial<Pick<Solver, Optional>>): Solver {
  const { memory, lda, nb } = parts.system
  const defaults = {
    onPanel: undefined,
    onProgress: undefined,
    activities: new ActivityLog(),
    columnMemory: parts.grid.nprow === 1 ? { memories: [memory], lda, nb } : undefined,
  }
  return { ...defaults, ...parts, rowsOnTheWay: new Outstanding() }
}
