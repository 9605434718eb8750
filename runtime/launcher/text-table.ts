/** Tables for terminals: 80 columns at most, without lines between rows. */
import CliTable from 'cli-table3'

const PAGE_COLUMNS = 80
/** A space on each side of a cell. */
const PADDING = 2

/**
 * Rows under a heading, with a line break at the end. A column is as wide as it needs, up to its limit; the last takes what
 * is left of the page. Cells that are longer are wrapped.
 *
 * @param limits most characters of each column but the last
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  limits: readonly number[],
): string {
  const needed = head.map((title, column) => {
    const lines = rows.flatMap((row) => row[column]?.split('\n') ?? [])
    return PADDING + Math.max(title.length, ...lines.map(({ length }) => length))
  })
  const first = limits.map((most, column) => Math.min(most + PADDING, needed[column] as number))
  const left = PAGE_COLUMNS - (head.length + 1) - first.reduce((sum, width) => sum + width, 0)
  const table = new CliTable({
    head: [...head],
    colWidths: [...first, Math.min(left, needed.at(-1) as number)],
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: [], border: [], compact: true },
  })
  table.push(...rows.map((row) => [...row]))
  return `${table.toString()}\n`
}
