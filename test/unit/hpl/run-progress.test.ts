/** What is told of a run while it goes on: which test, and how much of all of them is done. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { runHpl } from '../../../hpl/driver.ts'
import { parseHplDat, type HplParameters } from '../../../hpl/input.ts'
import { RunProgress, type RunShare } from '../../../hpl/run-progress.ts'
import { runRanks } from '../../../testing.ts'
import { orderedBlas } from '../../helpers/hpl-problems.ts'

const shipped = parseHplDat(readFileSync(new URL('../../../hpl/HPL.dat', import.meta.url), 'utf8'), 4)
if (!shipped.ok) throw new Error(shipped.error.text)

t.test('the share of a run grows from test to test, by operations, up to 1', async (t) => {
  const grids = [{ p: 1, q: 2 }, { p: 1, q: 1 }] // prettier-ignore
  const parameters: HplParameters = { ...shipped.parameters, n: [0, 100, 20], nb: [25], grids, pfact: ['crout'] }
  const told: RunShare[] = []
  const progress = new RunProgress(parameters, (report) => void told.push(report))
  await runRanks(2, ({ world }) =>
    runHpl({
      world,
      parameters,
      blas: orderedBlas(),
      print: () => undefined,
      onStep: (test, step) => progress.at(test, step),
      onTest: (test) => progress.ended(test),
    }),
  )
  const shares = told.map(({ share }) => share)
  t.same(
    shares,
    [...shares].sort((a, b) => a - b),
    'never backwards',
  )
  t.equal(shares.at(-1), 1)
  t.match(told[0]?.label, /^WR00\w{4} N=\d+ NB=25 1 x 2$/)
  const half = told.findLast(({ label }) => label.endsWith('1 x 2'))
  t.equal(half?.share, 0.5, 'two grids with the same tests')
  // Of 100 columns 25 are a quarter, but more of the work.
  t.ok(told.some(({ label, share }) => label.includes('N=100') && share > 0.1 && share < 0.5))
})
