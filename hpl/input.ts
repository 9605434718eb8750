/**
 * HPL.dat: from text to parameters and back. Invariant: for the same text `parseHplDat` yields the values of netlib
 * HPL 2.3, or its first error, in the order of its checks; where netlib silently takes something for a number, a
 * warning says so. Surplus blanks in a list are the one exception: netlib then reads parts of values again, this
 * program reads what stands there and says what netlib would do. Layer below: input/, messages.ts, parameters.ts.
 */

import { FieldReader, IllegalInput, type Origin } from './input/field-reader.ts'
import { quoted, type Warning } from './input/warning.ts'
import { ILLEGAL_COUNT, ILLEGAL_VALUE, needAtLeast, type HplMessage } from './messages.ts'
import {
  BROADCASTS,
  FACTORISATIONS,
  MAPPINGS,
  STORAGE_FORMS,
  SWAPS,
  type BroadcastTopology,
  type Factorisation,
  type GridShape,
  type HplParameters,
} from './parameters.ts'

export { formatHplDat } from './input/format.ts'
export { formatWarning, type Warning } from './input/warning.ts'
export type { HplParameters } from './parameters.ts'

/** What the file says about the output: lines 3 and 4. */
type OutputChoice = Pick<HplParameters, 'outputFile' | 'device'>

/** Why a file is refused: netlib's message, and the place in HPL.dat. */
export interface InputError extends HplMessage {
  readonly origin: Origin
}

export type ParsedInput =
  | { readonly ok: true; readonly parameters: HplParameters; readonly warnings: readonly Warning[] }
  | {
      readonly ok: false
      readonly error: InputError
      readonly warnings: readonly Warning[]
      /** Netlib opens the output file before it reads on: if it cannot be written, that is the first error. */
      readonly output: OutputChoice
    }

/**
 * Reads HPL.dat. Local; touches no file.
 *
 * @param text the content of the file
 * @param ranks (global) processes in the job; no grid may need more
 * @returns the parameters, or netlib's first error; the warnings up to there in either case
 */
export function parseHplDat(text: string, ranks: number): ParsedInput {
  const reader = new FieldReader(text)
  const { warnings } = reader
  const output = readOutputChoice(reader)
  try {
    const parameters = { ...output, ...readTests(reader, ranks), ...readSingleValues(reader) }
    return { ok: true, parameters, warnings }
  } catch (failure) {
    if (!(failure instanceof IllegalInput)) throw failure
    return { ok: false, error: { ...failure.error, origin: failure.origin }, warnings, output }
  }
}

/** One line, without newline, that says where in the file an error lies, which netlib's message does not. Local. */
export function formatInputError({ origin, text }: InputError, fileName: string): string {
  return `${fileName}, line ${origin.line}: ${text}: read ${quoted(origin.read)}, expected ${origin.allowed}`
}

/** Lines 1 to 4. */
function readOutputChoice(reader: FieldReader): OutputChoice {
  reader.comment()
  reader.separateComment()
  return { outputFile: reader.name(), device: reader.integer('output device') }
}

type Lists = 'n' | 'nb' | 'pmap' | 'grids' | 'threshold' | 'pfact' | 'nbmin' | 'ndiv' | 'rfact' | 'bcast' | 'depth'

/** Lines 5 to 25, in this order, because the first error wins. */
function readTests(reader: FieldReader, ranks: number): Pick<HplParameters, Lists> {
  return {
    n: readIntegers(reader, 'N', 0),
    nb: readIntegers(reader, 'NB', 1),
    pmap: reader.code('PMAP', MAPPINGS, 0),
    grids: readGrids(reader, ranks),
    threshold: reader.real('threshold'),
    pfact: readFactorisations(reader, 'PFACT'),
    nbmin: readIntegers(reader, 'NBMIN', 1),
    ndiv: readIntegers(reader, 'NDIV', 2),
    rfact: readFactorisations(reader, 'RFACT'),
    bcast: readBroadcasts(reader),
    depth: readIntegers(reader, 'DEPTH', 0),
  }
}

/** Lines 26 to 31. */
function readSingleValues(
  reader: FieldReader,
): Pick<HplParameters, 'swap' | 'swapThreshold' | 'l1' | 'u' | 'equilibrate' | 'align'> {
  return {
    swap: reader.code('SWAP', SWAPS, SWAPS.indexOf('spread-roll')),
    swapThreshold: reader.integerFrom('swapping threshold', 0, 0),
    l1: reader.code('L1', STORAGE_FORMS, 0),
    u: reader.code('U', STORAGE_FORMS, 0),
    equilibrate: reader.code('equilibration', ['no', 'yes'], 1) === 'yes',
    align: reader.integerFrom('alignment', 1, 4),
  }
}

function readIntegers(reader: FieldReader, list: 'N' | 'NB' | 'NBMIN' | 'NDIV' | 'DEPTH', least: number): number[] {
  const count = reader.count(`number of values of ${list}`, ILLEGAL_COUNT[list])
  return reader.integers(list, count, { least, otherwise: ILLEGAL_VALUE[list] })
}

function readFactorisations(reader: FieldReader, list: 'PFACT' | 'RFACT'): Factorisation[] {
  const count = reader.count(`number of values of ${list}`, ILLEGAL_COUNT[list])
  return reader.codes(list, count, FACTORISATIONS, FACTORISATIONS.indexOf('right'))
}

function readBroadcasts(reader: FieldReader): BroadcastTopology[] {
  const count = reader.count('number of values of BCAST', ILLEGAL_COUNT.BCAST)
  return reader.codes('BCAST', count, BROADCASTS, BROADCASTS.indexOf('1ringM'))
}

function readGrids(reader: FieldReader, ranks: number): GridShape[] {
  const count = reader.count('number of grids', ILLEGAL_COUNT.grids)
  const ps = reader.integers('P', count, { least: 1, otherwise: ILLEGAL_VALUE.P })
  const qs = reader.integers('Q', count, { least: 1, otherwise: ILLEGAL_VALUE.Q })
  const grids = ps.map((p, k) => ({ p, q: qs[k] ?? 1 }))
  reader.requireProcesses(Math.max(...grids.map(({ p, q }) => p * q)), ranks, needAtLeast)
  return grids
}
