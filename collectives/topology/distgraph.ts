/**
 * Communicators whose ranks are the nodes of a graph (MPI 4.1, section 8.5.4): each rank knows its own edges only.
 *
 * Invariant: both ends of every edge know it. Ranks whose lists do not agree are told so when the graph is made; a
 * neighbour collective would hang.
 */
import { invariant, MpiError } from '../../runtime/base/errors.ts'
import { describe } from '../../runtime/base/message-buffer.ts'
import { checkArray, checkNames } from '../arguments.ts'
import { Intracomm, type DupOptions, type Foundation } from '../intracomm.ts'
import { MIN } from '../op.ts'
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
    checkArray('Distgraph.createAdjacent', 'sources', sources, 'an array of ranks')
    checkArray('Distgraph.createAdjacent', 'destinations', destinations, 'an array of ranks')
    checkRanks('Distgraph.createAdjacent', [...sources, ...destinations], comm.size)
    const [incoming, outgoing] = [multiplicity(sources, comm.size), multiplicity(destinations, comm.size)]
    const claimed = new Int32Array(comm.size)
    await comm.alltoall(outgoing, claimed)
    const at = claimed.findIndex((edges, rank) => edges !== incoming[rank])
    // All ranks learn of it: a graph that some have and others not would hang later.
    const disagreeing = await comm.allreduce(at >= 0 ? comm.rank : comm.size, { op: MIN })
    if (at < 0 && disagreeing < comm.size)
      throw new MpiError('MPI_ERR_ARG', `Distgraph.createAdjacent: rank ${disagreeing} and others disagree on an edge`)
    if (at >= 0)
      throw new MpiError(
        'MPI_ERR_ARG',
        `Distgraph.createAdjacent: rank ${at} names ${claimed[at]} edges to rank ${comm.rank}, which names ${incoming[at]} from rank ${at}`,
      )
    return Distgraph.#make(comm, { sources: [...sources], destinations: [...destinations] })
  }

  /**
   * Makes a graph of which every rank names some edges, not necessarily its own. Each edge is named once. Collective.
   * Neighbours are in ascending order.
   *
   * @throws {MpiError} MPI_ERR_RANK if an end of an edge is no rank, MPI_ERR_ARG if `edges` is no array of them
   */
  static async create(comm: Intracomm, edges: readonly GraphEdge[]): Promise<Distgraph> {
    checkArray('Distgraph.create', 'edges', edges, 'an array of { source, dest }')
    for (const edge of edges) checkNames('Distgraph.create', edge, ['source', 'dest'])
    const flat = edges.flatMap(({ source, dest }) => [source, dest])
    checkRanks('Distgraph.create', flat, comm.size)
    const all = (await comm.allgatherObject(edges)).flat()
    const ascending = (a: number, b: number): number => a - b
    return Distgraph.#make(comm, {
      sources: all.flatMap(({ source, dest }) => (dest === comm.rank ? [source] : [])).sort(ascending),
      destinations: all.flatMap(({ source, dest }) => (source === comm.rank ? [dest] : [])).sort(ascending),
    })
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

  static async #make(comm: Intracomm, adjacent: AdjacentOptions): Promise<Distgraph> {
    const foundation = await Intracomm.divided(comm, 0, comm.rank)
    invariant(foundation !== undefined, 'a graph without this rank')
    return new Distgraph(foundation, adjacent).inherit(comm)
  }
}

function checkRanks(call: string, ranks: readonly number[], size: number): void {
  const wrong = ranks.find((rank) => !Number.isInteger(rank) || rank < 0 || rank >= size)
  if (wrong !== undefined)
    throw new MpiError('MPI_ERR_RANK', `${call}: a neighbour is ${describe(wrong)}, expected 0..${size - 1}`)
}

function multiplicity(ranks: readonly number[], size: number): Int32Array {
  const edges = new Int32Array(size)
  for (const rank of ranks) edges[rank] = (edges[rank] as number) + 1
  return edges
}
