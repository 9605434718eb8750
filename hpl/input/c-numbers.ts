/**
 * C's atoi and atof, as glibc on a 64-bit machine does them: netlib HPL reads every number of HPL.dat with these, so
 * "29.9" is 29 and "abc" is 0. Each result says whether the token was nothing but that number. Nothing below it.
 */

/** What C makes of a token. */
export interface CNumber {
  readonly value: number
  /** The token is an ordinary number of this kind and nothing else, so nobody need be told. */
  readonly clean: boolean
}

const INT64_MAX = (1n << 63n) - 1n
const INT64_MIN = -(1n << 63n)

/**
 * C's atoi: the leading integer, 0 if there is none. Local. Like glibc it goes through a 64-bit long that
 * saturates, and keeps the lower 32 bits: "4294967297" is 1.
 */
export function atoi(token: string): CNumber {
  const digits = /^[+-]?\d+/.exec(token)?.[0]
  if (digits === undefined) return { value: 0, clean: false }
  const exact = BigInt(digits.replace('+', ''))
  const long = exact > INT64_MAX ? INT64_MAX : exact < INT64_MIN ? INT64_MIN : exact
  const value = Number(BigInt.asIntN(32, long))
  return { value, clean: digits === token && BigInt(value) === exact }
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?/i
const NON_FINITE = /^([+-]?)(inf(?:inity)?|nan(?:\(\w*\))?)/i

/** C's atof: the leading real number in decimal, hexadecimal, as infinity or as nan; 0 if there is none. Local. */
export function atof(token: string): CNumber {
  const special = NON_FINITE.exec(token)
  if (special) return { value: nonFinite(special[1] ?? '', special[2] ?? ''), clean: false }
  const hex = HEXADECIMAL.exec(token)
  if (hex && `${hex[2]}${hex[3]}` !== '') return hexadecimal(token, hex)
  const decimal = DECIMAL.exec(token)?.[0]
  if (decimal === undefined) return { value: 0, clean: false }
  const value = Number(decimal)
  return { value, clean: decimal === token && Number.isFinite(value) }
}

function nonFinite(sign: string, word: string): number {
  if (/^nan/i.test(word)) return NaN
  return sign === '-' ? -Infinity : Infinity
}

function hexadecimal(token: string, match: RegExpExecArray): CNumber {
  const [text, sign, whole = '', fraction = '', exponent = '0'] = match
  // One rounding from the digits, then an exact scaling (but for subnormal results, which no threshold is).
  const magnitude = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length)
  return { value: sign === '-' ? -magnitude : magnitude, clean: text === token && Number.isFinite(magnitude) }
}
