/** How much room a panel record takes; what is in it is said in panel.ts. All lengths in doubles. */

/** L1, the pivot rows and the info; the next part begins at a multiple of 64 bytes. */
export function headLength(jb: number): number {
  return Math.ceil((jb * jb + jb + 1) / 8) * 8
}

/** A record for panels of up to `mp` local rows and `jb` columns. */
export function recordLength(mp: number, jb: number): number {
  return headLength(jb) + mp * jb
}
