/**
 * The recursive part of the panel factorisation: where the columns of a part are brought up to date, before or after it
 * is factored. All tall updates are matrix products; only what is at most NBMIN columns wide goes column by column.
 *
 * Columns `first`..`end`-1 of the panel are being factored; the part is columns j..j+width-1. L and U below stand for the
 * parts of L1, A for the tall rows.
 */
import type { Factorisation } from '../parameters.ts'
import type { PanelFactorisation } from './panel-factorisation.ts'

interface Recursion {
  before(f: PanelFactorisation, first: number, j: number, width: number): void
  after(f: PanelFactorisation, first: number, j: number, width: number, end: number): void
}

const nothing = (): void => undefined

/** Left-looking: everything left of a part is applied to it before it is factored. */
const left: Recursion = {
  before(f, first, j, width) {
    const k = j - first
    if (k === 0) return
    f.l1.solve(first, k, j, width)
    f.subtractProduct(j, j, width, first, k)
  },
  after: nothing,
}

/** Crout: before, A of the part is brought up to date; after, U right of it. */
const crout: Recursion = {
  before(f, first, j, width) {
    if (j > first) f.subtractProduct(j, j, width, first, j - first)
  },
  after(f, first, j, width, end) {
    const right = j + width
    if (right === end) return
    if (j > first) f.l1.subtractProduct(j, width, right, end - right, first, j - first)
    f.l1.solve(j, width, right, end - right)
  },
}

/** Right-looking: a part is applied to everything right of it once it is factored. */
const right: Recursion = {
  before: nothing,
  after(f, _first, j, width, end) {
    const next = j + width
    if (next === end) return
    f.l1.solve(j, width, next, end - next)
    f.subtractProduct(next, next, end - next, j, width)
  },
}

export const RECURSIONS: Record<Factorisation, Recursion> = { left, crout, right }
