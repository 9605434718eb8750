/** From which N on several hosts beat one: the ratio of their rates over N, by link. Layer below: crossover.ts, runs.ts. */
import * as Plot from '@observablehq/plot'
import { crossover, type Crossover, type RatePair } from '../crossover.ts'
import { best, digits, groupBy, legendOf, type Figure } from '../figure.ts'
import { gridOf, type Run } from '../runs.ts'
import { frame } from './curves.ts'

interface Comparison {
  /** `2 hosts, 1gbe, 1x4` */
  readonly name: string
  readonly pairs: readonly RatePair[]
  readonly found: Crossover
}

/** Undefined if no runs on several hosts have their counterpart on one with as many ranks a host. */
export function crossoverFigure(runs: readonly Run[]): Figure | undefined {
  const all = comparisonsOf(runs)
  if (all.length === 0) return undefined
  const legend = legendOf(
    all.map(({ name }) => name),
    'symbol',
  )
  const points = all.flatMap(({ name, pairs }) => pairs.map(({ n, one, several }) => ({ name, n, ratio: several / one, one, several }))) // prettier-ignore
  const marks = all.flatMap(({ name, found }) => (found.kind === 'at' ? [{ name, n: found.n }] : []))
  const orders = points.map(({ n }) => n)
  const [least, most] = [Math.min(...orders), Math.max(...orders)]
  const highest = Math.max(...points.map(({ ratio }) => ratio))
  return {
    id: 'crossover',
    title: 'When several hosts beat one',
    summary: `Above the line several hosts are faster than one, below it slower. ${all.map(({ name, found }) => `${name}: ${inWords(found)}.`).join(' ')}`, // prettier-ignore
    legend,
    tables: [
      {
        title: 'Crossover',
        columns: ['hosts', 'crossover N', 'in words'],
        rows: all.map(({ name, found }) => [
          name,
          found.kind === 'at' ? Math.round(found.n) : undefined,
          inWords(found),
        ]),
      },
      {
        title: 'Rates',
        columns: ['hosts', 'N', 'Gflops of one host', 'Gflops of all', 'ratio'],
        rows: points.map(({ name, n, one, several, ratio }) => [name, n, one, several, ratio]),
      },
    ],
    plot: (width) => ({
      ...frame(width, legend),
      x: { label: 'N' },
      y: { label: 'rate of all hosts / rate of one', grid: true, domain: [0, Math.max(1.2, 1.05 * highest)] },
      marks: [
        Plot.ruleY([1], { strokeWidth: 1.5 }),
        Plot.text(['as fast as one host'], { y: () => 1, frameAnchor: 'left', textAnchor: 'start', dx: 6, dy: -8 }),
        Plot.ruleX(marks, { x: 'n', stroke: 'name', strokeDasharray: '4 4' }),
        // A row for each: crossings may stand close together. On the side of its line where there is more room.
        ...marks.map(({ name, n }, row) => {
          const left = n > (least + most) / 2
          return Plot.text([n], { x: (at: number) => at, text: () => `${name}: N = ${Math.round(n)}`, fill: legend.colors[legend.names.indexOf(name)] as string, frameAnchor: 'bottom', textAnchor: left ? 'end' : 'start', dx: left ? -5 : 5, dy: -8 - 15 * row }) // prettier-ignore
        }),
        Plot.line(points, { x: 'n', y: 'ratio', stroke: 'name', strokeWidth: 2 }),
        Plot.dot(points, { x: 'n', y: 'ratio', fill: 'name', symbol: 'name', r: 3.5, title: (one: (typeof points)[number]) => `${one.name}\nN = ${one.n}: ${digits(one.several)} against ${digits(one.one)} Gflops` }), // prettier-ignore
        Plot.ruleY([0]),
      ],
    }),
  }
}

/** For each place and grid of several hosts, and each N at which one host of it was measured too. */
function comparisonsOf(runs: readonly Run[]): Comparison[] {
  const single = runs.filter(({ hosts }) => hosts === 1)
  const several = groupBy(runs.filter(({ hosts }) => hosts > 1), (run) => `${run.place}, ${gridOf(run)}`) // prettier-ignore
  return [...several].flatMap(([name, members]) => {
    const pairs = [...groupBy(members, ({ n }) => n)].flatMap(([n, same]) => {
      const fastest = best(same, ({ gflops }) => gflops)
      const counterparts = single.filter((run) => run.n === n && run.ranks * fastest.hosts === fastest.ranks)
      if (counterparts.length === 0) return []
      return [{ n, one: best(counterparts, ({ gflops }) => gflops).gflops, several: fastest.gflops }]
    })
    return pairs.length < 2 ? [] : [{ name, pairs: pairs.sort((a, b) => a.n - b.n), found: crossover(pairs) }]
  })
}

function inWords(found: Crossover): string {
  if (found.kind === 'at') return `faster than one host from N = ${Math.round(found.n)} on (interpolated)`
  if (found.kind === 'below') return `faster than one host already at N = ${found.n}, the smallest`
  const hint = found.towards === undefined ? '' : `; the last two points lead to N = ${Math.round(found.towards)}`
  return `slower than one host up to N = ${found.n}, the largest${hint}`
}
