/**
 * The parsed form of a host, and the parsers of hostfiles and host lists: Open MPI's lines, Hydra's `host:4`, and settings of
 * ours. All mistakes of a source are reported together, with the line, what was read and what is allowed. Pure.
 */
import { isIP, isIPv6 } from 'node:net'
import { fieldLines, type Field } from './field-lines.ts'
import { UsageError } from './usage-error.ts'

/** Ports to listen on, both ends included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** What a hostfile can say of a host besides its name and slots; what it does not say is absent. */
export interface HostSettings {
  /** Node's program there: a path, or a name that the shell there finds. Absent: the path of the launcher's own. */
  readonly nodePath?: string
  /** Folder of the tsmpi package there. Absent: the path that it has here. */
  readonly programDirectory?: string
  /** Working directory of the ranks there. Absent: that of the job. */
  readonly wdir?: string
  /** Where to listen for other hosts: name of an interface, an address, or a network such as 10.0.0.0/8. */
  readonly interface?: string
  /** Ports to listen on for other hosts. Absent: the system chooses. */
  readonly ports?: PortRange
  /** Speed of a core, compared with those of the other hosts. Absent: 1. */
  readonly speed?: number
  /** Part of its speed that the job makes it compute at; no field of the hostfile (slow-hosts.ts). Absent: all. */
  readonly pace?: number
}

const SETTING_NAMES = {
  nodePath: 'node',
  programDirectory: 'tsmpi',
  wdir: 'wdir',
  interface: 'interface',
  ports: 'ports',
  speed: 'speed',
  pace: 'slow-host',
} as const satisfies Record<keyof HostSettings, string>

/** All settings. */
export const SETTINGS = Object.keys(SETTING_NAMES) as readonly (keyof HostSettings)[]

/** A setting as the hostfile has it; empty if nothing is said. */
export function settingText(settings: HostSettings, key: keyof HostSettings): string {
  const value = settings[key]
  if (value === undefined) return ''
  return `${SETTING_NAMES[key]}=${typeof value === 'object' ? `${value.first}-${value.last}` : value}`
}

export interface Host extends HostSettings {
  /** As given: a name or address, or user@name; an IPv6 address without its brackets. */
  readonly name: string
  /** Ranks that it takes before the next host's turn; undefined if not said: as many as it has cores. */
  readonly slots: number | undefined
  /** Ranks that it must never exceed. Absent: no limit. */
  readonly maxSlots?: number
}

/** The hosts of a source. */
export interface HostList {
  /** Each once, in the order in which they are named first. */
  readonly hosts: readonly Host[]
  /** Their names, once for every time they are named: what `--map-by seq` follows. */
  readonly order: readonly string[]
}

/** A host as one line or word names it, and where that is. */
interface Entry {
  readonly where: string
  readonly host: Host
}

/** A host that a source excludes, and where. */
export interface Exclusion {
  readonly where: string
  readonly name: string
}

// Neither part may begin with a dash: the start command would take it for an option.
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/
/** user@, then [IPv6] or a name, then :SLOTS. */
const HOST = /^(?:(?<user>[^@]*)@)?(?:\[(?<address>[^\]]*)\]|(?<name>[^:[\]]*))(?::(?<slots>.*))?$/

/** Most slots of a host, and most ranks of a job. */
const MOST_SLOTS = 65_536

/**
 * Parses a hostfile: a host a line, `name`, `name slots=4 max_slots=8` or `name:4`, with fields of Open MPI and of ours, and
 * comments. A host named again adds its slots. `^name` excludes a host. docs/hosts.md lists the fields.
 *
 * @param file name of the file, for messages
 * @throws UsageError with a line for every mistake
 */
export function parseHostfile(text: string, file: string): HostList {
  const problems: string[] = []
  const entries: Entry[] = []
  const excluded: Exclusion[] = []
  for (const { line, fields } of fieldLines(text, file, problems)) {
    const where = `${file}, line ${line}`
    const [{ key, value }, ...rest] = fields as [Field, ...Field[]]
    const host = value === undefined ? parseName(key.replace(/^\^/, ''), where, problems) : undefined
    if (value !== undefined)
      problems.push(`${where}: "${key}=${value}" stands where a host is expected, such as "node1 slots=4"`)
    if (host === undefined) continue
    if (key.startsWith('^')) excluded.push({ where, name: host.name })
    else entries.push({ where, host: withFields(host, rest, where, problems) })
  }
  if (problems.length === 0 && entries.length === 0)
    problems.push(`${file}: no host in the file; expected lines such as "node1 slots=4"`)
  const list = merged(entries, problems)
  if (problems.length > 0) throw new UsageError([...problems, ...unknown(list, excluded)])
  return without(list, excluded)
}

/**
 * Parses a list of hosts as `--host` has it: `a:2,b,[fe80::1]:4,^c`. A host without a number has no slots said.
 *
 * @param option name of the option, for messages
 * @throws UsageError with a line for every mistake
 */
export function parseHostList(list: string, option: string): HostList & { readonly excluded: readonly Exclusion[] } {
  const problems: string[] = []
  const entries: Entry[] = []
  const excluded: Exclusion[] = []
  for (const word of list.split(',').map((part) => part.trim())) {
    const host = parseName(word.replace(/^\^/, ''), option, problems)
    if (host === undefined) continue
    if (word.startsWith('^')) excluded.push({ where: option, name: host.name })
    else entries.push({ where: option, host })
  }
  const hosts = merged(entries, problems)
  if (problems.length > 0) throw new UsageError(problems)
  return { ...hosts, excluded }
}

/**
 * The list without hosts.
 *
 * @throws UsageError if one of these is not in the list, or if none is left
 */
export function without({ hosts, order }: HostList, excluded: readonly Exclusion[]): HostList {
  const problems = unknown({ hosts, order }, excluded)
  const gone = new Set(excluded.map(({ name }) => name))
  const left = hosts.filter(({ name }) => !gone.has(name))
  if (problems.length === 0 && left.length === 0)
    problems.push(`${excluded[0]?.where}: no host is left without ${[...gone].join(', ')}`)
  if (problems.length > 0) throw new UsageError(problems)
  return { hosts: left, order: order.filter((name) => !gone.has(name)) }
}

/** What is to be told of excluded hosts that are not in the list. */
function unknown({ hosts }: HostList, excluded: readonly Exclusion[]): string[] {
  const names = hosts.map(({ name }) => name)
  return excluded
    .filter(({ name }) => names.length > 0 && !names.includes(name))
    .map(({ where, name }) => `${where}: host "${name}" cannot be excluded, it is none of ${names.join(', ')}`)
}

/** The host of a word: its name, and its slots if the word says them. */
function parseName(word: string, where: string, problems: string[]): Host | undefined {
  // To ask isIPv6 the first time takes 5 ms of a processor: not for NAME:SLOTS.
  if (/:.*:/.test(word) && isIPv6(word)) return { name: word, slots: undefined }
  const { user, address, name, slots } = HOST.exec(word)?.groups ?? {}
  const known = address === undefined ? NAME.test(name ?? '') : isIPv6(address)
  if (!known || (user !== undefined && !USER.test(user))) {
    problems.push(`${where}: "${word}" is no host; expected NAME, NAME:SLOTS, USER@NAME or [IPv6-ADDRESS]`)
    return undefined
  }
  const count = slots === undefined ? undefined : wholeNumber(slots, 1, MOST_SLOTS)
  if (slots !== undefined && count === undefined)
    problems.push(
      `${where}: ${word}: the number of slots is "${slots}", expected a whole number from 1 to ${MOST_SLOTS}`,
    )
  return { name: (user === undefined ? '' : `${user}@`) + (address ?? name), slots: count }
}

/** A field of a host: what its value becomes, undefined if it cannot be read, and what is allowed. */
interface FieldRule {
  readonly into: keyof Host | 'user'
  readonly parse: (text: string) => unknown
  readonly expected: string
}

const SLOTS = rule('slots', (text) => wholeNumber(text, 1, MOST_SLOTS), `a whole number from 1 to ${MOST_SLOTS}`)
const MAX_SLOTS: FieldRule = { ...SLOTS, into: 'maxSlots' }
const USER_NAME = rule('user', (text) => (USER.test(text) ? text : undefined), 'a user name')

/** By name; dashes stand for underscores too. Those of Open MPI first, with its other names for them, then ours. */
const FIELDS: Readonly<Record<string, FieldRule>> = {
  slots: SLOTS,
  ...alike(['cpu', 'count'], SLOTS),
  'max-slots': MAX_SLOTS,
  ...alike(['slots-max', 'max-cpu', 'cpu-max', 'max-count', 'count-max'], MAX_SLOTS),
  user: USER_NAME,
  ...alike(['username', 'user-name'], USER_NAME),
  node: rule('nodePath', path, 'the path of Node, or its name'),
  tsmpi: rule('programDirectory', path, 'the folder of the tsmpi package'),
  wdir: rule('wdir', path, 'a folder'),
  interface: rule('interface', networkOf, 'the name of an interface, an address, or a network such as 10.0.0.0/8'),
  ports: rule('ports', portRange, 'a port or FIRST-LAST, from 1 to 65535'),
  speed: rule('speed', (text) => positiveNumber(text, 1000), 'a number above 0 and at most 1000'),
}

const ALLOWED = 'slots, max_slots, user, node, tsmpi, wdir, interface, ports, speed'

function rule(into: FieldRule['into'], parse: FieldRule['parse'], expected: string): FieldRule {
  return { into, parse, expected }
}

function alike(names: readonly string[], same: FieldRule): Record<string, FieldRule> {
  return Object.fromEntries(names.map((name) => [name, same]))
}

/** The host of a line with what the line's fields say of it. */
function withFields(host: Host, fields: readonly Field[], where: string, problems: string[]): Host {
  const read: Record<string, unknown> = { ...(host.slots !== undefined && { slots: host.slots }) }
  for (const { key, value } of fields) {
    const given = value === undefined ? key : `${key}=${value}`
    const field = FIELDS[key.toLowerCase().replaceAll('_', '-')]
    if (field === undefined || value === undefined) {
      problems.push(`${where}: "${given}" is unknown; expected KEY=VALUE with one of ${ALLOWED}`)
      continue
    }
    const parsed = field.parse(value)
    if (parsed === undefined) problems.push(`${where}: ${given}: expected ${field.expected}`)
    else if (field.into in read) problems.push(`${where}: ${given}: ${key} is given twice for this host`)
    else read[field.into] = parsed
  }
  return checked(host.name, read, where, problems)
}

function checked(name: string, read: Readonly<Record<string, unknown>>, where: string, problems: string[]): Host {
  const { user, ...rest } = read as Partial<Host> & { readonly user?: string }
  if (user !== undefined && name.includes('@')) problems.push(`${where}: user=${user}: "${name}" names a user already`)
  const { slots, maxSlots } = rest
  if (slots !== undefined && maxSlots !== undefined && slots > maxSlots)
    problems.push(`${where}: slots=${slots} is above max_slots=${maxSlots}; expected at most as many`)
  return { ...rest, name: user === undefined ? name : `${user}@${name}`, slots: slots ?? maxSlots }
}

/** Hosts named again become one. */
function merged(entries: readonly Entry[], problems: string[]): HostList {
  const byName = new Map<string, Entry>()
  for (const entry of entries) {
    const before = byName.get(entry.host.name)
    byName.set(
      entry.host.name,
      before === undefined ? entry : { where: entry.where, host: sum(before, entry, problems) },
    )
  }
  return { hosts: [...byName.values()].map(({ host }) => host), order: entries.map(({ host }) => host.name) }
}

/** Slots add up; a line that says none stands for one slot. Other settings may be said once, or twice the same. */
function sum(before: Entry, after: Entry, problems: string[]): Host {
  const [a, b] = [before.host, after.host]
  for (const key of SETTINGS)
    if (key in a && key in b && settingText(a, key) !== settingText(b, key))
      problems.push(
        `${after.where}: ${b.name} has ${settingText(b, key)} here, and ${settingText(a, key)} in ${before.where}`,
      )
  const [slotsBefore, slotsAfter] = [a.slots ?? 1, b.slots ?? 1]
  const limited = a.maxSlots !== undefined || b.maxSlots !== undefined
  const maxSlots = (a.maxSlots ?? slotsBefore) + (b.maxSlots ?? slotsAfter)
  return { ...a, ...b, slots: slotsBefore + slotsAfter, ...(limited && { maxSlots }) }
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = Number(text)
  return /^\d+$/.test(text) && value >= least && value <= most ? value : undefined
}

function positiveNumber(text: string, most: number): number | undefined {
  const value = Number(text)
  return /^[\d.]+$/.test(text) && value > 0 && value <= most ? value : undefined
}

function path(text: string): string | undefined {
  return text === '' ? undefined : text
}

/** Where to listen: the name of an interface, an address, or a network such as 10.0.0.0/8; undefined if it is none. */
export function networkOf(text: string): string | undefined {
  const [address = '', bits] = text.split('/')
  if (bits === undefined) return /^[A-Za-z0-9][A-Za-z0-9_.:@-]*$/.test(text) || isIP(text) > 0 ? text : undefined
  return wholeNumber(bits, 0, isIP(address) === 6 ? 128 : 32) !== undefined && isIP(address) > 0 ? text : undefined
}

/** A port or FIRST-LAST; undefined if it is none. */
export function portRange(text: string): PortRange | undefined {
  const [low = '', high = low, ...more] = text.split('-')
  const [first, last] = [wholeNumber(low, 1, 65_535), wholeNumber(high, 1, 65_535)]
  return first === undefined || last === undefined || first > last || more.length > 0 ? undefined : { first, last }
}
