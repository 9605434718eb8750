/**
 * What the page does in a browser: downloads, light and dark, and the timeline that can be zoomed. Invariant: without it
 * the page still shows every figure and table. Layer below: ../compose.ts, ../timeline/draw.ts.
 */
import { composeSvg, type Document as DomDocument, type Element as DomElement } from '../compose.ts'
import type { PageData } from '../page/page.ts'
import type { Trace } from '../timeline/trace.ts'
import { csvOf } from './csv.ts'
import { Timeline } from './timeline.ts'

const { figures } = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData

document.getElementById('theme')?.addEventListener('click', () => {
  const root = document.documentElement
  const dark = root.dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  root.dataset['theme'] = dark === 'dark' ? 'light' : 'dark'
})

for (const [id, { title, tables, live }] of Object.entries(figures)) {
  const figure = document.getElementById(id)
  if (figure === null) continue
  const timeline = live === undefined ? undefined : new Timeline(figure, live as Trace)
  figure.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null
    const { action, table } = button?.dataset ?? {}
    if (action === 'full')
      void (document.fullscreenElement === null ? figure.requestFullscreen() : document.exitFullscreen())
    else if (action === 'svg') save(`${id}.svg`, 'image/svg+xml', svgOf(figure, title))
    else if (action === 'csv') {
      const chosen = tables[Number(table)]
      if (chosen !== undefined) save(tables.length === 1 ? `${id}.csv` : `${id}-${Number(table) + 1}.csv`, 'text/csv', csvOf(chosen)) // prettier-ignore
    } else if (action !== undefined) timeline?.act(action)
  })
}

/** The picture as it is shown now. */
function svgOf(figure: HTMLElement, title: string): string {
  const shown = [...figure.querySelectorAll<SVGSVGElement>('.picture svg')].filter(
    (part) => part.parentElement?.offsetParent !== null && part.parentElement?.closest('svg') === null,
  )
  const parts = shown.map((part) => part.cloneNode(true) as SVGSVGElement)
  for (const part of parts) part.style.width = ''
  return composeSvg(document as unknown as DomDocument, { title, parts: parts as unknown as DomElement[] }).outerHTML
}

function save(name: string, type: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
