/**
 * Applies a panel to columns of the trailing matrix: row interchanges, triangular solve with L1, matrix product with L2.
 *
 * Where most of the flops are. Each step is one call over all columns; only while a broadcast is under way that others
 * wait for, the product is cut into pieces of a few blocks, so that an arriving panel is handed on after each.
 * Layer below: swap/, blas/, bcast/panel-broadcast.ts.
 */
import { ACTIVITY } from './activities.ts'
import type { PanelBroadcast } from './bcast/panel-broadcast.ts'
import { indxg2l } from './block-cyclic.ts'
import { synchronise } from './messaging.ts'
import type { Panel } from './panel.ts'
import type { Solver } from './solver.ts'
import { BackgroundExchange } from './swap/background.ts'
import { interchange, type ColumnMemory } from './swap/in-place.ts'
import type { Section } from './swap/row-exchange.ts'
import { copyRows } from './swap/rows.ts'
import { exchangeRows } from './swap/swap.ts'
import { columnsToRows } from './transpose.ts'

/**
 * Applies `panel` to the next `n` local columns at its cursor, and moves the cursor. Collective over the process column.
 *
 * @param inFlight a broadcast to make progress on meanwhile
 */
export async function update(solver: Solver, panel: Panel, n: number, inFlight?: PanelBroadcast): Promise<void> {
  if (n <= 0) return
  const { timers, activities, columnMemory } = solver
  const began = timers.now()
  const before = activities.enter(ACTIVITY.rows) // all that is not said to be something else
  inFlight?.test()
  if (columnMemory === undefined) await updateByMessages(solver, panel, n, inFlight)
  else await updateInPlace(solver, panel, n, columnMemory, inFlight)
  activities.enter(before)
  timers.update += timers.now() - began
}

/** Columns of a piece at least: OpenBLAS's dgemm of 4000 rows reaches 77 Gflops on 128 columns, 81 on 256, 82 on more. */
const LEAST_PIECE = 256

/** Columns to do before the next look at the broadcast: a few blocks while somebody waits for us to hand it on, else all. */
function pieceOf(left: number, nb: number, inFlight: PanelBroadcast | undefined): number {
  if (inFlight === undefined || inFlight.test() || !inFlight.handsOn) return left
  return Math.min(pieceWidth(nb), left)
}

function pieceWidth(nb: number): number {
  return Math.ceil(LEAST_PIECE / nb) * nb
}

/** U is the top of A, in memory that the whole process column reads; each process brings its share of the columns there. */
async function updateInPlace(
  solver: Solver,
  panel: Panel,
  n: number,
  column: ColumnMemory,
  inFlight: PanelBroadcast | undefined,
): Promise<void> {
  const { system, grid, timers } = solver
  const { lda, nb, memory } = system
  const { ia, jb, pivots } = panel
  const owner = column.memories[panel.prow] as Float64Array
  const here = system.a + panel.column
  const top = here + indxg2l(ia, nb, grid.nprow) * lda
  const [first, end] = shareOf(n, grid.myrow, grid.nprow)
  const began = timers.now()
  await synchronise(grid.column) // The others have done with these columns what came before.
  interchange(column, here + first, ia, memory.subarray(pivots, pivots + jb), end - first)
  timers.laswp += timers.now() - began
  solveTransposed(solver, panel, end - first, owner, top + first, lda)
  await synchronise(grid.column)
  for (let done = 0; done < n;) {
    const width = pieceOf(n - done, nb, inFlight)
    subtractTransposed(solver, panel, width, owner, top + done, lda)
    panel.advance(width)
    done += width
  }
}

/** Columns first..end-1 of n are the share of process row `row` of `nprow`; bounds are whole cache lines. */
function shareOf(n: number, row: number, nprow: number): readonly [first: number, end: number] {
  const bound = (part: number): number => (part === nprow ? n : Math.floor((n * part) / nprow / 8) * 8)
  return [bound(row), bound(row + 1)]
}

/** U comes in messages to a buffer of every process, section by section: one while the last is worked on. */
async function updateByMessages(
  solver: Solver,
  panel: Panel,
  n: number,
  inFlight: PanelBroadcast | undefined,
): Promise<void> {
  const { timers } = solver
  const probe = (): void => void inFlight?.test()
  const sections = sectionsOf(solver, panel, n)
  const begin = (section: Section): BackgroundExchange =>
    new BackgroundExchange((wait) => exchangeRows(solver, panel, section, probe, wait))
  let coming: BackgroundExchange | undefined = undefined
  for (const [k, section] of sections.entries()) {
    const began = timers.now()
    const u = await (coming ?? begin(section)).finish()
    timers.laswp += timers.now() - began
    const next = sections[k + 1]
    coming = next && begin(next)
    await applySection(solver, panel, section.n, u, inFlight, coming)
  }
}

/** Parts of the columns, in order: the first is waited for, so it is small. Each of the others must be worth a message. */
const SECTIONS = [1 / 8, 3 / 8, 1 / 2]

/** Sections of `n` columns at the cursor of a panel, whose parts of U follow each other: all in one if it is not split. */
function sectionsOf({ system, variant }: Solver, panel: Panel, n: number): Section[] {
  const { nb, u } = system
  const bounds = SECTIONS.map((_, k) => Math.round((SECTIONS.slice(0, k).reduce((a, b) => a + b, 0) * n) / nb) * nb)
  const isSplit = variant.split === true && variant.u === 'transposed' && n >= 2 * SECTIONS.length * nb
  const starts = isSplit ? bounds : [0]
  return starts.map((start, k) => ({
    column: panel.column + start,
    n: (starts[k + 1] ?? n) - start,
    u: u + start * panel.jb,
  }))
}

/** The next `n` columns, with U at `u`, n x jb ('transposed') or jb x n. */
async function applySection(
  solver: Solver,
  panel: Panel,
  n: number,
  u: number,
  inFlight: PanelBroadcast | undefined,
  coming: BackgroundExchange | undefined,
): Promise<void> {
  const { system, variant, grid } = solver
  const { memory, lda, nb } = system
  const { jb, ii } = panel
  const transposed = variant.u === 'transposed'
  const onTop = grid.myrow === panel.prow
  for (let done = 0; done < n;) {
    const left = n - done
    const width = coming === undefined || coming.ended ? pieceOf(left, nb, inFlight) : Math.min(pieceWidth(nb), left)
    const part = u + (transposed ? done : done * jb)
    if (transposed) {
      solveTransposed(solver, panel, width, memory, part, n)
      subtractTransposed(solver, panel, width, memory, part, n)
    } else applyPlain(solver, panel, width, part)
    const top = system.a + ii * lda + panel.column
    if (onTop && transposed) copyRows(memory, jb, width, part, n, top, lda)
    else if (onTop) columnsToRows(memory, jb, width, part, jb, top, lda)
    panel.advance(width)
    done += width
    await coming?.turn()
  }
}

/** Offset of the local rows below the top block, in the first column at the cursor. */
function belowTop({ system }: Solver, panel: Panel): number {
  return system.a + (system.mp - panel.ml2) * system.lda + panel.column
}

/** U := L1^-1 U for `width` columns with the transpose of U at `ut` of `memory`, leading dimension `ldu`. */
function solveTransposed(
  { blas, system, variant }: Solver,
  { jb, l1 }: Panel,
  width: number,
  memory: Float64Array,
  ut: number,
  ldu: number,
): void {
  const uplo = variant.l1 === 'transposed' ? 'U' : 'L'
  blas.dtrsm('R', uplo, uplo === 'U' ? 'N' : 'T', 'U', width, jb, 1, system.memory, l1, jb, memory, ut, ldu)
}

/** A -= L2 U for `width` columns at the cursor, with the transpose of U at `ut` of `uMemory`, leading dimension `ldu`. */
function subtractTransposed(
  solver: Solver,
  panel: Panel,
  width: number,
  uMemory: Float64Array,
  ut: number,
  ldu: number,
): void {
  const { blas, system } = solver
  const { memory, lda } = system
  const { jb, ml2, l2, ldl2 } = panel
  if (ml2 === 0) return
  const below = belowTop(solver, panel)
  blas.dgemm('N', 'T', width, ml2, jb, -1, uMemory, ut, ldu, memory, l2, ldl2, 1, memory, below, lda)
}

/** `width` columns with U at `u`, leading dimension jb. */
function applyPlain(solver: Solver, panel: Panel, width: number, u: number): void {
  const { blas, system, variant } = solver
  const { memory, lda } = system
  const { jb, l1, ml2, l2, ldl2 } = panel
  const uplo = variant.l1 === 'transposed' ? 'U' : 'L'
  blas.dtrsm('L', uplo, uplo === 'U' ? 'T' : 'N', 'U', jb, width, 1, memory, l1, jb, memory, u, jb)
  const below = belowTop(solver, panel)
  if (ml2 > 0) blas.dgemm('T', 'T', width, ml2, jb, -1, memory, u, jb, memory, l2, ldl2, 1, memory, below, lda)
}
