/**
 * From the command line to the places of all ranks: hosts, mapping, agents, and the cores that ranks are bound to. What is
 * wrong with any of it is told before anything is started. Layers below: hosts.ts, rankfile.ts, placement.ts.
 */
import { availableParallelism } from 'node:os'
import { processorsOf, readCores, type Bindings, type CoreList } from '../agent/cores.ts'
import type { LaunchOptions } from './command-line.ts'
import { readHostList, readText, type Host, type HostList } from './hosts.ts'
import { isThisMachine } from './network.ts'
import { agentsOf, machineOf, mapRanks, type AgentPlan, type Place, type PlacementRequest } from './placement.ts'
import { parseRankfile, type Rankfile } from './rankfile.ts'
import { UsageError } from './usage-error.ts'

export interface LaunchPlan {
  /** The hosts that have ranks. */
  readonly places: readonly Place[]
  /** How many hosts there are, with those that have none. */
  readonly hosts: number
  readonly agents: readonly AgentPlan[]
  /** undefined: no rank is bound. */
  readonly bindings: Bindings | undefined
  /** How the ranks were mapped and numbered, in words. */
  readonly policy: string
  /** What the user may want to know, a line each. */
  readonly notes: readonly string[]
}

/**
 * @param allocation the hosts if none is named; undefined: this machine
 * @throws UsageError if a hostfile, a rankfile or an option is not as it must be, or there is no place for a rank
 */
export function planLaunch(options: LaunchOptions, allocation?: readonly Host[]): LaunchPlan {
  const { placement } = options
  const cores = availableParallelism()
  const request = { ...placementOf(options, allocation), defaultSlots: cores }
  const rankfile = placement.rankfile === undefined ? undefined : readRankfile(placement.rankfile, request)
  const mapping = rankfile === undefined ? placement.mapping : ({ by: 'rankfile', hosts: rankfile.hosts } as const)
  const complete: PlacementRequest = { ...request, ...(mapping !== undefined && { mapping }) }
  const places = mapRanks(complete)
  const agents = agentsOf(places, complete)
  const bindings = bindingsOf(agents, options, rankfile)
  if (bindings !== undefined) checkBindings(agents, bindings)
  const notes = placement.oversubscription === 'allow' ? [] : notesOn(places, agents, complete)
  const hosts = request.emulateHosts ?? request.hosts.length
  return { places, hosts, agents, bindings, policy: policyText(complete), notes }
}

function policyText({ mapping = { by: 'slot' }, ranking }: PlacementRequest): string {
  if (mapping.by === 'rankfile') return 'placed by rankfile'
  const by = mapping.by === 'ppr' ? `ppr:${mapping.ranks}:node` : mapping.by
  return `mapped by ${by}${ranking === undefined ? '' : `, numbered by ${ranking}`}`
}

function placementOf(options: LaunchOptions, allocation: readonly Host[] | undefined) {
  const { n, hostfile, host, transport, emulateHosts, ranksPerAgent } = options
  const { exclude, ranking, oversubscription } = options.placement
  const list = emulateHosts === undefined ? readHostList({ hostfile, host, exclude, allocation }) : NO_HOSTS
  return {
    ...list,
    size: n,
    isLocal: isThisMachine,
    emulateHosts,
    slowHosts: options.slowHosts,
    ranksPerAgent: transport === 'zmq' ? 1 : ranksPerAgent,
    ranking,
    oversubscription,
  }
}

const NO_HOSTS: HostList = { hosts: [], order: [] }

function readRankfile(file: string, { hosts, emulateHosts, isLocal }: PlacementRequest): Rankfile {
  const names = emulateHosts === undefined ? hosts.map(({ name }) => name) : range(emulateHosts).map((i) => `host${i}`)
  const find = (word: string): string | undefined =>
    names.find((name) => name === word) ??
    names.find((name) => name.replace(/^.*@/, '') === word) ??
    (isLocal(word) ? names.find(isLocal) : undefined)
  return parseRankfile(readText('rankfile', file), file, { names, find })
}

/** The cores that a rankfile says, and for other ranks with --bind-to core: the ranks of a machine take its cores in turn. */
function bindingsOf(
  agents: readonly AgentPlan[],
  { placement: { bindToCore } }: LaunchOptions,
  rankfile: Rankfile | undefined,
): Bindings | undefined {
  const taken = new Map<string, number>()
  const bindings: (CoreList | undefined)[] = []
  for (const plan of agents)
    for (const rank of plan.ranks) {
      const next = taken.get(machineOf(plan)) ?? 0
      taken.set(machineOf(plan), next + 1)
      const own = { cores: [next], ...(bindToCore === 'overload' && { wrap: true as const }) }
      bindings[rank] = rankfile?.cores[rank] ?? (bindToCore === false ? undefined : [own])
    }
  return bindings.every((list) => list === undefined) ? undefined : bindings
}

/** The cores of this machine are known: what is wrong here must start nothing. */
function checkBindings(agents: readonly AgentPlan[], bindings: Bindings): void {
  const own = readCores()
  if (own === undefined) return
  const ranks = agents.filter(({ local }) => local).flatMap((plan) => plan.ranks)
  const problems = ranks.flatMap((rank) => {
    try {
      processorsOf(bindings[rank] ?? [], own)
      return []
    } catch (error) {
      return [`rank ${rank} cannot be bound on this machine: ${(error as Error).message}`]
    }
  })
  const more = problems.length - PROBLEMS_SHOWN
  if (problems.length > 0)
    throw new UsageError([
      ...problems.slice(0, PROBLEMS_SHOWN),
      ...(more > 0 ? [`and ${more} more ranks`] : []),
      'fewer ranks, or --bind-to core:overload-allowed, which lets ranks share cores',
    ])
}

const PROBLEMS_SHOWN = 4

function notesOn(places: readonly Place[], agents: readonly AgentPlan[], request: PlacementRequest): string[] {
  const cores = availableParallelism()
  const here = agents.filter(({ local }) => local).reduce((sum, { ranks }) => sum + ranks.length, 0)
  const crowded = here > cores
  const overfull = places.filter(
    ({ name, slots, ranks }) =>
      ranks.length > slots && request.emulateHosts === undefined && !(crowded && request.isLocal(name)),
  )
  const list = overfull.map(({ name, slots, ranks }) => `${name} takes ${ranks.length} on ${slots}`)
  return [
    ...(crowded ? [`${here} ranks share the ${cores} ${cores === 1 ? 'core' : 'cores'} of this machine`] : []),
    ...(list.length > 0 ? [`more ranks than slots: ${list.join(', ')}`] : []),
  ]
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
