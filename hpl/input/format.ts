/**
 * Writes an HPL.dat. Invariant: `parseHplDat` reads the same parameters back without a warning. Layer below:
 * parameters.ts.
 */

import {
  BROADCASTS,
  DEVICE_STDERR,
  DEVICE_STDOUT,
  FACTORISATIONS,
  MAPPINGS,
  MAX_VALUES,
  STORAGE_FORMS,
  SWAPS,
  type HplParameters,
} from '../parameters.ts'
import { formatFixed } from '../printf.ts'

const LONGEST_LINE = 252
const VALUE_WIDTH = 12

/**
 * The text of an HPL.dat with these parameters, laid out as the one that comes with HPL. Local.
 *
 * @param parameters legal ones, see HplParameters
 * @throws {RangeError} if the output file's name has blanks or is too long, is missing though needed, or a list has
 *   not 1 to 20 values
 */
export function formatHplDat(parameters: HplParameters): string {
  const { n, nb, pmap, grids, threshold, pfact, nbmin, ndiv, rfact, bcast, depth } = parameters
  const lines = [
    'HPLinpack benchmark input file',
    'Innovative Computing Laboratory, University of Tennessee',
    outputFileLine(parameters),
    line(parameters.device, 'device out (6=stdout,7=stderr,file)'),
    ...list('# of problems sizes (N)', n, 'Ns'),
    ...list('# of NBs', nb, 'NBs'),
    line(MAPPINGS.indexOf(pmap), 'PMAP process mapping (0=Row-,1=Column-major)'),
    ...list(
      '# of process grids (P x Q)',
      grids.map(({ p }) => p),
      'Ps',
    ),
    line(grids.map(({ q }) => q).join(' '), 'Qs'),
    line(realText(threshold), 'threshold'),
    ...list('# of panel fact', codes(pfact, FACTORISATIONS), 'PFACTs (0=left, 1=Crout, 2=Right)'),
    ...list('# of recursive stopping criterium', nbmin, 'NBMINs (>= 1)'),
    ...list('# of panels in recursion', ndiv, 'NDIVs'),
    ...list('# of recursive panel fact.', codes(rfact, FACTORISATIONS), 'RFACTs (0=left, 1=Crout, 2=Right)'),
    ...list('# of broadcast', codes(bcast, BROADCASTS), 'BCASTs (0=1rg,1=1rM,2=2rg,3=2rM,4=Lng,5=LnM)'),
    ...list('# of lookahead depth', depth, 'DEPTHs (>=0)'),
    line(SWAPS.indexOf(parameters.swap), 'SWAP (0=bin-exch,1=long,2=mix)'),
    line(parameters.swapThreshold, 'swapping threshold'),
    line(STORAGE_FORMS.indexOf(parameters.l1), 'L1 in (0=transposed,1=no-transposed) form'),
    line(STORAGE_FORMS.indexOf(parameters.u), 'U  in (0=transposed,1=no-transposed) form'),
    line(parameters.equilibrate ? 1 : 0, 'Equilibration (0=no,1=yes)'),
    line(parameters.align, 'memory alignment in double (> 0)'),
  ]
  return lines.map((text) => `${text}\n`).join('')
}

function line(value: number | string, comment: string): string {
  return `${String(value).padEnd(VALUE_WIDTH)} ${comment}`
}

function list(countComment: string, values: readonly number[], comment: string): string[] {
  if (values.length < 1 || values.length > MAX_VALUES) {
    throw new RangeError(`formatHplDat: ${comment} has ${values.length} values, expected 1 to ${MAX_VALUES}`)
  }
  return [line(values.length, countComment), line(values.join(' '), comment)]
}

function codes<T extends string>(values: readonly T[], names: readonly T[]): number[] {
  return values.map((value) => names.indexOf(value))
}

function realText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? formatFixed(value, 1) : String(value)
}

function outputFileLine({ outputFile, device }: HplParameters): string {
  const bytes = Buffer.byteLength(outputFile)
  if (/[ \t\n\v\f\r\0]/.test(outputFile) || bytes > LONGEST_LINE) {
    throw new RangeError(
      `formatHplDat: output file ${JSON.stringify(outputFile)} has ${bytes} bytes, expected at most ${LONGEST_LINE} without blanks`,
    )
  }
  if (outputFile === '') {
    if (device === DEVICE_STDOUT || device === DEVICE_STDERR) return ''
    throw new RangeError(`formatHplDat: device ${device} needs the name of an output file`)
  }
  const withComment = line(outputFile, 'output file name (if any)')
  return Buffer.byteLength(withComment) <= LONGEST_LINE ? withComment : outputFile
}
