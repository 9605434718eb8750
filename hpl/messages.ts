/**
 * Every message of HPL 2.3 that reports a failure: its text, the function and the source line that the original
 * names. Invariant: `hplError` of any of them is byte for byte what netlib HPL writes, so that scripts which look for
 * these lines keep working. Nothing below it.
 */

/** What went wrong, and where netlib's sources say so. */
export interface HplMessage {
  /** Line of netlib's source file; 0 or less leaves it out of the text. */
  readonly line: number
  readonly function: string
  readonly text: string
}

/**
 * The two lines and the empty one that HPL writes for an error. Local.
 *
 * @param message what and where, with `rank`, the process that reports it
 */
export function hplError({ rank, line, function: name, text }: HplMessage & { readonly rank: number }): string {
  return `${place(rank, line, name)}>>> ${text} <<<\n\n`
}

/** The same for an error after which the whole job is aborted. Local. */
export function hplAbort({ rank, line, function: name, text }: HplMessage & { readonly rank: number }): string {
  return `${place(rank, line, name)}>>> ${text} <<< Abort ...\n\n`
}

function place(rank: number, line: number, name: string): string {
  const where = line > 0 ? `on line ${line} of function` : 'in function'
  return `HPL ERROR from process # ${rank}, ${where} ${name}:\n`
}

const pdinfo = (line: number, text: string): HplMessage => ({ line, function: 'HPL_pdinfo', text })
const pdtest = (line: number, text: string): HplMessage => ({ line, function: 'HPL_pdtest', text })
const illegalCount = (line: number, list: string): HplMessage =>
  pdinfo(line, `Number of values of ${list} is less than 1 or greater than 20`)

/** Counts outside 1..20, by the name of the list. */
export const ILLEGAL_COUNT = {
  N: illegalCount(331, 'N'),
  NB: illegalCount(355, 'NB'),
  grids: illegalCount(383, 'grids'),
  // Lower case in the original.
  PFACT: pdinfo(435, 'number of values of PFACT is less than 1 or greater than 20'),
  NBMIN: illegalCount(457, 'NBMIN'),
  NDIV: illegalCount(480, 'NDIV'),
  RFACT: illegalCount(503, 'RFACT'),
  BCAST: illegalCount(525, 'BCAST'),
  DEPTH: illegalCount(550, 'DEPTH'),
} as const satisfies Record<string, HplMessage>

/** Values below their minimum, by the name of the list. */
export const ILLEGAL_VALUE = {
  N: pdinfo(343, 'Value of N less than 0'),
  NB: pdinfo(367, 'Value of NB less than 1'),
  P: pdinfo(395, 'Value of P less than 1'),
  Q: pdinfo(406, 'Value of Q less than 1'),
  NBMIN: pdinfo(468, 'Value of NBMIN less than 1'),
  NDIV: pdinfo(491, 'Value of NDIV less than 2'),
  DEPTH: pdinfo(562, 'Value of DEPTH less than 0'),
} as const satisfies Record<string, HplMessage>

/** HPL.dat cannot be read. */
export function cannotOpenInput(fileName = 'HPL.dat'): HplMessage {
  return pdinfo(299, `cannot open file ${fileName}`)
}

/** The output file cannot be created. */
export function cannotOpenOutput(fileName: string): HplMessage {
  return pdinfo(318, `cannot open file ${fileName}.`)
}

/** A grid asks for more processes than there are. */
export function needAtLeast(processes: number): HplMessage {
  return pdinfo(419, `Need at least ${processes} processes for these tests`)
}

/** Follows every other message about the input; rank 0 writes it once all ranks know of the error. */
export function illegalInput(fileName = 'HPL.dat'): HplMessage {
  return pdinfo(621, `Illegal input in file ${fileName}. Exiting ...`)
}

/** A process of the grid got no memory for its part: the test is skipped. Written to the output device. */
export function memoryAllocationFailed(myrow: number, mycol: number): HplMessage {
  return pdtest(173, `[${myrow},${mycol}] Memory allocation failed for A, x and b. Skip.`)
}

/**
 * The factorisation met a zero pivot: the test is skipped. Written to the output device.
 *
 * @param info (global) 1-based column of the first zero pivot
 */
export function solveFailed(info: number): HplMessage {
  return pdtest(331, `Error code returned by solve is ${info}, skip`)
}
