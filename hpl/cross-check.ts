/**
 * `--cross-check`: solves the system once more with a solver of another family and compares the solutions.
 *
 * The residual check of HPL uses the program's own generator, product and reductions; this uses ml-matrix on one process,
 * from the definition of the matrix, and so finds what an error common to solver and check would hide.
 *
 * The bound. Let x and y be the two solutions, r and s their residuals. x - y = A^-1 (s - r), so
 * ||x - y|| <= ||A^-1|| (||r|| + ||s||), all in the infinity norm. A solver that is backward stable leaves a scaled residual
 * ||r|| / (eps n (||A|| ||x|| + ||b||)) below 1 (LU with partial pivoting: 0.001 to 0.1 for these matrices). Hence
 * ||x - y|| <= 2 eps n ||A^-1|| (||A|| ||y|| + ||b||). Nothing in it depends on x, so a wrong x does not widen it.
 * ||A^-1|| is estimated from the factors in a few solves (Hager 1984; Higham, "Accuracy and Stability of Numerical
 * Algorithms", section 15.3), from below and almost always within a factor of 3, which is taken as a margin.
 */
import { LuDecomposition, Matrix } from 'ml-matrix'
import { numroc } from './block-cyclic.ts'
import { generateLocal, HPL_SEED } from './matgen.ts'
import { TAG } from './messaging.ts'
import { EPS, SINGLE_RULE } from './output.ts'
import { sprintf } from './printf.ts'
import type { Solver } from './solver.ts'
import type { Generate } from './verify.ts'

/** Largest N that is solved again: ml-matrix takes about 5 s for it, eight times as long for twice the order. */
export const CROSS_CHECK_MOST = 2000

/** How the two solutions compare; norms are infinity norms. */
export interface CrossCheck {
  /** ||x - y|| / ||y|| */
  readonly difference: number
  /** What that may be at most. */
  readonly bound: number
  readonly passed: boolean
}

/** Compares the x of a solver that has solved. Collective over the grid; undefined but in its process 0. */
export async function crossCheck(solver: Solver, generate: Generate = generateLocal): Promise<CrossCheck | undefined> {
  const x = await gatherSolution(solver)
  if (x === undefined) return undefined
  const { n } = solver.system
  const ab = new Float64Array(n * (n + 1))
  generate({ n, nb: n, nprow: 1, npcol: 1, myrow: 0, mycol: 0, seed: HPL_SEED }, ab, 0, n, 0, n + 1)
  const a = new Matrix(n, n)
  for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) a.set(i, j, ab[i + j * n])
  return compareSolutions(a, ab.subarray(n * n), x)
}

/** x in the order of the matrix, in process 0; every process row holds a copy, the first one sends its own. */
async function gatherSolution({ system, grid }: Solver): Promise<Float64Array | undefined> {
  const { n, nb, memory, x, nq } = system
  const { row, myrow, mycol, npcol } = grid
  if (myrow !== 0) return undefined
  const mine = memory.subarray(x, x + nq)
  if (mycol !== 0) {
    await row.send(mine, { dest: 0, tag: TAG.solve })
    return undefined
  }
  const whole = new Float64Array(n)
  for (let source = 0; source < npcol; source++) {
    const part = source === 0 ? mine : new Float64Array(numroc(n, nb, source, 0, npcol))
    if (source !== 0) await row.recv(part, { source, tag: TAG.solve })
    deal(part, whole, source, nb, npcol)
  }
  return whole
}

/** Blocks source, source + npcol, ... of `whole` := the blocks of `part`. */
function deal(part: Float64Array, whole: Float64Array, source: number, nb: number, npcol: number): void {
  for (let from = 0, into = source * nb; from < part.length; from += nb, into += npcol * nb) {
    whole.set(part.subarray(from, from + nb), into)
  }
}

/** Compares `x` with the solution of A y = b by ml-matrix. Local. */
export function compareSolutions(a: Matrix, b: Float64Array, x: Float64Array): CrossCheck {
  const n = a.rows
  const lu = new LuDecomposition(a)
  const y = lu.solve(Matrix.columnVector([...b])).to1DArray()
  const yNorm = largest(y)
  const aNorm = Math.max(...a.to2DArray().map((row) => row.reduce((sum, value) => sum + Math.abs(value), 0)))
  const inverseNorm = ESTIMATE_MARGIN * inverseNormEstimate(lu, n)
  const bound = 2 * EPS * n * inverseNorm * (aNorm + largest(b) / yNorm)
  const difference = largest(y.map((value, i) => value - x[i])) / yNorm
  return { difference, bound, passed: difference <= bound }
}

/** How far the estimate may lie below the norm. */
const ESTIMATE_MARGIN = 3
/** The estimate is final after two steps most of the time. */
const ESTIMATE_STEPS = 5

/** ||A^-1||_oo = ||A^-T||_1, by Hager's ascent over the corners of the unit ball of the 1-norm. */
function inverseNormEstimate(lu: LuDecomposition, n: number): number {
  const solveTransposed = transposedSolver(lu, n)
  let corner = new Array<number>(n).fill(1 / n)
  let estimate = 0
  for (let step = 0; step < ESTIMATE_STEPS; step++) {
    const image = solveTransposed(corner)
    estimate = Math.max(estimate, image.reduce((sum, value) => sum + Math.abs(value), 0)) // prettier-ignore
    const signs = image.map((value) => (value < 0 ? -1 : 1))
    const slope = lu.solve(Matrix.columnVector(signs)).to1DArray()
    const steepest = slope.reduce((best, value, i) => (Math.abs(value) > Math.abs(slope[best]) ? i : best), 0)
    const here = slope.reduce((sum, value, i) => sum + value * corner[i], 0)
    if (Math.abs(slope[steepest]) <= here) break
    corner = corner.map((_, i) => Number(i === steepest))
  }
  return estimate
}

/** v -> A^-T v from the factors P A = L U: A^T = U^T L^T P. */
function transposedSolver(lu: LuDecomposition, n: number): (v: readonly number[]) => number[] {
  const lower = lu.lowerTriangularMatrix.to2DArray()
  const upper = lu.upperTriangularMatrix.to2DArray()
  const row = lu.pivotPermutationVector
  return (v) => {
    const t = [...v]
    for (let k = 0; k < n; k++) {
      t[k] /= upper[k][k]
      for (let j = k + 1; j < n; j++) t[j] -= upper[k][j] * t[k]
    }
    for (let k = n - 1; k >= 0; k--) for (let j = 0; j < k; j++) t[j] -= lower[k][j] * t[k]
    const w = new Array<number>(n)
    row.forEach((i, k) => (w[i] = t[k]))
    return w
  }
}

/** Largest absolute value; a NaN if there is one. */
function largest(values: readonly number[] | Float64Array): number {
  let found = 0
  for (const value of values) found = Number.isNaN(value) ? NaN : Math.max(found, Math.abs(value))
  return found
}

/** What is printed of a comparison, or why there is none. Local. */
export function crossCheckLines(n: number, check: CrossCheck | undefined): string {
  if (check === undefined) return SINGLE_RULE + `Cross-check not done: ${notDone(n)}\n`
  const { difference, bound, passed } = check
  return (
    SINGLE_RULE +
    sprintf('Cross-check with ml-matrix: ||x-y||_oo/||y||_oo = %13.6e\n', difference) +
    sprintf('at most 2 eps N ||A^-1|| (||A|| + ||b||/||y||)     = %13.6e', bound) +
    ` ...... ${passed ? 'PASSED' : 'FAILED'}\n`
  )
}

function notDone(n: number): string {
  if (n > CROSS_CHECK_MOST)
    return `N = ${String(n)} is more than ${String(CROSS_CHECK_MOST)}, ml-matrix would take too long`
  return n === 0 ? 'N = 0 has no solution to compare' : 'there is no solution'
}
