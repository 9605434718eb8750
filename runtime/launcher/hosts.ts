/**
 * The hosts of a job: from `--hostfile`, from `--host`, or this machine, without those that are excluded. Layer below:
 * hostfile.ts.
 */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { parseHostfile, parseHostList, without, type Host, type HostList } from './hostfile.ts'
import { UsageError } from './usage-error.ts'

export type { Host, HostList, HostSettings, PortRange } from './hostfile.ts'

/** Where the hosts come from: the options of the same names. */
export interface HostSource {
  readonly hostfile?: string | undefined
  /** With a hostfile: which of its hosts. */
  readonly host?: string | undefined
  /** Hosts to leave out, as a list. */
  readonly exclude?: string | undefined
  /** The hosts if none is named; absent: this machine. */
  readonly allocation?: readonly Host[] | undefined
}

/** The hosts of a source, each once. @throws UsageError */
export function readHosts(source: HostSource): readonly Host[] {
  return readHostList(source).hosts
}

/** The hosts of a source with their order. @throws UsageError */
export function readHostList({ hostfile, host, exclude, allocation }: HostSource): HostList {
  const all = hostfile === undefined ? undefined : parseHostfile(readText('hostfile', hostfile), hostfile)
  const unnamed = allocation ?? [{ name: hostname(), slots: undefined }]
  const otherwise = all ?? { hosts: unnamed, order: unnamed.map(({ name }) => name) }
  const chosen = host === undefined ? otherwise : choose(host, all, otherwise)
  return exclude === undefined ? chosen : without(chosen, exclusions(exclude))
}

/** The text of a file that the command line names. @throws UsageError */
export function readText(what: 'hostfile' | 'rankfile', file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError([`${what} "${file}" cannot be read: ${(error as Error).message}`])
  }
}

/**
 * The hosts of `--host`: out of those of the hostfile, or by themselves, where a host without a number has one slot. A list
 * that only excludes hosts leaves the others.
 */
function choose(list: string, all: HostList | undefined, otherwise: HostList): HostList {
  const { hosts, order, excluded } = parseHostList(list, '--host')
  if (hosts.length === 0) return without(otherwise, excluded)
  if (all === undefined)
    return without({ hosts: hosts.map((one) => ({ ...one, slots: one.slots ?? 1 })), order }, excluded)
  const known = new Map(all.hosts.map((one) => [one.name, one]))
  const problems = hosts
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => `--host ${name}: the hostfile does not have it; expected one of ${[...known.keys()].join(', ')}`)
  if (problems.length > 0) throw new UsageError(problems)
  const chosen = hosts.map(({ name, slots }) => limitedTo(known.get(name) as Host, slots))
  const kept = new Set(hosts.map(({ name }) => name))
  return without({ hosts: chosen, order: all.order.filter((name) => kept.has(name)) }, excluded)
}

/** A host of which the job may use so many slots. */
function limitedTo(host: Host, slots: number | undefined): Host {
  return slots === undefined ? host : { ...host, slots: Math.min(slots, host.slots ?? slots) }
}

function exclusions(list: string) {
  return parseHostList(list, '--exclude').order.map((name) => ({ where: '--exclude', name }))
}
