/**
 * HPL's cost model, fitted to one run:
 *
 *   T = 2 N^3 / (3 P Q gamma) + beta N^2 (3P + Q) / (2 P Q) + alpha N ((NB + 1) log2 P + P) / NB
 *
 * gamma: flops a second of one process, beta: seconds a double, alpha: seconds a message. The model knows no overlap.
 * Source: "HPL algorithm" and "scalability", the documentation of netlib HPL. Layer below: profile.ts; ml-matrix fits.
 */
import type { ExchangeSample, RunProfile } from './profile.ts'

/** What is predicted for. */
export interface ModelPoint {
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
}

/** alpha and beta, and how they were obtained. */
export interface NetworkFit {
  /** Seconds a message. */
  readonly alpha: number
  /** Seconds a double. */
  readonly beta: number
  /**
   * both: by least squares; alike: message sizes do not tell alpha from beta, all is put on beta; no-alpha, no-beta: the
   * other alone explains the times better than a negative number here; none: nothing was measured.
   */
  readonly kind: 'both' | 'alike' | 'no-alpha' | 'no-beta' | 'none'
  /** Exchanges that were fitted. */
  readonly samples: number
}

/** Seconds by term. */
export interface ModelTime {
  readonly compute: number
  readonly volume: number
  readonly latency: number
  readonly total: number
}

/** Two columns of numbers whose cosine is larger are too much alike for noisy times to tell them apart. */
const ALIKE = 0.98

const BYTES_PER_DOUBLE = 8

/** Fits seconds = alpha messages + beta doubles to the exchanges of a run, none of them negative. Local. */
export async function fitNetwork({ exchanges }: RunProfile): Promise<NetworkFit> {
  const samples = exchanges.length
  if (samples === 0) return { alpha: 0, beta: 0, kind: 'none', samples }
  const messages = exchanges.map((exchange) => exchange.messages)
  const doubles = exchanges.map(({ bytes }) => bytes / BYTES_PER_DOUBLE)
  const seconds = exchanges.map((exchange) => exchange.seconds)
  const onlyBeta = { alpha: 0, beta: dot(doubles, seconds) / dot(doubles, doubles), samples }
  const cosine = dot(messages, doubles) / Math.sqrt(dot(messages, messages) * dot(doubles, doubles))
  if (!(cosine < ALIKE)) return { ...onlyBeta, kind: 'alike' }
  const [alpha, beta] = await leastSquares(exchanges)
  if (alpha < 0) return { ...onlyBeta, kind: 'no-alpha' }
  if (beta < 0) return { alpha: dot(messages, seconds) / dot(messages, messages), beta: 0, kind: 'no-beta', samples }
  return { alpha, beta, kind: 'both', samples }
}

/** ml-matrix is loaded only when somebody asks. */
async function leastSquares(exchanges: readonly ExchangeSample[]): Promise<[alpha: number, beta: number]> {
  const { Matrix, QrDecomposition } = await import('ml-matrix')
  const rows = exchanges.map(({ messages, bytes }) => [messages, bytes / BYTES_PER_DOUBLE])
  const seconds = Matrix.columnVector(exchanges.map((exchange) => exchange.seconds))
  const solution = new QrDecomposition(new Matrix(rows)).solve(seconds)
  return [solution.get(0, 0), solution.get(1, 0)]
}

function dot(x: readonly number[], y: readonly number[]): number {
  return x.reduce((total, value, k) => total + value * y[k], 0)
}

/**
 * What the model says that a solve takes. Local.
 *
 * @param gammaGflops (local) rate of one process, 10^9 flops a second
 */
export function modelTime({ n, nb, p, q }: ModelPoint, gammaGflops: number, { alpha, beta }: NetworkFit): ModelTime {
  const compute = (2 * n ** 3) / (3 * p * q * gammaGflops * 1e9)
  const volume = (beta * n * n * (3 * p + q)) / (2 * p * q)
  const latency = (alpha * n * ((nb + 1) * Math.log2(p) + p)) / nb
  return { compute, volume, latency, total: compute + volume + latency }
}
