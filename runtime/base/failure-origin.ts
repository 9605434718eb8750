/**
 * How a rank that fails because of another one says so, in words that the launcher understands: it waits for the other
 * one's own failure then, and names that.
 */

/** 'the operation threw on world rank 3' */
export function threwOn(worldRank: number): string {
  return `the operation threw on world rank ${worldRank}`
}

/** The world rank that a failure comes from by its own words, if it says so. */
export function originOf(text: string): number | undefined {
  const rank = /^MpiError: MPI_ERR_OP: \w+: the operation threw on world rank (\d+):/m.exec(text)?.[1]
  return rank === undefined ? undefined : Number(rank)
}
