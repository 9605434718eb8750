/**
 * The page of `tsmpirun --dashboard`: reads the stream of events that server.ts sends and shows the newest of each. Whatever
 * comes from the program is set as text, never as markup. Layer below: uPlot, which draws the curves.
 */
import { waitGraph } from './wait-graph.js'

/* global uPlot, EventSource, document, matchMedia, ResizeObserver, getComputedStyle */

/** Points of a curve; with more, every other one is dropped, and of those to come as well. */
const MOST_POINTS = 1200
const STATES = { unknown: 'starts', starting: 'starts', computes: 'computes', waits: 'waits', over: 'has ended' }

const byId = (id) => document.getElementById(id)
const cards = new Map()
const rate = curve('rate-plot', ['GFLOPS'])
const traffic = curve('traffic-plot', ['between hosts', 'within hosts'])
let seconds = 0
let over = false

const events = new EventSource('events')
on('job', (job) => {
  for (const [at, gflops] of job.rates) rate.add(at, [gflops])
  if (job.progress !== null) showProgress(job.progress)
  showPicture(job)
})
on('picture', showPicture)
on('progress', (progress) => {
  if (progress.gflops !== undefined) rate.add(progress.seconds, [progress.gflops])
  showProgress(progress)
})
on('deadlock', showDeadlock)
on('stopped', showStopped)
on('end', (end) => {
  over = true
  events.close()
  seconds = end.seconds
  say(`the job has ended with exit code ${end.exitCode} after ${duration(seconds)}; this is its last picture`)
})
events.onerror = () => {
  if (!over) say('the connection to tsmpirun is lost')
}

function on(name, show) {
  events.addEventListener(name, ({ data }) => show(JSON.parse(data)))
}

function say(text) {
  byId('status').textContent = text
  document.title = `tsmpirun: ${text}`
}

function showPicture(picture) {
  seconds = picture.seconds
  const ranks = picture.hosts.flatMap((host) => host.ranks)
  const count = (state) => ranks.filter((rank) => rank.state === state).length
  say(
    `${ranks.length} ranks on ${hosts(picture.hosts.length)}, ${duration(seconds)}: ${count('computes')} compute, ${count('waits')} wait`,
  )
  for (const host of picture.hosts) showHost(host)
  showLinks(picture.links)
}

function hosts(count) {
  return count === 1 ? 'one host' : `${count} hosts`
}

function showHost({ name, ranks }) {
  for (const rank of ranks) {
    const card = cards.get(rank.rank) ?? addCard(name, rank.rank)
    card.item.className = `rank ${rank.state}${card.stuck ? ' stuck' : ''}`
    setText(card.state, STATES[rank.state])
    setText(card.what, rank.text)
    setText(card.peers, rank.waitsFor.length > 0 ? `waits for rank ${rank.waitsFor.join(', ')}` : '')
    card.meter.hidden = rank.communication === null
    card.meter.value = rank.communication ?? 0
    const share =
      rank.communication === null ? '' : `${Math.round(100 * rank.communication)} % of its time in communication`
    card.meter.title = share
    card.meter.setAttribute('aria-label', share)
  }
}

function addCard(host, rank) {
  const item = element('li', 'rank unknown')
  const head = element('div')
  const state = element('b')
  head.append(`rank ${rank} `, state)
  const what = element('div', 'what')
  const peers = element('div', 'what')
  const meter = element('meter')
  item.append(head, what, peers, meter)
  hostList(host).append(item)
  const card = { host, item, state, what, peers, meter, stuck: false }
  cards.set(rank, card)
  return card
}

const lists = new Map()
function hostList(name) {
  const known = lists.get(name)
  if (known !== undefined) return known
  const box = element('div', 'host')
  const title = element('h3')
  title.textContent = name
  const list = element('ul')
  box.append(title, list)
  byId('hosts').append(box)
  lists.set(name, list)
  return list
}

function showLinks(links) {
  if (links.length === 0) return
  byId('links').replaceChildren(
    ...links.map((link) => {
      const row = element('tr')
      for (const text of [link.from, link.to, bytes(link.bytes), `${bytes(link.bytesPerSecond)}/s`]) {
        const cell = element('td')
        cell.textContent = text
        row.append(cell)
      }
      return row
    }),
  )
  const sum = (some) => links.filter(some).reduce((total, link) => total + link.bytesPerSecond, 0) / 1e6
  traffic.add(seconds, [sum(({ from, to }) => from !== to), sum(({ from, to }) => from === to)])
}

function showProgress({ label, share, gflops }) {
  byId('progress').hidden = false
  byId('progress-label').textContent = `${label}: ${(100 * share).toFixed(1)} %`
  byId('progress-bar').value = share
  byId('progress-rate').textContent = gflops === undefined ? '' : `${gflops.toPrecision(4)} GFLOPS`
  if (gflops !== undefined) byId('rate').hidden = false
}

function showDeadlock({ kind, steps, end, report }) {
  const why = {
    cycle: 'Each of these ranks waits for the next:',
    ended: 'These ranks wait for one that has ended:',
    unknown: 'No rank can go on any more:',
  }
  byId('deadlock-why').textContent = why[kind]
  const lines = steps.map(({ rank, text }) => `rank ${rank} waits in ${text}`)
  if (end !== null)
    lines.push(kind === 'cycle' ? `rank ${end}, where the cycle closes` : `rank ${end}, which has ended`)
  byId('deadlock-steps').replaceChildren(
    ...lines.map((line) => {
      const item = element('li')
      item.textContent = line
      return item
    }),
  )
  const picture = waitGraph({ kind, steps, end }, (rank) => cards.get(rank)?.host ?? '')
  byId('deadlock-picture').replaceChildren(...(picture === undefined ? [] : [picture]))
  byId('deadlock-report').textContent = report
  byId('deadlock').hidden = false
  for (const { rank } of steps) markStuck(cards.get(rank))
}

function markStuck(card) {
  if (card === undefined) return
  card.stuck = true
  card.item.classList.add('stuck')
}

function showStopped({ exitCode, message }) {
  if (message === null) return
  const isDeadlock = !byId('deadlock').hidden
  byId('ended').hidden = isDeadlock
  byId('ended').classList.toggle('alarm', exitCode !== 0)
  byId('ended-how').textContent = exitCode === 0 ? 'The job has ended' : `The job was stopped: exit code ${exitCode}`
  byId('ended-message').textContent = message
}

/** A curve over seconds that follows the width of the page and its colours. */
function curve(id, names) {
  const place = byId(id)
  let data = [[], ...names.map(() => [])]
  let plot
  let stride = 1
  let given = 0
  const draw = () => {
    const width = place.clientWidth
    if (width === 0 || data[0].length < 2) return
    plot?.destroy()
    plot = new uPlot(settings(names, width), data, place)
  }
  new ResizeObserver(() => {
    if (plot === undefined) draw()
    else plot.setSize({ width: place.clientWidth, height: plot.height })
  }).observe(place)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
  return {
    add(at, values) {
      if (at <= (data[0].at(-1) ?? -1) || given++ % stride > 0) return
      for (const [index, value] of [at, ...values].entries()) data[index].push(value)
      if (data[0].length === MOST_POINTS) {
        data = data.map((column) => column.filter((_, index) => index % 2 === 0))
        stride *= 2
      }
      if (plot === undefined) draw()
      else plot.setData(data)
    },
  }
}

function settings(names, width) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name)
  const lines = { stroke: colour('--line'), width: 1 }
  const axis = { stroke: colour('--dim'), grid: lines, ticks: lines }
  const strokes = [colour('--curve'), colour('--other-curve')]
  return {
    width,
    height: 180,
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, most > 0 ? 1.1 * most : 1] } },
    axes: [{ ...axis, label: 'seconds', labelSize: 16 }, axis],
    series: [
      { label: 's', value: (_, value) => value?.toFixed(1) ?? '' },
      ...names.map((label, index) => ({
        label,
        stroke: strokes[index],
        width: 2,
        points: { show: false },
        value: (_, value) => value?.toPrecision(4) ?? '',
      })),
    ],
  }
}

function element(name, className = '') {
  const made = document.createElement(name)
  made.className = className
  return made
}

/** Text that is the same is left alone, so that what somebody has marked stays marked. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

function bytes(count) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1)
  return `${(count / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}

function duration(total) {
  const whole = Math.floor(total)
  const minutes = Math.floor(whole / 60)
  return minutes === 0 ? `${whole} s` : `${minutes} min ${whole % 60} s`
}
