/**
 * Residuals digit for digit: on ordered kernels every variant of netlib HPL 2.3 printed the same one for an (N, NB, P, Q),
 * and so must ours. A part of the recorded runs by default, all of them with TSMPI_TEST_ALL=1.
 */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { runHpl, type TestRecord } from '../../../hpl/driver.ts'
import { parseHplDat } from '../../../hpl/input.ts'
import { encodeVariant } from '../../../hpl/output.ts'
import type { HplParameters } from '../../../hpl/parameters.ts'
import { sprintf } from '../../../hpl/printf.ts'
import type { InprocOptions } from '../../../runtime/transport/inproc.ts'
import { runRanks } from '../../../testing.ts'
import { orderedBlas, readFixture, solveOnGrid } from '../../helpers/hpl-problems.ts'
import { compareResidual, EXPECTED_RESIDUALS, type ExpectedResidual } from '../../helpers/hpl-reference.ts'

const ALL = process.env['TSMPI_TEST_ALL'] === '1'
if (ALL) t.setTimeout(15 * 60_000)

interface RecordedTest extends ExpectedResidual {
  tv: string
}

const print = (residual: number | undefined): string => sprintf('%.8e', residual ?? NaN)

t.equal(EXPECTED_RESIDUALS.length, 70)
for (const expected of EXPECTED_RESIDUALS) {
  const { N, NB, P, Q, resid } = expected
  t.test(`the residual of n=${N} nb=${NB} on ${P}x${Q} is ${resid} with and without look-ahead`, async (t) => {
    for (const depth of [0, 1, 2]) t.same(await compareResidual(expected, { depth, bcast: '1ringM' }, solveOnGrid), [])
  })
}

function parametersOf(folder: string): HplParameters {
  const text = readFileSync(new URL(`../../fixtures/hpl/${folder}/HPL.dat`, import.meta.url), 'utf8')
  const parsed = parseHplDat(text, 7)
  if (!parsed.ok) throw new Error(parsed.error.text)
  return parsed.parameters
}

async function runAll(parameters: HplParameters, options: InprocOptions): Promise<readonly TestRecord[]> {
  const reports = await runRanks(
    7,
    ({ world }) => runHpl({ world, parameters, blas: orderedBlas(), print: () => undefined }),
    options,
  )
  return reports[0]?.tests ?? []
}

const key = (tv: string, n: number, nb: number, p: number, q: number): string => [tv, n, nb, p, q].join(' ')

// What is left out of the recorded runs by default, and the protocol corners that the messages are driven through.
const PARTS: Record<string, Partial<HplParameters>> = {
  sw0_L11_U1_EQ0: { nb: [3], n: [7, 40] },
  sw1_L10_U0_EQ1: { nb: [8], n: [1, 97] },
  sw2_L10_U1_EQ1: { nb: [3], n: [40] },
}
const CORNERS: readonly [string, InprocOptions][] = [
  ['small messages eager', {}],
  ['all messages by rendezvous', { eagerLimit: 0 }],
  ['two frames under way at most', { queueLimit: 2 }],
]

Object.entries(PARTS).forEach(([name, part], k) => {
  const folder = `refblas_variants/${name}`
  const recorded = new Map(
    readFixture<RecordedTest[]>(`${folder}/residuals.json.gz`).map((test) => [
      key(test.tv, test.N, test.NB, test.P, test.Q),
      test.resid,
    ]),
  )
  const corners = ALL ? CORNERS : [CORNERS[k] as (typeof CORNERS)[number]]
  for (const [corner, options] of corners) {
    t.test(`all broadcasts, depths and grids give netlib's residuals: ${name}, ${corner}`, async (t) => {
      const parameters = parametersOf(folder)
      const tests = await runAll(ALL ? parameters : { ...parameters, ...part }, options)
      t.ok(tests.length >= 190, `${tests.length} tests`)
      const wrong = tests.filter((test) => {
        const { n, nb, p, q, verification } = test
        return print(verification?.scaled) !== recorded.get(key(encodeVariant(test), n, nb, p, q))
      })
      t.same(wrong, [])
    })
  }
})
