/** Speed-up, efficiency, the metric of Karp and Flatt and scaled speed-up, with the fitted laws. Layer below: scaling.ts. */
import * as Plot from '@observablehq/plot'
import { DASHES } from '../compose.ts'
import {
  digits,
  legendOf,
  PALETTE,
  scalesOf,
  percent,
  type Cell,
  type Figure,
  type Legend,
  type LegendMark,
  type Table,
} from '../figure.ts'
import type { Estimate } from '../fit/least-squares.ts'
import { panelTitles, TITLE_SPACE } from './panels.ts'
import { universalPeak, type Law } from '../fit/laws.ts'
import type { StrongStudy, WeakStudy } from '../scaling.ts'

/** Panels at most. */
const MOST = 4
const LAWS = ['measured', 'Amdahl', 'universal scalability', 'ideal'] as const

interface Point {
  readonly study: string
  readonly law: string
  readonly p: number
  readonly speedup: number
  readonly efficiency: number
}

/** Speed-up and efficiency; none if nothing was run on several numbers of processes. */
export function speedupFigures(studies: readonly StrongStudy[]): Figure[] {
  const shown = studies.slice(0, MOST)
  if (shown.length === 0) return []
  const measured = shown.flatMap(measuredPoints)
  const curves = shown.flatMap(lawPoints)
  const table = pointTable(studies.flatMap(measuredPoints))
  const legend = lawLegend(LAWS)
  const common = {
    legend,
    summary: `How many times as fast as one process, with the laws that fit best; in brackets where each parameter lies with 95 %. ${shown.map(lawsInWords).join(' ')}`,
  }
  const panels = { names: shown.map(({ name }) => name), legend, measured, curves }
  return [
    {
      ...common,
      id: 'speedup',
      title: 'Speed-up and fitted laws',
      tables: [parameterTable(studies), table],
      plot: (width) => facetPlot(width, panels, 'speedup', { label: 'speed-up' }),
    },
    {
      ...common,
      id: 'efficiency',
      title: 'Efficiency',
      summary: efficiencyInWords(measured),
      tables: [table],
      plot: (width) => facetPlot(width, panels, 'efficiency', { label: 'efficiency', tickFormat: '.0%' }),
    },
    ...karpFlattFigure(shown),
  ]
}

/** Scaled speed-up with Gustafson's law; undefined if no problem grew with the processes. */
export function scaledFigure(studies: readonly WeakStudy[]): Figure | undefined {
  const shown = studies.slice(0, MOST)
  if (shown.length === 0) return undefined
  const legend = lawLegend(['measured', 'Gustafson', 'ideal'])
  const measured = shown.flatMap(({ name, runs, gustafson }) =>
    runs.map(({ p, rate }) => point(name, 'measured', p, rate / gustafson.single)),
  )
  const curves = shown.flatMap(({ name, runs, gustafson }) =>
    counts(runs).flatMap((p) => [point(name, 'Gustafson', p, gustafson.speedup(p)), point(name, 'ideal', p, p)]),
  )
  const panels = { names: shown.map(({ name }) => name), legend, measured, curves }
  return {
    id: 'scaled-speedup',
    title: "Scaled speed-up and Gustafson's law",
    summary: `How much more work is done in a second, when the problem grows with the processes. ${shown.map(({ name, gustafson }) => `${name}: ${estimateText(gustafson.parameters.serial)} of the parallel run is serial.`).join(' ')}`, // prettier-ignore
    legend,
    tables: [
      {
        title: 'Parameters',
        columns: PARAMETER_COLUMNS,
        rows: shown.map(({ name, gustafson }) => parameterRow(name, 'Gustafson', 'serial fraction', gustafson.parameters.serial, gustafson.rms)), // prettier-ignore
      },
      {
        title: 'Measured',
        columns: ['study', 'processes', 'N', 'Gflops', 'scaled speed-up'],
        rows: shown.flatMap(({ name, runs, gustafson }) => runs.map(({ p, n, rate }) => [name, p, n, rate, rate / gustafson.single])), // prettier-ignore
      },
    ],
    plot: (width) => facetPlot(width, panels, 'speedup', { label: 'scaled speed-up' }),
  }
}

function karpFlattFigure(studies: readonly StrongStudy[]): Figure[] {
  const known = studies.flatMap(({ name, karpFlatt }) => (karpFlatt === undefined ? [] : [{ name, ...karpFlatt }]))
  if (known.length === 0) return []
  const points = known.flatMap(({ name, points: all }) => all.map(({ p, serial }) => ({ name, p, ...serial })))
  const legend = legendOf(
    known.map(({ name }) => name),
    'symbol',
  )
  return [
    {
      id: 'karp-flatt',
      title: 'Serial fraction after Karp and Flatt',
      summary: `The part of the work that seems not to be sped up, computed for each number of processes by itself: level if work is serial, rising if overhead grows. ${known.map(({ name, trend }) => `${name}: ${trendInWords(trend)}.`).join(' ')}`, // prettier-ignore
      legend,
      tables: [
        {
          title: 'Experimentally determined serial fraction',
          columns: ['study', 'processes', 'serial fraction', 'from (95 %)', 'to (95 %)'],
          rows: points.map(({ name, p, value, low, high }) => [name, p, value, low, high]),
        },
      ],
      plot: (width) => ({
        width,
        height: Math.round(Math.max(240, 0.4 * width)),
        marginLeft: 52,
        ...scalesOf(legend),
        x: { label: 'processes', ticks: [...new Set(points.map(({ p }) => p))], tickFormat: 'd' },
        y: { label: 'serial fraction', grid: true, zero: true },
        marks: [
          Plot.ruleX(points.filter(({ low }) => low !== undefined), { x: 'p', y1: 'low', y2: 'high', stroke: 'name', strokeOpacity: 0.6 }), // prettier-ignore
          Plot.line(points, { x: 'p', y: 'value', stroke: 'name' }),
          Plot.dot(points, { x: 'p', y: 'value', fill: 'name', symbol: 'name', r: 3.5, title: (one: Estimate & { p: number }) => `${one.p} processes: ${estimateText(one)}` }), // prettier-ignore
          Plot.ruleY([0]),
        ],
      }),
    },
  ]
}

/** How each law is drawn: laws differ by their strokes too. */
const LOOKS: Readonly<Record<string, LegendMark>> = {
  measured: 'dot',
  Amdahl: 'dashed',
  Gustafson: 'dashed',
  'universal scalability': 'line',
  ideal: 'dotted',
}

/** The ideal is grey, the rest has the colours of all figures. */
function lawLegend(names: readonly string[]): Legend {
  const { colors } = legendOf(names, 'line')
  return { names, colors: [...colors.slice(0, -1), PALETTE.at(-1) as string], marks: names.map((name) => LOOKS[name] ?? 'line') } // prettier-ignore
}

interface Panels {
  readonly names: readonly string[]
  readonly legend: Legend
  readonly measured: readonly Point[]
  readonly curves: readonly Point[]
}

/** A panel for each study, side by side if there is room. */
function facetPlot(
  width: number,
  { names, legend, measured, curves }: Panels,
  y: 'speedup' | 'efficiency',
  scale: Plot.ScaleOptions,
): Plot.PlotOptions {
  const narrow = width < 500 && names.length > 1
  const facet = narrow ? 'fy' : 'fx'
  const panel = { [facet]: 'study' }
  return {
    width,
    height: narrow ? 60 + 220 * names.length : Math.round(Math.max(300, 0.45 * width)),
    marginLeft: 52,
    marginTop: TITLE_SPACE,
    ...scalesOf(legend),
    x: { label: 'processes', ticks: [...new Set(measured.map(({ p }) => p))], tickFormat: 'd' },
    y: { ...scale, grid: true, zero: true },
    [facet]: { domain: names, axis: null },
    marks: [
      ...Object.entries(DASHES).map(
        ([look, strokeDasharray]) =>
        Plot.line(curves.filter(({ law }) => LOOKS[law] === look), { x: 'p', y, z: 'law', stroke: 'law', strokeWidth: 2, strokeDasharray, ...panel }), // prettier-ignore
      ),
      Plot.dot(measured, { x: 'p', y, fill: 'law', r: 3.5, ...panel, title: (one: Point) => `${one.study}\n${one.p} processes: speed-up ${digits(one.speedup)}, efficiency ${percent(one.efficiency)}` }), // prettier-ignore
      panelTitles(names, facet, narrow ? width - 68 : (width - 68) / names.length),
      Plot.ruleY([0]),
    ],
  }
}

function point(study: string, law: string, p: number, speedup: number): Point {
  return { study, law, p, speedup, efficiency: speedup / p }
}

function measuredPoints({ name, timings, single }: StrongStudy): Point[] {
  return timings.map(({ p, seconds }) => point(name, 'measured', p, single / seconds))
}

/** A law predicts times; against the measured time of one process its speed-up is off by the error of that one. */
function lawPoints({ name, timings, single, amdahl, universal }: StrongStudy): Point[] {
  const laws: readonly (readonly [string, Law<string> | undefined])[] = [
    ['Amdahl', amdahl],
    ['universal scalability', universal],
  ]
  return counts(timings).flatMap((p) => [
    ...laws.flatMap(([law, fit]) =>
      fit === undefined ? [] : [point(name, law, p, (single / fit.single) * fit.speedup(p))],
    ),
    point(name, 'ideal', p, p),
  ])
}

/** Every number of processes from the least to the most, a few dozen at most. */
function counts(points: readonly { readonly p: number }[]): number[] {
  const [least, most] = [Math.min(...points.map(({ p }) => p)), Math.max(...points.map(({ p }) => p))]
  const step = Math.max(1, Math.ceil((most - least) / 24))
  const all = Array.from({ length: Math.floor((most - least) / step) + 1 }, (_, k) => least + k * step)
  return all.at(-1) === most ? all : [...all, most]
}

function lawsInWords({ name, amdahl, universal, measuredSingle }: StrongStudy): string {
  const parts = [
    amdahl && `serial fraction ${estimateText(amdahl.parameters.serial)} after Amdahl`,
    universal && `contention ${estimateText(universal.parameters.contention)} and coherency ${estimateText(universal.parameters.coherency)} after the universal scalability law${peakInWords(universal)}`, // prettier-ignore
    measuredSingle ? undefined : 'one process was not measured: its time is the one of Amdahl’s law',
  ]
  return `${name}: ${parts.filter((part) => part !== undefined).join('; ')}.`
}

function peakInWords(universal: Law<'contention' | 'coherency'>): string {
  const peak = universalPeak(universal)
  return peak === undefined ? '' : `, which has its peak at ${digits(Math.round(peak))} processes`
}

function efficiencyInWords(points: readonly Point[]): string {
  const [most] = points.toSorted((a, b) => b.p - a.p)
  return most === undefined
    ? ''
    : `Speed-up for each process; 100 % would mean that no process ever waits. At ${most.p} processes (${most.study}) it is ${percent(most.efficiency)}.`
}

function trendInWords(trend: Estimate | undefined): string {
  if (trend?.low === undefined || trend.high === undefined) return 'too few points for a trend'
  if (trend.low > 0) return 'it rises with the processes: overhead grows'
  return trend.high < 0 ? 'it falls with the processes' : 'no clear trend over the processes'
}

/** `0.053 (0.049 to 0.058)`; the interval holds the truth with 95 %. */
function estimateText({ value, low, high }: Estimate): string {
  return low === undefined || high === undefined
    ? digits(value, 3)
    : `${digits(value, 3)} (${digits(low, 3)} to ${digits(high, 3)})`
}

const PARAMETER_COLUMNS = [
  'study',
  'law',
  'parameter',
  'value',
  'from (95 %)',
  'to (95 %)',
  'relative error of the fit',
]

function parameterRow(
  study: string,
  law: string,
  parameter: string,
  { value, low, high }: Estimate,
  rms: number,
): Cell[] {
  // prettier-ignore
  return [study, law, parameter, value, low, high, rms]
}

function parameterTable(studies: readonly StrongStudy[]): Table {
  const rows = studies.flatMap(({ name, amdahl, universal, karpFlatt }) => [
    ...(amdahl ? [parameterRow(name, 'Amdahl', 'serial fraction', amdahl.parameters.serial, amdahl.rms)] : []),
    ...(universal
      ? [
          parameterRow(name, 'universal scalability', 'contention (sigma)', universal.parameters.contention, universal.rms), // prettier-ignore
          parameterRow(name, 'universal scalability', 'coherency (kappa)', universal.parameters.coherency, universal.rms), // prettier-ignore
        ]
      : []),
    ...(karpFlatt?.trend ? [[name, 'Karp-Flatt', 'change of the serial fraction for each process', karpFlatt.trend.value, karpFlatt.trend.low, karpFlatt.trend.high, undefined]] : []), // prettier-ignore
  ])
  return { title: 'Parameters', columns: PARAMETER_COLUMNS, rows }
}

function pointTable(points: readonly Point[]): Table {
  return {
    title: 'Measured',
    columns: ['study', 'processes', 'speed-up', 'efficiency'],
    rows: points.map(({ study, p, speedup, efficiency }) => [study, p, speedup, efficiency]),
  }
}
