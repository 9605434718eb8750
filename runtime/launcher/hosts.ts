/**
 * Hosts from a hostfile or from `--host`: name and number of slots. All errors of a source are reported together, with
 * the line, what was read and what is allowed.
 */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { UsageError } from './usage-error.ts'

export interface Host {
  /** As given: a name or address, or user@name. */
  readonly name: string
  /** Ranks that it takes before the next host's turn; undefined if not said: as many as it has cores. */
  readonly slots: number | undefined
}

// Neither part may begin with a dash: the start command would take it for an option.
const NAME = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)$/

/** The hosts of `--hostfile` or `--host`; this machine if neither is given. @throws UsageError */
export function readHosts({
  hostfile,
  host,
}: {
  readonly hostfile?: string | undefined
  readonly host?: string | undefined
}): Host[] {
  if (host !== undefined) return parseHostList(host)
  if (hostfile === undefined) return [{ name: hostname(), slots: undefined }]
  let text: string
  try {
    text = readFileSync(hostfile, 'utf8')
  } catch (error) {
    throw new UsageError([`hostfile "${hostfile}" cannot be read: ${(error as Error).message}`])
  }
  return parseHostfile(text, hostfile)
}

/**
 * Parses a hostfile: a host a line, `name`, `name slots=N` or `name:N`; `#` begins a comment. A host named again adds
 * its slots.
 *
 * @param file name of the file, for messages
 * @throws UsageError with a line for every mistake
 */
export function parseHostfile(text: string, file: string): Host[] {
  const problems: string[] = []
  const hosts = text.split(/\r?\n/).flatMap((line, index) => {
    const words = line.replace(/#.*/, '').trim().split(/\s+/)
    if (words[0] === '') return []
    const where = `${file}, line ${index + 1}`
    const host = parseHost(words[0] as string, where, problems)
    return host === undefined ? [] : [{ ...host, slots: parseFields(words.slice(1), host.slots, where, problems) }]
  })
  if (problems.length === 0 && hosts.length === 0)
    problems.push(`${file}: no host in the file; expected lines such as "node1 slots=4"`)
  if (problems.length > 0) throw new UsageError(problems)
  return merged(hosts)
}

/** Parses the value of `--host`: `a:2,b`. A host without a number has one slot, as with mpirun. @throws UsageError */
export function parseHostList(list: string): Host[] {
  const problems: string[] = []
  const hosts = list.split(',').flatMap((word) => {
    const host = parseHost(word.trim(), '--host', problems)
    return host === undefined ? [] : [{ ...host, slots: host.slots ?? 1 }]
  })
  if (problems.length > 0) throw new UsageError(problems)
  return merged(hosts)
}

function parseHost(word: string, where: string, problems: string[]): Host | undefined {
  const [name = '', slots, ...more] = word.split(':')
  if (!NAME.test(name) || more.length > 0) {
    problems.push(`${where}: "${word}" is no host; expected NAME, NAME:SLOTS or USER@NAME`)
    return undefined
  }
  return { name, slots: slots === undefined ? undefined : parseSlots(slots, `${where}: ${word}`, problems) }
}

function parseFields(
  fields: readonly string[],
  slots: number | undefined,
  where: string,
  problems: string[],
): number | undefined {
  let result = slots
  for (const field of fields) {
    const [key, value = ''] = field.split('=')
    if (key === 'slots') result = parseSlots(value, `${where}: ${field}`, problems)
    else problems.push(`${where}: "${field}" is unknown; expected slots=N`)
  }
  return result
}

function parseSlots(text: string, where: string, problems: string[]): number {
  const slots = Number(text)
  if (/^\d+$/.test(text) && slots >= 1) return slots
  problems.push(`${where}: the number of slots is "${text}", expected a whole number >= 1`)
  return 1
}

function merged(hosts: readonly Host[]): Host[] {
  const byName = new Map<string, Host>()
  for (const host of hosts) {
    const before = byName.get(host.name)
    byName.set(host.name, before === undefined ? host : { ...host, slots: (before.slots ?? 1) + (host.slots ?? 1) })
  }
  return [...byName.values()]
}
