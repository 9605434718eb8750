/** HPL's reduction trees: the order of the sums, bit for bit, and the broadcast. */
import t from 'tap'
import { allMax, allReduce, broadcast, reduce, sum } from '../../../hpl/reductions.ts'
import { runRanks } from '../../../testing.ts'

/** Values whose sum depends on the order: 0.1, 0.2, 0.3, ... by rank. */
const valueOf = (rank: number): number => (rank + 1) / 10

/** The sum that d = 0 ends up with: in step s every d without the bits of 2s-1 adds what d + s has. */
function treeSum(values: readonly number[]): number {
  const own = [...values]
  for (let step = 1; step < own.length; step *= 2) {
    for (let d = 0; d + step < own.length; d += 2 * step) own[d] = (own[d] as number) + (own[d + step] as number)
  }
  return own[0] as number
}

for (const p of [1, 2, 3, 4, 5, 7, 8]) {
  t.test(`reduce() adds along the tree from every root: p=${p}`, async (t) => {
    for (let root = 0; root < p; root++) {
      const byDistance = Array.from({ length: p }, (_, d) => valueOf((d + root) % p))
      const results = await runRanks(p, async ({ world }) => {
        const data = Float64Array.of(valueOf(world.rank), world.rank)
        await reduce(world, data, sum, root)
        return [...data]
      })
      t.same(results[root], [treeSum(byDistance), (p * (p - 1)) / 2], `root ${root}`)
    }
  })

  t.test(`allReduce() and allMax() give all the same: p=${p}`, async (t) => {
    const expected = treeSum(Array.from({ length: p }, (_, rank) => valueOf(rank)))
    const results = await runRanks(p, async ({ world }) => {
      const data = Float64Array.of(valueOf(world.rank))
      await allReduce(world, data, sum)
      return [data[0], await allMax(world, -Math.abs(world.rank - 2))]
    })
    for (const result of results) t.same(result, [expected, p > 2 ? 0 : p - 3])
  })

  t.test(`broadcast() delivers the root's data to all: p=${p}`, async (t) => {
    for (let root = 0; root < p; root++) {
      const results = await runRanks(p, async ({ world }) => {
        const data = Float64Array.of(world.rank, 7)
        await broadcast(world, data, root)
        return [...data]
      })
      for (const result of results) t.same(result, [root, 7], `root ${root}`)
    }
  })

  t.test(`a NaN of any process is the maximum: p=${p}`, async (t) => {
    for (let rank = 0; rank < p; rank++) {
      const results = await runRanks(p, ({ world }) => allMax(world, world.rank === rank ? NaN : world.rank))
      t.ok(results.every(Number.isNaN), `rank ${rank}`)
    }
  })
}
