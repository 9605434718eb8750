/**
 * Lab 2: Gustafson's scaled speed-up is a straight line in p, and Karp and Flatt's experimental serial fraction tells a
 * serial part (constant) from overhead that grows with p (rising). Layer below: commands/lab/.
 */
import { z } from 'zod'
import { fitLine } from '../../../commands/lab/fits.ts'
import { jsonLines } from '../../../commands/lab/jobs.ts'
import {
  choice,
  comparePrediction,
  defineLab,
  expect,
  expectAnswer,
  expectNear,
  number,
  sentences,
} from '../../../commands/lab/lab.ts'

const RANKS = [1, 2, 4, 6, 8]
const MODES = ['fixed', 'scaled', 'chatty'] as const
type Mode = (typeof MODES)[number]

const point = z.object({
  mode: z.enum(MODES),
  ranks: z.int().min(1),
  one: z.number().positive(),
  seconds: z.number().positive(),
  speedUp: z.number('expected a number: does speedUp() return one?').positive(),
  karpFlatt: z.number('expected a number: does karpFlatt() return one?'),
})
const results = z.array(point)
  .refine((points) => MODES.every((mode) => RANKS.every((p) => points.some((one) => one.mode === mode && one.ranks === p))), `expected ${MODES.join(', ')} on ${RANKS.join(', ')} ranks`) // prettier-ignore
type Points = z.infer<typeof results>

export const lab = defineLab({
  title: 'Scaled speed-up (Gustafson) and Karp-Flatt',
  seconds: 35,
  predictions: {
    'speed-up-of-8-fixed': number({ min: 0 }),
    'speed-up-of-8-scaled': number({ min: 0 }),
    'karp-flatt-rises-in': choice('fixed', 'chatty', 'both', 'none'),
  },
  answers: {
    'slope-scaled': number({ min: 0, max: 1.5, unit: 'scaled speed-up for each further rank' }),
    'karp-flatt-8-fixed': number({ min: 0, max: 1 }),
    'karp-flatt-8-chatty': number({ min: 0, max: 1 }),
    'chatty-is-held-back-by': choice('a serial part', 'overhead that grows with the ranks'),
    why: sentences(12),
  },
  results,

  jobs: ({ quick }) =>
    MODES.flatMap(
      (mode) =>
      RANKS.map((p) => ({ name: `${mode}, ${p} ${p === 1 ? 'rank' : 'ranks'}`, args: ['-n', `${p}`, 'scaled.ts', mode, ...(quick ? ['quick'] : [])] })), // prettier-ignore
    ),

  collect: (ended) => ended.flatMap(jsonLines),

  check({ results, prediction, answers }) {
    const of = (mode: Mode, p: number) => results.find((one) => one.mode === mode && one.ranks === p) as Points[number]
    const badSpeedUp = results.find(({ speedUp, one, seconds }) => Math.abs(speedUp - one / seconds) > 0.01 * speedUp)
    const badFraction = results.find((one) => one.ranks > 1 && Math.abs(one.karpFlatt - karpFlatt(one)) > 0.01)
    const { slope, r2 } = fitScaled(results)
    const rises = (mode: Mode): number => karpFlatt(of(mode, 8)) / karpFlatt(of(mode, 2))
    return [
      comparePrediction('speed-up of 8 ranks, fixed', prediction['speed-up-of-8-fixed'], of('fixed', 8).speedUp),
      comparePrediction('speed-up of 8 ranks, scaled', prediction['speed-up-of-8-scaled'], of('scaled', 8).speedUp),
      comparePrediction('Karp-Flatt rises in', prediction['karp-flatt-rises-in'], 'chatty'),
      expect(badSpeedUp === undefined, 'speedUp() is the time of one rank over the measured time', `speedUp() gives ${badSpeedUp?.speedUp} for ${badSpeedUp?.one} s alone and ${badSpeedUp?.seconds} s on ${badSpeedUp?.ranks} ranks`), // prettier-ignore
      expect(badFraction === undefined, 'karpFlatt() is (1 / s - 1 / p) / (1 - 1 / p)', `karpFlatt() gives ${badFraction?.karpFlatt} for s = ${badFraction?.speedUp} and p = ${badFraction?.ranks}: it should be what f is in Amdahl's law, solved for f`), // prettier-ignore
      expect(r2 > 0.98 && slope > 0.6, `the scaled speed-up is a straight line of slope ${slope.toFixed(2)}`, `the scaled speed-up is no straight line of slope 0.6 or more (slope ${slope.toFixed(2)}, r2 ${r2.toFixed(2)}): does each rank have as much to do as one alone?`), // prettier-ignore
      expect(rises('chatty') > 1.4 && rises('chatty') > 1.15 * rises('fixed'), 'Karp-Flatt rises with the ranks in chatty and not, or less, in fixed', 'Karp-Flatt does not rise in chatty more than in fixed: run again on a quieter machine'), // prettier-ignore
      expectNear('slope-scaled', { answer: answers['slope-scaled'], actual: slope, tolerance: 0.06, hint: 'How much the scaled speed-up grows for each further rank.' }), // prettier-ignore
      ...(['fixed', 'chatty'] as const).map(
        (mode) =>
        expectNear(`karp-flatt-8-${mode}`, { answer: answers[`karp-flatt-8-${mode}`], actual: karpFlatt(of(mode, 8)), tolerance: 0.02, hint: 'From results.json, 8 ranks.' }), // prettier-ignore
      ),
      expectAnswer('chatty-is-held-back-by', answers['chatty-is-held-back-by'], answers['chatty-is-held-back-by'] !== 'a serial part', 'A serial part gives the same fraction for every number of ranks. Does this one?'), // prettier-ignore
    ]
  },

  figures(results) {
    const { slope, intercept } = fitScaled(results)
    const curve = (mode: Mode, y: (point: Points[number]) => number, least = 1) => ({
      name: mode,
      points: results
        .filter((one) => one.mode === mode && one.ranks >= least)
        .map((one) => [one.ranks, y(one)] as const),
    })
    return [
      {
        kind: 'curves',
        title: `Speed-up; scaled: ${intercept.toFixed(2)} + ${slope.toFixed(2)} p`,
        x: { label: 'ranks' },
        y: { label: 'speed-up' },
        curves: [
          ...MODES.map((mode) => curve(mode, ({ one, seconds }) => one / seconds)),
          { name: 'Gustafson', points: RANKS.map((p) => [p, intercept + slope * p] as const), model: true },
        ],
      },
      {
        kind: 'curves',
        title: "Karp and Flatt's experimental serial fraction",
        x: { label: 'ranks' },
        y: { label: 'fraction' },
        curves: MODES.filter((mode) => mode !== 'scaled').map((mode) => curve(mode, karpFlatt, 2)),
      },
    ]
  },
})

function karpFlatt({ one, seconds, ranks: p }: Points[number]): number {
  return (seconds / one - 1 / p) / (1 - 1 / p)
}

function fitScaled(results: Points) {
  return fitLine(results.filter(({ mode }) => mode === 'scaled').map(({ ranks, one, seconds }) => [ranks, one / seconds])) // prettier-ignore
}
