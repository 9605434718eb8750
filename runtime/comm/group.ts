/**
 * An ordered set of processes (MPI 4.1, section 7.3): translates between ranks of a communicator and world ranks.
 * Immutable.
 */
import { invariant } from '../base/errors.ts'

export class Group {
  readonly #worldRanks: readonly number[]
  readonly #ranks: ReadonlyMap<number, number>

  /** @param worldRanks world rank of each rank, no two equal */
  constructor(worldRanks: readonly number[]) {
    this.#worldRanks = worldRanks
    this.#ranks = new Map(worldRanks.map((worldRank, rank) => [worldRank, rank]))
    invariant(this.#ranks.size === worldRanks.length, `group with a repeated rank: ${worldRanks.join(' ')}`)
  }

  get size(): number {
    return this.#worldRanks.length
  }

  /** World rank of `rank`, which must be in the group. */
  worldRank(rank: number): number {
    return this.#worldRanks[rank] as number
  }

  /** Rank of a world rank, or undefined if it is no member. */
  rankOf(worldRank: number): number | undefined {
    return this.#ranks.get(worldRank)
  }
}
