/**
 * Lab 8: what to buy. A small cluster as it is, and with one thing bought: a faster network, another host, a host as fast as
 * the other. Linpack at a small and a large order that the student chooses; gain by money is what counts.
 * Layer below: commands/lab/.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { yamlSource } from '../../../commands/sweep/yaml-file.ts'
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
import { linpackJobs, linpackPoint, linpackPoints, type LinpackCase } from '../../../commands/lab/linpack.ts'
import { UsageError } from '../../../runtime/launcher/usage-error.ts'

/** Gflops of a rank of the slower host, whom equal parts make everybody wait for, and of the faster one. */
const [SLOW, FAST] = [1, 2]

interface Option {
  readonly hosts: number
  readonly link: string
  readonly rate: number
  /** In the currency of your choice. */
  readonly price: number
}

const NOW = 'now'
const OPTIONS = {
  '2.5gbe': { hosts: 2, link: '2.5gbe', rate: SLOW, price: 150 },
  '10gbe': { hosts: 2, link: '10gbe', rate: SLOW, price: 500 },
  'third-host': { hosts: 3, link: '1gbe', rate: SLOW, price: 250 },
  'equal-hosts': { hosts: 2, link: '1gbe', rate: FAST, price: 350 },
} as const satisfies Readonly<Record<string, Option>>
type Name = keyof typeof OPTIONS
const NAMES = Object.keys(OPTIONS) as [Name, ...Name[]]
const ALL: Readonly<Record<string, Option>> = { [NOW]: { hosts: 2, link: '1gbe', rate: SLOW, price: 0 }, ...OPTIONS }

const results = z.array(linpackPoint)
  .refine((points) => Object.keys(ALL).every((series) => points.filter((one) => one.series === series).length === 2), 'expected a small and a large order for the cluster as it is and for each option: name both in experiment.yaml') // prettier-ignore
type Points = z.infer<typeof results>

export const lab = defineLab({
  title: 'What to buy: a faster link, another host, equal hosts',
  seconds: 50,
  predictions: {
    'best-at-large-n': choice(...NAMES),
    'best-for-the-money-at-large-n': choice(...NAMES),
  },
  answers: {
    'best-at-large-n': choice(...NAMES),
    'gain-of-best': number({ min: 0, unit: 'Gflops / Gflops of now, at the large N' }),
    'best-for-the-money-at-large-n': choice(...NAMES),
    '10gbe-gain-small-n': number({ min: 0, unit: 'Gflops / Gflops of now, at the small N' }),
    '10gbe-gain-large-n': number({ min: 0, unit: 'Gflops / Gflops of now, at the large N' }),
    'slowest-decides-because': choice('parts are equal', 'the network is shared', 'panels are small'),
    why: sentences(15),
  },
  results,

  jobs({ folder, quick }) {
    const orders = quick ? [128, 192] : readOrders(folder)
    return Object.entries(ALL).flatMap(([name, option]) => linpackJobs(cases(name, option, orders), option.rate))
  },

  collect(ended) {
    const names = Object.keys(ALL)
    const each = ended.length / names.length
    return names.flatMap((name, index) => {
      const mine = ended.slice(index * each, (index + 1) * each)
      const orders = mine.map(({ job }) => Number(/N=(\d+)/.exec(job.name)?.[1]))
      return linpackPoints(cases(name, ALL[name] as Option, orders), mine)
    })
  },

  check({ results, prediction, answers }) {
    const [small, large] = ordersOf(results)
    const at = (name: Name, n: number): number => gain(results, name, n)
    const best = top((name) => at(name, large))
    const value = top((name) => perMoney(name, at(name, large)))
    const near = (name: 'gain-of-best' | '10gbe-gain-small-n' | '10gbe-gain-large-n', actual: number, hint: string) =>
      expectNear(name, { answer: answers[name], actual, tolerance: 0.05 * actual, hint })
    // Options within a twentieth of the best are as good.
    const good = (name: Name): boolean => at(name, large) > 0.95 * at(best, large)
    const cheap = (name: Name): boolean => perMoney(name, at(name, large)) > 0.9 * perMoney(value, at(value, large))
    return [
      comparePrediction('best at the large N', prediction['best-at-large-n'], best),
      comparePrediction('best for the money', prediction['best-for-the-money-at-large-n'], value),
      expect(large >= 2 * small, `the orders are far enough apart: ${small} and ${large}`, `N = ${small} and ${large} are too near each other: the larger shall be twice the smaller at least`), // prettier-ignore
      expect(at('equal-hosts', large) > 1.2, 'equal hosts help where the kernels are what takes the time', `equal hosts bring only ${at('equal-hosts', large).toFixed(2)} at N = ${large}: choose a larger order, or run again on a quieter machine`), // prettier-ignore
      expectAnswer('best-at-large-n', answers['best-at-large-n'], good(answers['best-at-large-n']), 'Compare Gflops at the large N.'), // prettier-ignore
      near('gain-of-best', at(best, large), 'Gflops of the best option divided by those of now, both at the large N.'),
      expectAnswer('best-for-the-money-at-large-n', answers['best-for-the-money-at-large-n'], cheap(answers['best-for-the-money-at-large-n']), '(gain - 1) / price, at the large N.'), // prettier-ignore
      near('10gbe-gain-small-n', at('10gbe', small), 'Gflops with 10gbe divided by those of now, at the small N.'),
      near('10gbe-gain-large-n', at('10gbe', large), 'Gflops with 10gbe divided by those of now, at the large N.'),
      expectAnswer('slowest-decides-because', answers['slowest-decides-because'], answers['slowest-decides-because'] === 'parts are equal', 'How does HPL divide the matrix among fast and slow ranks?'), // prettier-ignore
    ]
  },

  figures(results) {
    const orders = ordersOf(results)
    return [
      {
        kind: 'bars',
        title: 'Linpack: the cluster as it is, and with one thing bought',
        category: 'bought',
        value: 'Gflops',
        bars: results.map(({ series, n, gflops }) => ({ category: series, series: `N = ${n}`, value: gflops })),
      },
      {
        kind: 'bars',
        title: 'Gain in percent for each 100 spent',
        category: 'bought',
        value: '% / 100',
        bars: NAMES.flatMap((name) => orders.map((n) => ({ category: name, series: `N = ${n}`, value: 100 * perMoney(name, gain(results, name, n)) }))), // prettier-ignore
      },
    ]
  },
})

/** Gflops over those of the cluster as it is. */
function gain(results: Points, name: Name, n: number): number {
  const rate = (series: string): number => results.find((one) => one.series === series && one.n === n)?.gflops as number
  return rate(name) / rate(NOW)
}

/** Gain for 100 of money. */
function perMoney(name: Name, gain: number): number {
  return (100 * (gain - 1)) / OPTIONS[name].price
}

function top(of: (name: Name) => number): Name {
  return [...NAMES].sort((a, b) => of(b) - of(a))[0] as Name
}

function ordersOf(results: Points): [small: number, large: number] {
  const orders = results.map(({ n }) => n)
  return [Math.min(...orders), Math.max(...orders)]
}

/** On one process row: on slow links nothing but panels should cross. */
function cases(series: string, { hosts, link }: Option, orders: readonly number[]): LinpackCase[] {
  return orders.map((n) => ({ series, hosts, link, p: 1, q: 2 * hosts, pmap: 'column', depth: 1, n }))
}

/** The two orders of experiment.yaml. @throws UsageError */
function readOrders(folder: string): number[] {
  const { values, where } = yamlSource(join(folder, 'experiment.yaml'))
  const parsed = z.array(z.int().min(64).max(3072)).length(2).safeParse(values['n'])
  if (parsed.success && parsed.data[0] !== parsed.data[1]) return parsed.data
  throw new UsageError([`${where(['n'])}: read ${JSON.stringify(values['n'] ?? null)}, expected a small and a large order from 64 to 3072, such as [512, 2048]`]) // prettier-ignore
}
