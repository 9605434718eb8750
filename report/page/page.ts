/**
 * The page: every figure with its text, its tables and its data, in one file that asks the network for nothing. Invariant:
 * what the script reads stands in the element `data` as JSON; pictures are there without the script too. Layer below:
 * drawing.ts, hastscript.
 */
import type { Element } from 'hast'
import { toHtml } from 'hast-util-to-html'
import { h } from 'hastscript'
import { drawInline, NARROW, WIDE } from '../drawing.ts'
import { digits, type Cell, type Figure, type Table } from '../figure.ts'
import type { InputFile } from '../inputs.ts'
import { STYLE } from './style.ts'

/** What the page's script finds in the element `data`. */
export interface PageData {
  readonly figures: Readonly<Record<string, Pick<Figure, 'title' | 'tables' | 'legend' | 'live'>>>
}

export interface PageContent {
  readonly title: string
  /** When and by what it was made. */
  readonly origin: string
  readonly files: readonly InputFile[]
  readonly figures: readonly Figure[]
  /** Lines about where it was measured, and what is missing: tests that failed, and the like. */
  readonly remarks: readonly string[]
  readonly script: string
}

/** Nothing may be loaded, from anywhere. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:"

/** The page as the text of an HTML file. */
export function renderPage({ title, origin, files, figures, remarks, script }: PageContent): string {
  const body = h('body', [
    h('a.skip', { href: '#figures' }, 'To the figures'),
    h('header', [
      h('h1', title),
      h('p.soft', origin),
      ...remarks.map((remark) => h('p', remark)),
      h('details', [h('summary', `Made of ${files.length} ${files.length === 1 ? 'file' : 'files'}`), h('ul', files.map(({ name, content }) => h('li', [h('code', name), `: ${content}`])))]),
      h('div.tools', [h('button', { type: 'button', id: 'theme' }, 'Light or dark')]),
    ]),
    h('nav', { ariaLabel: 'Figures' }, [h('ul', figures.map((one) => h('li', [h('a', { href: `#${one.id}` }, one.title)])))]),
    h('main', { id: 'figures' }, figures.map(figureElement)),
    h('script', { type: 'application/json', id: 'data' }, JSON.stringify(dataOf(figures)).replaceAll('<', '\\u003c')),
    h('script', embedded(script)),
  ]) // prettier-ignore
  const head = h('head', [
    h('meta', { charSet: 'utf-8' }),
    h('meta', { httpEquiv: 'Content-Security-Policy', content: POLICY }),
    h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    h('link', { rel: 'icon', href: 'data:,' }),
    h('title', title),
    h('style', STYLE),
  ])
  const options = { allowDangerousHtml: true }
  return `<!doctype html>\n${toHtml(h('html', { lang: 'en' }, [head, body]), options)}\n`
}

/** Nothing within a script may look like the end of its element, or begin a comment. */
function embedded(text: string): string {
  return text.replace(/<(?=!--|\/?script)/gi, '\\u003c')
}

function dataOf(figures: readonly Figure[]): PageData {
  return {
    figures: Object.fromEntries(figures.map(({ id, title, tables, legend, live }) => [id, { title, tables, legend, live }])),
  } // prettier-ignore
}

function figureElement(figure: Figure): Element {
  const { id, title, summary, tables, live } = figure
  const picture = (name: string, width: number) => h(`div.${name}`, [{ type: 'raw' as never, value: drawInline(figure, width) } as never]) // prettier-ignore
  const button = (action: string, label: string, name = label) =>
    h('button', { type: 'button', dataAction: action, ariaLabel: name === label ? undefined : name }, label)
  const zoom = [
    button('in', '+', 'Zoom in'),
    button('out', '−', 'Zoom out'),
    button('left', '←', 'Earlier'),
    button('right', '→', 'Later'),
    button('all', 'Whole run'),
  ]
  return h(`figure${live === undefined ? '' : '.live'}`, { id, ariaLabelledBy: `${id}-title` }, [
    h('h2', { id: `${id}-title` }, title),
    h('figcaption', summary),
    h('div.picture', live === undefined ? {} : { tabIndex: 0, ariaLabel: `${title}; keys + and − zoom, arrows move, 0 shows all`, role: 'group' }, [picture('wide', WIDE), picture('narrow', NARROW)]), // prettier-ignore
    h('div.tools', [
      ...(live === undefined ? [] : zoom),
      button('full', 'Full screen'),
      button('svg', 'SVG'),
      ...csvButtons(tables),
    ]),
    ...(live === undefined ? [] : [h('p.soft.window', { ariaLive: 'polite' }), h('p.soft', 'Drag to move; turn the wheel with Ctrl, pinch or double-click to zoom; or use the keys +, −, ←, → and 0. Point at a bar to see the call.')]), // prettier-ignore
    h('details', [h('summary', 'Data as a table'), ...tables.map(tableElement)]),
  ])
}

function csvButtons(tables: readonly Table[]): Element[] {
  return tables.map(
    ({ title }, index) =>
    h('button', { type: 'button', dataAction: 'csv', dataTable: String(index) }, tables.length === 1 ? 'CSV' : `CSV: ${title}`), // prettier-ignore
  )
}

function tableElement({ title, columns, rows }: Table): Element {
  const head = h('thead', [h('tr', columns.map((name) => h('th', { scope: 'col' }, name)))]) // prettier-ignore
  const body = h('tbody', rows.map((row) => h('tr', row.map(cellElement)))) // prettier-ignore
  const table = h('table', [h('caption', title), head, body])
  return h('div.scroll', { tabIndex: 0, role: 'region', ariaLabel: title }, [table])
}

function cellElement(cell: Cell): Element {
  return typeof cell === 'number' ? h('td.number', digits(cell)) : h('td', cell ?? '')
}
