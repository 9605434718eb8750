/** What reductions promise beyond sums of integers: rank order, the same bits everywhere, reproducible results. */
import t from 'tap'
import fc from 'fast-check'
import { IN_PLACE, MIN, Op, SUM, type Intracomm } from '../../../index.ts'
import { runRanks } from '../../../testing.ts'
import { ALGORITHM_NAMES, type Algorithms } from '../../../runtime/base/tuning.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** 2 x 2 integer matrices modulo a prime: products are associative, not commutative. */
const PRIME = 251
const multiply = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => {
  const [a0, a1, a2, a3, b0, b1, b2, b3] = [...Array.from(a), ...Array.from(b)] as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return [a0 * b0 + a1 * b2, a0 * b1 + a1 * b3, a2 * b0 + a3 * b2, a2 * b1 + a3 * b3].map((x) => x % PRIME)
}
const matrixOp = (unit: number): Op =>
  Op.create(
    (incoming, accumulator) => {
      const [x, y] = [incoming as Int32Array, accumulator as Int32Array]
      for (let i = 0; i < y.length; i += 4) y.set(multiply(x.subarray(i, i + 4), y.subarray(i, i + 4)), i)
    },
    { unit, name: 'matrix product' },
  )
const matrices = (rank: number, count: number): number[] => range(4 * count).map((i) => (rank * 13 + i * 7 + 3) % PRIME)
const productOf = (ranks: number[], count: number): number[] =>
  range(count).flatMap((m) =>
    ranks.map((rank) => matrices(rank, count).slice(4 * m, 4 * m + 4)).reduce((a, b) => multiply(a, b)),
  )

const forced = (['reduce', 'allreduce', 'reduceScatter'] as const).flatMap((call) =>
  ALGORITHM_NAMES[call].map((name) => ({ [call]: name }) as Algorithms),
)

for (const size of [1, 2, 3, 4, 7, 10])
  t.test(`a non-commutative operation is applied in rank order, for every root and algorithm: p=${size}`, async (t) => {
    await runRanks(
      size,
      async ({ world }) => {
        const { rank } = world
        for (const unit of [4, Infinity])
          for (const algorithms of forced) {
            const comm = await world.dup({ algorithms })
            const op = matrixOp(unit)
            const where = `${JSON.stringify(algorithms)} unit ${unit}`
            const mine = Int32Array.from(matrices(rank, 3))
            const all = productOf(range(size), 3)
            const result = new Int32Array(12)
            await comm.allreduce(mine, result, { op })
            t.same([...result], all, `allreduce ${where}`)
            for (let root = 0; root < size; root++) {
              await comm.reduce(mine, result.fill(0), { op, root })
              if (rank === root) t.same([...result], all, `reduce to ${root} ${where}`)
            }
            const block = new Int32Array(4)
            await comm.reduceScatterBlock(Int32Array.from(matrices(rank, size)), block, { op })
            t.same([...block], productOf(range(size), size).slice(4 * rank, 4 * rank + 4), `reduceScatter ${where}`)
          }
      },
      { hosts: range(size).map((rank) => rank % 2) },
    )
  })

/** The sum in the tree that reproducible reductions promise: after the fold, aligned groups of 2^k. */
function canonicalSum(values: readonly number[]): number {
  const size = 2 ** Math.floor(Math.log2(values.length))
  const folded = 2 * (values.length - size)
  let group = range(size).map((i) =>
    i < folded / 2 ? (values[2 * i] as number) + (values[2 * i + 1] as number) : (values[i + folded / 2] as number),
  )
  while (group.length > 1)
    group = range(group.length / 2).map((i) => (group[2 * i] as number) + (group[2 * i + 1] as number))
  return group[0] as number
}

t.test(
  'a reproducible reduction gives the bits of one fixed tree, by any algorithm, root, length or placement',
  async (t) => {
    const values = fc.array(fc.double({ noNaN: true, min: -1e18, max: 1e18 }), { minLength: 1, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(values, fc.nat(600), fc.infiniteStream(fc.nat(2)), async (values, length, placement) => {
        const size = values.length
        const n = length * size
        const hosts = range(size).map(() => placement.next().value as number)
        const expected = canonicalSum(values)
        await runRanks(
          size,
          async ({ world }) => {
            const mine = new Float64Array(n).fill(values[world.rank] as number)
            for (const algorithms of forced) {
              const comm = await world.dup({ algorithms, reproducible: true })
              const results = await sumsOf(comm, mine, length % size)
              if (![...results].every((x) => Object.is(x, expected)))
                throw new Error(`${JSON.stringify(algorithms)}: ${[...results].join(' ')}`)
            }
          },
          { hosts },
        )
      }),
      { numRuns: 20 },
    )
    t.pass()
  },
)

/** Results of all reductions whose every element is the sum over the ranks. */
async function sumsOf(comm: Intracomm, mine: Float64Array, root: number): Promise<Set<number>> {
  const results = new Set<number>()
  const data = mine.slice()
  await comm.allreduce(IN_PLACE, data, { op: SUM })
  for (const x of data) results.add(x)
  await comm.reduce(mine, data.fill(0), { op: SUM, root })
  if (comm.rank === root) for (const x of data) results.add(x)
  const block = new Float64Array(mine.length / comm.size)
  await comm.reduceScatterBlock(mine, block, { op: SUM })
  for (const x of block) results.add(x)
  results.add(await comm.allreduce(mine[0] ?? 0, { op: SUM }))
  if (mine.length === 0) results.clear()
  return results
}

t.test('the sign of zero does not depend on the algorithm of a reproducible reduction', async (t) => {
  for (const algorithms of forced)
    await runRanks(4, async ({ world }) => {
      const comm = await world.dup({ algorithms, reproducible: true })
      const data = new Float64Array(64).fill(world.rank === 2 ? -0 : 0)
      await comm.allreduce(IN_PLACE, data, { op: MIN })
      const serial = [0, 0, -0, 0].reduce((a, b) => (a < b ? a : b))
      t.ok(data.every((x) => Object.is(x, serial)))
    })
})

t.test('reproducible is passed on to communicators made of one', async (t) => {
  await runRanks(3, async ({ world }) => {
    const strict = await world.dup({ reproducible: true, algorithms: { allreduce: 'ring' } })
    const child = await (await strict.dup()).split(0)
    const values = [1e16, 1, -1e16]
    const sum = await child?.allreduce(values[world.rank] as number, { op: SUM })
    t.equal(sum, canonicalSum(values))
  })
})

t.test('objects are reduced in rank order, on the root or everywhere', async (t) => {
  for (const size of [1, 2, 5, 8])
    await runRanks(size, async ({ world }) => {
      const { rank } = world
      const text = await world.allreduceObject(String(rank), (a, b) => a + b)
      t.equal(text, range(size).join(''))
      const set = await world.reduceObject(new Set([rank, 99]), (a, b) => new Set([...a, ...b]), { root: size - 1 })
      t.same(set && [...set].sort((a, b) => a - b), rank === size - 1 ? [...range(size), 99] : undefined)
      const exchanged = await world.alltoallObject(range(size).map((dest) => `${rank}>${dest}`))
      t.same(
        exchanged,
        range(size).map((source) => `${source}>${rank}`),
      )
      const request = world.iallreduceObject({ n: rank }, (a, b) => ({ n: a.n + b.n }))
      await request.wait()
      t.same(request.value, { n: (size * (size - 1)) / 2 })
      await t.rejects(world.alltoallObject([1, 2, 3, 4, 5, 6, 7, 8, 9]), { code: 'MPI_ERR_COUNT' })
      await t.rejects(world.allreduceObject(1, 'sum' as unknown as () => number), { code: 'MPI_ERR_OP' })
    })
})

t.test('blocks of a wrong length are refused in the words of the call', async (t) => {
  await runRanks(2, async ({ world }) => {
    const none = undefined as unknown as { op: Op }
    const [four, five, nine] = [4, 5, 9].map((length) => new Float64Array(length)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    const cases: [() => Promise<void>, string][] = [
      [
        () => world.reduceScatter(four, nine, { op: SUM, counts: [1, 3] }),
        `MPI_ERR_COUNT: reduceScatter: the receive buffer has room for 9 elements, expected ${[1, 3][world.rank]} for a block of`,
      ],
      [
        () => world.reduceScatterBlock(four, nine, { op: SUM }),
        'MPI_ERR_COUNT: reduceScatterBlock: the receive buffer has room for 9 elements, expected 2 for a block of 2',
      ],
      [
        () => world.reduceScatterBlock(five, nine, { op: SUM }),
        'MPI_ERR_COUNT: reduceScatterBlock: the buffer holds 5 elements, expected a multiple of 2',
      ],
      [() => world.reduceScatterBlock(four, nine, none), 'MPI_ERR_OP: reduceScatterBlock: op is undefined, expected'],
    ]
    for (const [call, message] of cases) t.match(await call().catch(String), message)
    if (world.rank === 0) await t.rejects(world.scatter(four, four), { message: /for a block of 2$/ })
  })
})

t.test('alltoallv with zero rows and in place', async (t) => {
  for (const size of [1, 2, 3, 4, 5, 7, 8])
    await runRanks(size, async ({ world }) => {
      const { rank } = world
      // Odd ranks send nothing, and nobody sends to rank 0 but rank 0 itself.
      const length = (source: number, dest: number): number =>
        source % 2 === 1 || (dest === 0 && source !== 0) ? 0 : source + dest + 1
      const sendCounts = range(size).map((dest) => length(rank, dest))
      const recvCounts = range(size).map((source) => length(source, rank))
      const sent = Int32Array.from(sendCounts.flatMap((n, dest) => new Array<number>(n).fill(rank * 10 + dest)))
      const received = new Int32Array(recvCounts.reduce((a, b) => a + b, 0))
      await world.alltoallv(sent, received, { sendCounts, recvCounts })
      t.same(
        [...received],
        recvCounts.flatMap((n, source) => new Array<number>(n).fill(source * 10 + rank)),
      )

      // In place the counts are symmetric.
      const counts = range(size).map((other) => (rank + other) % 3)
      const both = Int32Array.from(counts.flatMap((n, other) => new Array<number>(n).fill(rank * 10 + other)))
      await world.alltoallv(IN_PLACE, both, { sendCounts: [], recvCounts: counts })
      t.same(
        [...both],
        counts.flatMap((n, other) => new Array<number>(n).fill(other * 10 + rank)),
      )
    })
})
