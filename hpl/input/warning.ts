/**
 * A warning about HPL.dat: something was read that can be taken for a mistake, and what it was taken for. Netlib HPL
 * is silent in all these cases. Invariant: a warning prints as exactly one line. Nothing below it.
 */

export interface Warning {
  /** 1-based line of HPL.dat. */
  readonly line: number
  /** What stands there. */
  readonly read: string
  /** The value used, as text. */
  readonly used: string
  /** What is odd about it. */
  readonly message: string
}

const LONGEST_READ = 60

/** One line, without newline, that names the file, the line, what was read and the value used. Local. */
export function formatWarning({ line, read, used, message }: Warning, fileName: string): string {
  return `${fileName}, line ${line}: warning: ${message}: read ${quoted(read)}, using ${used}`
}

/** What JSON leaves as it is and a terminal may obey: DEL, the second set of control characters, line separators. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g

/** In double quotes, with control characters escaped, shortened if long. Local. */
export function quoted(text: string): string {
  return JSON.stringify(shortened(text)).replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** At most 60 characters of a text. Local. */
export function shortened(text: string): string {
  return text.length > LONGEST_READ ? `${text.slice(0, LONGEST_READ)}…` : text
}
