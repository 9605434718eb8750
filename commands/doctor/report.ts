/** The doctor's report as text, within 80 columns. Layer below: cli-table3. */
import CliTable from 'cli-table3'
import type { Examined, Links, Matrix } from './facts.ts'
import type { Finding } from './findings.ts'

const WIDTH = 80
/** Columns of a matrix beside each other. */
const COLUMNS = 7

/** Stands where there is no value. */
const UNKNOWN = 'x'

/** @param names hosts of the links, in order */
export function reportText(
  examined: readonly Examined[],
  names: readonly string[],
  links: Links | undefined,
  findings: readonly Finding[],
): string {
  const parts = [hostTable(examined) + versionLine(examined)]
  if (links !== undefined) {
    const number = names.map((name, index) => `${index} = ${name}`).join(', ')
    parts.push(
      folded(`Links; rows send, columns receive: ${number}`, ''),
      matrixTable('latency, us (8 bytes, one way)', links.latencyUs),
      matrixTable('latency under load, us', links.loadedLatencyUs),
      matrixTable('bandwidth, MB/s (1 MiB)', links.bandwidthMBps),
      matrixTable('bandwidth when all send, MB/s', links.loadedBandwidthMBps),
      folded(
        `Clocks against that of ${names[0]}, ms: ${links.clockMs.map((ms) => ms?.toFixed(1) ?? UNKNOWN).join('  ')}`,
        '',
      ),
      ...(isPartial(links.latencyUs) ? [`${UNKNOWN}: not measured, see below`] : []),
    )
  }
  const lines = findings.map(({ kind, text }) => folded(`${kind}: ${text}`, '  '))
  parts.push(lines.length === 0 ? 'Nothing to remark.' : lines.join('\n'))
  return `${parts.join('\n\n')}\n`
}

function hostTable(examined: readonly Examined[]): string {
  const rows = examined.flatMap((one) => {
    if ('failure' in one) return [[shortened(one.host), 'failed', '', '', '', '', '', '']]
    const { facts } = one
    const memory = `${facts.freeGiB.toFixed(0)}/${facts.memoryGiB.toFixed(0)}`
    const { node, cores, load, blas, gflops } = facts
    const cut = blas.split(' ').slice(0, 2).join(' ').slice(0, 15)
    return [
      [
        shortened(one.host),
        `${one.seconds.toFixed(1)} s`,
        node,
        `${cores}`,
        `${memory}`,
        cut,
        `${gflops.toFixed(1)}`,
        load.toFixed(1),
      ],
    ]
  })
  return plainTable(['host', 'start', 'Node', 'cores', 'GiB', 'BLAS', 'Gflops', 'load'], rows)
}

/** All hosts have the version of the one that asks: others do not start. */
function versionLine(examined: readonly Examined[]): string {
  const systems = new Set(examined.flatMap((one) => ('facts' in one ? [one.facts.platform] : [])))
  const one = examined.find((one) => 'facts' in one)
  return one === undefined ? '' : `\n\ntsmpi ${one.facts.tsmpi} on ${[...systems].join(' and ')}`
}

/** Long names stand in full below, where it matters. */
function shortened(host: string): string {
  return host.length <= 14 ? host : `${host.slice(0, 13)}…`
}

/** In blocks of columns, so that many hosts fit. */
function matrixTable(title: string, matrix: Matrix): string {
  const blocks: string[] = [title]
  for (let first = 0; first < matrix.length; first += COLUMNS) {
    const columns = matrix.map((_, index) => index).slice(first, first + COLUMNS)
    const rows = matrix.map((row, index) => [
      `${index}`,
      ...columns.map((column) => (column === index ? '-' : cell(row[column]))),
    ])
    blocks.push(plainTable(['', ...columns.map(String)], rows))
  }
  return blocks.join('\n')
}

function isPartial(matrix: Matrix): boolean {
  return matrix.some((row, index) => row.some((value, column) => value === null && column !== index))
}

function cell(value: number | null | undefined): string {
  if (value == null) return UNKNOWN
  return value < 100 ? value.toFixed(1) : value.toFixed(0)
}

function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new CliTable({
    head: [...head],
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(
      ['top', 'bottom', 'left', 'right', 'mid', 'middle'].flatMap((side) =>
        ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
      ),
    ),
  })
  for (const row of rows) table.push([...row])
  return table.toString().replace(/ +$/gm, '')
}

/** Lines of at most 80 columns; what continues a line that is indented by itself stays so. */
function folded(text: string, indent: string): string {
  return text
    .split('\n')
    .map((line) => {
      const own = /^ */.exec(line)?.[0] ?? ''
      return line.replace(new RegExp(`(.{1,${WIDTH - 4}})(?: +|$)`, 'g'), `$1\n${indent}${own}`).trimEnd()
    })
    .join(`\n${indent}`)
}
