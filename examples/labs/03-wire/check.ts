/**
 * Lab 3: the cost of a message, T(n) = alpha + n beta, through shared memory, through TCP and over an emulated 1GbE link;
 * and the size up to which a send does not wait for its receiver. Layer below: commands/lab/.
 */
import { z } from 'zod'
import { fitAlphaBeta } from '../../../commands/lab/fits.ts'
import { jsonLines } from '../../../commands/lab/jobs.ts'
import { comparePrediction, defineLab, expect, expectNear, number, sentences } from '../../../commands/lab/lab.ts'

const WIRES = { shm: [], tcp: ['--emulate-hosts', '2'], '1gbe': ['--emulate-hosts', '2', '--emulate', '1gbe'] } as const
type Wire = keyof typeof WIRES
const NAMES = Object.keys(WIRES) as Wire[]

const wire = z.object({
  points: z.array(z.object({ nbytes: z.int().min(1), us: z.number().positive() })).min(6, 'expected 6 sizes or more'),
  /** Largest message that was sent without a receiver, in bytes. */
  eager: z.int().min(0),
})
const results = z.object({ shm: wire, tcp: wire, '1gbe': wire })
type Points = z.infer<typeof wire>['points']

export const lab = defineLab({
  title: 'Measuring the wire: alpha, beta, half bandwidth, eager sends',
  seconds: 15,
  predictions: {
    'microseconds-8-bytes-1gbe': number({ min: 0 }),
    'milliseconds-1-mib-1gbe': number({ min: 0 }),
  },
  answers: {
    'alpha-1gbe': number({ min: 0, unit: 'us' }),
    'bandwidth-1gbe': number({ min: 0, unit: 'MB/s' }),
    'half-bandwidth-1gbe': number({ min: 1, unit: 'bytes' }),
    'eager-shm': number({ min: 0, unit: 'bytes' }),
    'eager-tcp': number({ min: 0, unit: 'bytes' }),
    why: sentences(12),
  },
  results,

  jobs: ({ quick }) =>
    NAMES.map((name) => ({ name, args: ['-n', '2', ...WIRES[name], 'wire.ts', ...(quick ? ['quick'] : [])] })),

  collect: (ended) =>
    Object.fromEntries(
      ended.map((end) => {
        const lines = jsonLines(end)
        const eager = lines.find((line) => 'eager' in line)?.['eager']
        return [end.job.name, { points: lines.filter((line) => 'us' in line), eager }]
      }),
    ),

  check({ results, prediction, answers }) {
    const { alpha, beta } = fitAlphaBeta(results['1gbe'].points)
    const bandwidth = 1 / beta
    const half = alpha / beta
    const largest = (name: Wire): number => results[name].points.at(-1)?.us as number
    const smallest = (name: Wire): number => results[name].points[0]?.us as number
    const near = (name: string, answer: number, actual: number, share: number, hint: string) =>
      expectNear(name, { answer, actual, tolerance: share * actual, hint })
    return [
      comparePrediction('8 bytes over 1gbe, us', prediction['microseconds-8-bytes-1gbe'], smallest('1gbe')),
      comparePrediction('1 MiB over 1gbe, ms', prediction['milliseconds-1-mib-1gbe'], timeOf(results['1gbe'].points, 2 ** 20) / 1000), // prettier-ignore
      expect(NAMES.every((name) => largest(name) > 1.5 * smallest(name)), 'on every wire large messages take longer', 'on some wire a large message takes no longer than a small one: is the clock read after the last message?'), // prettier-ignore
      expect(smallest('shm') < smallest('1gbe') && largest('tcp') < largest('1gbe'), 'the emulated link is the slowest wire', 'the emulated link is no slower than the others: do both ranks take part? If so, run again on a quieter machine'), // prettier-ignore
      // What 1 Gbit/s can carry is known: 117.7 MB/s. A busy machine may stay below.
      expect(bandwidth < 125, 'large messages do not exceed what 1 Gbit/s carries', `your times mean ${bandwidth.toFixed(0)} MB/s, more than 1 Gbit/s carries (117.7): a round trip is two messages`), // prettier-ignore
      expect(bandwidth > 70, 'large messages use most of the link', `your times mean ${bandwidth.toFixed(0)} MB/s, about half of what 1 Gbit/s carries: is a round trip counted as one message?`), // prettier-ignore
      expect(alpha > 40, 'a short message takes its latency', `your fit has alpha = ${alpha.toFixed(0)} us, less than the latency of the link (50 us)`), // prettier-ignore
      near('alpha-1gbe', answers['alpha-1gbe'], alpha, 0.4, 'In microseconds: what the shortest messages take, or a fit of T = alpha + n beta.'), // prettier-ignore
      near('bandwidth-1gbe', answers['bandwidth-1gbe'], bandwidth, 0.2, 'In MB/s (bytes per microsecond): 1 / beta, the slope at large sizes. 1 Gbit/s are 125 MB/s on the wire, and less for you.'), // prettier-ignore
      near('half-bandwidth-1gbe', answers['half-bandwidth-1gbe'], half, 0.6, 'In bytes: where alpha and n beta are equal, n = alpha / beta.'), // prettier-ignore
      ...(['shm', 'tcp'] as const).map(
        (name) =>
        near(`eager-${name}`, answers[`eager-${name}`], results[name].eager, 0, 'In bytes, from results.json: the largest message that was complete before anybody received it.'), // prettier-ignore
      ),
    ]
  },

  figures(results) {
    const fit = fitAlphaBeta(results['1gbe'].points)
    const half = fit.alpha / fit.beta
    const curve = (name: Wire, y: (point: Points[number]) => number) => ({
      name,
      points: results[name].points.map((point) => [point.nbytes, y(point)] as const),
    })
    const model = results['1gbe'].points.map(({ nbytes }) => [nbytes, fit.alpha + nbytes * fit.beta] as const)
    return [
      {
        kind: 'curves',
        title: `One way; 1gbe: alpha ${fit.alpha.toFixed(0)} us, ${(1 / fit.beta).toFixed(1)} MB/s, half at ${(half / 1024).toFixed(1)} KiB`,
        x: { label: 'bytes', log: true },
        y: { label: 'us', log: true },
        curves: [...NAMES.map((name) => curve(name, ({ us }) => us)), { name: 'fit', points: model, model: true }],
      },
      {
        kind: 'curves',
        title: 'Bandwidth',
        x: { label: 'bytes', log: true },
        y: { label: 'MB/s', log: true },
        curves: NAMES.map((name) => curve(name, ({ nbytes, us }) => nbytes / us)),
      },
      {
        kind: 'bars',
        title: 'Largest message that needs no receiver to be sent',
        category: 'wire',
        value: 'KiB',
        bars: NAMES.map((name) => ({ category: name, series: '', value: results[name].eager / 1024 })),
      },
    ]
  },
})

function timeOf(points: Points, nbytes: number): number {
  return points.find((point) => point.nbytes === nbytes)?.us ?? NaN
}
