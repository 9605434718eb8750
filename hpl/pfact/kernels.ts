/**
 * The non-recursive kernels: what brings column j+1 up to date once column j is eliminated, in matrix-vector operations.
 * Columns `first`..`end`-1 are being factored, and j + 1 < end.
 */
import type { Factorisation } from '../parameters.ts'
import type { PanelFactorisation } from './panel-factorisation.ts'

type Kernel = (f: PanelFactorisation, first: number, j: number, end: number) => void

/** Left-looking: U of column j+1 by a triangular solve, then its tall part by one matrix-vector product. */
function left(f: PanelFactorisation, first: number, j: number): void {
  f.l1.solveColumn(first, j + 1 - first, j + 1)
  f.subtractProductFromColumn(j + 1, j + 1, first, j + 1 - first)
}

/** Crout: row j of U, then the tall part of column j+1. */
function crout(f: PanelFactorisation, first: number, j: number, end: number): void {
  if (j > first) f.l1.subtractProductFromRow(j, j + 1, end - j - 1, first, j - first)
  f.subtractProductFromColumn(j + 1, j + 1, first, j + 1 - first)
}

/** Right-looking: column j times row j of U from all columns right of it. */
function right(f: PanelFactorisation, _first: number, j: number, end: number): void {
  f.subtractOuterProduct(j + 1, j + 1, end - j - 1, j)
}

export const KERNELS: Record<Factorisation, Kernel> = { left, crout, right }
