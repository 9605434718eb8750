/**
 * Lab 1: Amdahl's law. A job of fixed size sleeps for a part that only one rank does and for a part that is divided. The
 * times follow T(p) = serial + parallel / p, whatever machine sleeps. Layer below: commands/lab/.
 */
import { z } from 'zod'
import { explained, fitAmdahl } from '../../../commands/lab/fits.ts'
import { jsonLines } from '../../../commands/lab/jobs.ts'
import { comparePrediction, defineLab, expect, expectNear, number, sentences } from '../../../commands/lab/lab.ts'

const RANKS = [1, 2, 3, 4, 6, 8]
const results = z
  .array(z.object({ ranks: z.int().min(1), seconds: z.number().positive() }))
  .refine((points) => RANKS.every((p) => points.some(({ ranks }) => ranks === p)), `expected a point for each of ${RANKS.join(', ')} ranks`) // prettier-ignore

type Points = z.infer<typeof results>

export const lab = defineLab({
  title: "Amdahl's law by timed sleep: fit the serial fraction",
  seconds: 20,
  predictions: {
    'speed-up-of-8': number({ min: 0, unit: 'T(1) / T(8)' }),
    'speed-up-of-1000': number({ min: 0 }),
  },
  answers: {
    'serial-fraction': number({ min: 0, max: 1 }),
    limit: number({ min: 1, unit: 'the speed-up that no number of ranks exceeds' }),
    'ranks-for-80-percent': number({ min: 1, unit: 'of the limit' }),
    why: sentences(12),
  },
  results,

  jobs: ({ quick }) =>
    RANKS.map((p) => ({
      name: p === 1 ? '1 rank' : `${p} ranks`,
      args: ['-n', `${p}`, 'amdahl.ts', ...(quick ? ['quick'] : [])],
    })),

  collect: (ended) => ended.flatMap(jsonLines),

  check({ results, prediction, answers }) {
    const { serial, parallel, fraction, r2 } = fitAmdahl(results)
    const shape = fraction > 0.1 && fraction < 0.4
    return [
      comparePrediction('speed-up of 8 ranks', prediction['speed-up-of-8'], speedUps(results).at(-1)?.[1] as number),
      comparePrediction(
        'speed-up of 1000 ranks',
        prediction['speed-up-of-1000'],
        1 / (fraction + (1 - fraction) / 1000),
      ),
      expect(r2 > 0.95, `T(p) = a + b / p explains ${percent(r2)} of your times`, `T(p) = a + b / p explains only ${percent(r2)} of your times: run again on a quieter machine, or look at what the ranks do`), // prettier-ignore
      expect(shape, 'the divided part gets shorter with more ranks, the serial part does not', parallel <= 0.2 * (serial + parallel) ? 'the times hardly fall with the number of ranks: does every rank still do all of the work?' : 'the times fall as if there were no serial part: does rank 0 still work alone first, while the others wait?'), // prettier-ignore
      expectNear('serial-fraction', { answer: answers['serial-fraction'], actual: fraction, tolerance: 0.05, hint: 'Fit T(p) against 1 / p: the fraction is a / (a + b), the part that is NOT divided.' }), // prettier-ignore
      expectNear('limit', { answer: answers.limit, actual: 1 / fraction, tolerance: 0.2 / fraction, hint: 'It is what Amdahl’s law gives for infinitely many ranks, not the largest that you measured.' }), // prettier-ignore
      expectNear('ranks-for-80-percent', { answer: answers['ranks-for-80-percent'], actual: (4 * (1 - fraction)) / fraction, tolerance: (1.6 * (1 - fraction)) / fraction, hint: 'Set the speed-up of the law to 0.8 / f and solve for p.' }), // prettier-ignore
    ]
  },

  figures(results) {
    const { serial, parallel, fraction } = fitAmdahl(results)
    const one = serial + parallel
    const measured = speedUps(results)
    const model = measured.map(([p]) => [p, one / (serial + parallel / p)] as const)
    const fit = explained(measured.map(([, s]) => s), model.map(([, s]) => s)) // prettier-ignore
    return [
      {
        kind: 'curves',
        title: `Speed-up; Amdahl's law with a serial fraction of ${fraction.toFixed(3)} explains ${percent(fit)}`,
        x: { label: 'ranks' },
        y: { label: 'speed-up' },
        curves: [
          { name: 'measured', points: measured },
          { name: 'Amdahl', points: model, model: true },
          { name: 'ideal', points: measured.map(([p]) => [p, p] as const), model: true },
        ],
      },
      {
        kind: 'curves',
        title: 'Time: a straight line over 1 / p',
        x: { label: '1 / ranks' },
        y: { label: 'seconds' },
        curves: [
          { name: 'measured', points: results.map(({ ranks, seconds }) => [1 / ranks, seconds] as const).reverse() },
          { name: 'a + b / p', points: [[0, serial] as const, [1, one] as const], model: true },
        ],
      },
    ]
  },
})

function speedUps(points: Points): (readonly [number, number])[] {
  const one = points.find(({ ranks }) => ranks === 1)?.seconds as number
  return points.map(({ ranks, seconds }) => [ranks, one / seconds])
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
