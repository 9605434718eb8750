/**
 * What a figure is: a picture described in the words of Observable Plot, with its data as tables and its content as a
 * sentence. Invariant: whatever a picture shows, a table has too. Layer below: Observable Plot (types).
 */
import type { PlotOptions } from '@observablehq/plot'

export interface Figure {
  /** Name in links and of files: lower case, digits and dashes. */
  readonly id: string
  readonly title: string
  /** What there is to see, in a sentence or two: the text alternative of the picture. */
  readonly summary: string
  readonly tables: readonly Table[]
  /** Names with their colours, shown above the picture. */
  readonly legend: Legend | undefined
  /** The picture at a width in pixels; below 500 it is for a phone. */
  plot(width: number): PlotOptions
  /** What the page's script needs to draw it anew, if it can be zoomed. */
  readonly live?: unknown
}

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** Undefined is an empty cell. */
export type Cell = string | number | undefined

export interface Legend {
  readonly names: readonly string[]
  readonly colors: readonly string[]
  /** How each looks in the picture. A symbol is one of its own for each name. */
  readonly marks: readonly LegendMark[]
}

export type LegendMark = 'area' | 'dot' | 'symbol' | 'line' | 'dashed' | 'dotted'

/** Distinguishable on light and on dark ground, and for most colour-blind readers; Observable's categorical colours. */
export const PALETTE = [
  '#4269d0', '#e28b00', '#ff5c49', '#3fa7ad', '#3ca951', '#e8669a', '#a463f2', '#5c93d8', '#9c6b4e', '#8a94a3',
] as const // prettier-ignore

/** The first colours for some names, again from the first if there are more names; all look alike. */
export function legendOf(names: readonly string[], mark: LegendMark): Legend {
  const colors = names.map((_, index) => PALETTE[index % PALETTE.length] as string)
  return { names, colors, marks: names.map(() => mark) }
}

/** The scales of a picture that go with a legend. Local. */
export function scalesOf({ names, colors, marks }: Legend): Pick<PlotOptions, 'color' | 'symbol'> {
  const color = { domain: [...names], range: [...colors] }
  const symbols = names.filter((_, index) => marks[index] === 'symbol')
  return symbols.length > 0 ? { color, symbol: { domain: symbols } } : { color }
}

/** A number for people: four digits in tables, three in sentences. Local. */
export function digits(value: number, precision = 4): string {
  if (!Number.isFinite(value)) return ''
  return Number(value.toPrecision(precision)).toLocaleString('en-US', { maximumFractionDigits: 6, useGrouping: false })
}

/** A number for an axis: thousands and millions are letters. Local. */
export function compact(value: number): string {
  return Math.abs(value) < 1000 ? digits(value) : value.toLocaleString('en-US', { notation: 'compact' })
}

/** Part of one as per cent, in two digits. Local. */
export function percent(part: number): string {
  return `${digits(100 * part, Math.abs(part) < 0.995 ? 2 : 3)} %`
}

/** The middle of some numbers. Local. @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/** Items under the key of each, in the order of their first. Local. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** The item with the highest value. Local. @param items at least one */
export function best<T>(items: readonly T[], of: (item: T) => number): T {
  return items.reduce((most, item) => (of(item) > of(most) ? item : most))
}
