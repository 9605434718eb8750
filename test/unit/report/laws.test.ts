/** The laws of speed-up: known parameters come back from made-up data, and their intervals are as wide as they say. */
import fc from 'fast-check'
import t from 'tap'
import { fitAmdahl, fitGustafson, fitUniversal, karpFlatt, universalPeak } from '../../../report/fit/laws.ts'
import type { Estimate } from '../../../report/fit/least-squares.ts'

const COUNTS = [1, 2, 3, 4, 6, 8, 12, 16]
const single = fc.double({ min: 1e-3, max: 1e3, noNaN: true })
const part = fc.double({ min: 0, max: 1, noNaN: true })
/** Errors of at most one per cent, three measurements of each count. */
const noise = fc.array(fc.double({ min: -0.01, max: 0.01, noNaN: true }), { minLength: 24, maxLength: 24 })
const flawless = fc.constant(Array<number>(24).fill(0))

const amdahl = (s: number, p: number): number => s + (1 - s) / p
const universal = (sigma: number, kappa: number, p: number): number => (1 + sigma * (p - 1) + kappa * p * (p - 1)) / p

/** Three measurements of each count, with the errors given. */
function timings(one: number, law: (p: number) => number, errors: readonly number[]) {
  return errors.map((error, k) => {
    const p = COUNTS[k % COUNTS.length] as number
    return { p, seconds: one * law(p) * (1 + error) }
  })
}
const near = (a: number, b: number, error: number): boolean => Math.abs(a - b) <= error
const covers = ({ low, high }: Estimate, value: number): boolean =>
  low !== undefined && high !== undefined && low <= value && value <= high

for (const [how, errors, tolerance] of [
  ['exactly from exact times', flawless, 1e-9],
  ['to a few per cent from times that are off by up to one', noise, 0.03],
] as const) {
  t.test(`fitAmdahl() finds the serial part ${how}`, async () => {
    fc.assert(
      fc.property(single, part, errors, (one, s, off) => {
        const law = fitAmdahl(timings(one, (p) => amdahl(s, p), off))
        return law !== undefined && near(law.parameters.serial.value, s, tolerance) && near(law.single / one, 1, 0.03)
      }),
    )
  })

  t.test(`fitGustafson() finds the serial part ${how}`, async () => {
    fc.assert(
      fc.property(single, part, errors, (one, s, off) => {
        const runs = timings(one, (p) => s + (1 - s) * p, off).map(({ p, seconds }) => ({ p, rate: seconds }))
        const law = fitGustafson(runs)
        return law !== undefined && near(law.parameters.serial.value, s, tolerance)
      }),
    )
  })

  t.test(`fitUniversal() finds contention and coherency ${how}`, async () => {
    fc.assert(
      fc.property(single, part, fc.double({ min: 0, max: 0.05, noNaN: true }), errors, (one, sigma, kappa, off) => {
        const law = fitUniversal(timings(one, (p) => universal(sigma, kappa, p), off))
        if (law === undefined) return false
        const { contention, coherency } = law.parameters
        return near(contention.value, sigma, 2 * tolerance) && near(coherency.value, kappa, tolerance)
      }),
    )
  })
}

t.test('karpFlatt() is the serial part of Amdahl at every count, without a trend', async () => {
  fc.assert(
    fc.property(single, part, (one, s) => {
      const metric = karpFlatt(COUNTS.map((p) => ({ p, seconds: one * amdahl(s, p) })))
      if (metric?.trend === undefined) return false
      return metric.points.length === 7 && metric.points.every(({ serial }) => near(serial.value, s, 1e-9)) && near(metric.trend.value, 0, 1e-9) // prettier-ignore
    }),
  )
})

t.test('karpFlatt() rises where each pair of processes costs', async (t) => {
  const metric = karpFlatt(COUNTS.map((p) => ({ p, seconds: universal(0.05, 0.01, p) })))
  t.ok((metric?.trend?.low ?? -1) > 0)
})

t.test('the fitted curves go through exact times', async (t) => {
  const times = timings(3, (p) => universal(0.1, 0.01, p), Array<number>(24).fill(0))
  const law = fitUniversal(times)
  for (const p of COUNTS) t.ok(near(law?.speedup(p) ?? 0, 1 / universal(0.1, 0.01, p), 1e-9), `p=${p}`)
  t.ok(near(law === undefined ? 0 : (universalPeak(law) ?? 0), Math.sqrt(0.9 / 0.01), 1e-6))
  t.ok(near(fitAmdahl(timings(3, (p) => amdahl(0.2, p), Array<number>(24).fill(0)))?.speedup(16) ?? 0, 4, 1e-9))
})

t.test('the 95 % intervals hold the truth in 95 % of many experiments', async (t) => {
  const random = lcg(1)
  const experiments = 1000
  const hits = { serial: 0, scaled: 0, contention: 0, coherency: 0 }
  for (let k = 0; k < experiments; k++) {
    const errors = Array.from({ length: 24 }, () => 0.02 * gaussian(random))
    const law = fitAmdahl(timings(2, (p) => amdahl(0.1, p), errors))
    const scaled = fitGustafson(
      timings(2, (p) => 0.1 + 0.9 * p, errors).map(({ p, seconds }) => ({ p, rate: seconds })),
    )
    const usl = fitUniversal(timings(2, (p) => universal(0.05, 0.005, p), errors))
    if (law && covers(law.parameters.serial, 0.1)) hits.serial++
    if (scaled && covers(scaled.parameters.serial, 0.1)) hits.scaled++
    if (usl && covers(usl.parameters.contention, 0.05)) hits.contention++
    if (usl && covers(usl.parameters.coherency, 0.005)) hits.coherency++
  }
  // 950 +- 3 standard deviations of a binomial distribution, and a little for the weights, which come from noisy times.
  for (const [name, count] of Object.entries(hits)) t.ok(count > 920 && count < 980, `${name}: ${count} of ${experiments}`) // prettier-ignore
})

t.test('what the data cannot tell is not told', async (t) => {
  t.equal(fitAmdahl([{ p: 2, seconds: 1 }, { p: 2, seconds: 1.1 }]), undefined, 'one count') // prettier-ignore
  t.equal(fitUniversal([{ p: 1, seconds: 2 }, { p: 2, seconds: 1 }]), undefined, 'two counts for three coefficients') // prettier-ignore
  t.equal(karpFlatt([{ p: 2, seconds: 1 }]), undefined, 'no run on one process')
  const law = fitAmdahl([{ p: 1, seconds: 2 }, { p: 2, seconds: 1.5 }]) // prettier-ignore
  t.ok(near(law?.parameters.serial.value ?? 0, 0.5, 1e-12))
  t.equal(law?.parameters.serial.low, undefined, 'no interval without a point to spare')
})

/** Numbers in [0, 1), the same in every run of the test. */
function lcg(seed: number): () => number {
  let state = seed
  return () => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

t.test('repeats on one number of processes determine no law', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 64 }),
      (seconds, p) => {
        t.equal(fitAmdahl(seconds.map((one) => ({ p, seconds: one }))), undefined)
        t.equal(fitGustafson(seconds.map((rate) => ({ p, rate }))), undefined)
        t.equal(fitUniversal(seconds.map((one) => ({ p, seconds: one }))), undefined)
      },
    ),
  )
})
