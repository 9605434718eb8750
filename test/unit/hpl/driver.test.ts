/** The report of a whole HPL.dat, byte for byte against netlib's, and what happens to tests that cannot run. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { Blas } from '../../../hpl/blas/blas.ts'
import { runHpl, type HplReport, type HplRun } from '../../../hpl/driver.ts'
import { parseHplDat, type HplParameters } from '../../../hpl/input.ts'
import { runRanks } from '../../../testing.ts'
import { orderedBlas } from '../../helpers/hpl-problems.ts'

const fixtures = new URL('../../fixtures/hpl/', import.meta.url)
const shipped = readFileSync(new URL('../../../hpl/HPL.dat', import.meta.url), 'utf8')

function parse(text: string): HplParameters {
  const parsed = parseHplDat(text, 4)
  if (!parsed.ok) throw new Error(parsed.error.text)
  return parsed.parameters
}

/** One variant of the shipped file, with other values. */
function small(changes: Partial<HplParameters>): HplParameters {
  return { ...parse(shipped), nb: [4], pfact: ['crout'], rfact: ['crout'], nbmin: [2], ...changes }
}

interface Finished {
  readonly text: string
  readonly reports: readonly HplReport[]
}

async function report(
  ranks: number,
  parameters: HplParameters,
  more: Partial<HplRun> = {},
  blasOf: (rank: number) => Blas = orderedBlas,
): Promise<Finished> {
  let text = ''
  const reports = await runRanks(ranks, ({ world }) =>
    runHpl({ world, parameters, blas: blasOf(world.rank), print: (piece) => void (text += piece), ...more }),
  )
  return { text, reports }
}

/** Times, rates and dates differ from run to run. */
function masked(text: string): string {
  return text
    .replace(/^(W[RC].{30,}?) +[\d.]+ +[\d.e+-]+$/gm, '$1 TIME GFLOPS')
    .replace(/^(HPL_pdgesv\(\) (?:start time|end time  )) .*$/gm, '$1 DATE')
}

t.test('the 864 tests of the shipped HPL.dat print what netlib prints, times and dates aside', async (t) => {
  const expected = gunzipSync(readFileSync(new URL('refblas_default864/HPL.out.gz', fixtures))).toString()
  const { text, reports } = await report(4, parse(shipped))
  t.match(masked(expected), /TIME GFLOPS/)
  t.match(masked(expected), /DATE/)
  t.equal(masked(text), masked(expected))
  t.match(reports[0], { passed: 864, failed: 0, skipped: 0 })
})

t.test('dates and times come from the clocks handed in', async (t) => {
  let seconds = 0
  const parameters = small({ n: [8], grids: [{ p: 1, q: 1 }] })
  const { text, reports } = await report(1, parameters, {
    now: () => (seconds += 0.5),
    date: () => new Date(2024, 1, 29, 1, 2, 3),
  })
  t.match(text, 'HPL_pdgesv() start time Thu Feb 29 01:02:03 2024\n\n')
  const test = reports[0]?.tests[0]
  t.equal(test?.outcome, 'passed')
  t.ok(test?.seconds !== undefined && test.seconds >= 1 && test.seconds % 0.5 === 0)
})

t.test('a process without memory makes all skip the test, with its place, and the next test runs', async (t) => {
  const failing = (rank: number): Blas => {
    const blas = orderedBlas()
    if (rank !== 3) return blas
    return {
      ...blas,
      alloc(n) {
        if (n > 1000) throw new RangeError('no memory')
        return blas.alloc(n)
      },
    }
  }
  const parameters = small({ n: [100, 8], grids: [{ p: 2, q: 2 }] })
  const { text, reports } = await report(4, parameters, {}, failing)
  t.match(
    text,
    'HPL ERROR from process # 0, on line 173 of function HPL_pdtest:\n>>> [1,1] Memory allocation failed for A, x and b. Skip. <<<\n\n',
  )
  t.match(text, '              1 tests skipped because of illegal input values.\n')
  for (const { passed, skipped, tests } of reports) {
    t.same([passed, skipped], [1, 1])
    t.same(tests.map(({ outcome, n }) => [outcome, n]), [['skipped', 100], ['passed', 8]]) // prettier-ignore
  }
})

t.test('ranks beyond a grid sit its tests out and join the next grid', async (t) => {
  const parameters = small({
    n: [13],
    grids: [
      { p: 1, q: 2 },
      { p: 3, q: 2 },
      { p: 2, q: 2 },
    ],
  })
  const { reports } = await report(6, parameters)
  t.same(reports.map(({ tests }) => tests.length), [3, 3, 2, 2, 1, 1]) // prettier-ignore
  t.match(reports[0], { passed: 3, failed: 0, skipped: 0 })
})

t.test('without a threshold nothing is checked and one head is printed', async (t) => {
  const parameters = small({ n: [13, 14], grids: [{ p: 2, q: 2 }], threshold: -1 })
  const { text, reports } = await report(4, parameters)
  t.equal(text.split('T/V                N').length, 2)
  t.notMatch(text, 'Ax-b')
  t.match(text, '              2 tests completed without checking,\n')
  t.same(reports[0]?.tests.map(({ outcome }) => outcome), ['unchecked', 'unchecked']) // prettier-ignore
})

t.test('a residual above the threshold fails the test and the norms are printed', async (t) => {
  const parameters = small({ n: [29], grids: [{ p: 1, q: 1 }], threshold: 1e-9 })
  const { text, reports } = await report(1, parameters)
  t.match(text, '...... FAILED\n||Ax-b||_oo  . . . . . . . . . . . . . . . . . = ')
  t.match(reports[0], { passed: 0, failed: 1, skipped: 0 })
})

t.test('detailed timing names the phases that took time', async (t) => {
  let seconds = 0
  const parameters = small({ n: [29], grids: [{ p: 1, q: 1 }] })
  const { text, reports } = await report(1, parameters, { detailedTiming: true, now: () => (seconds += 0.01) })
  for (const phase of ['rfact', 'pfact', 'mxswp', 'update', 'laswp', 'up tr sv'])
    t.match(text, `Max aggregated wall time ${phase}`)
  const phases = reports[0]?.tests[0]?.phases
  t.ok(phases && phases.rfact > phases.pfact && phases.pfact > phases.mxswp && phases.update > phases.laswp)
})

t.test(
  'before the first large test on a grid small problems are solved, which leave no trace in the report',
  async (t) => {
    let solves = 0
    let seconds = 0
    const counting = (): Blas => {
      const blas = orderedBlas()
      // One solve with a triangle that is not unit for each block of columns: back-substitution.
      return { ...blas, dtrsv: (...args) => ((solves += args[2] === 'N' ? 1 : 0), blas.dtrsv(...args)) }
    }
    const grids = [{ p: 1, q: 1 }]
    const { text, reports } = await report(
      1,
      small({ n: [2000, 2000], nb: [500], nbmin: [16], grids }),
      { now: () => (seconds += 1) },
      counting,
    )
    // Seconds enough; no solve is quicker than the first, so four more: 1000 = 2 x 500 five times, 2000 = 4 x 500 twice.
    t.equal(solves, 5 * 2 + 4 + 4)
    t.match(reports[0], { passed: 2, failed: 0, skipped: 0 })
    t.notMatch(text, ' 1000 ')
  },
)
