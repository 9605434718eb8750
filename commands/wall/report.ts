/** The findings as text of at most 80 columns. Pure. Layer below: findings.ts, chart.ts, cli-table3. */
import { NO_LINES } from '../sweep/table.ts'
import CliTable from 'cli-table3'
import { drawChart, type Curve } from './chart.ts'
import type { Crossover } from '../../report/crossover.ts'
import type { Findings, GridFindings, LinkFindings, Point } from './findings.ts'
import { describeLimit, type Limit, type Limits } from './limits.ts'
import type { NamedLink, WallSettings } from './plan.ts'

const WIDTH = 80
/** So far beyond what alike hosts can do, a rate is no luck: something disturbed the measurement of one host. */
const BEYOND = 1.1

/** Everything: a table and a paragraph for each link, curves, grids. Local. */
export function formatReport(settings: WallSettings, findings: Findings): string {
  const parts = [
    head(settings, findings),
    ...findings.links.map((link) => linkSection(settings, link)),
    charts(settings, findings),
    gridSection(settings, findings.grids),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function head({ hosts, ranksPerHost, grid, rate, nb, repeat }: WallSettings, { machine }: Findings): string {
  const ranks = `${ranksPerHost} ${ranksPerHost === 1 ? 'rank' : 'ranks'}`
  const speed = rate === undefined ? '' : ` of ${rate} Gflops`
  const best = repeat === 1 ? '' : `, best of ${repeat}`
  const kernels = machine === undefined ? '' : wrapped(`${machine.blas}, on ${machine.cores} cores`)
  return (
    wrapped(
      `Linpack on ${hosts} hosts of ${ranks}${speed} against one such host, ${grid.p}x${grid.q} against 1x${ranksPerHost}, NB=${nb}${best}`,
    ) + kernels
  )
}

function linkSection(settings: WallSettings, { link, points, crossover }: LinkFindings): string {
  const rows = points.map((point) => [
    point.n,
    rate(point.one),
    rate(point.several),
    point.one && point.several ? (point.several / point.one).toFixed(2) : '',
    point.limits === undefined ? '' : percent(point.limits.communication),
    point.limits === undefined ? 'no result' : describeLimit(point.limits),
  ])
  const table = plainTable(['N', 'one host', `${settings.hosts} hosts`, 'ratio', 'comm.', 'what limits it'], rows, 5)
  const texts = [crossoverText(settings, crossover), whyText(points), disturbedText(settings, points)]
  const words = texts.filter((text) => text !== '').join(' ')
  const assumed = settings.hostfile === undefined ? '' : ' (as --link says; measured on the network that is there)'
  return `${link.name}: ${linkText(link)}${assumed}\n${table}${wrapped(words)}`
}

function linkText({ profile }: NamedLink): string {
  const { bytesPerMs, latencyMs } = profile
  const gbits = (bytesPerMs * 8) / 1e6
  const bandwidth =
    gbits < 1 ? `${Number((1000 * gbits).toPrecision(3))} Mbit/s` : `${Number(gbits.toPrecision(3))} Gbit/s`
  return `${bandwidth}, ${Number((1000 * latencyMs).toPrecision(3))} us`
}

function crossoverText({ hosts }: WallSettings, found: Crossover | undefined): string {
  const several = `${hosts} hosts`
  switch (found?.kind) {
    case undefined:
      return ''
    case 'at':
      return `${several} beat one from N = ${Math.round(found.n)} on (interpolated).`
    case 'below':
      return `${several} beat one at every N measured, from ${found.n} on.`
    case 'beyond': {
      const guess = found.towards === undefined ? '' : `; the last two points lead to N = ${roughly(found.towards)}`
      return `${several} do not beat one up to N = ${found.n}${guess}.`
    }
  }
}

/** K alike hosts cannot be more than K times as fast as one. */
function disturbedText({ hosts }: WallSettings, points: readonly Point[]): string {
  const found = points.filter(({ one, several }) => one && several && several / one > BEYOND * hosts)
  if (found.length === 0) return ''
  const where = found.map(({ n }) => n).join(', ')
  return `More than ${hosts} times one host, at N = ${where}, is more than ${hosts} such hosts can do: one host was slower while it was measured, such as by other work on its cores. Measure again, into another file, when nothing else runs.`
}

/** Plain words for the ends of the range, where they differ. */
function whyText(points: readonly Point[]): string {
  const known = points.flatMap(({ n, limits }) => (limits === undefined ? [] : [{ n, limits }]))
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined) return ''
  if (first.limits.limit === last.limits.limit) return `From N = ${first.n} to ${last.n} ${REASON[last.limits.limit]}`
  return `At N = ${first.n} ${REASON[first.limits.limit]} At N = ${last.n} ${REASON[last.limits.limit]}`
}

const REASON: Readonly<Record<Limit, string>> = {
  compute: 'the kernels are the limit: the network is hidden behind them or needs little.',
  panel: 'factoring panels is the limit: many small operations, which more hosts hardly make fewer.',
  bandwidth:
    'the bandwidth is the limit: processes wait while data pass the wire. N^2 data against N^3 work: a larger N helps.',
  latency: 'the latency is the limit: many small messages, each waited for, such as for a pivot of every column.',
  waiting: 'imbalance is the limit: some processes work, such as on a panel, while the rest wait for them.',
}

function charts({ hosts }: WallSettings, { links }: Findings): string {
  const one: Curve = { name: 'one host', points: pointsOf(links[0]?.points ?? [], ({ one }) => one) }
  const rates = links.map(({ link, points }) => ({
    name: link.name,
    points: pointsOf(points, ({ several }) => several),
  }))
  const shares = links.map(({ link, points }) => ({
    name: link.name,
    points: pointsOf(points, ({ limits }) => limits && 100 * limits.communication),
  }))
  const drawn = (curves: readonly Curve[], title: string): string => {
    const full = curves.filter(({ points }) => points.length > 1)
    return full.length === 0 ? '' : `${title}\n${drawChart(full, { width: WIDTH, xLabel: 'N' })}`
  }
  const parts = [
    drawn([one, ...rates], `Gflops: one host, and ${hosts} hosts by link`),
    drawn(shares, `Communication in percent of the time of ${hosts} hosts`),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function pointsOf(points: readonly Point[], of: (point: Point) => number | undefined): [number, number][] {
  return points.flatMap((point) => {
    const y = of(point)
    return y === undefined ? [] : [[point.n, y] as [number, number]]
  })
}

function gridSection({ hosts, gridsN, links }: WallSettings, grids: readonly GridFindings[]): string {
  // prettier-ignore
  if (gridsN === undefined || grids.length === 0) return ''
  const title = `Gflops by grid and mapping, N=${gridsN}, ${hosts} hosts`
  const rows = grids.map(({ p, q, pmap, gflops, crossing }) => [
    `${p}x${q}`,
    p === 1 || q === 1 ? 'either' : pmap,
    ...gflops.map(rate),
    crossingText(crossing),
  ])
  const table = plainTable(
    ['PxQ', 'mapping', ...links.map(({ name }) => name), 'between hosts'],
    rows,
    2 + links.length,
  )
  const words = links.map(({ name }, k) => bestGrid(name, k, grids)).filter((text) => text !== '')
  return `${title}\n${table}${wrapped(words.join(' '))}`
}

function crossingText({ columns, rows }: GridFindings['crossing']): string {
  if (columns && rows) return 'panels, pivots, rows'
  return columns ? 'pivots, rows' : rows ? 'panels' : 'nothing'
}

/** Which grid is best on a link, and what holds the worst back. */
function bestGrid(link: string, k: number, grids: readonly GridFindings[]): string {
  const ranked = grids
    .flatMap((grid) => {
      const [gflops, limits] = [grid.gflops[k], grid.limits[k]]
      return gflops === undefined ? [] : [{ grid, gflops, limits }]
    })
    .sort((a, b) => b.gflops - a.gflops)
  const [best, worst] = [ranked[0], ranked.at(-1)]
  if (best === undefined || worst === undefined || best === worst) return ''
  const reason = worst.limits === undefined ? '' : `, held back by ${nounOf(worst.limits)}`
  return `${link}: ${gridName(best.grid)} is best, ${(best.gflops / worst.gflops).toFixed(1)} times ${gridName(worst.grid)}${reason}.`
}

function gridName({ p, q, pmap }: GridFindings): string {
  return p === 1 || q === 1 ? `${p}x${q}` : `${p}x${q} by ${pmap}`
}

function nounOf({ limit, shares }: Limits): string {
  const noun = { compute: 'the kernels', panel: 'factoring panels', bandwidth: 'bandwidth', latency: 'latency', waiting: 'waiting for others' }[limit] // prettier-ignore
  return `${noun} (${percent(shares[limit])} of the time)`
}

function rate(gflops: number | undefined): string {
  return gflops === undefined ? '' : gflops.toPrecision(3)
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

function roughly(n: number): number {
  return Number(n.toPrecision(2))
}

/** A table without lines; columns are right-aligned but from `left` on. */
function plainTable(columns: readonly string[], rows: readonly (readonly (string | number)[])[], left: number): string {
  const table = new CliTable({
    head: [...columns],
    colAligns: columns.map((_, index) => (index < left ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 2, 'padding-right': 0 },
    chars: NO_LINES,
  })
  table.push(...rows.map((row) => [...row]))
  return `${table.toString().replace(/ +$/gm, '')}\n`
}

/** Words on lines of at most 80 columns. */
function wrapped(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string
    if (line.length + word.length + 1 > WIDTH && line !== '') lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return `${lines.join('\n')}\n`
}
