/**
 * C's printf for the conversions that HPL's output uses: %d %e %f %s %c and %%, with width, precision and the
 * flags - and 0. Invariant: the text is that of glibc for every double. JavaScript's toFixed and toExponential
 * are not: they round exact ties up where C rounds them to even, and toFixed gives up at 1e21. So the exact
 * binary value is rounded here in integer arithmetic. Nothing below it.
 */

const CONVERSION = /%([-0]*)(\d+)?(?:\.(\d+))?([defsc%])/g

/**
 * Formats as C's printf does. Local.
 *
 * @param format C format; conversions other than %d %e %f %s %c %% are left as they are
 * @param args one value a conversion: integers for %d, numbers for %e and %f, strings for %s and %c
 * @throws {TypeError} if a value is missing or of the wrong type
 * @example sprintf('%5d %18.2f', 4, 0.125) // '    4               0.12'
 */
export function sprintf(format: string, ...args: readonly (number | string)[]): string {
  let used = 0
  return format.replace(CONVERSION, (_, flags: string, width: string | undefined, precision, type: string) => {
    if (type === '%') return '%'
    const text = convert(type, args[used++], precision as string | undefined)
    return pad(text, Number(width ?? 0), flags)
  })
}

function convert(type: string, value: number | string | undefined, precision: string | undefined): string {
  if (type === 's' || type === 'c') {
    if (typeof value !== 'string') throw new TypeError(`sprintf: %${type} got ${value}, expected a string`)
    return precision === undefined ? value : value.slice(0, Number(precision))
  }
  if (typeof value !== 'number') throw new TypeError(`sprintf: %${type} got ${value}, expected a number`)
  if (type === 'd') return formatInteger(value)
  const digits = Number(precision ?? 6)
  return type === 'e' ? formatExponential(value, digits) : formatFixed(value, digits)
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  // C pads "inf" and "nan" with blanks whatever the flag.
  if (!flags.includes('0') || !/\d/.test(text)) return text.padStart(width)
  const sign = text.startsWith('-') ? '-' : ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}

function formatInteger(value: number): string {
  if (!Number.isInteger(value)) throw new TypeError(`sprintf: %d got ${value}, expected an integer`)
  return BigInt(value).toString()
}

/**
 * `%.{digits}e` of any double: one digit, a point, `digits` digits, an exponent of at least two. Local.
 *
 * @param digits digits after the point, >= 0
 */
export function formatExponential(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value)
  const sign = signOf(value)
  if (value === 0) return `${sign}${withPoint('0'.repeat(digits + 1), digits)}e+00`

  const x = exactly(value)
  let exponent = exponentOf(x, value)
  let rounded = roundedTimesTenTo(x, digits - exponent).toString()
  if (rounded.length > digits + 1) {
    // 9.99… went up to 10.00…: the next power of ten, and one zero less.
    exponent++
    rounded = rounded.slice(0, -1)
  }
  const size = Math.abs(exponent).toString().padStart(2, '0')
  return `${sign}${withPoint(rounded, digits)}e${exponent < 0 ? '-' : '+'}${size}`
}

/**
 * `%.{digits}f` of any double. Local.
 *
 * @param digits digits after the point, >= 0
 */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value)
  const rounded = roundedTimesTenTo(exactly(value), digits)
    .toString()
    .padStart(digits + 1, '0')
  return signOf(value) + withPoint(rounded, digits)
}

/** The sign bit of a NaN says nothing about the computation, so C's "-nan" is not reproduced. */
function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  return value < 0 ? '-inf' : 'inf'
}

function signOf(value: number): '-' | '' {
  return value < 0 || Object.is(value, -0) ? '-' : ''
}

function withPoint(digits: string, afterPoint: number): string {
  if (afterPoint === 0) return digits
  const split = digits.length - afterPoint
  return `${digits.slice(0, split)}.${digits.slice(split)}`
}

/** |x| = numerator / denominator, without any rounding. */
interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

function exactly(value: number): Fraction {
  const bits = new BigUint64Array(Float64Array.of(Math.abs(value)).buffer)[0] ?? 0n
  const biased = Number(bits >> 52n)
  const fraction = bits & ((1n << 52n) - 1n)
  const significand = biased === 0 ? fraction : fraction | (1n << 52n)
  const exponent = (biased === 0 ? 1 : biased) - 1075
  return exponent < 0
    ? { numerator: significand, denominator: 1n << BigInt(-exponent) }
    : { numerator: significand << BigInt(exponent), denominator: 1n }
}

/** The k with 10^k <= |x| < 10^(k+1), for x > 0. */
function exponentOf({ numerator, denominator }: Fraction, value: number): number {
  // The shortest decimal that reads back as x can only err upwards: 9.999999999999999161e22 prints as 1e+23.
  const guess = Number(value.toExponential().split('e')[1])
  const below =
    guess < 0 ? numerator * 10n ** BigInt(-guess) < denominator : numerator < denominator * 10n ** BigInt(guess)
  return below ? guess - 1 : guess
}

/** |x| 10^power to the nearest integer, exact ties to the even one. */
function roundedTimesTenTo({ numerator, denominator }: Fraction, power: number): bigint {
  const top = power < 0 ? numerator : numerator * 10n ** BigInt(power)
  const bottom = power < 0 ? denominator * 10n ** BigInt(-power) : denominator
  const quotient = top / bottom
  const twiceRest = 2n * (top % bottom)
  const up = twiceRest > bottom || (twiceRest === bottom && quotient % 2n === 1n)
  return up ? quotient + 1n : quotient
}
