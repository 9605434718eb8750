/**
 * Cartesian communicators (MPI 4.1, section 8.5): ranks on a grid of any number of dimensions, each periodic or not.
 *
 * Invariant: coordinates are row-major: the last dimension varies fastest with the rank. `reorder` changes which process
 * has which rank, never this.
 */
import { PROC_NULL, UNDEFINED } from '../../runtime/base/constants.ts'
import { invariant, MpiError } from '../../runtime/base/errors.ts'
import { describe } from '../../runtime/base/message-buffer.ts'
import { checkedOn } from '../../runtime/comm/properties.ts'
import { checkArray, checkNames } from '../arguments.ts'
import { Intracomm, type DupOptions, type Foundation } from '../intracomm.ts'
import type { Neighborhood } from '../plans/neighbors.ts'
import { coordsOf, gridOrder, product, rankAt } from './placement.ts'
import { TopologyComm } from './topology-comm.ts'

/**
 * Shape of a Cartesian communicator.
 *
 * @example
 * const shape: CartOptions = { dims: [2, 2], periods: [true, false], reorder: true }
 * const cart = await Cartcomm.create(world, shape)
 * log(cart?.size) // → 4
 * cart?.free()
 */
export interface CartOptions {
  /** Extents; none at all make a grid of one process. Extents that shall be chosen: see `dimsCreate`. */
  readonly dims: readonly number[]
  /** Whether each dimension is a ring; default: none is. */
  readonly periods?: readonly boolean[]
  /** True: processes may get other ranks than in the parent, so that neighbours share a host. Default false. */
  readonly reorder?: boolean
}

/**
 * Neighbours of a shift.
 *
 * @example
 * const line = await Cartcomm.create(world, { dims: [world.size] })
 * const { source, dest }: Shift = line?.shift(0, 1) ?? { source: PROC_NULL, dest: PROC_NULL }
 * if (world.rank === 3) log(source, dest === PROC_NULL) // → 2 true
 * line?.free()
 */
export interface Shift {
  /** Rank whose data comes here, or PROC_NULL. */
  readonly source: number
  /** Rank that data from here goes to, or PROC_NULL. */
  readonly dest: number
}

/** A communicator whose ranks are the points of a grid. Neighbours: for each dimension the one below, then the one above. */
export class Cartcomm extends TopologyComm {
  readonly dims: readonly number[]
  readonly periods: readonly boolean[]
  /** Coordinates of this rank. */
  readonly coords: readonly number[]
  readonly sources: readonly number[]
  readonly destinations: readonly number[]
  protected readonly neighborhood: Neighborhood

  private constructor(foundation: Foundation, dims: readonly number[], periods: readonly boolean[]) {
    super(...foundation)
    this.dims = dims
    this.periods = periods
    this.coords = this.coordsOf(this.rank)
    this.sources = dims.flatMap((_, direction) => [this.#neighbor(direction, -1), this.#neighbor(direction, 1)])
    this.destinations = this.sources
    this.neighborhood = this.#edges()
  }

  /**
   * Makes a grid of the first ranks of `comm`, as many as it has points. Collective over `comm`; undefined on the ranks
   * beyond.
   *
   * With `reorder`, the grid is cut into bricks, one for each host, if that leaves fewer neighbours on different hosts than
   * the order of the ranks does; it needs as many ranks of the grid on every host.
   *
   * @throws {MpiError} MPI_ERR_DIMS if there are too few ranks or an extent is none, MPI_ERR_ARG for `periods`
   * @example
   * const grid = await Cartcomm.create(world, { dims: dimsCreate(world.size, 2), periods: [true, false] })
   * if (grid === undefined) return
   * const { source, dest } = grid.shift(0, 1)
   * const above = new Int32Array(1)
   * await grid.sendrecv(Int32Array.of(grid.rank), above, { dest, source })
   * if (grid.rank === 0) log(grid.dims, above[0]) // → [ 2, 2 ] 2
   * grid.free()
   */
  static async create(comm: Intracomm, options: CartOptions): Promise<Cartcomm | undefined> {
    checkedOn(comm, () => checkCart(comm, options))
    const { dims, periods = dims.map(() => false), reorder = false } = options
    const size = product(dims)
    const member = comm.rank < size
    const hostOf = comm.hosts.hostOf.slice(0, size)
    const order = reorder ? gridOrder(dims, periods, hostOf) : hostOf.map((_, rank) => rank)
    const [color, key] = member ? [0, order[comm.rank] as number] : [UNDEFINED, 0]
    const agreed = { values: [...dims, ...periods.map(Number), Number(reorder)], describe: shapeOf }
    const foundation = await Intracomm.divided(comm, color, key, 'Cartcomm.create', agreed)
    return foundation && new Cartcomm(foundation, [...dims], [...periods]).inherit(comm)
  }

  /**
   * The same grid again, of the same ranks, whose messages never meet this one's. Collective.
   *
   * @throws like `Intracomm.dup`
   * @example
   * const torus = await Cartcomm.create(world, { dims: [2, 2], periods: [true, true] })
   * const twin = await torus?.dup()
   * log(twin?.ndims, twin?.periods) // → 2 [ true, true ]
   * twin?.free()
   * torus?.free()
   */
  override async dup(options: DupOptions = {}): Promise<Cartcomm> {
    return new Cartcomm(await this.duplicated(options), this.dims, this.periods).inherit(this, true)
  }

  /** Number of dimensions. */
  get ndims(): number {
    return this.dims.length
  }

  /**
   * Coordinates of a rank. Local.
   *
   * @throws {MpiError} MPI_ERR_RANK
   * @example
   * const grid = await Cartcomm.create(world, { dims: [2, 2], periods: [true, false] })
   * log(grid?.coordsOf(2), grid?.rankOf([-1, 1])) // → [ 1, 0 ] 3
   * grid?.free()
   */
  coordsOf(rank: number): number[] {
    if (!Number.isInteger(rank) || rank < 0 || rank >= this.size)
      this.raise(new MpiError('MPI_ERR_RANK', `coordsOf: rank is ${describe(rank)}, expected 0..${this.size - 1}`))
    return coordsOf(rank, this.dims)
  }

  /**
   * Rank at the coordinates; in periodic dimensions any integer stands for one of the ring. Local.
   *
   * @throws {MpiError} MPI_ERR_ARG if there is no such point
   */
  rankOf(coords: readonly number[]): number {
    this.checked(() => checkArray('rankOf', 'coords', coords, `an array of ${this.ndims} integers`))
    const rank = coords.length === this.ndims && coords.every(Number.isInteger) ? this.#rankAt(coords) : PROC_NULL
    if (rank === PROC_NULL)
      this.raise(
        new MpiError(
          'MPI_ERR_ARG',
          `rankOf: coords is [${coords.join(', ')}], expected ${this.ndims} integers inside [${this.dims.join(', ')}]`,
        ),
      )
    return rank
  }

  /**
   * Where data goes, and comes from, when all ranks pass theirs on by `displacement` in a dimension. Local.
   *
   * @param direction dimension, 0..ndims-1
   * @param displacement steps up, or down if negative
   * @throws {MpiError} MPI_ERR_ARG for wrong arguments
   */
  shift(direction: number, displacement: number): Shift {
    if (!Number.isInteger(direction) || direction < 0 || direction >= this.ndims)
      this.raise(new MpiError('MPI_ERR_ARG', `shift: direction is ${describe(direction)}, ${directions(this.ndims)}`))
    if (!Number.isInteger(displacement))
      this.raise(new MpiError('MPI_ERR_ARG', `shift: displacement is ${describe(displacement)}, expected an integer`))
    return { source: this.#neighbor(direction, -displacement), dest: this.#neighbor(direction, displacement) }
  }

  /**
   * The grid of this rank when the other dimensions are cut away: one communicator for each of their points. Collective.
   *
   * @param remain true for each dimension to keep
   * @throws {MpiError} MPI_ERR_ARG if it has not one entry for each dimension
   * @example
   * const grid = await Cartcomm.create(world, { dims: [2, 2] })
   * const row = await grid?.sub([false, true]) // the ranks with my first coordinate
   * if (world.rank === 2) log(row?.dims, await row?.allgatherObject(world.rank)) // → [ 2 ] [ 2, 3 ]
   * else await row?.allgatherObject(world.rank)
   * row?.free()
   * grid?.free()
   */
  async sub(remain: readonly boolean[]): Promise<Cartcomm> {
    this.checked(() => checkArray('sub', 'remain', remain, `an array of ${this.ndims} booleans`))
    if (remain.length !== this.ndims || !remain.every((keep) => typeof keep === 'boolean'))
      this.raise(new MpiError('MPI_ERR_ARG', `sub: remain is [${remain.join(', ')}], expected ${this.ndims} booleans`))
    const kept = <T>(list: readonly T[]): T[] => list.filter((_, direction) => remain[direction])
    const cut = <T>(list: readonly T[]): T[] => list.filter((_, direction) => remain[direction] === false)
    const color = rankAt(cut(this.coords), cut(this.dims))
    const foundation = await Intracomm.divided(this, color, rankAt(kept(this.coords), kept(this.dims)), 'Cartcomm.sub')
    invariant(foundation !== undefined, 'a part of a grid without this rank')
    return new Cartcomm(foundation, kept(this.dims), kept(this.periods)).inherit(this)
  }

  #neighbor(direction: number, displacement: number): number {
    return this.#rankAt(this.coords.map((at, index) => (index === direction ? at + displacement : at)))
  }

  /** PROC_NULL beyond an edge. */
  #rankAt(coords: readonly number[]): number {
    const wrapped = coords.map((at, index) => {
      const extent = this.dims[index] as number
      return this.periods[index] === true ? ((at % extent) + extent) % extent : at
    })
    if (wrapped.some((at, index) => at < 0 || at >= (this.dims[index] as number))) return PROC_NULL
    return rankAt(wrapped, this.dims)
  }

  /**
   * What goes up comes from below. In a ring of one or two, the rank below and the one above are the same: sending up first
   * what is received from below first keeps the two messages apart (MPI 4.1, section 8.6, on periodic dimensions).
   */
  #edges(): Neighborhood {
    const edge = (block: number): { rank: number; block: number } => ({ rank: this.sources[block] as number, block })
    const blocks = this.sources.map((_, block) => block)
    return { sources: blocks.map(edge), destinations: blocks.map((block) => edge(block ^ 1)) }
  }
}

function directions(ndims: number): string {
  return ndims === 0 ? 'but a grid of 0 dimensions has none' : `expected 0..${ndims - 1}`
}

const OPTIONS = ['dims', 'periods', 'reorder']

/** @param values extents, periods and reorder */
function shapeOf(values: readonly number[]): string {
  const ndims = (values.length - 1) / 2
  const periods = values.slice(ndims, -1).map((period) => period === 1)
  return `dims [${values.slice(0, ndims).join(', ')}], periods [${periods.join(', ')}], reorder ${values.at(-1) === 1}`
}

function checkCart(comm: Intracomm, options: CartOptions): void {
  checkNames('Cartcomm.create', options, OPTIONS)
  const { dims, periods = [] } = options
  checkArray('Cartcomm.create', 'dims', dims, 'an array of extents such as [2, 3]')
  checkArray('Cartcomm.create', 'periods', periods, 'an array of booleans, one for each extent')
  const wrong = dims.find((extent) => !Number.isInteger(extent) || extent < 1)
  if (wrong !== undefined)
    throw new MpiError('MPI_ERR_DIMS', `Cartcomm.create: an extent is ${describe(wrong)}, expected an integer >= 1`)
  if (product(dims) > comm.size)
    throw new MpiError(
      'MPI_ERR_DIMS',
      `Cartcomm.create: a grid of [${dims.join(', ')}] needs ${product(dims)} ranks, the communicator has ${comm.size}`,
    )
  if (options.periods === undefined) return
  if (periods.length !== dims.length || !periods.every((period) => typeof period === 'boolean'))
    throw new MpiError(
      'MPI_ERR_ARG',
      `Cartcomm.create: periods is [${periods.join(', ')}], expected ${dims.length} booleans, one for each extent`,
    )
}
