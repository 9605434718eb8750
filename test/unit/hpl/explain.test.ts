/** --explain: the fitted cost model against made-up runs that follow it, and the text for profiles whose numbers are known. */
import fc from 'fast-check'
import t from 'tap'
import { ACTIVITIES, type Activity, type ActivityTotals } from '../../../hpl/activities.ts'
import { analyse } from '../../../hpl/analysis.ts'
import { fitNetwork, modelTime } from '../../../hpl/cost-model.ts'
import { explain } from '../../../hpl/explain.ts'
import type { ExchangeSample, RankProfile, RunProfile } from '../../../hpl/profile.ts'

function totals(seconds: number, messages = 0, bytes = 0, flops = 0): ActivityTotals {
  return { seconds, messages, bytes, flops }
}

const NOTHING = Object.fromEntries(ACTIVITIES.map((activity) => [activity, totals(0)])) as Record<Activity, ActivityTotals> // prettier-ignore

function rank(activities: Partial<Record<Activity, ActivityTotals>>, more: Partial<RankProfile> = {}): RankProfile {
  const seconds = Object.values(activities).reduce((sum, { seconds }) => sum + seconds, 0)
  return { row: 0, col: 0, seconds, activities: { ...NOTHING, ...activities }, broadcastSeconds: 0, ...more }
}

function exchange(messages: number, bytes: number, seconds: number): ExchangeSample {
  return { activity: 'rows', messages, bytes, seconds }
}

const fitted = (exchanges: ExchangeSample[]) => fitNetwork({ ranks: [], exchanges })

t.test('alpha and beta of exchanges that follow the model are found', async () => {
  const time = fc.double({ min: 1e-7, max: 1e-3, noNaN: true })
  await fc.assert(
    fc.asyncProperty(time, time, async (alpha, beta) => {
      const follows = (messages: number, doubles: number): ExchangeSample =>
        exchange(messages, 8 * doubles, alpha * messages + beta * doubles)
      const fit = await fitted([follows(128, 17_000), follows(3, 90_000), follows(1, 40_000), follows(128, 16_000)])
      const near = (found: number, value: number): boolean => Math.abs(found - value) < 1e-6 * (alpha + beta)
      return fit.kind === 'both' && fit.samples === 4 && near(fit.alpha, alpha) && near(fit.beta, beta)
    }),
  )
})

t.test('what cannot be told is said: equal messages, no messages, numbers that would be negative', async (t) => {
  t.same(await fitted([]), { alpha: 0, beta: 0, kind: 'none', samples: 0 })
  const alike = await fitted([exchange(1, 800, 1e-3), exchange(2, 1600, 2e-3)])
  t.same([alike.kind, alike.alpha], ['alike', 0])
  t.ok(Math.abs(alike.beta - 1e-5) < 1e-15)
  // More messages take less time: only the volume explains it.
  t.match(await fitted([exchange(100, 800, 1e-4), exchange(1, 80_000, 2)]), { kind: 'no-alpha', alpha: 0 })
  // More bytes take less time.
  const latency = await fitted([exchange(100, 800, 1), exchange(1, 80_000, 1e-4)])
  t.match(latency, { kind: 'no-beta', beta: 0 })
  t.ok(Math.abs(latency.alpha - 0.01) < 1e-6)
})

t.test('the model is the formula of HPL, term by term', (t) => {
  const fit = { alpha: 2, beta: 3, kind: 'both', samples: 9 } as const
  // N = 48, NB = 4, 4 x 2: 2 N^3 / 24 flops, N^2 (12 + 2) / 16 doubles, N (5 * 2 + 4) / 4 messages.
  const time = modelTime({ n: 48, nb: 4, p: 4, q: 2 }, 1, fit)
  t.equal(time.compute.toPrecision(12), (9216e-9).toPrecision(12))
  t.equal(time.volume, 3 * 2016)
  t.equal(time.latency, 2 * 168)
  t.equal(time.total, time.compute + time.volume + time.latency)
  t.end()
})

/** Two processes of a row, 10 s each: the first computes 8 s, the second 6 s. */
const TWO: RunProfile = {
  ranks: [
    rank({
      panel: totals(2),
      broadcast: totals(0.5, 4, 3e6),
      rows: totals(1),
      trsm: totals(0.5, 0, 0, 1e9),
      gemm: totals(5.5, 0, 0, 60e9),
      solve: totals(0.5, 3, 5000),
    }),
    rank(
      {
        panel: totals(1),
        broadcast: totals(0.5, 4, 2e6),
        wait: totals(3),
        trsm: totals(0.5, 0, 0, 1e9),
        gemm: totals(4.5, 0, 0, 40e9),
        solve: totals(0.5, 4, 5000),
      },
      { col: 1, broadcastSeconds: 4 },
    ),
  ],
  exchanges: [exchange(1, 8e6, 0.011), exchange(1, 4e6, 0.006), exchange(2, 8e6, 0.012)],
}

t.test('the analysis sums up what the processes recorded', (t) => {
  const analysis = analyse(TWO, 1, 1)
  t.equal(analysis.seconds, 10)
  t.same(analysis.activities.find(({ activity }) => activity === 'gemm'), {
    activity: 'gemm', mean: 5, min: 4.5, max: 5.5, share: 0.5, messages: 0, bytes: 0,
  }) // prettier-ignore
  t.equal(analysis.gemmGflops, 10)
  t.equal(analysis.trsmGflops, 2)
  t.equal(analysis.communication, 0.2) // rows move within a process
  t.ok(Math.abs(analysis.imbalance - 1 / 7) < 1e-12)
  t.equal(analysis.overlap, 0.25)
  t.equal(analyse(TWO, 1, 0).overlap, undefined)
  t.ok(Math.abs(analyse(TWO, 2, 0).communication - 0.25) < 1e-12)
  t.end()
})

const POINT = { n: 5000, nb: 100, p: 1, q: 2, depth: 1, blas: 'wasm' }

t.test('an explanation: the table, the rates, the model, the advice', async (t) => {
  t.equal(
    await explain(TWO, POINT),
    `--------------------------------------------------------------------------------
Seconds of a process      mean       min       max  share  messages      MBytes
panel factorisation      1.500     1.000     2.000  15.0%
pivot exchange           0.000     0.000     0.000   0.0%
panel broadcast          0.500     0.500     0.500   5.0%         8       5.000
waiting for a panel      1.500     0.000     3.000  15.0%
row swaps                0.500     0.000     1.000   5.0%
trsm                     0.500     0.500     0.500   5.0%
gemm                     5.000     4.500     5.500  50.0%
back-substitution        0.500     0.500     0.500   5.0%         7       0.010
other                    0.000     0.000     0.000   0.0%
all                     10.000                                   15       5.010

gemm                 10.00 Gflops a process, 20.00 all together
trsm                 2.00 Gflops a process
communication        20.0% of the time, waiting included
load imbalance       14.3%: the busiest process against the mean
overlap              25.0% of broadcast time is hidden under updates

Model T = 2N^3/(3PQ gamma) + beta N^2(3P+Q)/(2PQ) + alpha N((NB+1)log2 P + P)/NB
gamma                10.00 Gflops: the rate of gemm
alpha, beta          1000.00 us a message, 10.000 ns a double (0.80 GB/s): least
                     squares over 3 exchanges of this run
predicted            4.529 = 4.167 + 0.313 + 0.050 s; measured 10.000 s

The matrix product gets 50 % of the time. Most of the rest, 15 %, is the
factorisation of panels, in which one process column works. Try a smaller NB
than 100 or a larger N than 5000 (all but the matrix product grows more slowly
than N^3). A message costs 1000 us with the wait for it: ranks wait for each
other or for cores, or the network is slow.
`,
  )
})

const advice = async (profile: RunProfile, changes: Partial<typeof POINT> = {}): Promise<string> =>
  ((await explain(profile, { ...POINT, ...changes })).split('\n\n').at(-1) ?? '').replaceAll('\n', ' ')

/** Four processes that spend their time alike, gemm first. */
const alike = (activity: Activity): RunProfile => ({
  ranks: Array.from({ length: 4 }, () => rank({ gemm: totals(1, 0, 0, 1e9), [activity]: totals(2) })),
  exchanges: [],
})

t.test('the advice names what takes most and what helps against it on this grid', async (t) => {
  const grid = { p: 2, q: 2 }
  t.match(await advice(alike('wait'), { ...grid, depth: 0 }), /67 %, is waiting for panels .* Try DEPTH 1,/)
  t.notMatch(await advice(alike('wait'), { ...grid, depth: 1 }), /DEPTH/)
  t.match(
    await advice(alike('pivots'), { p: 4, q: 1 }),
    /5000 times between 4 process rows\. Try a flatter grid \(2 x 2\)/,
  )
  t.match(
    await advice(alike('rows'), grid),
    /the exchange of rows between 2 process rows\. Try a flatter grid \(1 x 4\)/,
  )
  t.match(await advice(alike('rows'), { p: 1, q: 4 }), /is moving rows in memory\. Try a larger N/)
  t.match(await advice(alike('broadcast'), { p: 1, q: 4 }), /Try another BCAST, a grid with fewer columns \(2 x 2\)/)
  t.match(await advice(alike('trsm'), { ...grid, nb: 256 }), /the triangular solve\. Try a smaller NB than 256/)
  t.match(await advice(alike('solve'), grid), /is back-substitution\. Try a larger N than 5000/)
})

t.test('a run that is all matrix product is told so, and idle processes are noticed', async (t) => {
  const kernels = { ranks: [rank({ gemm: totals(9, 0, 0, 1e9), panel: totals(1) })], exchanges: [] }
  t.match(await advice(kernels, { p: 1, q: 1 }), /takes 90 % .* the kernels limit this run.* 10\.0 %.*--blas openblas/)
  t.notMatch(await advice(kernels, { p: 1, q: 1, blas: 'openblas' }), /--blas/)
  const uneven = { ranks: [rank({ gemm: totals(3, 0, 0, 1e9) }), rank({ gemm: totals(1, 0, 0, 1e9), wait: totals(2) })], exchanges: [] } // prettier-ignore
  t.match(await advice(uneven), /The busiest process computes 50 % longer than the mean: 50 blocks of 100 over 1 x 2/)
})

t.test('lines have at most 80 columns, whatever the numbers', async () => {
  const seconds = fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e12, noNaN: true }))
  const activity = fc.record({ seconds, messages: fc.nat(1e9), bytes: fc.nat(2 ** 52), flops: fc.nat(2 ** 52) })
  const ranks = fc.array(
    fc.record({
      activities: fc.record(Object.fromEntries(ACTIVITIES.map((name) => [name, activity]))),
      waited: seconds,
    }),
    { minLength: 4, maxLength: 4 },
  )
  const exchanges = fc.array(
    fc.tuple(fc.nat(999), fc.nat(1e9), seconds).map(([m, b, s]) => exchange(m + 1, b, s)), // prettier-ignore
  )
  const point = fc.record({
    n: fc.nat(1_000_000),
    nb: fc.integer({ min: 1, max: 9999 }),
    grid: fc.constantFrom({ p: 1, q: 4 }, { p: 2, q: 2 }, { p: 4, q: 1 }),
    depth: fc.nat(2),
  })
  await fc.assert(
    fc.asyncProperty(ranks, exchanges, point, async (ranks, exchanges, { grid, ...point }) => {
      const profile = {
        ranks: ranks.map(({ activities, waited }) => rank(activities, { broadcastSeconds: waited })),
        exchanges,
      }
      const text = await explain(profile, { ...point, ...grid, blas: 'wasm' })
      return text.endsWith('\n') && text.split('\n').every((line) => line.length <= 80 && line === line.trimEnd())
    }),
  )
})
