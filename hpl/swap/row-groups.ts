/**
 * The rows of U of one panel, grouped by the process row that they come from: what a row exchange sends where. For each
 * row that a process gives it gets one back, the one that the permutation puts in its place. Pure data.
 */
import type { Permutation } from './permutation.ts'

export interface RowGroups {
  /** Slots of U in the order of the groups: position w holds the row of slot slots[w]. */
  readonly slots: Int32Array
  /** Row of the matrix, local to its owner, at each position. */
  readonly rows: Int32Array
  /** Group g takes the positions starts[g] .. starts[g+1]-1. */
  readonly starts: Int32Array
}

/**
 * Groups the slots. Local.
 *
 * @param order process rows in the order of their groups
 */
export function groupRows(permutation: Permutation, order: readonly number[]): RowGroups {
  const { jb, owner, localSource } = permutation
  const slots = new Int32Array(jb)
  const starts = new Int32Array(order.length + 1)
  let next = 0
  order.forEach((process, group) => {
    for (let k = 0; k < jb; k++) if (owner[k] === process) slots[next++] = k
    starts[group + 1] = next
  })
  return { slots, rows: slots.map((slot) => localSource[slot]), starts }
}
