/**
 * Sample sort: each rank sorts its numbers, and a sample of all of them says which rank gets which range. How many go
 * where is told by alltoall, then alltoallv moves them.
 */
import { run, SUM } from 'tsmpi'

const N = 40_000 // numbers in all

await run(async ({ world, log }) => {
  const { rank, size } = world
  const first = Math.floor((N * rank) / size)
  const mine = Float64Array.from({ length: Math.floor((N * (rank + 1)) / size) - first }, (_, i) =>
    scattered(first + i),
  )
  mine.sort()

  // As many evenly spaced numbers of each rank as there are ranks; every size-th of all these divides the ranges.
  const sample = new Float64Array(size * size)
  await world.allgather(
    Float64Array.from({ length: size }, (_, i) => mine[Math.floor((i * mine.length) / size)] as number),
    sample,
  )
  const bounds = sample.sort().filter((_, i) => i > 0 && i % size === 0)

  // mine is sorted: what goes to a rank is contiguous.
  const ends = [...bounds, Infinity].map((bound) => mine.filter((x) => x < bound).length)
  const sendCounts = ends.map((end, i) => end - (ends[i - 1] ?? 0))
  const incoming = new Int32Array(size)
  await world.alltoall(Int32Array.from(sendCounts), incoming)
  const recvCounts = [...incoming]
  const sorted = new Float64Array(recvCounts.reduce((sum, count) => sum + count))
  await world.alltoallv(mine, sorted, { sendCounts, recvCounts })
  sorted.sort()

  // All numbers below mine are on lower ranks: the prefix sum says at which place mine begin.
  const begin = (await world.exscan(sorted.length, { op: SUM })) ?? 0
  for (const place of [0, N / 4, N / 2, (3 * N) / 4, N - 1])
    if (place >= begin && place < begin + sorted.length) log(`number ${place}: ${sorted[place - begin]?.toFixed(6)}`)
})

/** A number in 0..1 that looks random, the same for the same index. */
function scattered(index: number): number {
  return (Math.imul(index + 1, 2_654_435_761) >>> 0) / 2 ** 32
}
