/**
 * Residuals digit for digit: on ordered kernels every variant of netlib HPL 2.3 printed the same one for an (N, NB, P, Q),
 * and so must ours. A part of the recorded runs by default, all of them with TSMPI_TEST_ALL=1.
 */
import t from 'tap'
import { runHpl, type TestRecord } from '../../../hpl/driver.ts'
import type { HplParameters } from '../../../hpl/parameters.ts'
import type { InprocOptions } from '../../../runtime/transport/inproc.ts'
import { runRanks } from '../../../testing.ts'
import { ALL } from '../../helpers/effort.ts'
import { orderedBlas, solveOnGrid } from '../../helpers/hpl-problems.ts'
import {
  compareEightRanks,
  compareLocalArray,
  compareResidual,
  compareSweep,
  EXPECTED_RESIDUALS,
  LOCAL_FILES,
  PART_OF_SWEEP,
  SWEEPS,
} from '../../helpers/hpl-reference.ts'

if (ALL) t.setTimeout(15 * 60_000)

t.equal(EXPECTED_RESIDUALS.length, 70)
for (const expected of EXPECTED_RESIDUALS) {
  const { N, NB, P, Q, resid } = expected
  t.test(`the residual of n=${N} nb=${NB} on ${P}x${Q} is ${resid} with and without look-ahead`, async (t) => {
    for (const depth of [0, 1, 2]) t.same(await compareResidual(expected, { depth, bcast: '1ringM' }, solveOnGrid), [])
  })
}

async function runAll(parameters: HplParameters, options: InprocOptions): Promise<readonly TestRecord[]> {
  const reports = await runRanks(
    7,
    ({ world }) => runHpl({ world, parameters, blas: orderedBlas(), print: () => undefined }),
    options,
  )
  return reports[0]?.tests ?? []
}

// Each sweep drives the messages through another corner of the protocol.
const CORNERS: readonly [string, InprocOptions][] = [
  ['small messages eager', {}],
  ['all messages by rendezvous', { eagerLimit: 0 }],
  ['two frames under way at most', { queueLimit: 2 }],
]

SWEEPS.forEach((sweep, k) => {
  const [corner, options] = CORNERS[k] as (typeof CORNERS)[number]
  t.test(`all broadcasts, depths and grids give netlib's residuals: ${sweep}, ${corner}`, async (t) => {
    const part = ALL ? undefined : PART_OF_SWEEP[sweep]
    t.same(await compareSweep(sweep, part, (parameters) => runAll(parameters, options)), [])
  })
})

t.test('every process generates the array that netlib generates, on both mappings', async (t) => {
  for (const file of LOCAL_FILES)
    t.same((await runRanks(8, ({ world }) => compareLocalArray(file, world, orderedBlas()))).flat(), [])
})

t.test('on eight ranks pivots, U, y and x are those of any grid', async (t) => {
  t.same(await compareEightRanks(solveOnGrid), [])
})
