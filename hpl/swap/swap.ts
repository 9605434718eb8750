/**
 * Row interchanges of the update across a process column: chooses the exchange that HPL.dat names.
 */
import type { Panel } from '../panel.ts'
import type { Solver } from '../solver.ts'
import { binaryExchange } from './binary-exchange.ts'
import { RowExchange } from './row-exchange.ts'
import { spreadRoll } from './spread-roll.ts'

/**
 * Brings U, jb x n, to every process row and the rows it displaces into their places in A, for the `n` columns at the
 * panel's cursor. Collective over the process column, with more than one process row.
 *
 * @returns offset of U in the system's memory: n x jb if its form is 'transposed', else jb x n
 */
export async function exchangeRows(solver: Solver, panel: Panel, n: number, probe: () => void): Promise<number> {
  const { swap, swapThreshold } = solver.variant
  // Rows of the last exchange may still be on their way out of W.
  await solver.rowsOnTheWay.drain()
  const exchange = new RowExchange(solver, panel, n, probe)
  const binary = swap === 'binary-exchange' || (swap === 'mix' && n <= swapThreshold)
  return binary ? binaryExchange(exchange) : spreadRoll(exchange)
}
