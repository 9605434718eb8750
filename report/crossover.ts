/** From which N on several hosts beat one: interpolated between measured points. Pure. Layer below: none. */

/** Rates of one host and of several at the same N. */
export interface RatePair {
  readonly n: number
  readonly one: number
  readonly several: number
}

export type Crossover =
  /** Several hosts are faster from this N on. */
  | { readonly kind: 'at'; readonly n: number }
  /** Already at the smallest N, or not even at the largest; `towards`: where the last two points lead, if they lead there. */
  | { readonly kind: 'below'; readonly n: number }
  | { readonly kind: 'beyond'; readonly n: number; readonly towards: number | undefined }

/** Farther than this from what was measured nothing is said. */
const FARTHEST = 3

/**
 * The crossover. Between two points log(several/one) is taken as a straight line over log N: overheads that grow with
 * another power of N than the work make the ratio a power of N. Where noise makes the ratio pass 1 more than once, the
 * last passage counts: from there on it stays above. Local.
 *
 * @param pairs at least one, rates > 0
 */
export function crossover(pairs: readonly RatePair[]): Crossover {
  const points = [...pairs].sort((a, b) => a.n - b.n).map(({ n, one, several }) => ({ n, gain: Math.log(several / one) })) // prettier-ignore
  const last = points.at(-1) as Point
  const before = points.findLast(({ gain }) => gain < 0)
  if (before === undefined) return { kind: 'below', n: (points[0] as Point).n }
  if (before !== last) return { kind: 'at', n: zeroBetween(before, points[points.indexOf(before) + 1] as Point) }
  const previous = points.at(-2)
  const towards = previous === undefined || previous.gain >= last.gain ? undefined : zeroBetween(previous, last)
  return { kind: 'beyond', n: last.n, towards: towards !== undefined && towards <= FARTHEST * last.n ? towards : undefined } // prettier-ignore
}

interface Point {
  readonly n: number
  readonly gain: number
}

/** Where the line through two points of different gain is zero, over log N. */
function zeroBetween(a: Point, b: Point): number {
  const slope = (b.gain - a.gain) / (Math.log(b.n) - Math.log(a.n))
  return Math.exp(Math.log(a.n) - a.gain / slope)
}
