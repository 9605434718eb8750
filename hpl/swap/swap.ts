/**
 * Row interchanges of the update across a process column: chooses the exchange that HPL.dat names.
 */
import { complete, type Wait } from '../messaging.ts'
import type { Panel } from '../panel.ts'
import type { Solver } from '../solver.ts'
import { binaryExchange } from './binary-exchange.ts'
import { RowExchange, type Section } from './row-exchange.ts'
import { spreadRoll } from './spread-roll.ts'

/**
 * Brings U, jb x n, to every process row and the rows it displaces into their places in A, for the n columns of a section.
 * Collective over the process column, with more than one process row.
 *
 * @param probe to be called between steps
 * @param wait how to wait for a message
 * @returns offset of U in the system's memory: n x jb if its form is 'transposed', else jb x n
 */
export async function exchangeRows(
  solver: Solver,
  panel: Panel,
  section: Section,
  probe: () => void,
  wait: Wait = complete,
): Promise<number> {
  const { swap, swapThreshold } = solver.variant
  // Rows of the last exchange may still be on their way out of W.
  await solver.rowsOnTheWay.drain(wait)
  const exchange = new RowExchange(solver, panel, section, probe, wait)
  const binary = swap === 'binary-exchange' || (swap === 'mix' && section.n <= swapThreshold)
  return binary ? binaryExchange(exchange) : spreadRoll(exchange)
}
