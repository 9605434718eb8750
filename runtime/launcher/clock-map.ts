/**
 * How the clock of another machine runs beside ours, from questions what it says: offset and drift, and how well both are
 * known.
 *
 * Invariant: an answer was given at some moment between question and answer, so that the offset lies within half the time
 * that took of what the middle says. Of every WINDOW_MS the quickest answer counts. A line through two of them tells the
 * drift; what it says of other moments is wrong by no more than the errors of the two, prolonged, as long as the drift stays.
 */

/** Answers of this time make one point of the line. */
const WINDOW_MS = 1000
/** Points that are kept: the line lies through the first and the last of them, so that it follows slow changes of the drift. */
const POINTS = 30
/** Clocks of quartz drift from each other by less than this, in parts of one: before there is a line nothing else is known. */
const LARGEST_DRIFT = 2e-4

interface Point {
  /** The other machine's clock. */
  readonly atMs: number
  /** How far it is ahead of ours. */
  readonly offsetMs: number
  readonly errorMs: number
}

/** What is to be taken off the other machine's clock to have ours. */
export interface Offset {
  readonly offsetMs: number
  /** How wrong that can be. */
  readonly errorMs: number
}

export class ClockMap {
  readonly #points: Point[] = []
  #windowFromMs = -Infinity
  /** The largest error of all that `offsetAt` has told. */
  #worstMs = 0

  /**
   * An answer.
   *
   * @param sentMs our clock when we asked
   * @param theirMs the other machine's clock when it answered
   * @param nowMs our clock now
   */
  heard(sentMs: number, theirMs: number, nowMs: number): void {
    const point = { atMs: theirMs, offsetMs: theirMs - (sentMs + nowMs) / 2, errorMs: (nowMs - sentMs) / 2 }
    const points = this.#points
    if (nowMs - this.#windowFromMs >= WINDOW_MS) {
      this.#windowFromMs = nowMs
      points.push(point)
      if (points.length > POINTS) points.shift()
    } else if (point.errorMs < (points.at(-1) as Point).errorMs) points[points.length - 1] = point
  }

  /** The offset at a moment of the other machine's clock; 0 as long as nothing has been heard. */
  offsetAt(theirMs: number): Offset {
    const last = this.#points.at(-1)
    if (last === undefined) return { offsetMs: 0, errorMs: Infinity }
    const drift = this.drift
    const sinceMs = theirMs - last.atMs
    const errorMs = last.errorMs + Math.abs(sinceMs) * this.#driftError()
    this.#worstMs = Math.max(this.#worstMs, errorMs)
    return { offsetMs: last.offsetMs + drift * sinceMs, errorMs }
  }

  /** How much faster the other clock runs than ours, in parts of one. */
  get drift(): number {
    const [first, last] = [this.#points[0], this.#points.at(-1)]
    if (first === undefined || last === undefined || this.#driftError() >= LARGEST_DRIFT) return 0
    return (last.offsetMs - first.offsetMs) / (last.atMs - first.atMs)
  }

  /** The latest offset, and the largest error of all that have been told. */
  get summary(): Offset & { readonly drift: number } {
    const offsetMs = this.#points.at(-1)?.offsetMs ?? 0
    return { offsetMs, errorMs: Math.max(this.#worstMs, this.#points.at(-1)?.errorMs ?? 0), drift: this.drift }
  }

  /** How wrong the drift can be. */
  #driftError(): number {
    const [first, last] = [this.#points[0] as Point, this.#points.at(-1) as Point]
    const passedMs = last.atMs - first.atMs
    return passedMs > 0 ? Math.min((first.errorMs + last.errorMs) / passedMs, LARGEST_DRIFT) : LARGEST_DRIFT
  }
}
