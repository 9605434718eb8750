/** A table as CSV (RFC 4180). Layer below: d3-dsv. */
import { csvFormatRows } from 'd3-dsv'
import type { Table } from '../figure.ts'

export function csvOf({ columns, rows }: Pick<Table, 'columns' | 'rows'>): string {
  return `${csvFormatRows([[...columns], ...rows.map((row) => row.map((cell) => String(cell ?? '')))])}\n`
}
