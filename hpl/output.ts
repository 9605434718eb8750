/**
 * The text of an HPL report, piece by piece: pure functions from numbers to lines. Invariant: put together as the
 * driver does, the pieces are byte for byte the output of netlib HPL 2.3, dates, times and rates aside. Every function
 * returns whole lines with their newline. Layer below: printf.ts, parameters.ts.
 */

import type {
  BroadcastTopology,
  Factorisation,
  HplParameters,
  Mapping,
  StorageForm,
  SwapAlgorithm,
} from './parameters.ts'
import { BROADCASTS } from './parameters.ts'
import { sprintf } from './printf.ts'

/** The relative machine precision that HPL divides residuals by: the unit roundoff of IEEE double, 2^-53. */
export const EPS = 2 ** -53

/** The rules above and below things. */
export const DOUBLE_RULE = `${'='.repeat(80)}\n`
export const SINGLE_RULE = `${'-'.repeat(80)}\n`
const DETAIL_RULE = `${'--VVV'.repeat(15)}-\n`

const TITLE = `HPLinpack 2.3  --  High-Performance Linpack benchmark  --   December 2, 2018
Written by A. Petitet and R. Clint Whaley,  Innovative Computing Laboratory, UTK
Modified by Piotr Luszczek, Innovative Computing Laboratory, UTK
Modified by Julien Langou, University of Colorado Denver
`

const LEGEND = `
An explanation of the input/output parameters follows:
T/V    : Wall time / encoded variant.
N      : The order of the coefficient matrix A.
NB     : The partitioning blocking factor.
P      : The number of process rows.
Q      : The number of process columns.
Time   : Time in seconds to solve the linear system.
Gflops : Rate of execution for solving the linear system.

The following parameter values will be used:

`

const FACTORISATION_LABEL: Record<Factorisation, string> = { left: 'Left', crout: 'Crout', right: 'Right' }
const FACTORISATION_LETTER: Record<Factorisation, string> = { left: 'L', crout: 'C', right: 'R' }
const BROADCAST_LABEL: Record<BroadcastTopology, string> = {
  '1ring': '1ring',
  '1ringM': '1ringM',
  '2ring': '2ring',
  '2ringM': '2ringM',
  long: 'Blong',
  longM: 'BlongM',
}
const MAPPING_LABEL: Record<Mapping, string> = {
  row: 'Row-major process mapping',
  column: 'Column-major process mapping',
}
const SWAP_LABEL: Record<SwapAlgorithm, (threshold: number) => string> = {
  'binary-exchange': () => 'Binary-exchange',
  'spread-roll': () => 'Spread-roll (long)',
  mix: (threshold) => `Mix (threshold = ${threshold})`,
}
const STORAGE_LABEL: Record<StorageForm, string> = {
  transposed: 'transposed form',
  'no-transposed': 'no-transposed form',
}

/** Everything before the first test: title, legend, parameters and, if residuals are checked, how. Local. */
export function header(parameters: HplParameters): string {
  return DOUBLE_RULE + TITLE + DOUBLE_RULE + LEGEND + parameterBlock(parameters) + residualCheck(parameters.threshold)
}

function parameterBlock(parameters: HplParameters): string {
  const { n, nb, pmap, grids, pfact, nbmin, ndiv, rfact, bcast, depth } = parameters
  const lines = [
    list('N', n),
    list('NB', nb),
    field('PMAP', MAPPING_LABEL[pmap]),
    list(
      'P',
      grids.map((grid) => grid.p),
    ),
    list(
      'Q',
      grids.map((grid) => grid.q),
    ),
    list(
      'PFACT',
      pfact.map((variant) => FACTORISATION_LABEL[variant]),
    ),
    list('NBMIN', nbmin),
    list('NDIV', ndiv),
    list(
      'RFACT',
      rfact.map((variant) => FACTORISATION_LABEL[variant]),
    ),
    list(
      'BCAST',
      bcast.map((topology) => BROADCAST_LABEL[topology]),
    ),
    list('DEPTH', depth),
    field('SWAP', SWAP_LABEL[parameters.swap](parameters.swapThreshold)),
    field('L1', STORAGE_LABEL[parameters.l1]),
    field('U', STORAGE_LABEL[parameters.u]),
    field('EQUIL', parameters.equilibrate ? 'yes' : 'no'),
    field('ALIGN', `${parameters.align} double precision words`),
  ]
  return `${lines.join('\n')}\n\n`
}

function field(name: string, text: string): string {
  return `${name.padEnd(6)} : ${text}`
}

/** Values eight to a line, each right-justified in 8 and followed by a blank. */
function list(name: string, values: readonly (number | string)[]): string {
  const rows: string[] = []
  for (let first = 0; first < values.length; first += 8) {
    rows.push(
      values
        .slice(first, first + 8)
        .map((value) => `${String(value).padStart(8)} `)
        .join(''),
    )
  }
  return `${name.padEnd(6)} :${rows.join(`\n${' '.repeat(8)}`)}`
}

function residualCheck(threshold: number): string {
  if (!(threshold > 0)) return ''
  return `${SINGLE_RULE}
- The matrix A is randomly generated for each test.
- The following scaled residual check will be computed:
      ||Ax-b||_oo / ( eps * ( || x ||_oo * || A ||_oo + || b ||_oo ) * N )
- The relative machine precision (eps) is taken to be      ${sprintf('%21.6e', EPS)}
- Computational tests pass if scaled residuals are less than         ${sprintf('%11.1f', threshold)}

`
}

/** The column heads. The driver prints them before every test, but with threshold <= 0 only before the first. Local. */
export function tableHead(): string {
  const columns = 'T/V                N    NB     P     Q               Time                 Gflops\n'
  return DOUBLE_RULE + columns + SINGLE_RULE
}

/** One test: the variant, the size, the grid and what it took. */
export interface TestResult {
  readonly pmap: Mapping
  readonly depth: number
  readonly bcast: BroadcastTopology
  readonly rfact: Factorisation
  readonly ndiv: number
  readonly pfact: Factorisation
  readonly nbmin: number
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
  /** Wall time of the solve, the maximum over the grid. */
  readonly seconds: number
  readonly gflops: number
}

/** `WR11C2R4 …`: the variant letter by letter, sizes, time and rate. Local. Printed only if seconds > 0. */
export function resultLine(result: TestResult): string {
  return sprintf(
    '%s%12d %5d %5d %5d %18.2f    %19.4e\n',
    encodeVariant(result),
    result.n,
    result.nb,
    result.p,
    result.q,
    result.seconds,
    result.gflops,
  )
}

/** The T/V column: W, mapping, depth, broadcast, RFACT, NDIV, PFACT, NBMIN. Local. */
export function encodeVariant(variant: Omit<TestResult, 'n' | 'nb' | 'p' | 'q' | 'seconds' | 'gflops'>): string {
  const { pmap, depth, bcast, rfact, ndiv, pfact, nbmin } = variant
  const mapping = pmap === 'row' ? 'R' : 'C'
  const recursion = `${FACTORISATION_LETTER[rfact]}${ndiv}`
  const leaf = `${FACTORISATION_LETTER[pfact]}${nbmin}`
  return `W${mapping}${depth}${BROADCASTS.indexOf(bcast)}${recursion}${leaf}`
}

/**
 * Rate of a solve: (2/3 n^3 + 3/2 n^2) flops, evaluated in the order of HPL so that the last digit agrees. Local.
 *
 * @returns 10^9 flops a second
 */
export function gflops(n: number, seconds: number): number {
  return (n / 1e9) * (n / seconds) * ((2 / 3) * n + 3 / 2)
}

/** When the solve began or ended, in local time as C's ctime writes it, and an empty line. Local. */
export function startEndTime(kind: 'start' | 'end', date: Date): string {
  return sprintf('HPL_pdgesv() %-10s %s\n\n', `${kind} time`, ctime(date))
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/** C's ctime without its newline. */
function ctime(date: Date): string {
  const weekday = WEEKDAYS[date.getDay()] ?? '???'
  const month = MONTHS[date.getMonth()] ?? '???'
  const clock = sprintf('%02d:%02d:%02d', date.getHours(), date.getMinutes(), date.getSeconds())
  return sprintf('%s %s %2d %s %d', weekday, month, date.getDate(), clock, date.getFullYear())
}

/** Seconds spent in the parts of a solve, each the maximum over the grid, so that they need not add up. */
export interface DetailedTimes {
  readonly rfact: number
  readonly pfact: number
  readonly mxswp: number
  readonly update: number
  readonly laswp: number
  readonly upTrSv: number
}

/**
 * Where the time went, a line per part that took any; with threshold <= 0 a double rule follows, as in netlib. Local.
 */
export function detailedTiming(times: DetailedTimes, threshold: number): string {
  const lines = [
    ['Max aggregated wall time rfact . . . : ', times.rfact],
    ['+ Max aggregated wall time pfact . . : ', times.pfact],
    ['+ Max aggregated wall time mxswp . . : ', times.mxswp],
    ['Max aggregated wall time update  . . : ', times.update],
    ['+ Max aggregated wall time laswp . . : ', times.laswp],
    ['Max aggregated wall time up tr sv  . : ', times.upTrSv],
  ] as const
  const shown = lines.filter(([, seconds]) => seconds > 0)
  const text = shown.map(([label, seconds]) => sprintf('%s%18.2f\n', label, seconds)).join('')
  return DETAIL_RULE + text + (threshold <= 0 ? DOUBLE_RULE : '')
}

/** The quantities behind a scaled residual, all infinity norms but the two that say otherwise. */
export interface ResidualNorms {
  /** ||Ax-b||_oo */
  readonly residual: number
  readonly aInf: number
  readonly a1: number
  readonly xInf: number
  readonly x1: number
  readonly bInf: number
}

/** Whether a scaled residual passes; a NaN does not. Local. */
export function passes(scaledResidual: number, threshold: number): boolean {
  return scaledResidual < threshold
}

/** The verdict on one test and, if the residual is too large, the norms behind it. Local. */
export function residualLines(scaledResidual: number, threshold: number, norms: ResidualNorms): string {
  const verdict = passes(scaledResidual, threshold) ? 'PASSED' : 'FAILED'
  const formula = '||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)= '
  const line = sprintf('%s%16.8e ...... %s\n', formula, scaledResidual, verdict)
  // A NaN fails but is not >= anything: then netlib prints no norms either.
  return SINGLE_RULE + line + (scaledResidual >= threshold ? normLines(norms) : '')
}

function normLines(norms: ResidualNorms): string {
  const lines = [
    ['||Ax-b||_oo  . . . . . . . . . . . . . . . . . = ', norms.residual],
    ['||A||_oo . . . . . . . . . . . . . . . . . . . = ', norms.aInf],
    ['||A||_1  . . . . . . . . . . . . . . . . . . . = ', norms.a1],
    ['||x||_oo . . . . . . . . . . . . . . . . . . . = ', norms.xInf],
    ['||x||_1  . . . . . . . . . . . . . . . . . . . = ', norms.x1],
    ['||b||_oo . . . . . . . . . . . . . . . . . . . = ', norms.bInf],
  ] as const
  return lines.map(([label, value]) => sprintf('%s%18.6f\n', label, value)).join('')
}

/** How far a solve has come. */
export interface Progress {
  /** Columns factored, 0 < column < n. */
  readonly column: number
  readonly n: number
  /** 10^9 flops a second so far, see `progressGflops`. */
  readonly gflops: number
}

/** One line of the progress report. Local. */
export function progressLine({ column, n, gflops }: Progress): string {
  return sprintf('Column=%09d Fraction=%4.1f%% Gflops=%9.3e\n', column, (column * 100) / n, gflops)
}

/**
 * Rate so far of a solve that has factored `column` of n columns. Local.
 *
 * @param seconds since the start; 0 counts as a microsecond, as in netlib
 */
export function progressGflops(n: number, column: number, seconds: number): number {
  const left = n - column
  return (2 * (n * n * n - left * left * left)) / 3 / (seconds > 0 ? seconds : 1e-6) / 1e9
}

/** How many tests ended how. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Everything after the last test. Local.
 *
 * @param threshold of the residual check; <= 0 means that nothing was checked
 * @param tally how the tests ended; without checks those that ran count as passed
 * @param detailed whether `detailedTiming` closed each unchecked test with the rule that otherwise opens the summary
 */
export function summary(threshold: number, { passed, failed, skipped }: Tally, detailed = false): string {
  const count = (tests: number, how: string): string => sprintf('         %6d %s\n', tests, how)
  const outcome =
    threshold > 0
      ? count(passed, 'tests completed and passed residual checks,') +
        count(failed, 'tests completed and failed residual checks,')
      : count(passed, 'tests completed without checking,')
  const opening = detailed && !(threshold > 0) ? '' : DOUBLE_RULE
  const total = sprintf('\nFinished %6d tests with the following results:\n', passed + failed + skipped)
  const skips = count(skipped, 'tests skipped because of illegal input values.')
  return `${opening}${total}${outcome}${skips}${SINGLE_RULE}\nEnd of Tests.\n${DOUBLE_RULE}`
}
