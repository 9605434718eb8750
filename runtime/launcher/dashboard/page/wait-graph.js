/**
 * The deadlock as a picture: ranks on a circle in the order in which they wait for each other, each under the name of its
 * host, an arrow from each to the one it waits for. A cycle closes; a way to a rank that has ended does not. Whatever comes
 * from the program is set as text. Layer below: none.
 */
/* global document */

const SVG = 'http://www.w3.org/2000/svg'
/** More than this cannot be told apart: then there is the list alone. */
const MOST = 16
const NODE = 26
/** Width of a letter of a label, in pixels. */
const LETTER = 6.6

/**
 * @param {{ kind: string, steps: { rank: number, call: string }[], end: number | null }} deadlock as view.ts describes it
 * @param {(rank: number) => string} hostOf
 * @returns {SVGSVGElement | undefined} nothing if there is no way or too long a one
 */
export function waitGraph({ kind, steps, end }, hostOf) {
  const ranks = steps.map(({ rank }) => rank)
  if (kind === 'ended' && end !== null) ranks.push(end)
  if (ranks.length === 0 || ranks.length > MOST) return undefined
  const places = placesOf(ranks.length)
  const edges = steps.map(({ call }, k) => ({ call, from: places[k], to: places[(k + 1) % ranks.length] }))
  const alone = ranks.length === 1
  const body = [
    ...edges.flatMap((edge) => (alone ? loop(edge) : arrow(edge))),
    ...ranks.flatMap((rank, k) => node(rank, hostOf(rank), places[k], kind === 'ended' && k === ranks.length - 1)),
  ]
  const box = boxOf(places, edges)
  const svg = make('svg', { viewBox: box.join(' '), width: box[2], role: 'img', 'aria-label': inWords(kind, ranks) })
  svg.append(head(), ...body)
  return svg
}

function inWords(kind, ranks) {
  const way = ranks.map((rank) => `rank ${rank}`).join(', which waits for ')
  return kind === 'cycle' ? `${way}, which waits for rank ${ranks[0]} again` : `${way}, which has ended`
}

/** Clockwise from the top; the circle grows so that there is room for labels between neighbours. */
function placesOf(count) {
  if (count === 1) return [{ x: 0, y: 0, angle: -Math.PI / 2 }]
  const radius = Math.max(90, (count * 4 * NODE) / (2 * Math.PI))
  return Array.from({ length: count }, (_, k) => {
    const angle = (2 * Math.PI * k) / count - Math.PI / 2
    return { x: radius * Math.cos(angle), y: radius * Math.sin(angle), angle }
  })
}

/** From the rim of one node to the rim of the next, bent outwards, so that two ranks that wait for each other have two. */
function arrow({ call, from, to }) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const bend = { x: middle.x + 0.22 * dy, y: middle.y - 0.22 * dx }
  const [a, b] = [towards(from, bend, NODE + 3), towards(to, bend, NODE + 7)]
  const path = make('path', { d: `M${a.x},${a.y}Q${bend.x},${bend.y} ${b.x},${b.y}`, class: 'wait' })
  path.setAttribute('marker-end', 'url(#wait-head)')
  return [path, label(call, { x: middle.x + 0.16 * dy, y: middle.y - 0.16 * dx }, dy, -dx)]
}

/** A rank that waits for itself. */
function loop({ call }) {
  const path = make('path', { d: `M-12,${-NODE - 2}C-50,-90 50,-90 14,${-NODE - 6}`, class: 'wait' })
  path.setAttribute('marker-end', 'url(#wait-head)')
  return [path, label(call, { x: 0, y: -82 }, 0, -1)]
}

/** Beside a point, on the side to which (x, y) leads. */
function label(text, { x, y }, towardsX, towardsY) {
  const length = Math.hypot(towardsX, towardsY) || 1
  const [ux, uy] = [towardsX / length, towardsY / length]
  const anchor = ux > 0.3 ? 'start' : ux < -0.3 ? 'end' : 'middle'
  return textAt(text, x + 10 * ux, y + 12 * uy + 4, { class: 'call', 'text-anchor': anchor })
}

function node(rank, host, { x, y }, over) {
  const circle = make('circle', { cx: x, cy: y, r: NODE, class: over ? 'node over' : 'node' })
  const centred = { 'text-anchor': 'middle' }
  return [
    circle,
    textAt(`rank ${rank}`, x, y - 1, { ...centred, class: 'name' }),
    textAt(shortened(host, 9), x, y + 13, { ...centred, class: 'host-name' }),
  ]
}

function shortened(text, letters) {
  return text.length <= letters ? text : `${text.slice(0, letters - 1)}…`
}

/** Left, top, width and height of all, with the labels. */
function boxOf(places, edges) {
  const side = Math.max(60, ...edges.map(({ call }) => LETTER * call.length))
  const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)]
  const [left, top] = [Math.min(...xs) - NODE - side - 16, Math.min(...ys) - NODE - (places.length === 1 ? 80 : 24)]
  return [left, top, Math.max(...xs) + NODE + side + 16 - left, Math.max(...ys) + NODE + 24 - top]
}

/** The point at a distance from one point on the way to another. */
function towards(from, to, distance) {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  return { x: from.x + ((to.x - from.x) * distance) / length, y: from.y + ((to.y - from.y) * distance) / length }
}

/** What ends an arrow. */
function head() {
  const definitions = make('defs', {})
  const marker = make('marker', { id: 'wait-head', viewBox: '0 0 10 10', refX: 6, refY: 5, markerWidth: 7, markerHeight: 7, orient: 'auto' }) // prettier-ignore
  marker.append(make('path', { d: 'M0,0L10,5L0,10z' }))
  definitions.append(marker)
  return definitions
}

function textAt(text, x, y, attributes) {
  const made = make('text', { x, y, ...attributes })
  made.textContent = text
  return made
}

function make(name, attributes) {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  return made
}
