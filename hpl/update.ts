/**
 * Applies a panel to columns of the trailing matrix: row interchanges, triangular solve with L1, matrix product with L2.
 *
 * Where most of the flops are. With no broadcast under way each step is one call over all columns; while one is, the
 * work is cut into pieces of a few blocks, so that an arriving panel is handed on after each.
 * Layer below: swap/, blas/, bcast/panel-broadcast.ts.
 */
import type { PanelBroadcast } from './bcast/panel-broadcast.ts'
import type { Panel } from './panel.ts'
import type { Solver } from './solver.ts'
import { interchangeLocally } from './swap/local.ts'
import { exchangeRows } from './swap/swap.ts'

/**
 * Applies `panel` to the next `n` local columns at its cursor, and moves the cursor. Collective over the process column.
 *
 * @param inFlight a broadcast to make progress on meanwhile
 */
export async function update(solver: Solver, panel: Panel, n: number, inFlight?: PanelBroadcast): Promise<void> {
  if (n <= 0) return
  const { timers, grid } = solver
  const began = timers.now()
  inFlight?.test()
  if (grid.nprow === 1) updateAlone(solver, panel, n, inFlight)
  else await updateTogether(solver, panel, n, inFlight)
  timers.update += timers.now() - began
}

/** Columns of a piece at least: OpenBLAS's dgemm of 4000 rows reaches 77 Gflops on 128 columns, 81 on 256, 82 on more. */
const LEAST_PIECE = 256

/** Columns to do before the next look at the broadcast: a few blocks while it is under way, else all. */
function pieceOf(left: number, nb: number, inFlight: PanelBroadcast | undefined): number {
  if (inFlight === undefined || inFlight.test()) return left
  return Math.min(Math.ceil(LEAST_PIECE / nb) * nb, left)
}

/** One process row: U is the top of A. */
function updateAlone(solver: Solver, panel: Panel, n: number, inFlight: PanelBroadcast | undefined): void {
  const { blas, system, timers } = solver
  const { memory, lda, nb } = system
  const { jb, ia } = panel
  for (let left = n; left > 0;) {
    const width = pieceOf(left, nb, inFlight)
    const column = system.a + panel.column * lda
    const top = column + ia // all rows are here: local rows are global rows
    const began = timers.now()
    interchangeLocally(memory, column, lda, ia, panel.pivots, jb, width)
    timers.laswp += timers.now() - began
    const uplo = solver.variant.l1 === 'transposed' ? 'U' : 'L'
    blas.dtrsm('L', uplo, uplo === 'U' ? 'T' : 'N', 'U', jb, width, 1, memory, panel.l1, jb, memory, top, lda)
    const { ml2, l2, ldl2 } = panel
    if (ml2 > 0) blas.dgemm('N', 'N', ml2, width, jb, -1, memory, l2, ldl2, memory, top, lda, 1, memory, top + jb, lda)
    panel.advance(width)
    left -= width
  }
}

/** Several process rows: U comes in a buffer of its own, n x jb ('transposed') or jb x n. */
async function updateTogether(
  solver: Solver,
  panel: Panel,
  n: number,
  inFlight: PanelBroadcast | undefined,
): Promise<void> {
  const { timers, system, variant } = solver
  const began = timers.now()
  const u = await exchangeRows(solver, panel, n, () => inFlight?.test())
  timers.laswp += timers.now() - began
  for (let done = 0; done < n;) {
    const width = pieceOf(n - done, system.nb, inFlight)
    if (variant.u === 'transposed') applyTransposed(solver, panel, width, u + done, n)
    else applyPlain(solver, panel, width, u + done * panel.jb)
    panel.advance(width)
    done += width
  }
}

/** Offset of the local rows below the top block, in the first column at the cursor. */
function belowTop({ system }: Solver, panel: Panel): number {
  return system.a + system.mp - panel.ml2 + panel.column * system.lda
}

/** `width` columns with the transpose of U at `ut`, leading dimension `ldu`. */
function applyTransposed(solver: Solver, panel: Panel, width: number, ut: number, ldu: number): void {
  const { blas, system, variant, grid } = solver
  const { memory, lda } = system
  const { jb, l1, ml2, l2, ldl2 } = panel
  const below = belowTop(solver, panel)
  const uplo = variant.l1 === 'transposed' ? 'U' : 'L'
  blas.dtrsm('R', uplo, uplo === 'U' ? 'N' : 'T', 'U', width, jb, 1, memory, l1, jb, memory, ut, ldu)
  if (ml2 > 0) blas.dgemm('N', 'T', ml2, width, jb, -1, memory, l2, ldl2, memory, ut, ldu, 1, memory, below, lda)
  if (grid.myrow !== panel.prow) return
  for (let j = 0, into = below - jb; j < width; j++, into += lda) {
    for (let k = 0, from = ut + j; k < jb; k++, from += ldu) memory[into + k] = memory[from]
  }
}

/** `width` columns with U at `u`, leading dimension jb. */
function applyPlain(solver: Solver, panel: Panel, width: number, u: number): void {
  const { blas, system, variant, grid } = solver
  const { memory, lda } = system
  const { jb, l1, ml2, l2, ldl2 } = panel
  const below = belowTop(solver, panel)
  const uplo = variant.l1 === 'transposed' ? 'U' : 'L'
  blas.dtrsm('L', uplo, uplo === 'U' ? 'T' : 'N', 'U', jb, width, 1, memory, l1, jb, memory, u, jb)
  if (ml2 > 0) blas.dgemm('N', 'N', ml2, width, jb, -1, memory, l2, ldl2, memory, u, jb, 1, memory, below, lda)
  if (grid.myrow !== panel.prow) return
  for (let j = 0, from = u, into = below - jb; j < width; j++, from += jb, into += lda) {
    memory.copyWithin(into, from, from + jb)
  }
}
