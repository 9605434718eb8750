/** HPL.dat: values, errors and warnings, against 35 runs of netlib HPL and against C's own fgets, sscanf and atoi. */

import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { formatHplDat, formatInputError, formatWarning, parseHplDat, type Warning } from '../../../hpl/input.ts'
import { atof, atoi } from '../../../hpl/input/c-numbers.ts'
import { LineBuffer } from '../../../hpl/input/line-buffer.ts'
import { cannotOpenInput, cannotOpenOutput, hplError, illegalInput } from '../../../hpl/messages.ts'
import { header } from '../../../hpl/output.ts'
import {
  BROADCASTS,
  FACTORISATIONS,
  MAPPINGS,
  STORAGE_FORMS,
  SWAPS,
  type HplParameters,
} from '../../../hpl/parameters.ts'

const fixtures = new URL('../../fixtures/hpl/', import.meta.url)
const shipped = readFileSync(new URL('../../../hpl/HPL.dat', import.meta.url), 'utf8')

/** The file that the recorded cases change: one test of N = 29, NB = 4 on 2 x 2. */
const oneTest = withLines(shipped, {
  5: '1            # of problems sizes (N)',
  6: '29           Ns',
  7: '1            # of NBs',
  8: '4            NBs',
  10: '1            # of process grids (P x Q)',
  11: '2            Ps',
  12: '2            Qs',
  14: '1            # of panel fact',
  15: '2            PFACTs (0=left, 1=Crout, 2=Right)',
  16: '1            # of recursive stopping criterium',
  17: '4            NBMINs (>= 1)',
  20: '1            # of recursive panel fact.',
  21: '2            RFACTs (0=left, 1=Crout, 2=Right)',
})

function withLines(text: string, changes: Record<number | string, string>): string {
  const lines = text.split('\n')
  for (const [line, content] of Object.entries(changes)) lines[Number(line) - 1] = content
  return lines.join('\n')
}

function parsed(text: string, ranks = 4): { parameters: HplParameters; warnings: readonly Warning[] } {
  const result = parseHplDat(text, ranks)
  if (!result.ok) throw new Error(`refused: ${result.error.text}`)
  return result
}

function warningsOf(text: string): string[] {
  return parseHplDat(text, 4).warnings.map((warning) => formatWarning(warning, 'HPL.dat'))
}

interface RecordedCase {
  case: string
  changed_lines: Record<string, string> | 'trunc' | null
  exit_code: number
  stdout: string
  stderr: string
  files: Record<string, string>
}

const cases = JSON.parse(readFileSync(new URL('errors/errors.json', fixtures), 'utf8')) as RecordedCase[]

function fileOf({ changed_lines: changes }: RecordedCase): string {
  if (changes === 'trunc') return `${oneTest.split('\n').slice(0, 20).join('\n')}\n`
  return withLines(oneTest, changes ?? {})
}

t.test('there are 35 recorded cases', async (t) => t.equal(cases.length, 35))

for (const recorded of cases.filter(({ exit_code: code }) => code === 0)) {
  t.test(`parseHplDat() reads what netlib reads in the case ${recorded.case}`, async (t) => {
    const { parameters } = parsed(fileOf(recorded))
    const { stdout, stderr, files } = recorded
    const device = { stdout: stdout !== '', stderr: stderr !== '', file: Object.keys(files).join() }
    const { device: code, outputFile } = parameters
    const toFile = code !== 6 && code !== 7
    t.same(device, { stdout: code === 6, stderr: code === 7, file: toFile ? outputFile : '' })
    const report = stdout || stderr || Object.values(files).join('')
    t.equal(report.slice(0, header(parameters).length), header(parameters))
  })
}

for (const recorded of cases.filter(({ exit_code: code }) => code === 1)) {
  t.test(`the messages in the case ${recorded.case} are netlib's`, async (t) => {
    const result = parseHplDat(fileOf(recorded), 4)
    // Whether the output file can be written is for the driver to find out.
    const error = result.ok ? cannotOpenOutput(result.parameters.outputFile) : result.error
    t.equal(result.ok, recorded.case === 'L4_8_badpath')
    const expected = hplError({ rank: 0, ...error }) + hplError({ rank: 0, ...illegalInput() })
    t.equal(recorded.stderr.slice(0, expected.length), expected)
  })
}

t.test('the message about a missing HPL.dat is netlib’s', async (t) => {
  const recorded = cases.find(({ case: name }) => name === 'nofile')
  const expected = hplError({ rank: 0, ...cannotOpenInput() })
  t.equal(recorded?.stderr.slice(0, expected.length), expected)
})

t.test('only the odd ones among the recorded cases get a warning', async (t) => {
  const warned = cases.filter((recorded) => parseHplDat(fileOf(recorded), 4).warnings.length > 0)
  t.same(
    warned.map(({ case: name }) => name),
    ['L6_text', 'L6_too_few', 'L9_two', 'L21_nine', 'L27_neg', 'L28_two', 'L29_two', 'L31_zero'].concat([
      'truncated_file',
      'comment_glued',
    ]),
  )
})

const ordinary = ['out', 'refblas_variants'].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, fixtures)).map((name) => `${folder}/${name}/HPL.dat`),
)

t.test('ordinary files get no warning', async (t) => {
  t.ok(ordinary.length >= 6)
  t.same(parsed(shipped).warnings, [])
  for (const path of ordinary) t.same(parsed(readFileSync(new URL(path, fixtures), 'utf8'), 7).warnings, [], path)
})

t.test('carriage returns, a missing last newline and further lines change nothing and get no warning', async (t) => {
  const expected = parsed(shipped)
  for (const text of [shipped.replaceAll('\n', '\r\n'), shipped.trimEnd(), `${shipped}HPL 2.3 reads no line 32\n`]) {
    t.same(parsed(text), expected)
  }
})

t.test('the shipped file says what it says', async (t) => {
  t.strictSame(parsed(shipped).parameters, {
    outputFile: 'HPL.out',
    device: 6,
    n: [29, 30, 34, 35],
    nb: [1, 2, 3, 4],
    pmap: 'row',
    grids: [
      { p: 2, q: 2 },
      { p: 1, q: 4 },
      { p: 4, q: 1 },
    ],
    threshold: 16,
    pfact: ['left', 'crout', 'right'],
    nbmin: [2, 4],
    ndiv: [2],
    rfact: ['left', 'crout', 'right'],
    bcast: ['1ring'],
    depth: [0],
    swap: 'mix',
    swapThreshold: 64,
    l1: 'transposed',
    u: 'transposed',
    equilibrate: true,
    align: 8,
  } satisfies HplParameters)
})

interface ExpectedError {
  changes: Record<number, string>
  error: readonly [line: number, text: string]
  place: string
}

const COUNT = 'is less than 1 or greater than 20'
const illegal: readonly ExpectedError[] = [
  { changes: { 5: '0' }, error: [331, `Number of values of N ${COUNT}`], place: 'line 5' },
  { changes: { 6: '-1' }, error: [343, 'Value of N less than 0'], place: 'line 6' },
  { changes: { 7: '-2' }, error: [355, `Number of values of NB ${COUNT}`], place: 'line 7' },
  { changes: { 8: '0' }, error: [367, 'Value of NB less than 1'], place: 'line 8' },
  { changes: { 10: 'x' }, error: [383, `Number of values of grids ${COUNT}`], place: 'line 10' },
  { changes: { 11: '-1' }, error: [395, 'Value of P less than 1'], place: 'line 11' },
  { changes: { 12: '0' }, error: [406, 'Value of Q less than 1'], place: 'line 12' },
  { changes: { 12: '3' }, error: [419, 'Need at least 6 processes for these tests'], place: 'line 12' },
  { changes: { 14: '21' }, error: [435, `number of values of PFACT ${COUNT}`], place: 'line 14' },
  { changes: { 16: '21' }, error: [457, `Number of values of NBMIN ${COUNT}`], place: 'line 16' },
  { changes: { 17: '0' }, error: [468, 'Value of NBMIN less than 1'], place: 'line 17' },
  { changes: { 18: '21' }, error: [480, `Number of values of NDIV ${COUNT}`], place: 'line 18' },
  { changes: { 19: '1' }, error: [491, 'Value of NDIV less than 2'], place: 'line 19' },
  { changes: { 20: '21' }, error: [503, `Number of values of RFACT ${COUNT}`], place: 'line 20' },
  { changes: { 22: '21' }, error: [525, `Number of values of BCAST ${COUNT}`], place: 'line 22' },
  { changes: { 24: '21' }, error: [550, `Number of values of DEPTH ${COUNT}`], place: 'line 24' },
  { changes: { 25: '-1' }, error: [562, 'Value of DEPTH less than 0'], place: 'line 25' },
]

for (const { changes, error, place } of illegal) {
  t.test(`${place} with ${JSON.stringify(Object.values(changes).join())} is "${error[1]}"`, async (t) => {
    const result = parseHplDat(withLines(oneTest, changes), 4)
    if (result.ok) return t.fail('accepted')
    t.same([result.error.line, result.error.text, result.error.function], [...error, 'HPL_pdinfo'])
    t.match(formatInputError(result.error, 'my.dat'), `my.dat, ${place}: ${error[1]}: read "`)
    t.same(result.output, { outputFile: 'HPL.out', device: 6 })
  })
}

t.test('the first error in file order wins, whatever comes later', async (t) => {
  const expected: number[] = []
  const first: number[] = []
  illegal.forEach(({ error }, k) => {
    const changes: Record<number, string> = {}
    for (const later of illegal.slice(k).reverse()) Object.assign(changes, later.changes)
    const result = parseHplDat(withLines(oneTest, changes), 4)
    first.push(result.ok ? 0 : result.error.line)
    expected.push(error[0])
  })
  t.same(first, expected)
})

t.test('the place of an error names line, what was read and what is allowed', async (t) => {
  const result = parseHplDat(withLines(shipped, { 8: '1 2 0 4 NBs' }), 4)
  if (result.ok) return t.fail('accepted')
  t.equal(
    formatInputError(result.error, 'HPL.dat'),
    'HPL.dat, line 8: Value of NB less than 1: read "0", expected 1 or more',
  )
})

const odd: readonly [what: string, changes: Record<number, string>, warning: string][] = [
  ['text for a number', { 6: 'abc' }, 'line 6: warning: N is not a plain integer: read "abc", using 0'],
  ['a fraction', { 6: '29.9' }, 'line 6: warning: N is not a plain integer: read "29.9", using 29'],
  ['a glued comment', { 6: '29Ns' }, 'line 6: warning: N is not a plain integer: read "29Ns", using 29'],
  ['an overflow', { 8: '4294967297' }, 'line 8: warning: NB is not a plain integer: read "4294967297", using 1'],
  ['an unknown mapping', { 9: '2' }, 'line 9: warning: PMAP must be 0 to 1: read "2", using 0 (row)'],
  ['text for the threshold', { 13: 'sixteen' }, 'threshold is not a plain finite number: read "sixteen", using 0'],
  ['an infinite threshold', { 13: 'inf' }, 'threshold is not a plain finite number: read "inf", using Infinity'],
  ['an unknown PFACT', { 15: '9' }, 'line 15: warning: PFACT must be 0 to 2: read "9", using 2 (right)'],
  ['a negative RFACT', { 21: '-1' }, 'line 21: warning: RFACT must be 0 to 2: read "-1", using 2 (right)'],
  ['an unknown BCAST', { 23: '6' }, 'line 23: warning: BCAST must be 0 to 5: read "6", using 1 (1ringM)'],
  ['an unknown SWAP', { 26: '3' }, 'line 26: warning: SWAP must be 0 to 2: read "3", using 1 (spread-roll)'],
  ['a negative swapping threshold', { 27: '-5' }, 'swapping threshold must be at least 0: read "-5", using 0'],
  ['an unknown L1', { 28: '2' }, 'line 28: warning: L1 must be 0 to 1: read "2", using 0 (transposed)'],
  ['an unknown U', { 29: '2' }, 'line 29: warning: U must be 0 to 1: read "2", using 0 (transposed)'],
  ['an unknown EQUIL', { 30: '2' }, 'line 30: warning: equilibration must be 0 to 1: read "2", using 1 (yes)'],
  ['no alignment', { 31: '0' }, 'line 31: warning: alignment must be at least 1: read "0", using 4'],
  [
    'an empty scalar line',
    { 27: '' },
    'line 27: warning: no swapping threshold on this line, the value before is used again: read "", using 2',
  ],
]

for (const [what, changes, expected] of odd) {
  t.test(`${what} gets one warning of one line that names file, line, what was read and what is used`, async (t) => {
    const warnings = warningsOf(withLines(oneTest, changes))
    t.equal(warnings.length, 1)
    t.match(warnings[0], /^HPL\.dat, line \d+: warning: [^\n]+: read "[^\n]*", using [^\n]+$/)
    t.ok(warnings[0]?.includes(expected), warnings[0])
  })
}

t.test('a list shorter than its count repeats the last value and says so, also what netlib makes of it', async (t) => {
  const text = withLines(shipped, { 6: '29 30' })
  t.same(parsed(text).parameters.n, [29, 30, 30, 30])
  t.same(warningsOf(text), [
    'HPL.dat, line 6: warning: N has 2 of 4 values, the last is repeated; netlib HPL would read 29 30 30 0: read "29 30", using 29 30 30 30',
  ])
})

t.test('a comment that is taken for a value is named', async (t) => {
  const result = parseHplDat(withLines(shipped, { 8: '1 2 3 NBs' }), 4)
  t.equal(result.ok, false)
  t.same(
    result.warnings.map((warning) => formatWarning(warning, 'HPL.dat')),
    ['HPL.dat, line 8: warning: NB is not a plain integer: read "NBs", using 0'],
  )
})

t.test('surplus blanks are read as they stand, with a warning where netlib would read other values', async (t) => {
  const text = withLines(oneTest, { 5: '2', 6: '   29 30 Ns' })
  t.same(parsed(text).parameters.n, [29, 30])
  t.same(warningsOf(text), [
    'HPL.dat, line 6: warning: N has surplus blanks; netlib HPL would read 29 29: read "   29 30 Ns", using 29 30',
  ])
  t.same(warningsOf(withLines(oneTest, { 5: '3', 6: ' 29  30 31' })), [
    'HPL.dat, line 6: warning: N has surplus blanks; netlib HPL would read 29 30 0: read " 29  30 31", using 29 30 31',
  ])
  t.same(warningsOf(withLines(oneTest, { 5: '2', 6: '29  30   Ns' })), [], 'netlib copes with one surplus blank')
})

t.test('a file that ends early uses its last line for all missing ones and says so once', async (t) => {
  const text = withLines(oneTest, {}).split('\n').slice(0, 22).join('\n') // up to "1 # of broadcast"
  const { bcast, depth, swap, align } = parsed(text).parameters
  t.same({ bcast, depth, swap, align }, { bcast: ['1ringM'], depth: [1], swap: 'spread-roll', align: 1 })
  t.same(warningsOf(text), [
    'HPL.dat, line 22: warning: the file ends before line 23 of 31: read "1            # of broadcast", using its last line again',
  ])
})

t.test('an empty file is refused for its number of N', async (t) => {
  const result = parseHplDat('', 4)
  t.equal(result.ok ? 0 : result.error.line, 331)
  t.match(result.warnings[0]?.message, /the file ends before line 1 of 31/)
})

t.test('a line of 252 characters is one line, a longer one runs over into the next, with a warning', async (t) => {
  t.same(warningsOf(withLines(oneTest, { 6: '29 Ns'.padEnd(252, '.') })), [])
  // The 253rd character is still read; then the newline alone is the next line, and the count of NB is 29 again.
  const over = parseHplDat(withLines(oneTest, { 6: '29 Ns'.padEnd(253, '.') }), 4)
  t.equal(over.ok ? 0 : over.error.text, `Number of values of NB ${COUNT}`)
  t.match(over.warnings[0], { line: 6, message: 'a line of more than 252 characters runs over', read: '' })
  // The rest of line 6 is the number of NB, so the line that said so is taken out.
  const lines = withLines(oneTest, { 6: `${'29 Ns'.padEnd(253, '.')}1 and more` }).split('\n')
  const spilt = parsed(lines.toSpliced(6, 1).join('\n'))
  t.same([spilt.parameters.n, spilt.parameters.nb, spilt.parameters.align], [[29], [4], 8])
  t.same(spilt.warnings, [
    {
      line: 6,
      read: '1 and more',
      used: 'this rest as line 7',
      message: 'a line of more than 252 characters runs over',
    },
  ])
})

t.test('the length of a line is counted in bytes, and names may have any characters', async (t) => {
  const { parameters, warnings } = parsed(withLines(oneTest, { 3: 'Größe.out', 4: '8', 1: 'ä'.repeat(126) }))
  t.equal(parameters.outputFile, 'Größe.out')
  t.same(warnings, [])
  t.match(parseHplDat(withLines(oneTest, { 1: 'ä'.repeat(127) }), 4).warnings[0], { line: 1 })
})

t.test('what was read is shown in one line even if it is long or has control characters', async (t) => {
  const line = formatWarning({ line: 3, read: `a\u001b[31m\n${'b'.repeat(100)}`, used: '0', message: 'm' }, 'x.dat')
  t.equal(line, `x.dat, line 3: warning: m: read "a\\u001b[31m\\n${'b'.repeat(53)}…", using 0`)
})

t.test('no control character of a file reaches the terminal', async (t) => {
  const read = Array.from({ length: 32 }, (_, k) => String.fromCharCode(0x7f + k)).join('') + '\u2028\u2029'
  const line = formatWarning({ line: 3, read, used: '0', message: 'm' }, 'x.dat')
  t.match(line, /read "\\u007f\\u0080.*\\u0085.*\\u2028\\u2029", using 0$/)
  t.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
})

t.test('a line ends at the first NUL, as in C, and one warning says so', async (t) => {
  const text = withLines(oneTest, { 3: 'out\0more', 6: '29\0 30' })
  t.equal(parsed(text).parameters.outputFile, 'out')
  t.same(parsed(text).parameters.n, [29])
  t.same(warningsOf(text), [
    'HPL.dat, line 3: warning: NUL characters: this is no plain text: read "out\\u0000more", using only what stands before the first on each line',
  ])
  const wide = parseHplDat(Buffer.from(shipped, 'utf16le').toString('latin1'), 4)
  t.equal(wide.ok, false)
  t.match(wide.warnings.map(({ message }) => message).join(), /NUL characters/)
})

interface ListReading {
  text: string
  lists: { count: number; values: number[] }[]
}

t.test('netlibTokens() takes from 120 odd files what fgets and sscanf in C take', async (t) => {
  const recorded = JSON.parse(readFileSync(new URL('list-reading.json', fixtures), 'utf8')) as ListReading[]
  t.equal(recorded.length, 120)
  for (const { text, lists } of recorded) {
    const lines = new LineBuffer(text)
    let last = ''
    const read = lists.map(() => {
      lines.read()
      last = lines.tokens()[0] ?? last
      const count = atoi(last).value
      lines.read()
      const tokens = lines.netlibTokens(count < 1 || count > 20 ? 3 : count, last)
      last = tokens.at(-1) ?? last
      return { count, values: tokens.map((token) => atoi(token).value) }
    })
    t.strictSame(read, lists, JSON.stringify(text))
  }
})

t.test('atoi() and atof() convert like C', async (t) => {
  const integers = ['29', '+29', '-0', '0x10', '1e3', '', '-', '2147483648', '-2147483649', '9'.repeat(30)]
  t.same(
    integers.map((token) => atoi(token).value + 0),
    [29, 29, 0, 0, 1, 0, 0, -2147483648, 2147483647, -1],
  )
  const reals = ['16', '1e-9', '.5', '5.', '-2.5e+3x', '0x1.8p3', '0x', 'Infinity', '-inf', 'abc', '1e999', 'e5']
  t.same(
    reals.map((token) => atof(token).value),
    [16, 1e-9, 0.5, 5, -2500, 12, 0, Infinity, -Infinity, 0, Infinity, 0],
  )
  t.ok(Number.isNaN(atof('nan').value))
  t.same(
    ['16.0', '1e-9', '0x10', '16.0,', 'inf', '1e999', ''].map((token) => atof(token).clean),
    [true, true, true, false, false, false, false],
  )
})

const list = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: 1, maxLength: 20 })
const integerFrom = (min: number): fc.Arbitrary<number> => fc.integer({ min, max: 2 ** 31 - 1 })
const anyParameters: fc.Arbitrary<HplParameters> = fc.record(
  {
    outputFile: fc.stringMatching(/^[!-~à-ÿ]{1,120}$/),
    device: fc.oneof(fc.constantFrom(6, 7, 8), fc.integer()),
    n: list(integerFrom(0)),
    nb: list(integerFrom(1)),
    pmap: fc.constantFrom(...MAPPINGS),
    grids: list(
      fc.tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 9999 })).map(([p, q]) => ({ p, q })),
    ),
    threshold: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    pfact: list(fc.constantFrom(...FACTORISATIONS)),
    nbmin: list(integerFrom(1)),
    ndiv: list(integerFrom(2)),
    rfact: list(fc.constantFrom(...FACTORISATIONS)),
    bcast: list(fc.constantFrom(...BROADCASTS)),
    depth: list(integerFrom(0)),
    swap: fc.constantFrom(...SWAPS),
    swapThreshold: integerFrom(0),
    l1: fc.constantFrom(...STORAGE_FORMS),
    u: fc.constantFrom(...STORAGE_FORMS),
    equilibrate: fc.boolean(),
    align: integerFrom(1),
  },
  { noNullPrototype: true },
)

t.test('parseHplDat() of formatHplDat() gives the parameters back without a warning', async () => {
  fc.assert(
    fc.property(anyParameters, (parameters) => {
      const result = parseHplDat(formatHplDat(parameters), 99_980_001)
      return result.ok && result.warnings.length === 0 && isDeepStrictEqual(result.parameters, parameters)
    }),
  )
})

t.test('formatHplDat() writes the shipped file', async (t) => {
  t.equal(formatHplDat(parsed(shipped).parameters), shipped)
})

t.test('formatHplDat() refuses what could not be read back', async (t) => {
  const { parameters } = parsed(shipped)
  t.throws(() => formatHplDat({ ...parameters, outputFile: 'my file' }), { message: /"my file" .* without blanks/ })
  t.throws(() => formatHplDat({ ...parameters, outputFile: '', device: 8 }), { message: /device 8 needs the name/ })
  t.throws(() => formatHplDat({ ...parameters, n: [] }), { message: /Ns has 0 values, expected 1 to 20/ })
  t.doesNotThrow(() => formatHplDat({ ...parameters, outputFile: '' }))
})

t.test('no text makes parseHplDat() throw', async () => {
  const text = fc.string({
    unit: fc.constantFrom('0', '1', '2', '-', ' ', '\n', '\n', '\t', 'x', '.', '\0'),
    maxLength: 400,
  })
  fc.assert(fc.property(text, (content) => typeof parseHplDat(content, 4).ok === 'boolean'))
})
