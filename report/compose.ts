/**
 * Title, legend and picture as one SVG that stands alone. Works on any DOM: in Node on a small one, in the page on the
 * browser's. Layer below: Observable Plot, figure.ts.
 */
import * as Plot from '@observablehq/plot'
import type { Legend } from './figure.ts'

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
const TITLE_HEIGHT = 34
/** Colours of a file, which has no page around it. */
const INK = '#1b1e23'
const FONT = 'Arimo, "Liberation Sans", Helvetica, Arial, sans-serif'

/** Draws with Plot on a document; the result is one svg element. */
export function drawPlot(options: Plot.PlotOptions, document: Document): Element {
  return Plot.plot({ ...options, document: document as never }) as unknown as Element
}

/** The legend as a picture of its own: names with their colours, in as many columns as fit. */
export function legendPlot({ names, colors, symbols }: Legend, width: number): Plot.PlotOptions {
  const column = 30 + 6.6 * Math.max(...names.map((name) => name.length))
  const columns = Math.max(1, Math.min(names.length, Math.floor(width / column)))
  const rows = Math.ceil(names.length / columns)
  const entries = names.map((name, k) => ({ name, x: k % columns, y: Math.floor(k / columns) }))
  return {
    width,
    height: 20 * rows + 4,
    margin: 0,
    x: { axis: null, domain: [0, width / column], range: [10, width + 10] },
    y: { axis: null, domain: [0, Math.max(1, rows - 1)], range: [12, 12 + 20 * Math.max(1, rows - 1)] },
    color: { domain: [...names], range: [...colors] },
    ...(symbols && { symbol: { domain: [...names] } }),
    marks: [
      Plot.dot(entries, { x: 'x', y: 'y', fill: 'name', r: 5, symbol: symbols ? 'name' : 'square' }),
      Plot.text(entries, { x: 'x', y: 'y', text: 'name', textAnchor: 'start', dx: 11, fontSize: 12 }),
    ],
  }
}

/** One SVG of title, legend and plot, on white. The parts are put into it. */
export function composeSvg(document: Document, title: string, parts: readonly Element[]): Element {
  const sizes = parts.map((part) => ['width', 'height'].map((name) => Number(part.getAttribute(name))) as [number, number]) // prettier-ignore
  const width = Math.max(...sizes.map(([w]) => w)) + 2 * PADDING
  const height = sizes.reduce((sum, [, h]) => sum + h, TITLE_HEIGHT + 2 * PADDING)
  const all: readonly [string, string][] = [['width', String(width)], ['height', String(height)], ['viewBox', `0 0 ${width} ${height}`], ['color', INK], ['font-family', FONT], ['role', 'img'], ['aria-label', title]] // prettier-ignore
  const svg = element(document, 'svg', [['xmlns', SVG], ...all])
  svg.append(element(document, 'rect', [['width', '100%'], ['height', '100%'], ['fill', 'white']])) // prettier-ignore
  const heading = element(document, 'text', [['x', String(PADDING)], ['y', String(PADDING + 14)], ['font-size', '15'], ['font-weight', 'bold'], ['fill', INK]]) // prettier-ignore
  heading.append(title)
  svg.append(heading)
  let y = PADDING + TITLE_HEIGHT
  parts.forEach((part, k) => {
    part.setAttribute('x', String(PADDING))
    part.setAttribute('y', String(y))
    part.setAttribute('font-family', FONT)
    svg.append(part)
    y += (sizes[k] as [number, number])[1]
  })
  return svg
}

function element(document: Document, name: string, attributes: readonly (readonly [string, string])[]): Element {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of attributes) made.setAttribute(key, value)
  return made
}
