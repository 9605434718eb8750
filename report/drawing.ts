/** Figures as SVG text and as PNG bytes, without a browser. Layer below: compose.ts, linkedom, resvg. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseHTML } from 'linkedom'
import { composeSheet, composeSvg, drawPlot, legendPlot, type Document, type Element } from './compose.ts'
import type { Figure } from './figure.ts'

/** Width of a picture on a page or in a file, on a phone, and of one of several on a sheet. */
export const WIDE = 860
export const NARROW = 360
const ON_SHEET = 500

/** Legend and picture as SVG elements for a page, each with its text alternative. */
export function drawInline(figure: Figure, width: number): string {
  const document = newDocument()
  const parts = partsOf(figure, width, document)
  const plot = parts.at(-1) as Element
  plot.setAttribute('role', 'img')
  plot.setAttribute('aria-label', `${figure.title}. ${figure.summary}`)
  if (parts.length > 1) parts[0]?.setAttribute('aria-hidden', 'true') // its names are in the summary and the tables
  plot.setAttribute('class', `${plot.getAttribute('class') ?? ''} plot`)
  // Pictures grow with the page: what is seen on a projector is large.
  for (const part of parts) part.setAttribute('style', `${part.getAttribute('style') ?? ''}; width: ${(100 * Number(part.getAttribute('width'))) / width}%`) // prettier-ignore
  return parts.map(({ outerHTML }) => outerHTML).join('')
}

/** The figure as the text of an SVG file. */
export function drawSvg(figure: Figure): string {
  const document = newDocument()
  return `${composeSvg(document, { title: figure.title, parts: partsOf(figure, WIDE, document) }).outerHTML}\n`
}

/** Several figures on one sheet, two beside each other, as the text of an SVG file. The same figures give the same text. */
export function drawSheet(title: string, figures: readonly Picture[]): string {
  const document = newDocument()
  const panels = figures.map((one) => ({ title: one.title, parts: partsOf(one, ON_SHEET, document) }))
  return `${composeSheet(document, title, panels, 2).outerHTML}\n`
}

/** What of a figure is drawn. */
export type Picture = Pick<Figure, 'title' | 'legend' | 'plot'>

function partsOf({ legend, plot }: Picture, width: number, document: Document): Element[] {
  const options = { marginBottom: 44, ...plot(width), style: { fontSize: '12px' } }
  return [...(legend === undefined ? [] : [legendPlot(legend, width)]), options].map((one) => drawPlot(one, document))
}

function newDocument(): Document {
  return parseHTML('<!doctype html><html><body></body></html>').document as unknown as Document
}

/** Pixels of a PNG for each pixel of the picture. */
const SCALE = 2

/** Turns SVG text into PNG bytes. The module is WebAssembly, and the fonts come with a package: the same everywhere. */
export async function createRasteriser(): Promise<(svg: string) => Uint8Array> {
  const require = createRequire(import.meta.url)
  const { initWasm, Resvg } = await import('@resvg/resvg-wasm')
  await initWasm(readFileSync(require.resolve('@resvg/resvg-wasm/index_bg.wasm')))
  const fontBuffers = ['400Regular', '700Bold'].map((style) =>
    readFileSync(require.resolve(`@expo-google-fonts/arimo/${style}/Arimo_${style}.ttf`)),
  )
  const options = { fitTo: { mode: 'zoom', value: SCALE }, font: { fontBuffers, defaultFontFamily: 'Arimo' } } as const
  return (svg) => new Resvg(svg, options).render().asPng()
}
