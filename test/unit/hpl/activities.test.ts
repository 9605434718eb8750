/** What is recorded of a solve: times that add up, and messages, bytes and flops against closed forms. */
import fc from 'fast-check'
import t from 'tap'
import { Grid } from '../../../collectives/topology/grid.ts'
import { ACTIVITIES, ACTIVITY, ActivityLog, exchangeOf, totalsOf, type Activity } from '../../../hpl/activities.ts'
import { Arena } from '../../../hpl/local-system.ts'
import type { RunProfile } from '../../../hpl/profile.ts'
import { runProblem } from '../../../hpl/run-problem.ts'
import type { Variant } from '../../../hpl/solver.ts'
import { runRanks } from '../../../testing.ts'
import { DEFAULT_VARIANT, orderedBlas } from '../../helpers/hpl-problems.ts'

interface Shape {
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
}

/** The profile of one solve, and the wall time of its slowest process. The clock ticks once whenever a rank looks at it. */
async function profiled({ n, nb, p, q }: Shape, changes: Partial<Variant> = {}) {
  const variant = { ...DEFAULT_VARIANT, ...changes }
  const solutions = await runRanks(p * q, async ({ world }) => {
    const grid = await Grid.create(world, { nprow: p, npcol: q })
    if (grid === undefined) throw new Error('no grid')
    const blas = orderedBlas()
    let ticks = 0
    const size = { n, nb, depth: variant.depth, align: 8 }
    return runProblem({ grid, blas, arena: new Arena(blas), size, variant, check: true, now: () => ticks++ })
  })
  const [first, ...others] = solutions
  if (first === undefined || 'row' in first || first.profile === undefined) throw new Error('no profile')
  for (const other of others) if (!('row' in other)) t.equal(other.profile, undefined)
  return { profile: first.profile, seconds: first.seconds }
}

/** Sum over all processes. */
function total({ ranks }: RunProfile, activity: Activity, what: 'messages' | 'bytes' | 'flops'): number {
  return ranks.reduce((sum, { activities }) => sum + activities[activity][what], 0)
}

/** First column and width of each panel. */
function panels({ n, nb }: Shape): { ia: number; jb: number }[] {
  return Array.from({ length: Math.ceil(n / nb) }, (_, k) => ({ ia: k * nb, jb: Math.min(nb, n - k * nb) }))
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

t.test('the activities of each process add up to its wall time, whatever the grid and the variant', async () => {
  const shape = fc.record({
    n: fc.integer({ min: 0, max: 40 }),
    nb: fc.integer({ min: 1, max: 12 }),
    p: fc.integer({ min: 1, max: 3 }),
    q: fc.integer({ min: 1, max: 3 }),
  })
  const variant = fc.record({
    depth: fc.integer({ min: 0, max: 2 }),
    bcast: fc.constantFrom('1ring', '2ringM', 'long'),
  })
  await fc.assert(
    fc.asyncProperty(shape, variant, async (shape, variant) => {
      const { profile, seconds } = await profiled(shape, variant as Partial<Variant>)
      const sums = profile.ranks.map(({ activities }) =>
        sum(ACTIVITIES.map((activity) => activities[activity].seconds)),
      )
      // Ticks are whole numbers, so the sums are exact.
      return sums.every((value, k) => value === profile.ranks[k]?.seconds && value > 0) && Math.max(...sums) === seconds
    }),
    { numRuns: 30 },
  )
})

t.test('an activity ends where the next begins, and nothing counts before the start and after the stop', async (t) => {
  let now = 0
  const log = new ActivityLog(() => now)
  log.enter(ACTIVITY.gemm)
  log.sent(8)
  now = 10
  log.start(10)
  now = 11
  const before = log.enter(ACTIVITY.rows)
  log.sent(100)
  now = 15
  log.mark()
  now = 18
  log.enter(before)
  log.stop(20)
  log.sent(1000)
  const totals = totalsOf(log.toArray())
  t.same(totals.other, { seconds: 3, messages: 0, bytes: 0, flops: 0 })
  t.same(totals.rows, { seconds: 7, messages: 1, bytes: 100, flops: 0 })
  t.same(totals.gemm, { seconds: 0, messages: 0, bytes: 0, flops: 0 })
  t.same(exchangeOf(log.toArray(), 0, 'rows'), { seconds: 4, messages: 1, bytes: 100 })
})

const SHAPES: readonly Shape[] = [
  { n: 37, nb: 5, p: 1, q: 1 },
  { n: 37, nb: 5, p: 1, q: 3 },
  { n: 40, nb: 8, p: 3, q: 1 },
  { n: 33, nb: 4, p: 2, q: 2 },
  { n: 30, nb: 7, p: 2, q: 4 },
]

for (const shape of SHAPES) {
  const { n, nb, p, q } = shape
  const name = `N=${String(n)} NB=${String(nb)} ${String(p)} x ${String(q)}`
  for (const depth of [0, 1]) {
    t.test(`the flops of gemm and trsm are those of the formula: ${name}, depth ${String(depth)}`, async (t) => {
      const { profile } = await profiled(shape, { depth })
      // Row and column counts of the trailing matrix, b included: the grid only deals them out.
      const below = panels(shape).map(({ ia, jb }) => ({ jb, m: n - ia - jb }))
      t.equal(total(profile, 'gemm', 'flops'), sum(below.map(({ jb, m }) => 2 * m * (m + 1) * jb)))
      // Every process row solves for all of U.
      t.equal(total(profile, 'trsm', 'flops'), p * sum(below.map(({ jb, m }) => jb * jb * (m + 1))))
    })
  }
}

t.test('a 1ring broadcast sends each panel q - 1 times: L2, L1, pivots and info', async (t) => {
  for (const q of [2, 3, 5])
    for (const depth of [0, 1]) {
      const shape = { n: 31, nb: 6, p: 1, q }
      const { profile } = await profiled(shape, { bcast: '1ring', depth })
      // The head takes whole cache lines, of 8 doubles.
      const doubles = panels(shape).map(
        ({ ia, jb }) => Math.ceil((jb * jb + jb + 1) / 8) * 8 + (shape.n - ia - jb) * jb,
      )
      t.equal(total(profile, 'broadcast', 'messages'), (q - 1) * doubles.length)
      t.equal(total(profile, 'broadcast', 'bytes'), 8 * (q - 1) * sum(doubles))
      t.equal(total(profile, 'wait', 'messages'), 0)
    }
})

t.test('two process rows exchange one message a column and direction to find the pivot', async (t) => {
  const shape = { n: 29, nb: 6, p: 2, q: 1 }
  const { profile } = await profiled(shape)
  t.equal(total(profile, 'pivots', 'messages'), 2 * shape.n)
  // Head and candidate row from either side, the current row from one.
  t.equal(total(profile, 'pivots', 'bytes'), 8 * sum(panels(shape).map(({ jb }) => jb * (4 + jb + 4 + 2 * jb))))
})

t.test('one process sends nothing', async (t) => {
  const { profile } = await profiled({ n: 20, nb: 4, p: 1, q: 1 })
  for (const activity of ACTIVITIES) t.equal(total(profile, activity, 'messages'), 0)
  t.same(profile.exchanges, [])
})

t.test('exchanges are kept panel by panel, those of broadcasts only where no look-ahead hides them', async (t) => {
  const count = (profile: RunProfile, activity: string): number =>
    profile.exchanges.filter((exchange) => exchange.activity === activity).length
  const shape = { n: 24, nb: 4, p: 2, q: 2 }
  const { profile } = await profiled(shape, { depth: 0 })
  t.same([count(profile, 'pivots'), count(profile, 'broadcast')], [6, 6])
  t.ok(count(profile, 'rows') > 0)
  const ahead = await profiled(shape, { depth: 1 })
  t.same([count(ahead.profile, 'pivots'), count(ahead.profile, 'broadcast')], [6, 0])
  for (const { messages, bytes, seconds } of profile.exchanges) t.ok(messages > 0 && bytes > 0 && seconds >= 0)
})
