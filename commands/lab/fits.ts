/** The small fits of the labs: least squares by ml-matrix, statistics by mathjs. Pure. Layer below: these libraries. */
import { mean, sum } from 'mathjs'
import { Matrix, solve } from 'ml-matrix'

export interface Fit {
  /** One for each column. */
  readonly coefficients: readonly number[]
  /** Share of the variance that the model explains; 1 is perfect. */
  readonly r2: number
}

/**
 * Least squares: y = sum of coefficients times columns. Local.
 *
 * @param columns the values of each term at all points
 * @param weights of the points: 1 / y makes relative errors count alike
 */
export function leastSquares(
  columns: readonly (readonly number[])[],
  y: readonly number[],
  weights: readonly number[] = y.map(() => 1),
): Fit {
  const rows = y.map((_, i) => columns.map((column) => (column[i] as number) * (weights[i] as number)))
  const right = Matrix.columnVector(y.map((value, i) => value * (weights[i] as number)))
  const coefficients = solve(new Matrix(rows), right).to1DArray()
  const model = y.map((_, i) => sum(coefficients.map((c, k) => c * (columns[k]?.[i] as number))))
  return { coefficients, r2: explained(y, model) }
}

/** 1 - residual / total sum of squares. Local. */
export function explained(y: readonly number[], model: readonly number[]): number {
  const centre = mean([...y])
  const total = sum(y.map((value) => (value - centre) ** 2))
  const residual = sum(y.map((value, i) => (value - (model[i] as number)) ** 2))
  return total === 0 ? (residual === 0 ? 1 : 0) : 1 - residual / total
}

/** A straight line y = intercept + slope x. Local. */
export function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const x = points.map(([x]) => x)
  const { coefficients, r2 } = leastSquares([x.map(() => 1), x], points.map(([, y]) => y)) // prettier-ignore
  return { intercept: coefficients[0] as number, slope: coefficients[1] as number, r2 }
}

export interface Line {
  readonly intercept: number
  readonly slope: number
  readonly r2: number
}

/** y = factor x^exponent, as a line on logarithmic scales. All values > 0. Local. */
export function fitPower(points: readonly (readonly [x: number, y: number])[]): {
  factor: number
  exponent: number
  r2: number
} {
  const { intercept, slope, r2 } = fitLine(points.map(([x, y]) => [Math.log(x), Math.log(y)]))
  return { factor: Math.exp(intercept), exponent: slope, r2 }
}

/** Time T(p) = serial + parallel / p (Amdahl 1967). Local. */
export function fitAmdahl(points: readonly { readonly ranks: number; readonly seconds: number }[]): {
  readonly serial: number
  readonly parallel: number
  /** serial / (serial + parallel) */
  readonly fraction: number
  readonly r2: number
} {
  const { intercept, slope, r2 } = fitLine(points.map(({ ranks, seconds }) => [1 / ranks, seconds]))
  return { serial: intercept, parallel: slope, fraction: intercept / (intercept + slope), r2 }
}

/** Time of a message T(n) = alpha + n beta; relative errors count alike, since times span decades. Local. */
export function fitAlphaBeta(points: readonly { readonly nbytes: number; readonly us: number }[]): {
  /** Microseconds. */
  readonly alpha: number
  /** Microseconds a byte. */
  readonly beta: number
} {
  const y = points.map(({ us }) => us)
  const columns = [points.map(() => 1), points.map(({ nbytes }) => nbytes)]
  const { coefficients } = leastSquares(columns, y, y.map((value) => 1 / value)) // prettier-ignore
  return { alpha: coefficients[0] as number, beta: coefficients[1] as number }
}
