/**
 * An ordered set of processes (MPI 4.1, section 7.3): translates between ranks of a communicator and world ranks.
 * Immutable; every operation gives a new group. Nothing here sends a message.
 */
import { PROC_NULL, UNDEFINED } from '../base/constants.ts'
import { invariant, MpiError } from '../base/errors.ts'
import { describe } from '../base/message-buffer.ts'

/**
 * Ranks first, first + stride, … up to last, which is met or passed.
 *
 * @example
 * const everySecond: RankRange = [0, world.size - 1, 2]
 * log(world.group.rangeIncl([everySecond]).worldRanks) // → [ 0, 2 ]
 */
export type RankRange = readonly [first: number, last: number, stride?: number]

/**
 * An ordered set of processes, from `comm.group`.
 *
 * @example
 * const odd = world.group.incl([3, 1])
 * log(odd.rankOf(3), world.group.difference(odd).worldRanks) // → 0 [ 0, 2 ]
 */
export class Group {
  /** The group without members. */
  static readonly EMPTY = new Group([])

  readonly #worldRanks: readonly number[]
  readonly #ranks: ReadonlyMap<number, number>

  /**
   * @param worldRanks world rank of each rank, no two equal
   * @internal
   */
  constructor(worldRanks: readonly number[]) {
    this.#worldRanks = worldRanks
    this.#ranks = new Map(worldRanks.map((worldRank, rank) => [worldRank, rank]))
    invariant(this.#ranks.size === worldRanks.length, `group with a repeated rank: ${worldRanks.join(' ')}`)
  }

  /** Number of members. */
  get size(): number {
    return this.#worldRanks.length
  }

  /** World ranks of the members, by rank. */
  get worldRanks(): readonly number[] {
    return this.#worldRanks
  }

  /** World rank of `rank`, which must be in the group: others are not refused here, unlike in `translateRanks`. Local. */
  worldRank(rank: number): number {
    return this.#worldRanks[rank] as number
  }

  /** Rank of a world rank, or undefined if it is no member. Local. */
  rankOf(worldRank: number): number | undefined {
    return this.#ranks.get(worldRank)
  }

  /**
   * The members of this group, then those of `other` that are not here. Local.
   *
   * @throws {MpiError} MPI_ERR_GROUP if it is none
   * @example
   * const [low, high] = [world.group.incl([0, 1]), world.group.excl([0])]
   * log(low.union(high).worldRanks, low.intersection(high).worldRanks, high.difference(low).worldRanks) // → [ 0, 1, 2, 3 ] [ 1 ] [ 2, 3 ]
   */
  union(other: Group): Group {
    checkGroup('union', other)
    return new Group([...this.#worldRanks, ...other.difference(this).worldRanks])
  }

  /** The members of this group that are in `other` too, in the order of this one. Local. @throws like `union` */
  intersection(other: Group): Group {
    checkGroup('intersection', other)
    return new Group(this.#worldRanks.filter((worldRank) => other.rankOf(worldRank) !== undefined))
  }

  /** The members of this group that are not in `other`, in the order of this one. Local. @throws like `union` */
  difference(other: Group): Group {
    checkGroup('difference', other)
    return new Group(this.#worldRanks.filter((worldRank) => other.rankOf(worldRank) === undefined))
  }

  /** The members with these ranks, in this order. Local. @throws {MpiError} MPI_ERR_RANK if one is no rank or comes twice */
  incl(ranks: readonly number[]): Group {
    this.#checkRanks('incl', ranks)
    return new Group(ranks.map((rank) => this.worldRank(rank)))
  }

  /** All members but those with these ranks, in their order. Local. @throws {MpiError} MPI_ERR_RANK if one is no rank or comes twice */
  excl(ranks: readonly number[]): Group {
    this.#checkRanks('excl', ranks)
    const left = new Set(ranks)
    return new Group(this.#worldRanks.filter((_, rank) => !left.has(rank)))
  }

  /**
   * Like `incl`, of all ranks of the ranges. Local.
   *
   * @throws {MpiError} MPI_ERR_ARG if a stride is 0, MPI_ERR_RANK like `incl`
   * @example
   * const [even, odd] = [world.group.rangeIncl([[0, 3, 2]]), world.group.rangeExcl([[0, 3, 2]])]
   * log(even.worldRanks, odd.worldRank(1)) // → [ 0, 2 ] 3
   */
  rangeIncl(ranges: readonly RankRange[]): Group {
    return this.incl(this.#ranksOf('rangeIncl', ranges))
  }

  /** Like `excl`, of all ranks of the ranges. Local. @throws {MpiError} MPI_ERR_ARG if a stride is 0, MPI_ERR_RANK like `excl` */
  rangeExcl(ranges: readonly RankRange[]): Group {
    return this.excl(this.#ranksOf('rangeExcl', ranges))
  }

  /**
   * Ranks in `other` of the members with these ranks; UNDEFINED for those that are not in it, PROC_NULL for
   * itself. Local.
   *
   * @throws {MpiError} MPI_ERR_RANK, MPI_ERR_GROUP
   * @example
   * const reversed = world.group.incl([3, 2, 1, 0])
   * log(world.group.translateRanks([0, 3], reversed), reversed.compare(world.group)) // → [ 3, 0 ] similar
   */
  translateRanks(ranks: readonly number[], other: Group): number[] {
    checkList('translateRanks', 'ranks', ranks)
    checkGroup('translateRanks', other)
    for (const rank of ranks) if (rank !== PROC_NULL) this.#checkRank('translateRanks', rank)
    return ranks.map((rank) => (rank === PROC_NULL ? rank : (other.rankOf(this.worldRank(rank)) ?? UNDEFINED)))
  }

  /** 'ident' if members and order are the same, 'similar' if only the members are, else 'unequal'. Local. @throws like `union` */
  compare(other: Group): 'ident' | 'similar' | 'unequal' {
    checkGroup('compare', other)
    if (this.size !== other.size || this.difference(other).size > 0) return 'unequal'
    return this.#worldRanks.every((worldRank, rank) => worldRank === other.worldRank(rank)) ? 'ident' : 'similar'
  }

  #ranksOf(call: string, ranges: readonly RankRange[]): number[] {
    const ranks = ranksOf(call, ranges, this.size)
    this.#checkRanks(call, ranks)
    return ranks
  }

  #checkRanks(call: string, ranks: readonly number[]): void {
    checkList(call, 'ranks', ranks)
    const seen = new Set<number>()
    for (const rank of ranks) {
      this.#checkRank(call, rank)
      if (seen.has(rank)) throw new MpiError('MPI_ERR_RANK', `${call}: rank ${rank} comes twice, expected each once`)
      seen.add(rank)
    }
  }

  #checkRank(call: string, rank: number): void {
    if (Number.isInteger(rank) && rank >= 0 && rank < this.size) return
    throw new MpiError('MPI_ERR_RANK', `${call}: rank is ${describe(rank)}, expected 0..${this.size - 1}`)
  }
}

/** @throws {MpiError} MPI_ERR_GROUP if `group` is none */
export function checkGroup(call: string, group: unknown): void {
  // By what no other class has: it may be of another copy of this package in the program's node_modules.
  if (Array.isArray((group as Partial<Group> | null | undefined)?.worldRanks)) return
  throw new MpiError(
    'MPI_ERR_GROUP',
    `${call}: group is ${describe(group)}, expected a Group, such as comm.group.incl([0])`,
  )
}

function checkList(call: string, name: string, list: unknown): void {
  if (Array.isArray(list)) return
  throw new MpiError('MPI_ERR_ARG', `${call}: ${name} is ${describe(list)}, expected an array of ranks`)
}

/** @param most ranks of a range that can be right: the next one is wrong */
function ranksOf(call: string, ranges: readonly RankRange[], most: number): number[] {
  checkList(call, 'ranges', ranges)
  return ranges.flatMap((range) => {
    checkList(call, 'a range', range)
    const [first, last, stride = 1] = range
    for (const [name, end] of Object.entries({ first, last }))
      if (!Number.isInteger(end))
        throw new MpiError('MPI_ERR_RANK', `${call}: ${name} of a range is ${describe(end)}, expected an integer`)
    if (!Number.isInteger(stride) || stride === 0)
      throw new MpiError('MPI_ERR_ARG', `${call}: stride is ${describe(stride)}, expected an integer other than 0`)
    const length = Math.max(0, Math.floor((last - first) / stride) + 1)
    return Array.from({ length: Math.min(length, most + 1) }, (_, i) => first + i * stride)
  })
}
