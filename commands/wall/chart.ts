/**
 * Curves as text: lines by asciichart, told apart by strokes and marks, named at their right ends, with x below. No colour, so
 * that a file, a terminal without colour and an eye that sees few are served alike. Layer below: asciichart.
 */
import asciichart from 'asciichart'

export interface Curve {
  readonly name: string
  /** By ascending x; at least one. */
  readonly points: readonly (readonly [x: number, y: number])[]
  /** Computed, not measured. */
  readonly model?: boolean
}

const HEIGHT = 14
/** Digits of the scale, and its stroke. */
const SCALE = 10

/** How curves are told apart without colour: by the strokes of asciichart, and by a mark at each point. */
const STROKES = ['┼┤╶╴─╰╭╮╯│', '┼┤╶╴═╚╔╗╝║', '┼┤╶╴┄╰╭╮╯┆', '┼┤╶╴━┗┏┓┛┃']
const MARKS = ['o', 'x', '+', '*', '#', '@', '%', '&']
/** A model has no points, only a course. */
const MODEL = { strokes: '┼┤╶╴······', mark: '·' }

export interface ChartOptions {
  /** Columns at most. */
  readonly width: number
  /** What x is. */
  readonly xLabel: string
  /** Of x behind the point. */
  readonly digits?: number
  /** A number of the scale. */
  readonly yText?: (y: number) => string
  /** A number below it. */
  readonly xText?: (x: number) => string
  /** Where numbers stand below it, if there is room; default: at even distances. */
  readonly ticks?: readonly number[]
  /** Where the scale begins, unless a value is less; default 0. */
  readonly least?: number
}

/** Draws curves over the same x, each with strokes and a mark of its own. Local. */
export function drawChart(curves: readonly Curve[], options: ChartOptions): string {
  const { width, xLabel, digits = 0, xText = (x) => x.toFixed(digits) } = options
  const styles = stylesOf(curves)
  const names = Math.max(...curves.map(({ name }) => name.length)) + 3
  const columns = Math.max(width - SCALE - names, 16)
  const all = curves.flatMap(({ points }) => points.map(([x]) => x))
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const at = (column: number): number => least + ((most - least) * column) / (columns - 1)
  const series = curves.map(({ points }) => Array.from({ length: columns }, (_, column) => interpolate(points, at(column)))) // prettier-ignore
  const [bottom, top] = [Math.min(options.least ?? 0, ...series.flat()), Math.max(...series.flat())]
  const yText = options.yText ?? ((y: number) => y.toFixed(top < 10 ? 2 : 1))
  const canvas = new Canvas({ min: bottom, max: top, format: (y) => yText(y).padStart(SCALE - 2) })
  const columnOf = (x: number): number => (most === least ? 0 : Math.round(((x - least) / (most - least)) * (columns - 1))) // prettier-ignore
  for (const model of [true, false])
    for (const [index, { points, ...curve }] of curves.entries())
      if ((curve.model ?? false) === model)
        canvas.line(series[index] as number[], (styles[index] as Style).strokes, [
          columnOf(points[0]?.[0] ?? least),
          columnOf(points.at(-1)?.[0] ?? most),
        ])
  for (const [index, { points, model = false }] of curves.entries())
    for (const [x] of model ? [] : points)
      canvas.point(columnOf(x), series[index]?.[columnOf(x)] as number, (styles[index] as Style).mark)
  const ends = curves.map(({ name }, index) => ({ name: `${styles[index]?.mark} ${name}`, row: canvas.row(series[index]?.at(-1) ?? 0) })) // prettier-ignore
  const labels = placeNames(ends)
  const body = canvas.rows.map((row, index) => `${row.join('').padEnd(SCALE + columns)} ${labels.get(index) ?? ''}`.trimEnd()) // prettier-ignore
  const ticks = options.ticks?.map((x) => ({ column: columnOf(x), text: xText(x) }))
  const axis = xAxis(columns, ticks ?? evenly(columns, (column) => xText(at(column))), xLabel)
  return `${[...body, axis].join('\n')}\n`
}

interface Style {
  readonly strokes: string
  readonly mark: string
}

function stylesOf(curves: readonly Curve[]): Style[] {
  let next = 0
  return curves.map(({ model }) => {
    if (model === true) return MODEL
    const index = next++
    return { strokes: STROKES[index % STROKES.length] as string, mark: MARKS[index % MARKS.length] as string }
  })
}

interface Scale {
  readonly min: number
  readonly max: number
  readonly format: (y: number) => string
}

type Symbols = NonNullable<asciichart.PlotConfig['symbols']>

/** Rows of characters, the top one first; asciichart draws one curve at a time, over the same scale. */
class Canvas {
  readonly rows: string[][] = []
  readonly #scale: Scale
  /** Rows and columns with a mark, which stays. */
  readonly #marked = new Set<string>()

  constructor(scale: Scale) {
    this.#scale = scale
  }

  /** Between two columns, where the curve has points. */
  line(values: readonly number[], strokes: string, [from, to]: readonly [number, number]): void {
    const plot = asciichart.plot([...values], { ...this.#scale, height: HEIGHT, symbols: [...strokes] as Symbols })
    for (const [index, row] of plot.split('\n').entries()) {
      const drawn = (this.rows[index] ??= [])
      for (const [column, character] of [...row].entries()) {
        const within = column < SCALE || (column >= SCALE + from && column <= SCALE + to)
        if ((within && character !== ' ') || drawn[column] === undefined) drawn[column] = within ? character : ' '
      }
    }
  }

  point(column: number, value: number, mark: string): void {
    const [row, place] = [this.row(value), SCALE + column]
    if (this.#marked.has(`${row} ${place}`)) return
    this.#marked.add(`${row} ${place}`)
    const drawn = this.rows[row] as string[]
    while (drawn.length < place) drawn.push(' ')
    drawn[place] = mark
  }

  /** The row of a value, as asciichart rounds it, so that a mark lies on its line. */
  row(value: number): number {
    const { min, max } = this.#scale
    const share = max === min ? 1 : HEIGHT / (max - min)
    return this.rows.length - 1 - (Math.round(value * share) - Math.round(min * share))
  }
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
    const at = Math.min(Math.max(row, free), last)
    placed.set(at, name)
    free = at + 1
  }
  return placed
}

interface Tick {
  readonly column: number
  readonly text: string
}

function evenly(columns: number, at: (column: number) => string): Tick[] {
  const count = Math.max(2, Math.floor(columns / 12))
  return Array.from({ length: count }, (_, k) => {
    const column = Math.round(((columns - 1) * k) / (count - 1))
    return { column, text: at(column) }
  })
}

/** Numbers below the columns they belong to, as many as fit. */
function xAxis(columns: number, ticks: readonly Tick[], label: string): string {
  const line = Array<string>(SCALE + columns + 8).fill(' ')
  let free = 0
  for (const { column, text } of ticks) {
    const first = SCALE + column - Math.floor(text.length / 2)
    if (first < free) continue
    line.splice(first, text.length, ...text)
    free = first + text.length + 1
  }
  return `${label.padStart(SCALE - 3)}${line
    .join('')
    .slice(SCALE - 3)
    .trimEnd()}`
}
