/**
 * The report, byte for byte. Whole reports of netlib HPL are taken apart into their numbers and put together again by
 * output.ts; what no recorded report shows is compared with lines written out here.
 */

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { parseHplDat } from '../../../hpl/input.ts'
import { hplAbort, hplError, memoryAllocationFailed, solveFailed } from '../../../hpl/messages.ts'
import {
  detailedTiming,
  encodeVariant,
  gflops,
  header,
  passes,
  progressGflops,
  progressLine,
  residualLines,
  resultLine,
  startEndTime,
  summary,
  tableHead,
  type ResidualNorms,
} from '../../../hpl/output.ts'
import { BROADCASTS, type Factorisation, type HplParameters } from '../../../hpl/parameters.ts'

const fixtures = new URL('../../fixtures/hpl/', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, fixtures), 'utf8')
const shipped = readFileSync(new URL('../../../hpl/HPL.dat', import.meta.url), 'utf8')

function parametersOf(text: string): HplParameters {
  const result = parseHplDat(text, 64)
  if (!result.ok) throw new Error(result.error.text)
  return result.parameters
}

/** Letters of the T/V column. */
const FACTORISATION: Record<string, Factorisation> = { L: 'left', C: 'crout', R: 'right' }

/** Each kind of line or group of lines of a report, with the function that makes it from the numbers in it. */
const pieces: readonly { pattern: RegExp; rebuild: (field: readonly string[], threshold: number) => string }[] = [
  { pattern: /^={80}\nT\/V .*\n-{80}\n/, rebuild: () => tableHead() },
  {
    pattern: /^W([RC])(\d)(\d)([LCR])(\d)([LCR])(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +([\d.]+) +(\S+)\n/,
    rebuild: ([mapping, depth, bcast, rfact, ndiv, pfact, nbmin, n, nb, p, q, seconds, rate]) =>
      resultLine({
        pmap: mapping === 'R' ? 'row' : 'column',
        depth: Number(depth),
        bcast: BROADCASTS[Number(bcast)] ?? 'longM',
        rfact: FACTORISATION[rfact ?? ''] ?? 'left',
        ndiv: Number(ndiv),
        pfact: FACTORISATION[pfact ?? ''] ?? 'left',
        nbmin: Number(nbmin),
        n: Number(n),
        nb: Number(nb),
        p: Number(p),
        q: Number(q),
        seconds: Number(seconds),
        gflops: Number(rate),
      }),
  },
  {
    pattern: /^HPL_pdgesv\(\) (start|end) time +(.*)\n\n/,
    rebuild: ([kind, date = '']) => startEndTime(kind === 'start' ? 'start' : 'end', new Date(date)),
  },
  {
    pattern:
      /^--VVV.*\n(?:.*rfact.* (\S+)\n)?(?:.*pfact.* (\S+)\n)?(?:.*mxswp.* (\S+)\n)?(?:.*update.* (\S+)\n)?(?:.*laswp.* (\S+)\n)?(?:.*up tr sv.* (\S+)\n)?/,
    rebuild: (fields, threshold) => {
      // A part that took less than 5 ms is printed as 0.00, one that took nothing is not printed.
      const seconds = fields.map((text: string | undefined) => (text === undefined ? 0 : Number(text) || 1e-9))
      const [rfact = 0, pfact = 0, mxswp = 0, update = 0, laswp = 0, upTrSv = 0] = seconds
      return detailedTiming({ rfact, pfact, mxswp, update, laswp, upTrSv }, threshold)
    },
  },
  {
    pattern:
      /^-{80}\n\|\|Ax-b.*= +(\S+) \.{6} (?:PASSED|FAILED)\n(?:.*= +(\S+)\n.*= +(\S+)\n.*= +(\S+)\n.*= +(\S+)\n.*= +(\S+)\n.*= +(\S+)\n)?/,
    rebuild: (fields, threshold) => {
      const [scaled = NaN, residual = NaN, aInf = NaN, a1 = NaN, xInf = NaN, x1 = NaN, bInf = NaN] = fields.map(Number)
      return residualLines(scaled, threshold, { residual, aInf, a1, xInf, x1, bInf })
    },
  },
  {
    pattern: /^Column=0*(\d+) Fraction= *([\d.]+)% Gflops=(\S+)\n/,
    rebuild: ([column, fraction, rate]) => {
      const n = Math.round((Number(column) * 100) / Number(fraction) / 100) * 100
      return progressLine({ column: Number(column), n, gflops: Number(rate) })
    },
  },
  {
    pattern:
      /^={80}\n\nFinished +\d+ tests.*\n +(\d+) tests.*passed.*\n +(\d+) tests.*\n +(\d+) tests.*\n-{80}\n\nEnd of Tests.\n={80}\n/,
    rebuild: ([passed, failed, skipped], threshold) =>
      summary(threshold, { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }),
  },
]

/** The report again, made from the header's parameters and the numbers found in the rest. */
function rebuild(report: string, parameters: HplParameters): string {
  const parts = [header(parameters)]
  let rest = report.slice(header(parameters).length)
  while (rest !== '') {
    const found = pieces
      .map(({ pattern, ...piece }) => ({ ...piece, match: pattern.exec(rest) }))
      .find(({ match }) => match)
    if (!found?.match) throw new Error(`no piece of a report: ${JSON.stringify(rest.slice(0, 200))}`)
    parts.push(found.rebuild(found.match.slice(1), parameters.threshold))
    rest = rest.slice(found.match[0].length)
  }
  return parts.join('')
}

t.test('the report of the 864 tests of the shipped HPL.dat is put together again', async (t) => {
  const report = gunzipSync(readFileSync(new URL('refblas_default864/HPL.out.gz', fixtures))).toString()
  t.equal(report.match(/PASSED/g)?.length, 864)
  t.ok(rebuild(report, parametersOf(shipped)) === report)
})

for (const name of ['n1k2k4k_1x1', 'n1k2k4k_2x2', 'detailed_1x1']) {
  t.test(`the report out/${name} is put together again`, async (t) => {
    const report = read(`out/${name}/HPL.out`)
    t.equal(rebuild(report, parametersOf(read(`out/${name}/HPL.dat`))), report)
  })
}

interface RecordedCase {
  case: string
  exit_code: number
  stdout: string
  stderr: string
  files: Record<string, string>
}

/** Parameters of a recorded report, read from its own header. */
function parametersFromHeader(report: string): HplParameters {
  const block = report.slice(report.indexOf('parameter values will be used'))
  const values = (name: string): string[] =>
    (new RegExp(`^${name} *: *(.*)`, 'm').exec(block)?.[1] ?? '').trim().split(/ +/)
  const numbers = (name: string): number[] => values(name).map(Number)
  const factorisations = (name: string): Factorisation[] =>
    values(name).map((label) => FACTORISATION[label[0] ?? ''] ?? 'left')
  const swap = values('SWAP').join(' ')
  const qs = numbers('Q')
  return {
    ...parametersOf(shipped),
    n: numbers('N'),
    nb: numbers('NB'),
    pmap: values('PMAP')[0] === 'Column-major' ? 'column' : 'row',
    grids: numbers('P').map((p, k) => ({ p, q: qs[k] ?? 0 })),
    // The one case with another threshold has 1e-9, printed as 0.0.
    threshold: Number(/less than +(.*)/.exec(block)?.[1]) || 1e-9,
    pfact: factorisations('PFACT'),
    nbmin: numbers('NBMIN'),
    ndiv: numbers('NDIV'),
    rfact: factorisations('RFACT'),
    bcast: values('BCAST').map((label) => BROADCASTS.find((topology) => topology === label) ?? 'longM'),
    depth: numbers('DEPTH'),
    swap: swap.startsWith('Mix') ? 'mix' : swap.startsWith('Spread') ? 'spread-roll' : 'binary-exchange',
    swapThreshold: Number(/threshold = (\d+)/.exec(swap)?.[1] ?? 0),
    l1: values('L1')[0] === 'transposed' ? 'transposed' : 'no-transposed',
    u: values('U')[0] === 'transposed' ? 'transposed' : 'no-transposed',
    equilibrate: values('EQUIL')[0] === 'yes',
    align: numbers('ALIGN')[0] ?? 0,
  }
}

for (const recorded of JSON.parse(read('errors/errors.json')) as RecordedCase[]) {
  const report =
    recorded.stdout || Object.values(recorded.files).join('') || (recorded.exit_code === 0 ? recorded.stderr : '')
  if (report === '') continue
  t.test(`the report of the case ${recorded.case} is put together again`, async (t) => {
    t.equal(rebuild(report, parametersFromHeader(report)), report)
  })
}

t.test('gflops() agrees to the last bit with the formula compiled by a C compiler', async (t) => {
  const recorded = JSON.parse(read('gflops.json')) as [n: number, seconds: number, rate: number][]
  t.ok(recorded.length > 100)
  t.same(
    recorded.filter(([n, seconds, rate]) => gflops(n, seconds) !== rate),
    [],
  )
})

t.test('lists are wrapped after 8 and 16 values', async (t) => {
  const twenty = Array.from({ length: 20 }, (_, k) => k + 1)
  const text = header({ ...parametersOf(shipped), n: twenty, nb: twenty.slice(0, 8), depth: twenty.slice(0, 9) })
  const expected = [
    'N      :       1        2        3        4        5        6        7        8 ',
    '               9       10       11       12       13       14       15       16 ',
    '              17       18       19       20 ',
    'NB     :       1        2        3        4        5        6        7        8 ',
    'PMAP   : Row-major process mapping',
  ].join('\n')
  t.ok(text.includes(`\n${expected}\n`), text)
  t.ok(
    text.includes(
      '\nDEPTH  :       1        2        3        4        5        6        7        8 \n               9 \nSWAP',
    ),
  )
})

t.test('all names of variants, broadcasts and swaps appear as netlib writes them', async (t) => {
  const text = header({
    ...parametersOf(shipped),
    pmap: 'column',
    pfact: ['right', 'left', 'crout'],
    bcast: ['1ring', '1ringM', '2ring', '2ringM', 'long', 'longM'],
    swap: 'binary-exchange',
    l1: 'no-transposed',
    equilibrate: false,
    align: 4,
  })
  for (const line of [
    'PMAP   : Column-major process mapping',
    'PFACT  :   Right     Left    Crout ',
    'BCAST  :   1ring   1ringM    2ring   2ringM    Blong   BlongM ',
    'SWAP   : Binary-exchange',
    'L1     : no-transposed form',
    'U      : transposed form',
    'EQUIL  : no',
    'ALIGN  : 4 double precision words',
  ]) {
    t.ok(text.includes(`\n${line}\n`), line)
  }
  t.ok(header({ ...parametersOf(shipped), swap: 'spread-roll' }).includes('\nSWAP   : Spread-roll (long)\n'))
})

t.test('without a check the header ends after the parameters and nothing mentions residuals', async (t) => {
  for (const threshold of [0, -16, NaN]) {
    const text = header({ ...parametersOf(shipped), threshold })
    t.ok(text.endsWith('\nALIGN  : 8 double precision words\n\n'))
  }
  const rule = `${'='.repeat(80)}\n`
  const text = `
Finished      5 tests with the following results:
              3 tests completed without checking,
              2 tests skipped because of illegal input values.
${'-'.repeat(80)}

End of Tests.
${rule}`
  t.equal(summary(0, { passed: 3, failed: 0, skipped: 2 }), rule + text)
  t.equal(
    summary(-1, { passed: 3, failed: 0, skipped: 2 }, true),
    text,
    'with detailed timing the rule is there already',
  )
})

const variant = { pmap: 'row', depth: 1, bcast: '1ringM', rfact: 'crout', ndiv: 2, pfact: 'right', nbmin: 4 } as const

t.test('the variant is encoded letter by letter and numbers of two digits shift the line', async (t) => {
  t.equal(encodeVariant(variant), 'WR11C2R4')
  t.equal(
    encodeVariant({ ...variant, pmap: 'column', bcast: 'longM', pfact: 'left', nbmin: 12, depth: 10 }),
    'WC105C2L12',
  )
  const size = { n: 29, nb: 4, p: 2, q: 2, seconds: 0.004, gflops: 0.0123456 }
  t.equal(
    resultLine({ ...variant, ...size, nbmin: 12 }),
    'WR11C2R12          29     4     2     2               0.00             1.2346e-02\n',
  )
})

t.test('days below ten are padded with a blank, hours with a zero, as ctime does', async (t) => {
  const date = new Date(2027, 1, 3, 4, 5, 6)
  t.equal(startEndTime('start', date), 'HPL_pdgesv() start time Wed Feb  3 04:05:06 2027\n\n')
  t.equal(startEndTime('end', date), 'HPL_pdgesv() end time   Wed Feb  3 04:05:06 2027\n\n')
})

const norms: ResidualNorms = { residual: 1e-14, aInf: 8.9742561, a1: 8.5, xInf: 2.25, x1: 22.1286, bInf: 0.494372 }

t.test('a residual equal to the threshold fails and shows the norms', async (t) => {
  t.notOk(passes(16, 16))
  t.equal(
    residualLines(16, 16, norms),
    `${'-'.repeat(80)}
||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)=   1.60000000e+01 ...... FAILED
||Ax-b||_oo  . . . . . . . . . . . . . . . . . =           0.000000
||A||_oo . . . . . . . . . . . . . . . . . . . =           8.974256
||A||_1  . . . . . . . . . . . . . . . . . . . =           8.500000
||x||_oo . . . . . . . . . . . . . . . . . . . =           2.250000
||x||_1  . . . . . . . . . . . . . . . . . . . =          22.128600
||b||_oo . . . . . . . . . . . . . . . . . . . =           0.494372
`,
  )
})

t.test('a residual that is not a number fails without norms, an infinite one with them', async (t) => {
  const formula = '||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)= '
  t.equal(residualLines(NaN, 16, norms), `${'-'.repeat(80)}\n${formula}             nan ...... FAILED\n`)
  t.match(residualLines(Infinity, 16, norms), `${formula}             inf ...... FAILED\n||Ax-b||_oo  . `)
})

t.test('parts that took no time are left out, and without a check a rule closes the test', async (t) => {
  const times = { rfact: 1.5, pfact: 0, mxswp: 0, update: 12.345, laswp: 0, upTrSv: 1e-6 }
  const text = `--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV--VVV-
Max aggregated wall time rfact . . . :               1.50
Max aggregated wall time update  . . :              12.35
Max aggregated wall time up tr sv  . :               0.00
`
  t.equal(detailedTiming(times, 16), text)
  t.equal(detailedTiming(times, 0), `${text}${'='.repeat(80)}\n`)
})

t.test('progressGflops() counts 2/3 (n^3 - left^3) flops and never divides by zero', async (t) => {
  t.equal(progressGflops(1000, 1000, 1), 2e9 / 3 / 1e9)
  t.equal(progressGflops(100, 50, 0.5), (2 * 875_000) / 3 / 0.5 / 1e9)
  t.equal(progressGflops(100, 50, 0), (2 * 875_000) / 3 / 1e-6 / 1e9)
})

t.test('messages about skipped tests, aborts and errors without a line have netlib’s shape', async (t) => {
  t.equal(
    hplError({ rank: 0, ...memoryAllocationFailed(1, 2) }),
    'HPL ERROR from process # 0, on line 173 of function HPL_pdtest:\n>>> [1,2] Memory allocation failed for A, x and b. Skip. <<<\n\n',
  )
  t.equal(
    hplError({ rank: 0, ...solveFailed(7) }),
    'HPL ERROR from process # 0, on line 331 of function HPL_pdtest:\n>>> Error code returned by solve is 7, skip <<<\n\n',
  )
  const bare = { rank: 3, line: 0, function: 'HPL_pdgesv', text: 'Illegal Grid' }
  t.equal(hplError(bare), 'HPL ERROR from process # 3, in function HPL_pdgesv:\n>>> Illegal Grid <<<\n\n')
  t.equal(hplAbort(bare), 'HPL ERROR from process # 3, in function HPL_pdgesv:\n>>> Illegal Grid <<< Abort ...\n\n')
})
