/** How much room a panel record takes, and where its parts are; panel.ts says what they are. All lengths in doubles. */

/** A panel that has been factored and received. */
export interface FactoredPanel {
  /** (global) first row and column, and number of columns. */
  readonly ia: number
  readonly jb: number
  /** (global) process column that has factored it. */
  readonly pcol: number
  /** (local) rows of L2. */
  readonly ml2: number
  /** Offsets into the system's memory: L2 by columns and its leading dimension, the jb global pivot rows. */
  readonly l2: number
  readonly ldl2: number
  readonly pivots: number
}

/** L1, the pivot rows and the info; the next part begins at a multiple of 64 bytes. */
export function headLength(jb: number): number {
  return Math.ceil((jb * jb + jb + 1) / 8) * 8
}

/** A record for panels of up to `mp` local rows and `jb` columns. */
export function recordLength(mp: number, jb: number): number {
  return headLength(jb) + mp * jb
}
