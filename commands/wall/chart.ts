/** GFLOPS against N as text: lines by asciichart, named at their right ends, with N below. Layer below: asciichart. */
import asciichart from 'asciichart'

export interface Curve {
  readonly name: string
  /** By ascending x; at least one. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

const HEIGHT = 14
/** Digits of the scale, and its stroke. */
const SCALE = 10

/**
 * Draws curves over the same x. Local.
 *
 * @param width columns at most
 * @param xLabel what x is
 * @param digits of x behind the point
 */
export function drawChart(
  curves: readonly Curve[],
  { width, xLabel, digits = 0 }: { width: number; xLabel: string; digits?: number },
): string {
  const names = Math.max(...curves.map(({ name }) => name.length)) + 1
  const columns = Math.max(width - SCALE - names, 16)
  const all = curves.flatMap(({ points }) => points.map(([x]) => x))
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const at = (column: number): number => least + ((most - least) * column) / (columns - 1)
  const series = curves.map(({ points }) => Array.from({ length: columns }, (_, column) => interpolate(points, at(column)))) // prettier-ignore
  const top = Math.max(...series.flat())
  const options = { height: HEIGHT, min: 0, max: top, format: (y: number) => y.toFixed(top < 10 ? 2 : 1).padStart(SCALE - 2) } // prettier-ignore
  const rows = asciichart.plot(series, options).split('\n')
  const labels = placeNames(
    curves.map(({ name }, index) => ({ name, row: HEIGHT - ((series[index]?.at(-1) ?? 0) / top) * HEIGHT })),
  )
  const body = rows.map((row, index) => `${row.padEnd(SCALE + columns)} ${labels.get(index) ?? ''}`.trimEnd())
  return `${[...body, xAxis(columns, (column) => at(column).toFixed(digits), xLabel)].join('\n')}\n`
}

/** The curve at x; outside its points nothing is known, and the nearest is shown. */
function interpolate(points: Curve['points'], x: number): number {
  const right = points.findIndex(([other]) => other >= x)
  if (right === 0 || points.length === 1) return points[0]?.[1] ?? 0
  if (right < 0) return points.at(-1)?.[1] ?? 0
  const [[x0, y0], [x1, y1]] = [points[right - 1], points[right]] as [[number, number], [number, number]]
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0)
}

/** Each name in a row of its own, as near as may be to the end of its curve, in the order of the ends. */
function placeNames(ends: readonly { readonly name: string; readonly row: number }[]): Map<number, string> {
  const sorted = [...ends].sort((a, b) => a.row - b.row)
  const placed = new Map<number, string>()
  let free = 0
  for (const [index, { name, row }] of sorted.entries()) {
    const last = HEIGHT - (sorted.length - 1 - index)
    const at = Math.min(Math.max(Math.round(row), free), last)
    placed.set(at, name)
    free = at + 1
  }
  return placed
}

/** Numbers below the columns they belong to, as many as fit. */
function xAxis(columns: number, at: (column: number) => string, label: string): string {
  const count = Math.max(2, Math.floor(columns / 12))
  const line = Array<string>(SCALE + columns + 8).fill(' ')
  for (let k = 0; k < count; k++) {
    const column = Math.round(((columns - 1) * k) / (count - 1))
    const text = at(column)
    const first = SCALE + column - Math.floor(text.length / 2)
    line.splice(first, text.length, ...text)
  }
  return `${label.padStart(SCALE - 2)}${line
    .join('')
    .slice(SCALE - 2)
    .trimEnd()}`
}
