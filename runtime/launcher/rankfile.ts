/**
 * Rankfiles in Open MPI's syntax: the host of every rank, and the cores that it runs on. All mistakes of a file are reported
 * together, with the line, what was read and what is allowed. Pure.
 */
import type { CoreList } from '../agent/cores.ts'
import { fieldLines, type Field } from './field-lines.ts'
import { UsageError } from './usage-error.ts'

export interface Rankfile {
  /** Name of the host of each rank, out of those that were given. */
  readonly hosts: readonly string[]
  /** Cores of each rank; undefined if the file does not say. */
  readonly cores: readonly (CoreList | undefined)[]
}

/** What a line says. */
interface RankLine {
  readonly where: string
  readonly rank: number
  readonly host: string
  readonly cores: CoreList | undefined
}

const EXPECTED = 'expected "rank N=HOST slot=CORES"'
const MOST_RANKS = 65_536

/**
 * Parses a rankfile: `rank N=HOST slot=CORES` a line, in any order. HOST is one of the job's hosts, or `+nK` for the K-th
 * of them from 0. CORES are numbers of cores such as `0,2-3`, with `SOCKET:` before them numbers in a socket, `*` for all;
 * `;` joins several sockets. Without `slot=` the rank is not bound.
 *
 * @param file name of the file, for messages
 * @param find the full name of a host by how a file calls it, undefined if it is none of the job's
 * @throws UsageError with a line for every mistake
 */
export function parseRankfile(
  text: string,
  file: string,
  { names, find }: { readonly names: readonly string[]; readonly find: (name: string) => string | undefined },
): Rankfile {
  const problems: string[] = []
  const byRank = new Map<number, RankLine>()
  for (const { line, fields } of fieldLines(text, file, problems)) {
    const read = parseLine(fields, `${file}, line ${line}`, problems)
    if (read === undefined) continue
    const host = read.host.startsWith('+') ? names[relative(read.host)] : find(read.host)
    const before = byRank.get(read.rank)
    if (host === undefined) problems.push(`${read.where}: "${read.host}" is none of the hosts ${names.join(', ')}`)
    if (before !== undefined) problems.push(`${read.where}: rank ${read.rank} is placed already, in ${before.where}`)
    byRank.set(read.rank, { ...read, host: host ?? read.host })
  }
  const lines = [...byRank.values()].sort((a, b) => a.rank - b.rank)
  if (problems.length === 0) problems.push(...gaps(lines, file))
  if (problems.length > 0) throw new UsageError(problems)
  return { hosts: lines.map(({ host }) => host), cores: lines.map(({ cores }) => cores) }
}

function parseLine(fields: readonly Field[], where: string, problems: string[]): RankLine | undefined {
  const [word, place, slot, ...more] = fields
  const rank = /^\d+$/.test(place?.key ?? '') ? Number(place?.key) : MOST_RANKS
  const known = word?.key === 'rank' && word.value === undefined && place?.value !== undefined && place.value !== ''
  if (!known || rank >= MOST_RANKS || more.length > 0 || (slot !== undefined && !/^slots?$/.test(slot.key))) {
    const read = fields.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(' ')
    problems.push(`${where}: "${read}" cannot be read; ${EXPECTED}`)
    return undefined
  }
  const cores = slot === undefined ? undefined : parseCoreList(slot.value ?? '')
  if (slot !== undefined && cores === undefined)
    problems.push(
      `${where}: slot=${slot.value ?? ''}: expected cores such as 0,2-3, with their socket 1:0-2, all of a socket 0:*, or 0:1;1:0`,
    )
  return { where, rank, host: (place.value as string).replace(/[[\]]/g, ''), cores }
}

/** Reads `0,2-3`, `1:0-2`, `0:*` or several with `;` between them; undefined if it is none of these. */
export function parseCoreList(text: string): CoreList | undefined {
  const parts = text.split(';').map((part) => {
    const { socket, cores = '' } = /^(?:(?<socket>\d+):)?(?<cores>[^:]*)$/.exec(part)?.groups ?? {}
    const numbers = cores === '*' ? ('all' as const) : parseNumbers(cores)
    return numbers && { ...(socket !== undefined && { socket: Number(socket) }), cores: numbers }
  })
  return parts.every((part) => part !== undefined) ? parts : undefined
}

function parseNumbers(text: string): number[] | undefined {
  const ranges = text.split(',').map((part) => {
    const { first, last = first } = /^(?<first>\d{1,5})(?:-(?<last>\d{1,5}))?$/.exec(part)?.groups ?? {}
    const length = Number(last) - Number(first) + 1
    return length >= 1 ? Array.from({ length }, (_, i) => Number(first) + i) : undefined
  })
  return ranges.every((range) => range !== undefined) ? ranges.flat() : undefined
}

/** K of `+nK`; NaN if it is none. */
function relative(name: string): number {
  return Number(/^\+n(\d+)$/i.exec(name)?.[1] ?? NaN)
}

function gaps(lines: readonly RankLine[], file: string): string[] {
  const most = lines.at(-1)?.rank
  if (most === undefined) return [`${file}: no rank in the file; ${EXPECTED}`]
  const placed = new Set(lines.map(({ rank }) => rank))
  const missing = Array.from({ length: most }, (_, rank) => rank).filter((rank) => !placed.has(rank))
  if (missing.length === 0) return []
  const shown = missing.slice(0, 8).join(', ') + (missing.length > 8 ? ', …' : '')
  return [`${file}: rank ${shown} of 0 to ${most} is not placed`]
}
