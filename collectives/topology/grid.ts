/**
 * A grid of P x Q processes with a communicator for every row and column, as dense linear algebra uses it (BLACS, HPL).
 *
 * Invariant: rank `myrow` of `column` and rank `mycol` of `row` are this process; `all` numbers the processes in the
 * order of the grid.
 */
import { UNDEFINED } from '../../runtime/base/constants.ts'
import { MpiError } from '../../runtime/base/errors.ts'
import { describe } from '../../runtime/base/message-buffer.ts'
import { checkedOn } from '../../runtime/comm/properties.ts'
import { checkNames } from '../arguments.ts'
import type { Intracomm } from '../intracomm.ts'
import { cheaperOrder } from './placement.ts'

/**
 * How ranks fill the grid: 'row' walks along rows (0, 1 are neighbours in a row), 'column' along columns.
 *
 * @example
 * const order: GridOrder = 'column'
 * const grid = await Grid.create(world, { nprow: 2, npcol: 2, order })
 * if (world.rank === 1) log(grid?.myrow, grid?.mycol) // → 1 0
 * grid?.free()
 */
export type GridOrder = 'row' | 'column'

/**
 * Shape of a grid.
 *
 * @example
 * const shape: GridOptions = { nprow: 2, npcol: 2, order: 'auto' }
 * const grid = await Grid.create(world, shape)
 * log(grid?.order) // → row
 * grid?.free()
 */
export interface GridOptions {
  /** P: rows of processes, >= 1. */
  readonly nprow: number
  /** Q: columns of processes, >= 1. */
  readonly npcol: number
  /** Default 'row'. 'auto': the way that keeps rows and columns within hosts better; see docs/collectives.md. */
  readonly order?: GridOrder | 'auto'
}

interface Shape {
  readonly nprow: number
  readonly npcol: number
  readonly order: GridOrder
}

interface GridComms {
  readonly all: Intracomm
  readonly row: Intracomm
  readonly column: Intracomm
}

/** P x Q processes; this one is at (myrow, mycol). */
export class Grid {
  readonly nprow: number
  readonly npcol: number
  readonly order: GridOrder
  /** Row and column of this process. */
  readonly myrow: number
  readonly mycol: number
  /** All processes of the grid; ranks by `order`. The three are named, for reports: 'grid 2 x 2', 'row 0', 'column 1'. */
  readonly all: Intracomm
  /** The processes of my row; ranks are columns. */
  readonly row: Intracomm
  /** The processes of my column; ranks are rows. */
  readonly column: Intracomm

  private constructor({ nprow, npcol, order }: Shape, { all, row, column }: GridComms) {
    this.nprow = nprow
    this.npcol = npcol
    this.order = order
    this.all = all
    this.row = row
    this.column = column
    this.myrow = column.rank
    this.mycol = row.rank
  }

  /**
   * Makes a grid of the first nprow * npcol ranks of `comm`. Collective over `comm`; undefined on the ranks beyond.
   *
   * @throws {MpiError} MPI_ERR_DIMS if there are too few ranks or the numbers make no grid, MPI_ERR_ARG for `order`
   * @example
   * const grid = await Grid.create(world, { nprow: 2, npcol: 2 })
   * const panel = Float64Array.of(world.rank)
   * await grid?.row.bcast(panel, { root: 0 })
   * if (world.rank === 3) log(panel[0]) // → 2
   * grid?.free()
   */
  static async create(comm: Intracomm, options: GridOptions): Promise<Grid | undefined> {
    checkedOn(comm, () => checkGrid(comm, options))
    const { nprow, npcol, order: asked = 'row' } = options
    const order = asked === 'auto' ? cheaperOrder(nprow, npcol, comm.hosts.hostOf) : asked
    const call = 'Grid.create'
    const agreed = { values: [nprow, npcol, ORDERS.indexOf(asked)], describe: shapeOf }
    const all = await comm.splitFor(comm.rank < nprow * npcol ? 0 : UNDEFINED, 0, call, agreed)
    if (all === undefined) return undefined
    const { rank } = all
    const myrow = order === 'row' ? Math.floor(rank / npcol) : rank % nprow
    const mycol = order === 'row' ? rank % npcol : Math.floor(rank / nprow)
    const [row, column] = await Promise.all([all.splitFor(myrow, mycol, call), all.splitFor(mycol, myrow, call)])
    const comms = { all, row: row as Intracomm, column: column as Intracomm }
    all.name = `grid ${nprow} x ${npcol}`
    comms.row.name = `row ${myrow}`
    comms.column.name = `column ${mycol}`
    return new Grid({ nprow, npcol, order }, comms)
  }

  /**
   * Rank in `all` of the process in a row and a column. Local.
   *
   * @example
   * const grid = await Grid.create(world, { nprow: 2, npcol: 2, order: 'column' })
   * log(grid?.rankOf(0, 1)) // → 2
   * grid?.free()
   */
  rankOf(row: number, column: number): number {
    return this.order === 'row' ? row * this.npcol + column : column * this.nprow + row
  }

  /** Gives the three communicators back. Local. @throws {MpiError} MPI_ERR_COMM if they are freed already */
  free(): void {
    this.row.free()
    this.column.free()
    this.all.free()
  }
}

const OPTIONS = ['nprow', 'npcol', 'order']
const ORDERS = ['row', 'column', 'auto']

function shapeOf([nprow, npcol, order = 0]: readonly number[]): string {
  return `${nprow} x ${npcol} with order '${ORDERS[order]}'`
}

function checkGrid(comm: Intracomm, options: GridOptions): void {
  checkNames('Grid.create', options, OPTIONS)
  const { nprow, npcol, order = 'row' } = options
  for (const [name, value] of Object.entries({ nprow, npcol }))
    if (!Number.isInteger(value) || value < 1)
      throw new MpiError('MPI_ERR_DIMS', `Grid.create: ${name} is ${describe(value)}, expected an integer >= 1`)
  if (nprow * npcol > comm.size)
    throw new MpiError(
      'MPI_ERR_DIMS',
      `Grid.create: a grid of ${nprow} x ${npcol} needs ${nprow * npcol} ranks, the communicator has ${comm.size}`,
    )
  if (order !== 'row' && order !== 'column' && order !== 'auto')
    throw new MpiError('MPI_ERR_ARG', `Grid.create: order is ${describe(order)}, expected 'row', 'column' or 'auto'`)
}
