/**
 * Lab 6: the wall. Linpack on one host of two ranks and on three such hosts behind 1 Gbit/s, over orders that the student
 * chooses in experiment.yaml, so that the crossover lies among them. Layer below: commands/lab/.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { yamlSource } from '../../../commands/sweep/yaml-file.ts'
import { crossover } from '../../../report/crossover.ts'
import { fitPower } from '../../../commands/lab/fits.ts'
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
import {
  linpackJobs,
  linpackPoint,
  linpackPoints,
  linpackSeconds,
  type LinpackCase,
} from '../../../commands/lab/linpack.ts'
import { UsageError } from '../../../runtime/launcher/usage-error.ts'

/** Gflops of a rank: slow enough for six of them to share two cores. */
const RATE = 2
const LONGEST_SECONDS = 110
const SERIES = ['one host', 'three hosts'] as const

const results = z.array(linpackPoint)
  .refine((points) => SERIES.every((series) => points.filter((point) => point.series === series).length >= 3), 'expected three orders or more, on one host and on three') // prettier-ignore
type Points = z.infer<typeof results>

export const lab = defineLab({
  title: 'The 1GbE wall: one host against three',
  seconds: 60,
  predictions: {
    crossover: number({ min: 1, unit: 'N' }),
    'ratio-at-256': number({ min: 0, unit: 'Gflops of three hosts / of one' }),
  },
  answers: {
    crossover: number({ min: 1, unit: 'N' }),
    'ratio-at-largest-n': number({ min: 0, unit: 'Gflops of three hosts / of one' }),
    'faster-link-helps-most-at': choice('small N', 'large N'),
    'work-grows-with': choice('N', 'N^2', 'N^3'),
    'data-sent-grows-with': choice('N', 'N^2', 'N^3'),
    why: sentences(15),
  },
  results,

  jobs: ({ folder, quick }) => linpackJobs(cases(quick ? [64, 128, 192] : readOrders(folder)), RATE),

  // The orders are told by the jobs themselves, in the order in which they were planned.
  collect: (ended) => linpackPoints(cases(ended.slice(0, ended.length / 2).map(({ job }) => Number(/N=(\d+)/.exec(job.name)?.[1]))), ended), // prettier-ignore

  check({ results, prediction, answers }) {
    const pairs = pairsOf(results)
    const found = crossover(pairs)
    const [first, last] = [pairs[0], pairs.at(-1)] as [Pair, Pair]
    const { exponent } = fitPower(pairs.map(({ n, one, several }) => [n, several / one]))
    const ratio = last.several / last.one
    const early = [
      expect(first.several < first.one, `at N = ${first.n} one host is faster than three`, `at N = ${first.n} three hosts are faster already: begin experiment.yaml with a smaller order, to see where it begins`), // prettier-ignore
      expect(last.several > last.one, `at N = ${last.n} three hosts are faster than one`, `at N = ${last.n} one host is still faster: the crossover lies beyond; add larger orders to experiment.yaml`), // prettier-ignore
      expect(exponent > 0.2, `the gain of three hosts grows with N, about as N^${exponent.toFixed(1)}`, `the gain of three hosts does not grow with N (N^${exponent.toFixed(1)}): were all orders measured on the same quiet machine?`), // prettier-ignore
    ]
    if (found.kind !== 'at') return early
    return [
      comparePrediction('crossover, N', prediction.crossover, found.n),
      comparePrediction(`ratio at N = ${first.n}`, prediction['ratio-at-256'], first.several / first.one),
      ...early,
      expectNear('crossover', { answer: answers.crossover, actual: found.n, tolerance: 0.2 * found.n, hint: 'Where the two curves meet, between the last order at which one host wins and the next.' }), // prettier-ignore
      expectNear('ratio-at-largest-n', { answer: answers['ratio-at-largest-n'], actual: ratio, tolerance: 0.1 * ratio, hint: 'Gflops of three hosts divided by those of one, at the same N.' }), // prettier-ignore
      expectAnswer('faster-link-helps-most-at', answers['faster-link-helps-most-at'], answers['faster-link-helps-most-at'] === 'small N', 'At which N is the share of communication larger?'), // prettier-ignore
      expectAnswer('work-grows-with', answers['work-grows-with'], answers['work-grows-with'] === 'N^3', 'LU factorisation takes 2/3 N^3 operations.'), // prettier-ignore
      expectAnswer('data-sent-grows-with', answers['data-sent-grows-with'], answers['data-sent-grows-with'] === 'N^2', 'Each element of the factors travels once or a few times; how many are there?'), // prettier-ignore
    ]
  },

  figures(results) {
    const found = crossover(pairsOf(results))
    const at = found.kind === 'at' ? `three hosts win from N = ${Math.round(found.n)} on` : `no crossover among these orders` // prettier-ignore
    const curve = (series: string) => ({
      name: series,
      points: results.filter((point) => point.series === series).map(({ n, gflops }) => [n, gflops] as const),
    })
    return [
      { kind: 'curves', title: `Linpack, 1gbe: ${at}`, x: { label: 'N' }, y: { label: 'Gflops' }, curves: SERIES.map(curve) }, // prettier-ignore
      {
        kind: 'curves',
        title: 'Gain: Gflops of three hosts / of one',
        x: { label: 'N' },
        y: { label: 'ratio' },
        curves: [
          { name: 'measured', points: pairsOf(results).map(({ n, one, several }) => [n, several / one] as const) },
          { name: 'three times', points: pairsOf(results).map(({ n }) => [n, 3] as const), model: true },
        ],
      },
    ]
  },
})

interface Pair {
  readonly n: number
  readonly one: number
  readonly several: number
}

function cases(orders: readonly number[]): LinpackCase[] {
  const common = { p: 1, pmap: 'column', depth: 1 } as const
  return [
    ...orders.map((n) => ({ ...common, series: SERIES[0], hosts: 1, link: '', q: 2, n })),
    ...orders.map((n) => ({ ...common, series: SERIES[1], hosts: 3, link: '1gbe', q: 6, n })),
  ]
}

function pairsOf(points: Points): Pair[] {
  const of = (series: string, n: number) => points.find((point) => point.series === series && point.n === n)?.gflops
  const orders = [...new Set(points.map(({ n }) => n))].sort((a, b) => a - b)
  return orders.flatMap((n) => {
    const [one, several] = SERIES.map((series) => of(series, n))
    return one === undefined || several === undefined ? [] : [{ n, one, several }]
  })
}

/** The orders of experiment.yaml. @throws UsageError */
function readOrders(folder: string): number[] {
  const { values, where } = yamlSource(join(folder, 'experiment.yaml'))
  const expected = 'expected three to eight orders from 64 to 4096, such as [256, 512, 768]'
  const schema = z.array(z.int().min(64).max(4096)).min(3).max(8)
  const parsed = schema.safeParse(values['n'])
  if (!parsed.success)
    throw new UsageError([`${where(['n'])}: read ${JSON.stringify(values['n'] ?? null)}, ${expected}`])
  const orders = [...new Set(parsed.data)].sort((a, b) => a - b)
  const seconds = linpackSeconds(cases(orders), RATE)
  if (seconds > LONGEST_SECONDS)
    throw new UsageError([`${where(['n'])}: would take about ${seconds.toFixed(0)} s; choose orders that take less than ${LONGEST_SECONDS} s together`]) // prettier-ignore
  return orders
}
