/**
 * The findings as one drawing: Gflops over N with the crossovers, the share of communication, and Gflops by grid. Vega
 * lays out and draws it; here is only what it shall show. Layer below: findings.ts, vega.
 */
import type { Spec } from 'vega'
import { vegaSvg } from '../vega-svg.ts'
import type { Findings } from './findings.ts'
import type { WallSettings } from './plan.ts'

const PANEL = { width: 420, height: 260 }

/** The drawing as the text of an SVG file. */
export function drawSvg(settings: WallSettings, findings: Findings): Promise<string> {
  return vegaSvg(describe(settings, findings))
}

/** A number at an order, on a curve. */
interface Datum {
  readonly curve: string
  readonly n: number
  readonly value: number
}

/** The drawing in the words of Vega. Local. */
export function describe(settings: WallSettings, { links, grids, machine }: Findings): Spec {
  const { hosts, gridsN } = settings
  const one = (links[0]?.points ?? []).flatMap(({ n, one }) => (one === undefined ? [] : [{ curve: 'one host', n, value: one }])) // prettier-ignore
  const several = links.flatMap(({ link, points }) =>
    points.flatMap(({ n, several }) => (several === undefined ? [] : [{ curve: link.name, n, value: several }])),
  )
  const shares = links.flatMap(
    ({ link, points }) =>
    points.flatMap(({ n, limits }) => (limits === undefined ? [] : [{ curve: link.name, n, value: limits.communication }])), // prettier-ignore
  )
  const crossings = links.flatMap(({ link: { name }, crossover }, row) =>
    crossover?.kind === 'at'
      ? [{ curve: name, n: crossover.n, text: `${name}: N = ${Math.round(crossover.n)}`, row }]
      : [],
  )
  const bars = grids.flatMap(({ p, q, pmap, gflops }) =>
    gflops.flatMap((value, k) => {
      const grid = p === 1 || q === 1 ? `${p}x${q}` : `${p}x${q} ${pmap}`
      return value === undefined ? [] : [{ grid, curve: links[k]?.link.name ?? '', value }]
    }),
  )
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    padding: 16,
    layout: { padding: 32, columns: 2, bounds: 'full', align: 'each' },
    title: {
      text: `Linpack on ${hosts} hosts against one`,
      subtitle: machine === undefined ? '' : machine.blas,
      anchor: 'start',
      offset: 20,
    },
    scales: [
      {
        name: 'colour',
        type: 'ordinal',
        domain: ['one host', ...links.map(({ link }) => link.name)],
        range: { scheme: 'category10' },
      },
    ],
    marks: [
      curvePanel('gflops', 'Gflops', 'Gflops', [...one, ...several], crossings),
      curvePanel('shares', `Communication in the time of ${hosts} hosts`, '%', shares, []),
      ...(bars.length > 0 ? [barPanel(`Gflops by grid, N = ${gridsN}`, bars)] : []),
    ],
  }
}

type Marks = NonNullable<Spec['marks']>
type Mark = Marks[number]

/** Lines over N, each with a dot where something was measured; a dashed line where several hosts begin to win. */
function curvePanel(
  name: string,
  title: string,
  format: 'Gflops' | '%',
  values: readonly Datum[],
  crossings: readonly object[],
): Mark {
  const at = { x: { scale: 'x', field: 'n' }, y: { scale: 'y', field: 'value' } }
  const colour = { scale: 'colour', field: 'curve' }
  return {
    type: 'group',
    name,
    title: { text: title, anchor: 'start' },
    encode: { update: { width: { value: PANEL.width }, height: { value: PANEL.height } } },
    data: [
      { name: `${name}-points`, values: [...values] },
      { name: `${name}-crossings`, values: [...crossings] },
    ],
    scales: [
      { name: 'x', type: 'linear', domain: { data: `${name}-points`, field: 'n' }, range: [0, PANEL.width], zero: true, nice: true }, // prettier-ignore
      { name: 'y', type: 'linear', domain: { data: `${name}-points`, field: 'value' }, range: [PANEL.height, 0], zero: true, nice: true }, // prettier-ignore
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'N', grid: true },
      { orient: 'left', scale: 'y', grid: true, ...(format === '%' && { format: '%' }) },
    ],
    legends: [{ stroke: 'colour', orient: 'right', values: [...new Set(values.map(({ curve }) => curve))] }],
    marks: [
      {
        type: 'group',
        from: { facet: { name: `${name}-curve`, data: `${name}-points`, groupby: 'curve' } },
        marks: [
          {
            type: 'line',
            from: { data: `${name}-curve` },
            encode: { enter: { ...at, stroke: colour, strokeWidth: { value: 2 } } },
          },
          { type: 'symbol', from: { data: `${name}-curve` }, encode: { enter: { ...at, fill: colour, size: { value: 30 } } } }, // prettier-ignore
        ],
      },
      {
        type: 'rule',
        from: { data: `${name}-crossings` },
        encode: {
          enter: {
            x: at.x,
            y: { value: 0 },
            y2: { value: PANEL.height },
            stroke: colour,
            strokeDash: { value: [4, 4] },
          },
        },
      },
      {
        type: 'text',
        from: { data: `${name}-crossings` },
        encode: {
          // A row for each, from the bottom up: crossings may stand close together. Beside the line, on its roomier side.
          update: {
            x: at.x,
            y: { signal: `${PANEL.height - 8} - 14 * datum.row` },
            dx: { signal: `scale('x', datum.n) > ${PANEL.width / 2} ? -5 : 5` },
            align: { signal: `scale('x', datum.n) > ${PANEL.width / 2} ? 'right' : 'left'` },
            text: { field: 'text' },
            fill: colour,
            fontSize: { value: 11 },
          },
        },
      },
    ],
  }
}

/** A group of bars for each grid, a bar for each link. */
function barPanel(title: string, values: readonly object[]): Mark {
  return {
    type: 'group',
    title: { text: title, anchor: 'start' },
    encode: { update: { width: { value: PANEL.width }, height: { value: PANEL.height } } },
    data: [{ name: 'bars', values: [...values] }],
    scales: [
      { name: 'grid', type: 'band', domain: { data: 'bars', field: 'grid' }, range: [0, PANEL.width], padding: 0.2 },
      { name: 'y', type: 'linear', domain: { data: 'bars', field: 'value' }, range: [PANEL.height, 0], zero: true, nice: true }, // prettier-ignore
    ],
    axes: [
      { orient: 'bottom', scale: 'grid' },
      { orient: 'left', scale: 'y', grid: true },
    ],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'of-grid', data: 'bars', groupby: 'grid' } },
        encode: { enter: { x: { scale: 'grid', field: 'grid' } } },
        signals: [{ name: 'width', update: "bandwidth('grid')" }],
        scales: [{ name: 'link', type: 'band', domain: { data: 'bars', field: 'curve' }, range: 'width' }],
        marks: [
          {
            type: 'rect',
            from: { data: 'of-grid' },
            encode: {
              enter: {
                x: { scale: 'link', field: 'curve' },
                width: { scale: 'link', band: 1 },
                y: { scale: 'y', field: 'value' },
                y2: { scale: 'y', value: 0 },
                fill: { scale: 'colour', field: 'curve' },
              },
            },
          },
        ],
      },
    ],
  }
}
