/**
 * What the jb row interchanges of a panel amount to.
 *
 * Interchange k swaps row ia+k with row pivots[k] >= ia+k. Row ia+k is never touched again, so what lies there is final;
 * what an interchange puts below the top block always came from the top block. Hence two facts a slot k of U:
 *   - `source[k]`: the row that ends in slot k (position ia+k);
 *   - `replacement[k]`: if that row came from below the top block, the row of the top block that takes its place there.
 * Every process computes this alike from the pivots. Layer below: block-cyclic.ts.
 */
import { indxg2l, indxg2p } from '../block-cyclic.ts'

export interface Permutation {
  /** (global) rows of U. */
  readonly jb: number
  /** (global) row whose content ends in slot k. */
  readonly source: Int32Array
  /** Process row that owns `source[k]`, and the local row there. */
  readonly owner: Int32Array
  readonly localSource: Int32Array
  /** Row 0..jb-1 of the top block that goes to `source[k]`; -1 if `source[k]` is in the top block itself. */
  readonly replacement: Int32Array
}

/**
 * Follows the interchanges. Local.
 *
 * @param pivots (global) row that row ia+k was interchanged with, in order of k
 * @param ia (global) first row of the panel
 * @param nb (global) block size
 * @param nprow (global) process rows
 */
export function createPermutation(pivots: ArrayLike<number>, ia: number, nb: number, nprow: number): Permutation {
  const jb = pivots.length
  const top = Int32Array.from({ length: jb }, (_, k) => ia + k)
  const below = new Map<number, number>()
  for (let k = 0; k < jb; k++) {
    const pivot = pivots[k] as number
    const displaced = top[k] as number
    if (pivot < ia + jb) {
      top[k] = top[pivot - ia] as number
      top[pivot - ia] = displaced
    } else {
      top[k] = below.get(pivot) ?? pivot
      below.set(pivot, displaced)
    }
  }
  const replacement = top.map((source) => (source < ia + jb ? -1 : (below.get(source) as number) - ia))
  const owner = top.map((source) => indxg2p(source, nb, 0, nprow))
  const localSource = top.map((source) => indxg2l(source, nb, nprow))
  return { jb, source: top, owner, localSource, replacement }
}
