/**
 * Vectors of all lengths that fit on the board of a host, one call after the other, whose ranks run ahead of each other or
 * do parts for each other. Every call has elements of its own, so that one which reads another's is noticed. Prints ok, or
 * what came out wrong.
 */
import { IN_PLACE, MAX, run, SUM } from 'tsmpi'

const ROUNDS = 14
/** Elements: below and at what is reduced in parts, between, and at the longest, in doubles. */
const LENGTHS = [2000, 8191, 8192, 8193, 16_384, 20_001, 32_768] as const

await run(async ({ world, log }) => {
  const { rank, size } = world
  const wrong: string[] = []
  const ranks = Array.from({ length: size }, (_, other) => other)
  for (let round = 0; round < ROUNDS; round++) {
    const length = LENGTHS[round % LENGTHS.length] as number
    const value = (of: number, i: number): number => ((round + 1) * (of + 3) + 7 * i) % 1009
    const mine = Float64Array.from({ length }, (_, i) => value(rank, i))
    const check = (call: string, array: ArrayLike<number>, expected: (i: number) => number): void => {
      for (let i = 0; i < length; i++)
        if (array[i] !== expected(i)) return void wrong.push(`rank ${rank}: ${call} ${round}, ${i}: ${array[i]}`)
    }
    const total = (i: number): number => ranks.reduce((sum, other) => sum + value(other, i), 0)
    const got = new Float64Array(length)
    const copies = Array.from({ length: 6 }, () => new Float64Array(length))
    for (const [k, copy] of copies.entries()) {
      if (rank === round % size) copy.fill(round + k)
      await world.bcast(copy, { root: round % size })
    }
    await world.allreduce(mine, got, { op: SUM })
    for (const [k, copy] of copies.entries()) check('bcast', copy, () => round + k)
    check('allreduce', got, total)
    check('what was given', mine, (i) => value(rank, i))
    await world.reduce(mine, got, { op: SUM, root: round % size })
    if (rank === round % size) check('reduce', got, total)
    const integers = Int32Array.from(mine)
    await world.allreduce(IN_PLACE, integers, { op: MAX })
    await world.allreduce(IN_PLACE, mine, { op: SUM })
    check('allreduce of integers in place', integers, (i) => Math.max(...ranks.map((other) => value(other, i))))
    check('allreduce in place', mine, total)
  }
  const all = await world.gatherObject(wrong)
  if (rank === 0) log((all ?? []).flat().join('\n') || 'ok')
})
