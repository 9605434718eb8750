/**
 * The pivot search across a process column, merged with the broadcast of the pivot row and of the row it displaces: one
 * message each way a round and column, which is all the latency-bound part of HPL can be reduced to.
 *
 * A message holds [value, panel row, global row, process row | candidate row, jb | current row, jb]. The candidate with
 * the larger |value| wins, of equal ones that of the smaller process row, so the result does not depend on the order of
 * merging. With d the distance from `prow` and p2 the largest power of two <= P: processes d >= p2 hand their candidate
 * to d - p2; then log2(p2) exchanges with d xor 2^k; at last d - p2 hands the winner back. The current row, which only
 * d = 0 knows, spreads along: whoever knows it sends it to those who do not.
 * Cost per column: ceil(log2 P) (+ 1 if P is no power of two) times alpha + (4 + 2 jb) 8 beta.
 */
import { exchange, complete, TAG } from '../messaging.ts'
import { indxl2g } from '../block-cyclic.ts'
import type { Panel } from '../panel.ts'
import { powerOfTwoBelow, relativeTo } from '../process-grid.ts'
import type { Solver } from '../solver.ts'
import type { DiagonalBlock } from './l1.ts'

const HEAD = 4
const VALUE = 0
const PANEL_ROW = 1
const GLOBAL_ROW = 2
const PROCESS_ROW = 3

export class PivotExchange {
  readonly #solver: Solver
  readonly #panel: Panel
  /** Distance from `prow`. */
  readonly #d: number
  readonly #powerOfTwo: number
  readonly #mine: number
  readonly #theirs: number
  // Messages without and with the current row.
  readonly #mineShort: Float64Array
  readonly #mineLong: Float64Array
  readonly #theirsShort: Float64Array
  readonly #theirsLong: Float64Array

  constructor(solver: Solver, panel: Panel) {
    const { grid, system } = solver
    const { memory } = system
    const { jb } = panel
    const [mine, theirs] = system.pivot
    this.#solver = solver
    this.#panel = panel
    this.#d = relativeTo(panel.prow, grid.myrow, grid.nprow)
    this.#powerOfTwo = powerOfTwoBelow(grid.nprow)
    this.#mine = mine
    this.#theirs = theirs
    this.#mineShort = memory.subarray(mine, mine + HEAD + jb)
    this.#mineLong = memory.subarray(mine, mine + HEAD + 2 * jb)
    this.#theirsShort = memory.subarray(theirs, theirs + HEAD + jb)
    this.#theirsLong = memory.subarray(theirs, theirs + HEAD + 2 * jb)
  }

  /**
   * Agrees on the pivot row of column j, writes it into row j of L1 everywhere, and the current row into its place.
   * Collective over the process column.
   *
   * @param row (local) panel row of my best candidate, -1 if I have no rows
   */
  async choose(j: number, row: number, l1: DiagonalBlock): Promise<void> {
    this.#nominate(j, row)
    await this.#agree()
    this.#apply(j, l1)
  }

  #nominate(j: number, row: number): void {
    const { grid, system } = this.#solver
    const { memory, nb } = system
    const { jb, ii, mp, work: corner } = this.#panel
    const mine = this.#mine
    const candidate = mine + HEAD
    memory[mine + VALUE] = row < 0 ? 0 : memory[corner + row + j * mp]
    memory[mine + PANEL_ROW] = row
    memory[mine + GLOBAL_ROW] = row < 0 ? -1 : indxl2g(ii + row, nb, grid.myrow, 0, grid.nprow)
    memory[mine + PROCESS_ROW] = row < 0 ? grid.nprow : grid.myrow
    if (row >= 0) for (let k = 0, from = corner + row; k < jb; k++, from += mp) memory[candidate + k] = memory[from]
    if (this.#d !== 0) return
    for (let k = 0, from = corner + j; k < jb; k++, from += mp) memory[candidate + jb + k] = memory[from]
  }

  async #agree(): Promise<void> {
    const { column } = this.#solver.grid
    const d = this.#d
    const folded = this.#powerOfTwo
    if (d >= folded) {
      const source = this.#process(d - folded)
      const final = column.irecv(this.#theirsLong, { source, tag: TAG.column })
      await complete(column.isend(this.#mineShort, { dest: source, tag: TAG.column }))
      await complete(final)
      this.#adopt(HEAD + 2 * this.#panel.jb)
      return
    }
    const guest = d + folded < column.size ? this.#process(d + folded) : -1
    if (guest >= 0) {
      await complete(column.irecv(this.#theirsShort, { source: guest, tag: TAG.column }))
      this.#merge()
    }
    for (let mask = 1; mask < folded; mask *= 2) await this.#exchange(d, mask)
    if (guest >= 0) await complete(column.isend(this.#mineLong, { dest: guest, tag: TAG.column }))
  }

  /** One round of the hypercube. Before it, processes with d < mask know the current row. */
  async #exchange(d: number, mask: number): Promise<void> {
    const partner = d ^ mask
    const iTell = d < mask
    const iAmTold = partner < mask && !iTell
    const sent = iTell ? this.#mineLong : this.#mineShort
    const received = iAmTold ? this.#theirsLong : this.#theirsShort
    await exchange(this.#solver.grid.column, this.#process(partner), TAG.column, sent, received)
    this.#merge()
    if (!iAmTold) return
    const { jb } = this.#panel
    const current = this.#theirs + HEAD + jb
    this.#solver.system.memory.copyWithin(this.#mine + HEAD + jb, current, current + jb)
  }

  #merge(): void {
    const { memory } = this.#solver.system
    const mine = this.#mine
    const theirs = this.#theirs
    const ahead = Math.abs(memory[theirs + VALUE]) - Math.abs(memory[mine + VALUE])
    if (ahead > 0 || (ahead === 0 && memory[theirs + PROCESS_ROW] < memory[mine + PROCESS_ROW])) {
      this.#adopt(HEAD + this.#panel.jb)
    }
  }

  /** Takes over the first `length` doubles of their message. */
  #adopt(length: number): void {
    this.#solver.system.memory.copyWithin(this.#mine, this.#theirs, this.#theirs + length)
  }

  #process(d: number): number {
    const { nprow } = this.#solver.grid
    return (d + this.#panel.prow) % nprow
  }

  #apply(j: number, l1: DiagonalBlock): void {
    const { grid, system } = this.#solver
    const { memory } = system
    const { jb, ia, pivots, prow, mp, work } = this.#panel
    const candidate = this.#mine + HEAD
    const current = candidate + jb
    const zero = memory[this.#mine + VALUE] === 0
    const chosen = zero ? current : candidate
    for (let k = 0, into = l1.at(j, 0); k < jb; k++, into += l1.columnStride) memory[into] = memory[chosen + k]
    memory[pivots + j] = zero ? ia + j : memory[this.#mine + GLOBAL_ROW]

    const iOwnIt = memory[this.#mine + PROCESS_ROW] === grid.myrow
    const row = memory[this.#mine + PANEL_ROW]
    if (zero || !iOwnIt || (grid.myrow === prow && row === j)) return
    for (let k = 0, into = work + row; k < jb; k++, into += mp) memory[into] = memory[current + k]
  }
}
