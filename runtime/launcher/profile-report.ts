/**
 * The profile of a job as text of at most 80 columns: where the ranks' time went, in which calls, from which lines, and
 * who sent how much to whom. Pure.
 */
import Table from 'cli-table3'
import type { ProfileSums, Sum } from '../trace/profile-sums.ts'

const WIDTH = 80
/** Ranks, calls and places listed at most. */
const MOST_RANKS = 16
const MOST_CALLS = 15
const MOST_PLACES = 10
/** Ranks whose amounts without tenths, `1023 KiB`, fit side by side. */
const BLOCK = 8

/** What is known of one rank. */
export interface ProfiledRank {
  readonly rank: number
  readonly host: string
  readonly calls: ReadonlyMap<number, string>
  /** The call, a tab, and the file:line:column. */
  readonly places: ReadonlyMap<number, string>
  /** Undefined if the rank was lost. */
  readonly sums: ProfileSums | undefined
}

/** @param ranks of the whole job, in any order */
export function profileReport(ranks: readonly ProfiledRank[]): string {
  const known = ranks.filter(({ sums }) => sums !== undefined).sort((a, b) => a.rank - b.rank)
  if (known.length === 0) return 'tsmpirun: no rank has left a profile\n'
  const sections = [timeSection(known, ranks.length), callSection(known), placeSection(known), matrixSection(known)]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function timeSection(ranks: readonly ProfiledRank[], size: number): string {
  const totalMs = sum(ranks.map(({ sums }) => sums?.totalMs ?? 0))
  const communicationMs = sum(ranks.map(({ sums }) => sums?.communicationMs ?? 0))
  const shown = ranks.slice(0, MOST_RANKS).map(({ rank, host, sums }) => {
    const { totalMs: total = 0, communicationMs: communication = 0 } = sums ?? {}
    const times = [total - communication, communication].map(secondsText)
    return [String(rank), host, secondsText(total), ...times, percent(communication, total)]
  })
  const missing = size > ranks.length ? `, ${size - ranks.length} of ${size} ranks left none` : ''
  const head = `Profile: ${percent(communicationMs, totalMs)} of the ranks' time in communication${missing}`
  const columns = ['rank', 'host', 'total s', 'application s', 'communication s', 'share']
  return `${head}\n${table(columns, shown, [1])}${more(ranks.length - MOST_RANKS, 'ranks')}`
}

function callSection(ranks: readonly ProfiledRank[]): string {
  const totalMs = sum(ranks.map(({ sums }) => sums?.totalMs ?? 0))
  const calls = merged(ranks, 'calls')
  const rows = calls
    .slice(0, MOST_CALLS)
    .map(({ name, count, ms, nbytes }) => [
      name,
      String(Math.round(count)),
      secondsText(ms),
      percent(ms, totalMs),
      ((ms / count) * 1000).toFixed(1),
      bytesText(nbytes),
    ])
  if (rows.length === 0) return ''
  const columns = ['call', 'count', 'time s', 'share', 'mean us', 'bytes']
  return `Calls\n${table(columns, rows, [0])}${more(calls.length - MOST_CALLS, 'calls')}`
}

function placeSection(ranks: readonly ProfiledRank[]): string {
  const totalMs = sum(ranks.map(({ sums }) => sums?.totalMs ?? 0))
  const places = scaled(merged(ranks, 'places'), merged(ranks, 'calls'))
  const rows = places.slice(0, MOST_PLACES).map(({ name, count, ms }) => {
    const [call = '', place = ''] = name.split('\t')
    return [clip(call, 16), place, String(Math.round(count)), secondsText(ms), percent(ms, totalMs)]
  })
  if (rows.length === 0) return ''
  const columns = ['call', 'at', 'count', 'time s', 'share']
  return `Places\n${table(columns, rows, [0, 1])}${more(places.length - MOST_PLACES, 'places')}`
}

/** In one block if that fits; else amounts lose their tenths, and every 8 ranks above have a block of their own. */
function matrixSection(ranks: readonly ProfiledRank[]): string {
  if (ranks.length < 2) return ''
  const shown = ranks.slice(0, MOST_RANKS)
  const block = (dests: readonly ProfiledRank[], text: (nbytes: number) => string, gap?: number): string => {
    const rows = shown.map(({ rank, sums }) => {
      const sent = new Map(sums?.sent)
      return [String(rank), ...dests.map((dest) => text(sent.get(dest.rank) ?? 0))]
    })
    return table(['', ...dests.map(({ rank }) => String(rank))], rows, [], gap)
  }
  const whole = block(shown, bytesText)
  const starts = shown.map((_, index) => index).filter((index) => index % BLOCK === 0)
  const cut = (gap: number): string[] =>
    starts.map((start) => block(shown.slice(start, start + BLOCK), shortBytesText, gap))
  const blocks = [[whole], cut(2)].find((them) => them.every(isNarrow)) ?? cut(1)
  const left = more(ranks.length - MOST_RANKS, 'ranks')
  return `Bytes sent, from the rank on the left to the rank above\n${blocks.join('\n\n')}${left}`
}

interface NamedSum extends Omit<Sum, 'number'> {
  readonly name: string
}

/** Sums of all ranks by name, longest first. */
function merged(ranks: readonly ProfiledRank[], what: 'calls' | 'places'): NamedSum[] {
  const all = new Map<string, NamedSum>()
  for (const recording of ranks)
    for (const { number, count, nbytes, ms } of recording.sums?.[what] ?? []) {
      const name = recording[what].get(number) ?? 'others'
      const before = all.get(name) ?? { count: 0, nbytes: 0, ms: 0 }
      all.set(name, { name, count: before.count + count, nbytes: before.nbytes + nbytes, ms: before.ms + ms })
    }
  return [...all.values()].sort((a, b) => b.ms - a.ms || b.count - a.count)
}

/** Not every call was looked up: the places of a call are scaled so that they add up to it. */
function scaled(places: readonly NamedSum[], calls: readonly NamedSum[]): NamedSum[] {
  const callOf = ({ name }: NamedSum): string => name.split('\t')[0] as string
  return places
    .map((place) => {
      const siblings = places.filter((other) => callOf(other) === callOf(place))
      const whole = calls.find(({ name }) => name === callOf(place))
      const factor = (what: 'count' | 'ms'): number =>
        (whole?.[what] ?? 0) / Math.max(sum(siblings.map((sibling) => sibling[what])), Number.MIN_VALUE)
      return { ...place, count: place.count * factor('count'), ms: place.ms * factor('ms') }
    })
    .sort((a, b) => b.ms - a.ms)
}

/**
 * @param left columns of text, of which the last is clipped if lines would not fit; all others hold numbers
 * @param gap blanks between columns
 */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[],
  gap = 2,
): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const clipped = left.at(-1)
  const room = WIDTH - sum(widths) - gap * widths.length + (widths[clipped ?? 0] as number)
  const none = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
  const inner = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle']
  const made = new Table({
    head: [...head],
    chars: Object.fromEntries([...none, ...inner].map((place) => [place, ''])),
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': gap - 1 },
    colAligns: head.map((_, column) => (left.includes(column) ? 'left' : 'right')),
  })
  made.push(...rows.map((row) => row.map((text, column) => (column === clipped ? clip(text, room) : text))))
  return made
    .toString()
    .split('\n')
    .map((line) => ` ${line}`.trimEnd())
    .join('\n')
}

function isNarrow(text: string): boolean {
  return text.split('\n').every((line) => line.length <= WIDTH)
}

/** What stands below a list that leaves out so many. */
function more(count: number, what: string): string {
  return count > 0 ? `\n… and ${count} ${what} more` : ''
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

const secondsText = (ms: number): string => (ms / 1000).toFixed(3)
const percent = (part: number, whole: number): string => `${whole > 0 ? ((100 * part) / whole).toFixed(1) : '0.0'} %`

/** The end of a path says more than its beginning. */
function clip(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(1 - width)}`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

function bytesText(nbytes: number): string {
  const power = nbytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(nbytes) / 10), UNITS.length - 1)
  return `${power === 0 ? nbytes : (nbytes / 1024 ** power).toFixed(1)} ${UNITS[power]}`
}

/** From 100 on, the tenth is left out. */
function shortBytesText(nbytes: number): string {
  return bytesText(nbytes).replace(/(\d{3,})\.\d/, '$1')
}
