/**
 * The laws of parallel speed-up, fitted to measured times. Invariant: each law is fitted in the form in which it is linear
 * in its coefficients, with weights that make the errors relative, so that there is one answer and no starting value; its
 * parameters are quotients of the coefficients. p is the number of processes. Layer below: least-squares.ts.
 */
import { leastSquares, meanOf, type Estimate, type LinearFit } from './least-squares.ts'

/** A run of one fixed problem. */
export interface Timing {
  /** Processes, >= 1. */
  readonly p: number
  /** Wall time, > 0. */
  readonly seconds: number
}

/** A run of a problem that grows with the processes. */
export interface ScaledRun {
  readonly p: number
  /** Work done in a second, in any unit, > 0. */
  readonly rate: number
}

/** A fitted law. */
export interface Law<Parameter extends string> {
  readonly parameters: Readonly<Record<Parameter, Estimate>>
  /** What the law says for one process: seconds, or the rate of a scaled problem. */
  readonly single: number
  /** Root mean square of the relative error. */
  readonly rms: number
  /** Speed-up that the law predicts. */
  speedup(p: number): number
}

/**
 * Amdahl's law: T(p) = T1 (s + (1 - s)/p), fitted as a + b/p. Local.
 *
 * Source: G. Amdahl, Validity of the single processor approach, AFIPS 1967.
 *
 * @param timings at least two different p, else undefined is returned
 * @returns `serial`: the part s of the work that is not sped up
 */
export function fitAmdahl(timings: readonly Timing[]): Law<'serial'> | undefined {
  const seconds = timings.map((one) => one.seconds)
  const fit = leastSquares(timings.map(({ p }) => [1, 1 / p]), seconds, relative(seconds)) // prettier-ignore
  if (fit === undefined) return undefined
  const [a, b] = fit.coefficients as [number, number]
  const serial = partOf(fit, a, b)
  return lawOf(fit, { serial }, a + b, (p) => 1 / (serial.value + (1 - serial.value) / p))
}

/**
 * Gustafson's law: the rate of a problem that grows with p is R1 (s + (1 - s) p), fitted as a + b p. Local.
 *
 * Source: J. Gustafson, Reevaluating Amdahl's law, CACM 31(5), 1988.
 *
 * @param runs at least two different p, else undefined is returned
 * @returns `serial`: the part s of the time of the parallel run that is spent in serial work
 */
export function fitGustafson(runs: readonly ScaledRun[]): Law<'serial'> | undefined {
  const rates = runs.map(({ rate }) => rate)
  const fit = leastSquares(runs.map(({ p }) => [1, p]), rates, relative(rates)) // prettier-ignore
  if (fit === undefined) return undefined
  const [a, b] = fit.coefficients as [number, number]
  const serial = partOf(fit, a, b)
  return lawOf(fit, { serial }, a + b, (p) => serial.value + (1 - serial.value) * p)
}

/**
 * The universal scalability law: S(p) = p / (1 + sigma (p - 1) + kappa p (p - 1)), fitted as p T(p) over 1, p - 1 and
 * p (p - 1). Local.
 *
 * Source: N. Gunther, A general theory of computational scalability based on rational functions, 2008.
 *
 * @param timings at least three different p, else undefined is returned
 * @returns `contention`: sigma, what is serialised; `coherency`: kappa, what each pair of processes costs
 */
export function fitUniversal(timings: readonly Timing[]): Law<'contention' | 'coherency'> | undefined {
  const work = timings.map(({ p, seconds }) => p * seconds)
  const fit = leastSquares(timings.map(({ p }) => [1, p - 1, p * (p - 1)]), work, relative(work)) // prettier-ignore
  if (fit === undefined) return undefined
  const [single, c1, c2] = fit.coefficients as [number, number, number]
  const [sigma, kappa] = [c1 / single, c2 / single]
  const contention = fit.derived(sigma, [-sigma / single, 1 / single, 0])
  const coherency = fit.derived(kappa, [-kappa / single, 0, 1 / single])
  return lawOf(fit, { contention, coherency }, single, (p) => p / (1 + sigma * (p - 1) + kappa * p * (p - 1)))
}

/** Processes at which the universal law has its highest speed-up; undefined if it has none. Local. */
export function universalPeak({ parameters }: Law<'contention' | 'coherency'>): number | undefined {
  const [sigma, kappa] = [parameters.contention.value, parameters.coherency.value]
  return kappa > 0 && sigma < 1 ? Math.sqrt((1 - sigma) / kappa) : undefined
}

/** The metric of Karp and Flatt over p. */
export interface KarpFlatt {
  /** The experimentally determined serial fraction at each p > 1, over the repeats. */
  readonly points: readonly { readonly p: number; readonly serial: Estimate }[]
  /** Its change for one process more; above zero means overhead that grows with p. Undefined below two points. */
  readonly trend: Estimate | undefined
}

/**
 * Karp and Flatt's metric: e(p) = (1/S - 1/p) / (1 - 1/p) for each p by itself; no law is assumed. Local.
 *
 * Source: A. Karp, H. Flatt, Measuring parallel processor performance, CACM 33(5), 1990.
 *
 * @param timings with some of p = 1, which the speed-up refers to, else undefined is returned
 */
export function karpFlatt(timings: readonly Timing[]): KarpFlatt | undefined {
  const single = timings.filter(({ p }) => p === 1).map(({ seconds }) => seconds)
  const parallel = timings.filter(({ p }) => p > 1)
  if (single.length === 0 || parallel.length === 0) return undefined
  const one = meanOf(single).value
  const samples = parallel.map(({ p, seconds }) => ({ p, serial: (seconds / one - 1 / p) / (1 - 1 / p) }))
  const counts = [...new Set(samples.map(({ p }) => p))].sort((a, b) => a - b)
  const points = counts.map((p) => ({
    p,
    serial: meanOf(samples.filter((sample) => sample.p === p).map(({ serial }) => serial)),
  }))
  const line = leastSquares(samples.map(({ p }) => [1, p]), samples.map(({ serial }) => serial), samples.map(() => 1)) // prettier-ignore
  return { points, trend: line?.derived(line.coefficients[1] as number, [0, 1]) }
}

/** Weights that make every error count by its part of the value. */
function relative(values: readonly number[]): number[] {
  return values.map((value) => 1 / value)
}

/** a / (a + b) */
function partOf(fit: LinearFit, a: number, b: number): Estimate {
  return fit.derived(a / (a + b), [b / (a + b) ** 2, -a / (a + b) ** 2])
}

function lawOf<Parameter extends string>(
  { rms }: LinearFit,
  parameters: Readonly<Record<Parameter, Estimate>>,
  single: number,
  speedup: (p: number) => number,
): Law<Parameter> {
  return { parameters, single, rms, speedup }
}
