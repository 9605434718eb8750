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
}

/** The hosts of a source, each once; this machine if the source names none. @throws UsageError */
export function readHosts(source: HostSource): readonly Host[] {
  return readHostList(source).hosts
}

/** The hosts of a source with their order; this machine if the source names none. @throws UsageError */
export function readHostList({ hostfile, host, exclude }: HostSource): HostList {
  const all = hostfile === undefined ? undefined : parseHostfile(textOf(hostfile), hostfile)
  const chosen = host === undefined ? (all ?? thisMachine()) : choose(host, all)
  return exclude === undefined ? chosen : without(chosen, exclusions(exclude))
}

function thisMachine(): HostList {
  const name = hostname()
  return { hosts: [{ name, slots: undefined }], order: [name] }
}

function textOf(hostfile: string): string {
  try {
    return readFileSync(hostfile, 'utf8')
  } catch (error) {
    throw new UsageError([`hostfile "${hostfile}" cannot be read: ${(error as Error).message}`])
  }
}

/** The hosts of `--host`: by themselves, where a host without a number has one slot, or out of those of the hostfile. */
function choose(list: string, all: HostList | undefined): HostList {
  const { hosts, order, excluded } = parseHostList(list, '--host')
  if (all === undefined) {
    if (hosts.length === 0) throw new UsageError([`--host ${list}: hosts are excluded, but there is no hostfile`])
    return without({ hosts: hosts.map((one) => ({ ...one, slots: one.slots ?? 1 })), order }, excluded)
  }
  const named = new Map(hosts.map((one) => [one.name, one]))
  const known = new Map(all.hosts.map((one) => [one.name, one]))
  const problems = hosts
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => `--host ${name}: the hostfile does not have it; expected one of ${[...known.keys()].join(', ')}`)
  if (problems.length > 0) throw new UsageError(problems)
  if (hosts.length === 0) return without(all, excluded)
  const chosen = order.filter((name, index) => order.indexOf(name) === index)
  const limited = chosen.map((name) => limitedTo(known.get(name) as Host, named.get(name)?.slots))
  return without({ hosts: limited, order: all.order.filter((name) => named.has(name)) }, excluded)
}

/** A host of which the job may use so many slots. */
function limitedTo(host: Host, slots: number | undefined): Host {
  return slots === undefined ? host : { ...host, slots: Math.min(slots, host.slots ?? slots) }
}

function exclusions(list: string) {
  return parseHostList(list, '--exclude').order.map((name) => ({ where: '--exclude', name }))
}
