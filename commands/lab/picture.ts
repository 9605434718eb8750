/** Figures as one SVG drawing, panels beside each other. Vega lays out and draws. Layer below: figures.ts, vega. */
import type { Spec } from 'vega'
import { vegaSvg } from '../vega-svg.ts'
import type { BarFigure, CurveFigure, Figure } from './figures.ts'

const PANEL = { width: 380, height: 240 }
type Mark = NonNullable<Spec['marks']>[number]

/** The text of an SVG file. The same figures give the same text. */
export function drawPicture(title: string, figures: readonly Figure[]): Promise<string> {
  return vegaSvg(describe(title, figures))
}

/** The drawing in the words of Vega. Local. */
export function describe(title: string, figures: readonly Figure[]): Spec {
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    padding: 16,
    layout: { padding: 32, columns: 2, bounds: 'full', align: 'each' },
    title: { text: title, anchor: 'start' },
    marks: figures.map((figure, index) =>
      figure.kind === 'curves' ? curvePanel(figure, `f${index}`) : barPanel(figure, `f${index}`),
    ),
  }
}

function curvePanel({ title, x, y, curves }: CurveFigure, name: string): Mark {
  const values = curves.flatMap(({ name, points, model = false }) =>
    points.map(([x, y]) => ({ curve: name, x, y, model })),
  )
  const at = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }
  const colour = { scale: `${name}-colour`, field: 'curve' }
  const dash = { signal: `datum.model ? [5, 4] : [1, 0]` }
  return {
    ...panel(title),
    name,
    data: [{ name: `${name}-points`, values }],
    scales: [
      scale('x', `${name}-points`, [0, PANEL.width], x.log === true),
      scale('y', `${name}-points`, [PANEL.height, 0], y.log === true),
      { name: `${name}-colour`, type: 'ordinal', domain: curves.map(({ name }) => name), range: { scheme: 'category10' } }, // prettier-ignore
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: x.label, grid: true },
      { orient: 'left', scale: 'y', title: y.label, grid: true },
    ],
    legends: [{ stroke: `${name}-colour`, orient: 'right' }],
    marks: [
      {
        type: 'group',
        from: { facet: { name: `${name}-curve`, data: `${name}-points`, groupby: 'curve' } },
        marks: [
          { type: 'line', from: { data: `${name}-curve` }, encode: { enter: { ...at, stroke: colour, strokeDash: dash } } }, // prettier-ignore
          {
            type: 'symbol',
            from: { data: `${name}-curve` },
            encode: { enter: { ...at, fill: colour, size: { signal: 'datum.model ? 0 : 30' } } },
          },
        ],
      },
    ],
  }
}

function scale(name: 'x' | 'y', data: string, range: readonly [number, number], log: boolean) {
  const domain = { data, field: name }
  const wide = { name, domain, range: [...range], nice: true }
  return log ? { ...wide, type: 'log' as const } : { ...wide, type: 'linear' as const, zero: true }
}

/** A group of bars for each category, a bar for each series. */
function barPanel({ title, category, value, bars }: BarFigure, name: string): Mark {
  const series = [...new Set(bars.map((bar) => bar.series))]
  return {
    ...panel(title),
    name,
    data: [{ name, values: [...bars] }],
    scales: [
      { name: 'category', type: 'band', domain: { data: name, field: 'category' }, range: [0, PANEL.width], padding: 0.2 }, // prettier-ignore
      { name: 'y', type: 'linear', domain: { data: name, field: 'value' }, range: [PANEL.height, 0], zero: true, nice: true }, // prettier-ignore
      { name: `${name}-colour`, type: 'ordinal', domain: series, range: { scheme: 'category10' } },
    ],
    axes: [
      { orient: 'bottom', scale: 'category', title: category },
      { orient: 'left', scale: 'y', title: value, grid: true },
    ],
    ...(series.length > 1 && { legends: [{ fill: `${name}-colour`, orient: 'right' }] }),
    marks: [
      {
        type: 'group',
        from: { facet: { name: `${name}-of`, data: name, groupby: 'category' } },
        encode: { enter: { x: { scale: 'category', field: 'category' } } },
        signals: [{ name: 'width', update: "bandwidth('category')" }],
        scales: [{ name: 'series', type: 'band', domain: series, range: 'width' }],
        marks: [
          {
            type: 'rect',
            from: { data: `${name}-of` },
            encode: {
              enter: {
                x: { scale: 'series', field: 'series' },
                width: { scale: 'series', band: 1 },
                y: { scale: 'y', field: 'value' },
                y2: { scale: 'y', value: 0 },
                fill: { scale: `${name}-colour`, field: 'series' },
              },
            },
          },
        ],
      },
    ],
  }
}

function panel(title: string) {
  return {
    type: 'group' as const,
    title: { text: title, anchor: 'start' as const },
    encode: { update: { width: { value: PANEL.width }, height: { value: PANEL.height } } },
  }
}
