/**
 * Figures of a lab: curves over a number, or bars by category. In the terminal curves are drawn by asciichart and bars
 * are a table by cli-table3; picture.ts draws both into picture.svg. Layer below: wall/chart.ts.
 */
import CliTable from 'cli-table3'
import { drawChart } from '../wall/chart.ts'

/** An axis. */
export interface Axis {
  readonly label: string
  readonly log?: boolean
}

export interface CurveFigure {
  readonly kind: 'curves'
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  /** Points by ascending x. A model is drawn dashed. */
  readonly curves: readonly {
    readonly name: string
    readonly points: readonly (readonly [x: number, y: number])[]
    readonly model?: boolean
  }[]
}

export interface BarFigure {
  readonly kind: 'bars'
  readonly title: string
  /** What the categories are, and what the bars mean. */
  readonly category: string
  readonly value: string
  readonly bars: readonly { readonly category: string; readonly series: string; readonly value: number }[]
}

export type Figure = CurveFigure | BarFigure

/** A figure as text. Local. @param width columns at most */
export function drawFigure(figure: Figure, width: number): string {
  return `${figure.title}\n${figure.kind === 'curves' ? drawCurves(figure, width) : drawBars(figure)}`
}

function drawCurves({ x, y, curves }: CurveFigure, width: number): string {
  const scale = (value: number, { log }: Axis): number => (log ? Math.log2(value) : value)
  const scaled = curves.map(({ name, points, model = false }) => ({
    name,
    model,
    points: points.map(([a, b]) => [scale(a, x), scale(b, y)] as const),
  }))
  const xs = scaled.flatMap(({ points }) => points.map(([a]) => a))
  const texts = {
    ...(x.log === true && { xText: (value: number) => short(2 ** value) }),
    ...(y.log === true && { yText: (value: number) => short(2 ** value) }),
  }
  const digits = Math.max(...xs) - Math.min(...xs) < 10 ? 1 : 0
  return `${y.label} over ${x.label}${logarithmic(x, y)}\n${drawChart(scaled, { width, xLabel: '', digits, ...texts })}`
}

function logarithmic(x: Axis, y: Axis): string {
  if (x.log === true && y.log === true) return ', both logarithmic'
  return x.log === true ? `, ${x.label} logarithmic` : y.log === true ? `, ${y.label} logarithmic` : ''
}

function drawBars({ category, value, bars }: BarFigure): string {
  const series = [...new Set(bars.map((bar) => bar.series))]
  const categories = [...new Set(bars.map((bar) => bar.category))]
  const heads = series.map((name) => (name === '' ? value : name))
  const table = new CliTable({
    head: [category, ...heads],
    colAligns: ['left', ...heads.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
    chars: NO_BORDERS,
  })
  for (const name of categories)
    table.push([
      name,
      ...series.map((one) => short(bars.find((bar) => bar.category === name && bar.series === one)?.value)),
    ])
  return `${series.length > 1 || series[0] !== '' ? `${value}\n` : ''}${table.toString()}\n`
}

const BORDERS =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid'
const NO_BORDERS = { ...Object.fromEntries(BORDERS.split(' ').map((name) => [name, ''])), middle: '  ' }

/** Three digits, but a whole number, such as of bytes, as it is. */
function short(value: number | undefined): string {
  if (value === undefined) return ''
  return String(value >= 1000 ? Math.round(value) : Number(value.toPrecision(3)))
}
