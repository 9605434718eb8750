/**
 * The ranks of a communicator by the host they run on: what two-level algorithms and grids are built from. Ranks of a
 * host read each other's memory; the lowest of them is its leader. Hosts are numbered by their leaders.
 *
 * Invariant: the same on all ranks of the communicator, since it is made from the placement of the job alone.
 *
 * @example
 * const { count, hostOf }: Hosts = world.hosts
 * log(count, hostOf.length) // → 1 4
 */
export class Hosts {
  /** Host of each rank. */
  readonly hostOf: readonly number[]
  /** Ranks of each host, ascending. */
  readonly ranksOf: readonly (readonly number[])[]

  /**
   * @param placement any label of the host of each rank
   * @internal
   */
  constructor(placement: readonly number[]) {
    const numbers = new Map<number, number>()
    for (const label of placement) if (!numbers.has(label)) numbers.set(label, numbers.size)
    this.hostOf = placement.map((label) => numbers.get(label) as number)
    const ranksOf = Array.from({ length: numbers.size }, (): number[] => [])
    for (const [rank, host] of this.hostOf.entries()) ranksOf[host]?.push(rank)
    this.ranksOf = ranksOf
  }

  /** Number of hosts. */
  get count(): number {
    return this.ranksOf.length
  }

  /** True if all hosts have as many ranks. */
  get uniform(): boolean {
    return this.ranksOf.every(({ length }) => length === this.ranksOf[0]?.length)
  }

  /**
   * The ranks of the host of `rank`, ascending. Local.
   *
   * @example
   * log(world.hosts.neighbours(world.rank), world.hosts.leaders()) // → [ 0, 1, 2, 3 ] [ 0 ]
   */
  neighbours(rank: number): readonly number[] {
    return this.ranksOf[this.hostOf[rank] as number] as readonly number[]
  }

  /** The lowest rank of each host, or `root` on its own. Local. */
  leaders(root?: number): number[] {
    return this.ranksOf.map((ranks, host) =>
      root !== undefined && this.hostOf[root] === host ? root : (ranks[0] as number),
    )
  }
}
