/**
 * Title, legend and picture as one SVG that stands alone. Works on any DOM: in Node on a small one, in the page on the
 * browser's. Layer below: Observable Plot, figure.ts.
 */
import * as Plot from '@observablehq/plot'
import { scalesOf, type Legend, type LegendMark } from './figure.ts'

/** What is used of an element. */
export interface Element {
  getAttribute(name: string): string | null
  setAttribute(name: string, value: string): void
  append(...children: (Element | string)[]): void
  cloneNode(deep: boolean): unknown
  readonly outerHTML: string
}

/** What is used of a document. */
export interface Document {
  createElementNS(namespace: string, name: string): Element
}

const SVG = 'http://www.w3.org/2000/svg'
const PADDING = 16
/** Width of a sheet with nothing but a title. */
const LEAST = 480
/** Colours of a file, which has no page around it. */
const INK = '#1b1e23'
const FONT = 'Arimo, "Liberation Sans", Helvetica, Arial, sans-serif'

/** Draws with Plot on a document; the result is one svg element. */
export function drawPlot(options: Plot.PlotOptions, document: Document): Element {
  return Plot.plot({ ...options, document: document as never }) as unknown as Element
}

/** Strokes of lines that differ by more than their colour. */
export const DASHES = { line: 'none', dashed: '7 4', dotted: '1.5 4' } as const

/** The legend as a picture of its own: names behind what stands for them, in as many rows as they need. */
export function legendPlot(legend: Legend, width: number): Plot.PlotOptions {
  const entries = entriesOf(legend, width)
  const of = (...marks: LegendMark[]) => entries.filter(({ mark }) => marks.includes(mark))
  const at = { x: 'x', y: 'y', fill: 'name' }
  const rows = Math.max(...entries.map(({ row }) => row)) + 1
  return {
    width,
    height: ROW * rows + 4,
    margin: 0,
    x: { axis: null, type: 'identity' },
    y: { axis: null, type: 'identity' },
    ...scalesOf(legend),
    marks: [
      ...Object.entries(DASHES).map(([mark, strokeDasharray]) =>
        Plot.link(of(mark as LegendMark), { x1: ({ x }: Entry) => x - 11, x2: ({ x }: Entry) => x + 11, y1: 'y', y2: 'y', stroke: 'name', strokeWidth: 2, strokeDasharray }),
      ),
      Plot.link(of('symbol'), { x1: ({ x }: Entry) => x - 11, x2: ({ x }: Entry) => x + 11, y1: 'y', y2: 'y', stroke: 'name', strokeWidth: 2 }),
      Plot.dot(of('symbol'), { ...at, symbol: 'name', r: 4 }),
      Plot.dot(of('dot'), { ...at, r: 4 }),
      Plot.dot(of('area'), { ...at, r: 6, symbol: 'square' }),
      Plot.text(entries, { x: 'x', y: 'y', text: 'name', textAnchor: 'start', dx: 16, fontSize: 12 }),
    ],
  } // prettier-ignore
}

interface Entry {
  readonly name: string
  readonly mark: LegendMark
  readonly row: number
  /** Middle of what stands for the name, in pixels. */
  readonly x: number
  readonly y: number
}

/** Height of a row, and widths of a letter and of all beside the name, in pixels. */
const [ROW, LETTER, BESIDE] = [20, 6.4, 44] as const

/** Places one name after the other, as words in a text. */
function entriesOf({ names, marks }: Legend, width: number): Entry[] {
  let [row, left] = [0, 0]
  return names.map((name, index) => {
    const needed = BESIDE + LETTER * name.length
    if (left > 0 && left + needed > width) [row, left] = [row + 1, 0]
    const entry = { name, mark: marks[index] as LegendMark, row, x: left + 13, y: ROW * row + 12 }
    left += needed
    return entry
  })
}

/** What stands under one title. */
export interface Panel {
  readonly title: string
  readonly parts: readonly Element[]
}

/** One SVG of title, legend and plot, on white. The parts are put into it. */
export function composeSvg(document: Document, panel: Panel): Element {
  return arrange(document, panel, { padding: PADDING, columns: 1, size: 15 })
}

/** One SVG of a title and several panels below it, in rows of so many. The parts are put into it. */
export function composeSheet(document: Document, title: string, panels: readonly Panel[], columns: number): Element {
  const parts = panels.map((panel) => arrange(document, panel, { padding: 0, columns: 1, size: 14 }))
  return arrange(document, { title, parts }, { padding: PADDING, columns, size: 18 })
}

interface Arrangement {
  /** Around all, in pixels; beside each other parts are twice as far apart. */
  readonly padding: number
  readonly columns: number
  /** Of the title's letters, in pixels. */
  readonly size: number
}

function arrange(document: Document, { title, parts }: Panel, { padding, columns, size }: Arrangement): Element {
  const widest = Math.max(parts.length > 0 ? 0 : LEAST, ...parts.map((part) => sizeOf(part).width))
  const beside = Math.max(1, Math.min(columns, parts.length))
  const width = beside * (widest + 2 * padding)
  const svg = element(document, 'svg', { xmlns: SVG, color: INK, 'font-family': FONT, role: 'img', 'aria-label': title }) // prettier-ignore
  svg.append(element(document, 'rect', { width: '100%', height: '100%', fill: 'white' }))
  const lines = linesOf(title, (width - 2 * padding) / (0.56 * size))
  for (const [k, line] of lines.entries()) {
    const heading = element(document, 'text', { x: padding, y: padding + size + 1.3 * size * k, 'font-size': size, 'font-weight': 'bold', fill: INK }) // prettier-ignore
    heading.append(line)
    svg.append(heading)
  }
  let top = padding + Math.round(1.3 * size * lines.length) + 8
  for (let first = 0; first < parts.length; first += columns) {
    const row = parts.slice(first, first + columns)
    for (const [k, part] of row.entries()) {
      setAll(part, { x: padding + k * (widest + 2 * padding), y: top, 'font-family': FONT })
      svg.append(part)
    }
    top += Math.max(...row.map((part) => sizeOf(part).height)) + (columns > 1 ? padding : 0)
  }
  setAll(svg, { width, height: top + padding, viewBox: `0 0 ${width} ${top + padding}` })
  return svg
}

/** Words in lines of so many letters. */
function linesOf(text: string, letters: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim()
    if (longer.length <= letters || lines.at(-1) === '') lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

function sizeOf(part: Element): { readonly width: number; readonly height: number } {
  return { width: Number(part.getAttribute('width')), height: Number(part.getAttribute('height')) }
}

type Attributes = Readonly<Record<string, string | number>>

function element(document: Document, name: string, attributes: Attributes): Element {
  const made = document.createElementNS(SVG, name)
  setAll(made, attributes)
  return made
}

function setAll(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
}
