/**
 * Communicators whose ranks are the nodes of a graph (MPI 4.1, section 8.5.4): each rank knows its own edges only.
 *
 * Invariant: both ends of every edge know it. Ranks whose lists do not agree are told so when the graph is made; a
 * neighbour collective would hang.
 */
import { MpiError } from '../../runtime/base/errors.ts'
import { describe } from '../../runtime/base/message-buffer.ts'
import { checkedOn } from '../../runtime/comm/properties.ts'
import { checkArray, checkNames } from '../arguments.ts'
import { Intracomm, type DupOptions, type Foundation } from '../intracomm.ts'
import type { Neighborhood } from '../plans/neighbors.ts'
import { TopologyComm } from './topology-comm.ts'

/**
 * The edges of one rank.
 *
 * @example
 * // A star: everybody to and from rank 0.
 * const others = [1, 2, 3]
 * const edges: AdjacentOptions =
 *   world.rank === 0 ? { sources: others, destinations: others } : { sources: [0], destinations: [0] }
 * const star = await Distgraph.createAdjacent(world, edges)
 * if (world.rank === 0) log(star.sources) // → [ 1, 2, 3 ]
 * star.free()
 */
export interface AdjacentOptions {
  /** Ranks with an edge to this one; a rank may be named several times. */
  readonly sources: readonly number[]
  /** Ranks that this one has an edge to. */
  readonly destinations: readonly number[]
}

/**
 * An edge of a graph that any rank may name.
 *
 * @example
 * const edges: GraphEdge[] = world.rank === 0 ? [{ source: 1, dest: 2 }] : []
 * const graph = await Distgraph.create(world, edges)
 * if (world.rank === 2) log(graph.sources) // → [ 1 ]
 * graph.free()
 */
export interface GraphEdge {
  readonly source: number
  readonly dest: number
}

/** A communicator whose ranks are the nodes of a directed graph. */
export class Distgraph extends TopologyComm {
  readonly sources: readonly number[]
  readonly destinations: readonly number[]
  protected readonly neighborhood: Neighborhood

  private constructor(foundation: Foundation, { sources, destinations }: AdjacentOptions) {
    super(...foundation)
    this.sources = sources
    this.destinations = destinations
    const edges = (ranks: readonly number[]): { rank: number; block: number }[] =>
      ranks.map((rank, block) => ({ rank, block }))
    this.neighborhood = { sources: edges(sources), destinations: edges(destinations) }
  }

  /**
   * Makes a graph of which every rank names its own edges. Collective.
   *
   * @throws {MpiError} MPI_ERR_RANK if a neighbour is no rank, MPI_ERR_ARG on all ranks if two disagree
   * @example
   * const { rank, size } = world
   * const ring = await Distgraph.createAdjacent(world, {
   *   sources: [(rank + size - 1) % size],
   *   destinations: [(rank + 1) % size],
   * })
   * const left = new Int32Array(1)
   * await ring.neighborAllgather(Int32Array.of(rank), left)
   * if (rank === 0) log(left[0]) // → 3
   * ring.free()
   */
  static async createAdjacent(comm: Intracomm, options: AdjacentOptions): Promise<Distgraph> {
    // Another graph will do as well, so that there may be more in it.
    const { sources, destinations } = Object(options) as AdjacentOptions
    checkedOn(comm, () => {
      checkArray('Distgraph.createAdjacent', 'sources', sources, 'an array of ranks')
      checkArray('Distgraph.createAdjacent', 'destinations', destinations, 'an array of ranks')
      checkRanks('Distgraph.createAdjacent', [...sources, ...destinations], comm.size)
    })
    const mine = { sources: [...sources], destinations: [...destinations] }
    const [all, foundation] = await Intracomm.gathered(comm, 'Distgraph.createAdjacent', mine)
    checkedOn(comm, () => checkAgreement(all))
    return new Distgraph(foundation, mine).inherit(comm)
  }

  /**
   * Makes a graph of which every rank names some edges, not necessarily its own. Each edge is named once. Collective.
   * Neighbours are in ascending order.
   *
   * @throws {MpiError} MPI_ERR_RANK if an end of an edge is no rank, MPI_ERR_ARG if `edges` is no array of them
   */
  static async create(comm: Intracomm, edges: readonly GraphEdge[]): Promise<Distgraph> {
    checkedOn(comm, () => checkEdges(edges, comm.size))
    const [named, foundation] = await Intracomm.gathered(comm, 'Distgraph.create', edges)
    const all = named.flat()
    const ascending = (a: number, b: number): number => a - b
    const mine = {
      sources: all.flatMap(({ source, dest }) => (dest === comm.rank ? [source] : [])).sort(ascending),
      destinations: all.flatMap(({ source, dest }) => (source === comm.rank ? [dest] : [])).sort(ascending),
    }
    return new Distgraph(foundation, mine).inherit(comm)
  }

  /**
   * The same graph again, of the same ranks, whose messages never meet this one's. Collective.
   *
   * @throws like `Intracomm.dup`
   * @example
   * const ring = await Distgraph.create(world, [{ source: world.rank, dest: (world.rank + 1) % world.size }])
   * const twin = await ring.dup()
   * if (world.rank === 2) log(twin.sources, twin.destinations) // → [ 1 ] [ 3 ]
   * for (const comm of [twin, ring]) comm.free()
   */
  override async dup(options: DupOptions = {}): Promise<Distgraph> {
    return new Distgraph(await this.duplicated(options), this).inherit(this, true)
  }
}

function checkEdges(edges: readonly GraphEdge[], size: number): void {
  checkArray('Distgraph.create', 'edges', edges, 'an array of { source, dest }')
  for (const edge of edges) checkNames('Distgraph.create', edge, ['source', 'dest'])
  const ends = edges.flatMap(({ source, dest }) => [source, dest])
  checkRanks('Distgraph.create', ends, size)
}

function checkRanks(call: string, ranks: readonly number[], size: number): void {
  const wrong = ranks.find((rank) => !Number.isInteger(rank) || rank < 0 || rank >= size)
  if (wrong !== undefined)
    throw new MpiError('MPI_ERR_RANK', `${call}: a neighbour is ${describe(wrong)}, expected 0..${size - 1}`)
}

function checkAgreement(all: readonly AdjacentOptions[]): void {
  const fault = disagreement(all)
  if (fault !== undefined) throw new MpiError('MPI_ERR_ARG', `Distgraph.createAdjacent: ${fault}`)
}

/** An edge that one of its ends names more often than the other, in words; undefined if there is none. */
function disagreement(all: readonly AdjacentOptions[]): string | undefined {
  const sent = all.map(({ destinations }) => multiplicity(destinations))
  const received = all.map(({ sources }) => multiplicity(sources))
  const edges = all.flatMap(({ sources, destinations }, rank) => [
    ...destinations.map((dest) => [rank, dest] as const),
    ...sources.map((source) => [source, rank] as const),
  ])
  for (const [source, dest] of edges) {
    const [there, here] = [sent[source]?.get(dest) ?? 0, received[dest]?.get(source) ?? 0]
    if (there !== here)
      return `rank ${source} names ${there} edges to rank ${dest}, which names ${here} from rank ${source}`
  }
  return undefined
}

function multiplicity(ranks: readonly number[]): Map<number, number> {
  const edges = new Map<number, number>()
  for (const rank of ranks) edges.set(rank, (edges.get(rank) ?? 0) + 1)
  return edges
}
