/**
 * A timeline that can be zoomed with wheel, fingers, mouse, buttons and keys. d3-zoom keeps the state; after each change
 * the window is drawn anew. Layer below: ../timeline/draw.ts, d3-zoom.
 */
import { select, type Selection } from 'd3-selection'
import { zoom, zoomIdentity, zoomTransform, type D3ZoomEvent, type ZoomBehavior, type ZoomTransform } from 'd3-zoom'
import { drawPlot, type Document as DomDocument } from '../compose.ts'
import { timelinePlot, timeRange, wholeWindow, windowInWords, type Window } from '../timeline/draw.ts'
import type { Trace } from '../timeline/trace.ts'

/** Widths of the pictures that the page holds: drawing.ts. */
const WIDTHS = { wide: 860, narrow: 360 } as const
/** Shortest window, in us. */
const SHORTEST = 2
const STEP = 2

/** What buttons and keys do. */
const KEYS: Readonly<Record<string, string>> = {
  '+': 'in',
  '=': 'in',
  '-': 'out',
  '−': 'out',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  '0': 'all',
  Home: 'all',
}

export class Timeline {
  readonly #figure: HTMLElement
  readonly #trace: Trace
  readonly #whole: Window
  readonly #picture: Selection<HTMLElement, unknown, null, undefined>
  readonly #zoom: ZoomBehavior<HTMLElement, unknown>
  #window: Window
  #frame = 0
  /** The picture that a gesture began on: browsers send the rest of the gesture there, so it stays until the end. */
  #held: SVGSVGElement | undefined

  constructor(figure: HTMLElement, trace: Trace) {
    this.#figure = figure
    this.#trace = trace
    this.#whole = wholeWindow(trace)
    this.#window = this.#whole
    const picture = figure.querySelector<HTMLElement>('.picture') as HTMLElement
    this.#picture = select(picture)
    this.#zoom = zoom<HTMLElement, unknown>()
      .scaleExtent([1, Math.max(1, this.#length / SHORTEST)])
      // The wheel alone scrolls the page.
      .filter((event: Event) => (event instanceof WheelEvent ? event.ctrlKey || event.metaKey : true))
      .on('start', () => (this.#held = this.#drawn().svg))
      .on('zoom', ({ transform }: D3ZoomEvent<HTMLElement, unknown>) => this.#show(transform))
      .on('end', () => this.#release())
    this.#picture.call(this.#zoom)
    picture.addEventListener('keydown', (event) => this.#key(event))
    new ResizeObserver(() => this.#measure()).observe(picture)
  }

  /** Does what a button or a key says. */
  act(action: string): void {
    const [left, right] = this.#axis()
    const step = (right - left) / 4 / zoomTransform(this.#picture.node() as HTMLElement).k
    if (action === 'in') this.#zoom.scaleBy(this.#picture, STEP)
    else if (action === 'out') this.#zoom.scaleBy(this.#picture, 1 / STEP)
    else if (action === 'left') this.#zoom.translateBy(this.#picture, step, 0)
    else if (action === 'right') this.#zoom.translateBy(this.#picture, -step, 0)
    else if (action === 'all') this.#zoom.transform(this.#picture, zoomIdentity)
  }

  get #length(): number {
    return this.#whole.to - this.#whole.from
  }

  #key(event: KeyboardEvent): void {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key]
    if (action === undefined) return
    event.preventDefault()
    this.act(action)
  }

  /** The picture that is shown, of the two that a page has. */
  #drawn(): { readonly svg: SVGSVGElement; readonly width: number } {
    const shown = (['wide', 'narrow'] as const).find((name) => this.#container(name).offsetParent !== null) ?? 'wide'
    const svgs = this.#container(shown).querySelectorAll<SVGSVGElement>('svg.plot')
    return { svg: svgs[svgs.length - 1] as SVGSVGElement, width: WIDTHS[shown] }
  }

  #container(name: string): HTMLElement {
    return this.#figure.querySelector(`.picture > .${name}`) as HTMLElement
  }

  /** Where the time axis begins and ends, in pixels of the screen. */
  #axis(): [number, number] {
    const { svg, width } = this.#drawn()
    const [left, right] = timeRange(width)
    const scale = svg.getBoundingClientRect().width / width
    return [left * scale, right * scale]
  }

  /** The size has changed: the same window is so many pixels wide now. */
  #measure(): void {
    const [left, right] = this.#axis()
    if (right <= left) return
    const [top, bottom] = [-Infinity, Infinity]
    this.#zoom.extent([[left, 0], [right, 1]]).translateExtent([[left, top], [right, bottom]]) // prettier-ignore
    const { from, to } = this.#window
    const k = this.#length / (to - from)
    const x = left + ((from - this.#whole.from) / this.#length) * (right - left)
    this.#zoom.transform(this.#picture, zoomIdentity.translate(left - k * x, 0).scale(k))
  }

  #show(transform: ZoomTransform): void {
    const [left, right] = this.#axis()
    const at = (pixel: number): number =>
      this.#whole.from + (this.#length * (transform.invertX(pixel) - left)) / (right - left)
    this.#window = { from: Math.max(at(left), this.#whole.from), to: Math.min(at(right), this.#whole.to) }
    this.#frame ||= requestAnimationFrame(() => this.#draw())
  }

  #draw(): void {
    this.#frame = 0
    const { svg, width } = this.#drawn()
    const options = timelinePlot(this.#trace, this.#window, width, { live: true })
    const drawn = drawPlot(
      { ...options, style: { fontSize: '12px' } },
      document as unknown as DomDocument,
    ) as unknown as SVGSVGElement
    for (const name of ['role', 'aria-label']) drawn.setAttribute(name, svg.getAttribute(name) ?? '')
    drawn.style.width = svg.style.width
    drawn.classList.add('plot')
    if (svg === this.#held) {
      svg.classList.add('held')
      svg.after(drawn)
    } else svg.replaceWith(drawn)
    const words = this.#figure.querySelector('.window')
    if (words !== null) words.textContent = windowInWords(this.#trace, this.#window)
  }

  #release(): void {
    if (this.#held?.classList.contains('held') === true) this.#held.remove()
    this.#held = undefined
  }
}
