/**
 * Weighted linear least squares with the uncertainty of what was fitted: the one estimator behind all laws of laws.ts.
 * Invariant: an interval is given only where the data have more points than the model has parameters, since otherwise
 * nothing tells the scatter. Layer below: ml-matrix, jstat.
 */
import jStat from 'jstat'
import { Matrix, QrDecomposition, inverse } from 'ml-matrix'

/** A number with its 95 % confidence interval; without one if the data cannot tell. */
export interface Estimate {
  readonly value: number
  readonly low: number | undefined
  readonly high: number | undefined
}

export interface LinearFit {
  readonly coefficients: readonly number[]
  /** Root of the mean squared weighted residual; with weights 1/y a relative error. */
  readonly rms: number
  /**
   * A quantity made of the coefficients, by the delta method: its variance is g' C g with C the covariance of the
   * coefficients and g the gradient.
   */
  derived(value: number, gradient: readonly number[]): Estimate
}

/**
 * Minimises the sum of (w (y - X c))^2 over c. Local.
 *
 * @param rows the rows of X, more than zero, all of one length
 * @param y what was measured
 * @param weights one over the standard deviation of each y, up to a common factor
 * @returns undefined if the rows do not determine the coefficients
 */
export function leastSquares(
  rows: readonly (readonly number[])[],
  y: readonly number[],
  weights: readonly number[],
): LinearFit | undefined {
  const scaled = new Matrix(rows.map((row, i) => row.map((x) => x * (weights[i] as number))))
  const target = Matrix.columnVector(y.map((value, i) => value * (weights[i] as number)))
  if (scaled.rows < scaled.columns) return undefined
  const qr = new QrDecomposition(scaled)
  if (!isDetermined(scaled, qr.upperTriangularMatrix)) return undefined
  const solution = qr.solve(target)
  const residuals = Matrix.sub(target, scaled.mmul(solution))
  const squares = residuals.norm('frobenius') ** 2
  const freedom = scaled.rows - scaled.columns
  const covariance = inverse(scaled.transpose().mmul(scaled)).mul(freedom > 0 ? squares / freedom : NaN)
  return {
    coefficients: solution.to1DArray(),
    rms: Math.sqrt(squares / scaled.rows),
    derived: (value, gradient) => {
      if (freedom === 0) return { value, low: undefined, high: undefined }
      const g = Matrix.columnVector([...gradient])
      const variance = g.transpose().mmul(covariance).mmul(g).get(0, 0)
      return withInterval(value, Math.sqrt(Math.max(variance, 0)), freedom)
    },
  }
}

/** Rounding leaves a little of a column that is a multiple of others: what is left is compared with what there was. */
function isDetermined(x: Matrix, r: Matrix): boolean {
  return r.diagonal().every((left, k) => Math.abs(left) > 1e-9 * x.getColumnVector(k).norm())
}

/** The mean of repeated measurements with its interval. Local. @param values at least one */
export function meanOf(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const freedom = values.length - 1
  if (freedom === 0) return { value: mean, low: undefined, high: undefined }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / freedom
  return withInterval(mean, Math.sqrt(variance / values.length), freedom)
}

/** Student's t: the deviation was estimated from few points. */
function withInterval(value: number, deviation: number, freedom: number): Estimate {
  const half = jStat.studentt.inv(0.975, freedom) * deviation
  return { value, low: value - half, high: value + half }
}
