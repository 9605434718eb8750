/** Figures of a lab as one SVG drawing, panels beside each other. Layer below: figures.ts, report/drawing.ts. */
import * as Plot from '@observablehq/plot'
import { DASHES } from '../../report/compose.ts'
import { drawSheet, type Picture } from '../../report/drawing.ts'
import { compact, digits, legendOf, scalesOf } from '../../report/figure.ts'
import type { Axis, BarFigure, CurveFigure, Figure } from './figures.ts'

/** The text of an SVG file. The same figures give the same text. */
export function drawPicture(title: string, figures: readonly Figure[]): string {
  return drawSheet(title, figures.map((figure) => (figure.kind === 'curves' ? curves(figure) : bars(figure))))
} // prettier-ignore

/** Measured points are joined by a line, models are dashed. */
function curves({ title, x, y, curves: all }: CurveFigure): Picture {
  const names = all.map(({ name }) => name)
  const legend = { ...legendOf(names, 'symbol'), marks: all.map(({ model }) => (model ? ('dashed' as const) : ('symbol' as const))) } // prettier-ignore
  const points = all.flatMap(({ name, points: own, model = false }) => own.map(([at, value]) => ({ name, at, value, model }))) // prettier-ignore
  const [measured, modelled] = [points.filter(({ model }) => !model), points.filter(({ model }) => model)]
  const line = { x: 'at', y: 'value', z: 'name', stroke: 'name', strokeWidth: 2 }
  return {
    title,
    legend,
    plot: (width) => ({
      width,
      height: 300,
      marginLeft: 56,
      marginRight: 28,
      ...scalesOf(legend),
      x: {
        label: x.label,
        grid: true,
        ...axis(
          x,
          points.map(({ at }) => at),
        ),
      },
      y: {
        label: y.label,
        grid: true,
        ...axis(
          y,
          points.map(({ value }) => value),
        ),
      },
      marks: [
        Plot.line(measured, line),
        // Over the measured: what fits well would be hidden.
        Plot.line(modelled, { ...line, strokeDasharray: DASHES.dashed }),
        Plot.dot(measured, { x: 'at', y: 'value', fill: 'name', symbol: 'name', r: 3.5 }),
      ],
    }),
  }
}

/** A logarithmic axis names the few values that there are, or powers of ten. */
function axis({ log = false }: Axis, values: readonly number[]): Plot.ScaleOptions {
  if (!log) return { zero: true, nice: true }
  const all = [...new Set(values)]
  return { type: 'log', tickFormat: compact, ticks: all.length <= 5 ? all : 4 }
}

/** A group of bars for each category, a bar for each series, with its value behind it. */
function bars({ title, category, value, bars: all }: BarFigure): Picture {
  const [categories, series] = [[...new Set(all.map((bar) => bar.category))], [...new Set(all.map((bar) => bar.series))]] // prettier-ignore
  const legend = legendOf(series, 'area')
  const names = 6.4 * Math.max(...categories.map((name) => name.length))
  return {
    title,
    legend: series.length > 1 ? legend : undefined,
    plot: (width) => ({
      width,
      height: 56 + categories.length * (16 + 18 * series.length),
      marginLeft: 40 + names,
      marginRight: 52,
      marginTop: 8,
      ...scalesOf(legend),
      x: { label: value, grid: true, zero: true },
      y: { domain: series, axis: null, padding: 0.08 },
      fy: { domain: categories, label: category, padding: 0.2 },
      marks: [
        Plot.barX(all, { x: 'value', y: 'series', fy: 'category', fill: 'series' }),
        Plot.text(all, { x: (bar: { value: number }) => Math.max(0, bar.value), y: 'series', fy: 'category', text: (bar: { value: number }) => digits(bar.value), textAnchor: 'start', dx: 4 }), // prettier-ignore
        Plot.axisFy({ anchor: 'left', label: category, labelOffset: 32 + names }),
        Plot.ruleX([0]),
      ],
    }),
  }
}
