/**
 * Reads HPL.dat field by field: numbers, codes and lists, with netlib's conversions, and keeps the warnings. Invariant:
 * each method consumes exactly one line and returns netlib's value for it, lists with surplus blanks or missing tokens
 * aside, where the values are those that stand there and a warning says what netlib would read. Layer below:
 * line-buffer.ts, c-numbers.ts.
 */

import type { HplMessage } from '../messages.ts'
import { MAX_VALUES } from '../parameters.ts'
import { atof, atoi } from './c-numbers.ts'
import { LineBuffer, type Piece } from './line-buffer.ts'
import { shortened, type Warning } from './warning.ts'

/** Where in HPL.dat an error lies. */
export interface Origin {
  /** 1-based line of HPL.dat. */
  readonly line: number
  readonly read: string
  readonly allowed: string
}

/** Ends the reading; `parseHplDat` turns it into its result. */
export class IllegalInput extends Error {
  readonly error: HplMessage
  readonly origin: Origin

  constructor(error: HplMessage, origin: Origin) {
    super(error.text)
    this.error = error
    this.origin = origin
  }
}

/** A token and where it stands. */
interface Token {
  readonly text: string
  readonly line: number
}

/** How a list is checked: smallest value and what to say below it. */
export interface Minimum {
  readonly least: number
  readonly otherwise: HplMessage
}

export class FieldReader {
  readonly warnings: Warning[] = []
  readonly #lines: LineBuffer
  /** The last token read: what netlib goes on using where a line has none. */
  #last = ''
  /** Which line of HPL.dat is being read, were all lines short and present. */
  #expected = 0
  /** Whether a NUL character has been met. */
  #isBinary = false

  constructor(text: string) {
    this.#lines = new LineBuffer(text)
  }

  /** Passes over a line of free text that shares its buffer with the fields. */
  comment(): void {
    this.#readLine()
  }

  /** Passes over the second line of free text, which netlib reads into a buffer of its own. */
  separateComment(): void {
    this.#expected++
    const hadEnded = this.#lines.ended
    this.#warnIfOdd(this.#lines.skip() ?? this.#lines.current, hadEnded)
  }

  /** The first token as a name, empty if there is none. */
  name(): string {
    this.#readLine()
    return Buffer.from(this.#lines.tokens()[0] ?? '', 'latin1').toString('utf8')
  }

  /** An integer. */
  integer(field: string): number {
    return this.#toInteger(field, this.#scalar(field))
  }

  /** An integer below which another value is used: 0 and less, say, count as 4. */
  integerFrom(field: string, least: number, otherwise: number): number {
    const token = this.#scalar(field)
    const value = this.#toInteger(field, token)
    if (value >= least) return value
    this.#warn(token, String(otherwise), `${field} must be at least ${least}`)
    return otherwise
  }

  /** A real number. */
  real(field: string): number {
    const token = this.#scalar(field)
    const { value, clean } = atof(token.text)
    if (!clean) this.#warn(token, String(value), `${field} is not a plain finite number`)
    return value
  }

  /** One of the named choices by its code; any other code is the one at `otherwise`. */
  code<T extends string>(field: string, names: readonly T[], otherwise: number): T {
    const token = this.#scalar(field)
    return this.#toChoice(field, token, this.#toInteger(field, token), names, otherwise)
  }

  /**
   * How many values a list has.
   *
   * @throws {IllegalInput} otherwise, if not 1..20
   */
  count(field: string, otherwise: HplMessage): number {
    const token = this.#scalar(field)
    const count = this.#toInteger(field, token)
    if (count < 1 || count > MAX_VALUES) this.#fail(token, otherwise, `1 to ${MAX_VALUES}`)
    return count
  }

  /**
   * A list of integers.
   *
   * @throws {IllegalInput} minimum.otherwise, if a value is below minimum.least
   */
  integers(field: string, count: number, { least, otherwise }: Minimum): number[] {
    return this.#list(field, count).map(({ token, value }) => {
      if (value < least) this.#fail(token, otherwise, `${least} or more`)
      return value
    })
  }

  /** A list of choices by their codes; any other code is the one at `otherwise`. */
  codes<T extends string>(field: string, count: number, names: readonly T[], otherwise: number): T[] {
    return this.#list(field, count).map(({ token, value }) => this.#toChoice(field, token, value, names, otherwise))
  }

  /**
   * The check across the lists P and Q, at the line of Q.
   *
   * @throws {IllegalInput} otherwise(needed), if a grid needs more processes than there are
   */
  requireProcesses(needed: number, ranks: number, otherwise: (needed: number) => HplMessage): void {
    if (needed <= ranks) return
    const { text, line } = this.#lines.current
    this.#fail({ text: text.trimEnd(), line }, otherwise(needed), `P x Q of at most ${ranks}`)
  }

  #readLine(): void {
    this.#expected++
    const hadEnded = this.#lines.ended
    this.#warnIfOdd(this.#lines.read(), hadEnded)
  }

  #warnIfOdd({ text, line, continuation }: Piece, hadEnded: boolean): void {
    const here = { text: text.trimEnd(), line }
    if (text.includes('\0') && !this.#isBinary) {
      this.#isBinary = true
      this.#warn(here, 'only what stands before the first on each line', 'NUL characters: this is no plain text')
    }
    if (this.#lines.ended) {
      if (!hadEnded) this.#warn(here, 'its last line again', `the file ends before line ${this.#expected} of 31`)
    } else if (continuation) {
      this.#warn(here, `this rest as line ${this.#expected}`, 'a line of more than 252 characters runs over')
    }
  }

  /** The first token of the next line. */
  #scalar(field: string): Token {
    this.#readLine()
    const { line } = this.#lines.current
    const [text] = this.#lines.tokens()
    if (text === undefined) this.#warn({ text: '', line }, this.#lastUsed(), nothingThere(field))
    else this.#last = text
    return { text: this.#last, line }
  }

  #list(field: string, count: number): { token: Token; value: number }[] {
    this.#readLine()
    const { line } = this.#lines.current
    const present = this.#lines.tokens().slice(0, count)
    const netlib = this.#lines.netlibTokens(count, this.#last)

    const distinct = (present.length > 0 ? present : [this.#last]).map((text) => ({ text, line }))
    const values = distinct.map((token) => ({ token, value: this.#toInteger(field, token) }))
    for (let last = values.at(-1); last && values.length < count;) values.push(last)
    this.#last = distinct.at(-1)?.text ?? this.#last

    const used = values.map(({ value }) => value).join(' ')
    this.#warnOfList(field, { present: present.length, count, used, netlib: asIntegers(netlib) })
    return values
  }

  #warnOfList(field: string, { present, count, used, netlib }: ListRead): void {
    const { text, line } = this.#lines.current
    const differs = netlib !== used
    if (present >= count && !differs) return
    const also = differs ? `; netlib HPL would read ${netlib}` : ''
    const oddity =
      present === 0
        ? nothingThere(field)
        : present < count
          ? `${field} has ${present} of ${count} values, the last is repeated`
          : `${field} has surplus blanks`
    this.#warn({ text: text.trimEnd(), line }, used, `${oddity}${also}`)
  }

  #toInteger(field: string, token: Token): number {
    const { value, clean } = atoi(token.text)
    if (!clean && token.text !== '') this.#warn(token, String(value), `${field} is not a plain integer`)
    return value
  }

  #toChoice<T extends string>(field: string, token: Token, code: number, names: readonly T[], otherwise: number): T {
    const name = names[code] ?? names[otherwise]
    if (name === undefined) throw new RangeError(`${field}: no choice ${otherwise} among ${names.join(', ')}`)
    if (names[code] === undefined) {
      this.#warn(token, `${otherwise} (${name})`, `${field} must be 0 to ${names.length - 1}`)
    }
    return name
  }

  /** The last token as a value to show. */
  #lastUsed(): string {
    return this.#last === '' ? '0' : shortened(this.#last)
  }

  #warn({ text, line }: Token, used: string, message: string): void {
    this.warnings.push({ line, read: Buffer.from(text, 'latin1').toString('utf8'), used, message })
  }

  #fail({ text, line }: Token, error: HplMessage, allowed: string): never {
    throw new IllegalInput(error, { line, read: Buffer.from(text, 'latin1').toString('utf8'), allowed })
  }
}

/** How a list was read: tokens present and asked for, our values and netlib's. */
interface ListRead {
  readonly present: number
  readonly count: number
  readonly used: string
  readonly netlib: string
}

function asIntegers(tokens: readonly string[]): string {
  return tokens.map((token) => atoi(token).value).join(' ')
}

function nothingThere(field: string): string {
  return `no ${field} on this line, the value before is used again`
}
