/**
 * Which rank runs where: maps ranks to hosts, numbers them, and cuts a host's ranks into agents. Pure.
 *
 * Invariant: every rank from 0 to size - 1 is on exactly one host, and no host has more than its maxSlots. The terms are
 * those of Open MPI's mpirun: mapping says how many ranks a host takes, ranking which ones.
 */
import type { Host, HostSettings } from './hosts.ts'
import { slowed, type SlowHost } from './slow-hosts.ts'
import { UsageError } from './usage-error.ts'

export interface AgentPlan {
  /** What the host is called when it is started and in messages. */
  readonly host: string
  /** True if it runs on this machine and is started directly. */
  readonly local: boolean
  /** World ranks, ascending. */
  readonly ranks: readonly number[]
  /** What the hostfile says of the host. */
  readonly settings: HostSettings
}

/** How many ranks each host takes. */
export type Mapping =
  /** Hosts fill their slots one after the other. */
  | { readonly by: 'slot' }
  /** One rank a host, round and round. */
  | { readonly by: 'node' }
  /** Each rank where it will run fastest, given the speeds of the cores and the ranks that share them. */
  | { readonly by: 'speed' }
  /** So many ranks on every host. */
  | { readonly by: 'ppr'; readonly ranks: number }
  /** Rank by rank, one for every time that a host is named. */
  | { readonly by: 'seq' }
  /** As a rankfile says: the host of each rank. */
  | { readonly by: 'rankfile'; readonly hosts: readonly string[] }

/** How ranks are numbered: all of a host before the next host's, or one of each host in turn. */
export type Ranking = 'slot' | 'node'

/** More ranks on a host than it has slots: is told by default. */
export type Oversubscription = 'tell' | 'allow' | 'refuse'

export interface PlacementRequest {
  /** Ranks of the job; undefined: as many as the mapping has places. */
  readonly size: number | undefined
  readonly hosts: readonly Host[]
  /** Names of hosts for the mapping `seq`; absent: each host once. */
  readonly order?: readonly string[]
  readonly isLocal: (name: string) => boolean
  /** Slots of a host that did not say. */
  readonly defaultSlots: number
  /** Takes this many hosts on this machine instead, with an even share of the ranks as slots. */
  readonly emulateHosts: number | undefined
  /** Hosts that shall be slower. Absent: none. */
  readonly slowHosts?: readonly SlowHost[]
  /** Most ranks that share an agent; undefined: all of a host. */
  readonly ranksPerAgent: number | undefined
  /** Absent: by slot. */
  readonly mapping?: Mapping
  /** Absent: as the ranks are mapped. */
  readonly ranking?: Ranking | undefined
  /** Absent: 'tell'. */
  readonly oversubscription?: Oversubscription
}

/** A host that takes part, with its slots known. */
export interface Place extends Host {
  readonly slots: number
  /** World ranks, ascending. */
  readonly ranks: readonly number[]
}

/** The agents of a job. @throws UsageError if the ranks cannot be placed */
export function placeRanks(request: PlacementRequest): AgentPlan[] {
  return agentsOf(mapRanks(request), request)
}

/**
 * The ranks of every host that has some, in the order of the hosts.
 *
 * @throws UsageError if a host would have more ranks than it may, or there is no place for a rank
 */
export function mapRanks(request: PlacementRequest): Place[] {
  const { mapping = { by: 'slot' }, ranking, oversubscription = 'tell' } = request
  const { hosts, order } = withSlots(request)
  const size = request.size ?? placesOf(mapping, hosts, order)
  const hostOf =
    mapping.by === 'seq' || mapping.by === 'rankfile'
      ? named(mapping.by === 'seq' ? order : mapping.hosts, hosts, size, mapping.by)
      : numbered(counted(mapping, hosts, size), ranking ?? (mapping.by === 'node' ? 'node' : 'slot'))
  const ranksOf = hosts.map((): number[] => [])
  for (const [rank, host] of hostOf.entries()) ranksOf[host]?.push(rank)
  const places = hosts.map((host, index) => ({ ...host, ranks: ranksOf[index] as number[] }))
  checkLimits(places, oversubscription)
  return places.filter(({ ranks }) => ranks.length > 0)
}

/** Cuts the ranks of each host into agents. */
export function agentsOf(
  places: readonly Place[],
  { isLocal, emulateHosts, ranksPerAgent = Infinity }: PlacementRequest,
): AgentPlan[] {
  return places.flatMap(({ name, ranks, slots: _slots, maxSlots: _maxSlots, ...settings }) =>
    split(ranks, Math.max(Math.ceil(ranks.length / ranksPerAgent), 1)).map((part) => ({
      host: name,
      local: emulateHosts !== undefined || isLocal(name),
      ranks: part,
      settings,
    })),
  )
}

/** Which machine an agent shares with others. */
export function machineOf({ local, host }: AgentPlan): string {
  return local ? '' : host
}

type KnownHost = Host & { readonly slots: number }

function withSlots(request: PlacementRequest): { hosts: readonly KnownHost[]; order: readonly string[] } {
  const { emulateHosts, defaultSlots } = request
  const hosts =
    emulateHosts === undefined
      ? request.hosts.map((host) => ({ ...host, slots: host.slots ?? defaultSlots }))
      : emulated(emulateHosts, request)
  const order = emulateHosts === undefined ? request.order : undefined
  return { hosts: slowed(hosts, request.slowHosts), order: order ?? hosts.map(({ name }) => name) }
}

/** Alike hosts on this machine. Mapped by slot, the ranks are dealt out as evenly as they can. */
function emulated(count: number, { size, mapping = { by: 'slot' }, defaultSlots }: PlacementRequest): KnownHost[] {
  const ranks = size ?? (mapping.by === 'rankfile' ? mapping.hosts.length : defaultSlots)
  const slots =
    mapping.by === 'slot'
      ? split(range(ranks), Math.min(count, ranks)).map(({ length }) => length)
      : range(count).map(() => (mapping.by === 'ppr' ? mapping.ranks : Math.ceil(ranks / count)))
  return slots.map((share, index) => ({ name: `host${index}`, slots: share }))
}

/** How many ranks a mapping has places for, without exceeding slots. */
function placesOf(mapping: Mapping, hosts: readonly KnownHost[], order: readonly string[]): number {
  switch (mapping.by) {
    case 'ppr':
      return mapping.ranks * hosts.length
    case 'seq':
      return order.length
    case 'rankfile':
      return mapping.hosts.length
    default:
      return hosts.reduce((sum, { slots }) => sum + slots, 0)
  }
}

/** The host of each rank, where a list names them. */
function named(
  list: readonly string[],
  hosts: readonly KnownHost[],
  size: number,
  by: 'seq' | 'rankfile',
): readonly number[] {
  if (size > list.length)
    throw new UsageError([
      by === 'seq'
        ? `-n ${size}: --map-by seq has a rank for each of the ${list.length} times that a host is named, no more`
        : `-n ${size}: the rankfile places ${list.length} ranks, no more`,
    ])
  const index = new Map(hosts.map(({ name }, at) => [name, at]))
  return list.slice(0, size).map((name) => index.get(name) as number)
}

/** How many ranks each host takes. */
function counted(
  mapping: Exclude<Mapping, { by: 'seq' | 'rankfile' }>,
  hosts: readonly KnownHost[],
  size: number,
): number[] {
  if (mapping.by === 'ppr') return perHost(mapping.ranks, hosts, size)
  const room = hosts.reduce((sum, { maxSlots = Infinity }) => sum + maxSlots, 0)
  if (size > room) {
    const limits = hosts.map(({ name, maxSlots }) => `${name} ${maxSlots}`).join(', ')
    throw new UsageError([`-n ${size}: the hosts take at most ${room} ranks, as max_slots says: ${limits}`])
  }
  switch (mapping.by) {
    case 'slot':
      return dealRest(fillSlots(hosts, size), hosts, size)
    case 'node':
      return byNode(hosts, size)
    case 'speed':
      return bySpeed(hosts, size)
  }
}

function perHost(ranks: number, hosts: readonly KnownHost[], size: number): number[] {
  if (size > ranks * hosts.length)
    throw new UsageError([`-n ${size}: ${ranks} ranks on each of ${hosts.length} hosts are ${ranks * hosts.length}`])
  return hosts.map((_, index) => Math.min(ranks, Math.max(size - index * ranks, 0)))
}

/** As Open MPI does: where there are more ranks than slots, slots do not matter. */
function byNode(hosts: readonly KnownHost[], size: number): number[] {
  const enough = size <= hosts.reduce((sum, { slots }) => sum + slots, 0)
  return deal(zeros(hosts), size, hosts, ({ slots, maxSlots = Infinity }) => (enough ? slots : maxSlots))
}

function fillSlots(hosts: readonly KnownHost[], size: number): number[] {
  let left = size
  return hosts.map(({ slots }) => {
    const taken = Math.min(left, slots)
    left -= taken
    return taken
  })
}

/** What exceeds the slots goes round the hosts that may take more. */
function dealRest(counts: readonly number[], hosts: readonly KnownHost[], size: number): number[] {
  const left = size - counts.reduce((sum, count) => sum + count, 0)
  return deal(counts, left, hosts, ({ maxSlots = Infinity }) => maxSlots)
}

/** Adds `ranks` ranks one by one, round and round over the hosts below their limits, as long as there is one. */
function deal(
  counts: readonly number[],
  ranks: number,
  hosts: readonly KnownHost[],
  limitOf: (host: KnownHost) => number,
): number[] {
  const result = [...counts]
  let left = ranks
  for (let before = -1; left > 0 && before !== left;) {
    before = left
    for (const [index, host] of hosts.entries()) {
      if (left === 0 || (result[index] as number) >= limitOf(host)) continue
      result[index] = (result[index] as number) + 1
      left--
    }
  }
  return result
}

/**
 * Each rank goes where the slowest rank will be fastest: k ranks on a host of s slots run at speed min(1, s / k) of its
 * cores. Taking the fastest place for each in turn is best, since a host only gets slower with every rank.
 */
function bySpeed(hosts: readonly KnownHost[], size: number): number[] {
  const counts = zeros(hosts)
  const speedWith = ({ slots, maxSlots = Infinity, speed = 1, pace = 1 }: KnownHost, ranks: number): number =>
    ranks > maxSlots ? 0 : speed * pace * Math.min(1, slots / ranks)
  for (let rank = 0; rank < size; rank++) {
    const speeds = hosts.map((host, index) => speedWith(host, (counts[index] as number) + 1))
    const best = speeds.indexOf(Math.max(...speeds))
    counts[best] = (counts[best] as number) + 1
  }
  return counts
}

/** The host of each rank, from the counts. */
function numbered(counts: readonly number[], ranking: Ranking): readonly number[] {
  const places = counts.flatMap((count, host) => range(count).map((round) => ({ host, round })))
  // The sort is stable: within a round the hosts keep their order.
  if (ranking === 'node') places.sort((a, b) => a.round - b.round)
  return places.map(({ host }) => host)
}

function checkLimits(places: readonly Place[], oversubscription: Oversubscription): void {
  const problems = places.flatMap(({ name, slots, maxSlots = Infinity, ranks: { length } }) => {
    if (length > maxSlots) return [`${name} would take ${length} ranks, and may take max_slots=${maxSlots}`]
    if (length > slots && oversubscription === 'refuse')
      return [`${name} would take ${length} ranks on ${slots} slots, and --nooversubscribe forbids it`]
    return []
  })
  if (problems.length > 0) throw new UsageError(problems)
}

function zeros(list: readonly unknown[]): number[] {
  return list.map(() => 0)
}

/** Cuts a list into `parts` runs whose lengths differ by at most one. */
function split(ranks: readonly number[], parts: number): number[][] {
  return range(parts).map((part) =>
    ranks.slice(Math.floor((part * ranks.length) / parts), Math.floor(((part + 1) * ranks.length) / parts)),
  )
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
