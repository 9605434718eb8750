/**
 * Which rank runs where: deals the ranks over the hosts' slots in order, and a host's ranks over its agents. Pure.
 */
import type { Host, HostSettings } from './hosts.ts'

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

export interface PlacementRequest {
  /** Ranks of the job. */
  readonly size: number
  readonly hosts: readonly Host[]
  readonly isLocal: (name: string) => boolean
  /** Slots of a host that did not say. */
  readonly defaultSlots: number
  /** Deals the ranks over this many agents on this machine instead. */
  readonly emulateHosts: number | undefined
  /** Most ranks that share an agent; undefined: all of a host. */
  readonly ranksPerAgent: number | undefined
}

/** Ranks in order fill the slots in order; what is left over is dealt one by one over the hosts again. */
export function placeRanks(request: PlacementRequest): AgentPlan[] {
  const { size, emulateHosts, ranksPerAgent = Infinity } = request
  const hosts =
    emulateHosts === undefined
      ? placeOnHosts(request)
      : split(range(size), Math.min(emulateHosts, size)).map((ranks, index) => ({
          host: `host${index}`,
          local: true,
          ranks,
          settings: {},
        }))
  return hosts.flatMap((plan) => {
    const agents = Math.ceil(plan.ranks.length / ranksPerAgent)
    return split(plan.ranks, Math.max(agents, 1)).map((ranks) => ({ ...plan, ranks }))
  })
}

function placeOnHosts({ size, hosts, isLocal, defaultSlots }: PlacementRequest): AgentPlan[] {
  const counts = hosts.map(() => 0)
  let left = size
  for (const [index, host] of hosts.entries()) {
    const taken = Math.min(left, host.slots ?? defaultSlots)
    counts[index] = taken
    left -= taken
  }
  for (let index = 0; left > 0; index = (index + 1) % hosts.length, left--)
    counts[index] = (counts[index] as number) + 1
  let next = 0
  return hosts.flatMap((host, index) => {
    const count = counts[index] as number
    const ranks = range(count).map((i) => next + i)
    next += count
    const { name, slots: _slots, maxSlots: _maxSlots, ...settings } = host
    return count === 0 ? [] : [{ host: name, local: isLocal(name), ranks, settings }]
  })
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
