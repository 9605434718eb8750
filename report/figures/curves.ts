/** Gflops and share of communication over N, a curve for each grid and place. Layer below: runs.ts. */
import * as Plot from '@observablehq/plot'
import { best, digits, legendOf, percent, scalesOf, type Figure, type Legend, type Table } from '../figure.ts'
import type { Series } from '../runs.ts'

/** More cannot be told apart. */
const MOST = 10

/**
 * The series that are drawn: those over three or more N if there are any, else over two; of these the fastest. Local.
 *
 * @param all of any number, each with a run
 */
export function drawnSeries(all: readonly Series[]): { readonly series: readonly Series[]; readonly left: number } {
  const longer = (least: number): Series[] => all.filter(({ runs }) => runs.length >= least)
  const candidates = [longer(3), longer(2), all].find((some) => some.length > 0) ?? []
  const series = candidates.toSorted((a, b) => peak(b) - peak(a)).slice(0, MOST)
  return { series, left: all.length - series.length }
}

function peak({ runs }: Series): number {
  return Math.max(...runs.map(({ gflops }) => gflops))
}

/** Gflops over N; the dashed lines are what dgemm reached within the runs, on all ranks together. */
export function gflopsFigure(all: readonly Series[]): Figure | undefined {
  const { series, left } = drawnSeries(all)
  if (series.length === 0) return undefined
  const points = series.flatMap(({ name, runs }) => runs.map(({ n, gflops }) => ({ name, n, gflops })))
  // In the largest run dgemm gets the largest matrices: there it comes closest to what it can.
  const ceilings = series.flatMap(({ name, runs }) => {
    const dgemm = runs.findLast(({ dgemmGflops }) => dgemmGflops !== undefined)?.dgemmGflops
    return dgemm === undefined ? [] : [{ name, dgemm }]
  })
  const top = best(points, ({ gflops }) => gflops)
  const ceiling = ceilings.find(({ name }) => name === top.name)
  const ofDgemm = ceiling === undefined ? '' : `, ${percent(top.gflops / ceiling.dgemm)} of what dgemm reaches there`
  const legend = legendOf(
    series.map(({ name }) => name),
    'symbol',
  )
  const dashed =
    ceilings.length > 0
      ? ' A dashed line is the ceiling of its colour: what dgemm reached on all ranks together, within the largest run.'
      : ''
  return {
    id: 'gflops',
    title: 'Gflops over N',
    summary: `Higher is faster. The highest rate is ${digits(top.gflops, 3)} Gflops at N = ${top.n} on ${top.name}${ofDgemm}.${dashed}${leftOut(left)}`,
    legend,
    tables: [gflopsTable(all)],
    plot: (width) => ({
      ...frame(width, legend),
      x: { label: 'N' },
      y: { label: 'Gflops', zero: true, grid: true, nice: true },
      marks: [
        Plot.ruleY(ceilings, { y: 'dgemm', stroke: 'name', strokeDasharray: '5 4', title: ({ name, dgemm }) => `dgemm, ${name}: ${digits(dgemm)} Gflops` }), // prettier-ignore
        ...curve(points, 'gflops', ({ name, n, gflops }) => `${name}\nN = ${n}: ${digits(gflops)} Gflops`),
        Plot.ruleY([0]),
      ],
    }),
  }
}

/** Share of the time that goes into communication, over N. */
export function communicationFigure(all: readonly Series[]): Figure | undefined {
  const talking = all
    .map(({ name, runs }) => ({
      name,
      runs: runs.filter(({ communication, ranks }) => communication !== undefined && ranks > 1),
    })) // prettier-ignore
    .filter(({ runs }) => runs.length > 0)
  const { series, left } = drawnSeries(talking)
  if (series.length === 0) return undefined
  const points = series.flatMap(({ name, runs }) => runs.map(({ n, communication = 0 }) => ({ name, n, communication }))) // prettier-ignore
  const [least, most] = [best(points, (one) => -one.communication), best(points, (one) => one.communication)]
  const legend = legendOf(
    series.map(({ name }) => name),
    'symbol',
  )
  return {
    id: 'communication',
    title: 'Communication in the time of a run',
    summary: `The part of the time in which processes exchange data or wait for it, instead of computing: from ${percent(least.communication)} (N = ${least.n}, ${least.name}) to ${percent(most.communication)} (N = ${most.n}, ${most.name}).${leftOut(left)}`,
    legend,
    tables: [gflopsTable(talking)],
    plot: (width) => ({
      ...frame(width, legend),
      x: { label: 'N' },
      y: { label: 'communication', tickFormat: '.0%', domain: [0, 1], grid: true },
      marks: [
        ...curve(points, 'communication', ({ name, n, communication }) => `${name}\nN = ${n}: ${percent(communication)}`),
        Plot.ruleY([0]),
      ], // prettier-ignore
    }),
  }
}

/** What all pictures of curves have in common. Local. */
export function frame(width: number, legend: Legend) {
  return { width, height: Math.round(Math.max(240, 0.5 * width)), marginLeft: 52, ...scalesOf(legend) }
}

interface Point {
  readonly name: string
  readonly n: number
}

function curve<T extends Point>(
  points: readonly T[],
  y: keyof T & string,
  title: (point: T) => string,
): Plot.Markish[] {
  return [
    Plot.line(points, { x: 'n', y, z: 'name', stroke: 'name', strokeWidth: 2 }),
    Plot.dot(points, { x: 'n', y, fill: 'name', symbol: 'name', r: 3.5, title }),
  ]
}

function leftOut(count: number): string {
  return count === 0 ? '' : ` ${count} more ${count === 1 ? 'series is' : 'series are'} in the table only.`
}

function gflopsTable(series: readonly Series[]): Table {
  return {
    title: 'Rates',
    columns: ['grid', 'place', 'N', 'NB', 'T/V', 'seconds', 'Gflops', 'dgemm Gflops', 'communication'],
    rows: series.flatMap(({ runs }) =>
      runs.map(({ p, q, pmap, place, n, nb, variant, seconds, gflops, dgemmGflops, communication }) => [
        `${p}x${q} ${pmap}`,
        place,
        n,
        nb,
        variant,
        seconds,
        gflops,
        dgemmGflops,
        communication,
      ]),
    ),
  }
}
