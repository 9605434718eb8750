/** Calls whose ranks work for each other: ranks that disagree about one are told so, as with every other algorithm. */
import t from 'tap'
import { MAX, Op, SUM, type Intracomm } from '../../../index.ts'
import { runRanks } from '../../../testing.ts'

/** More elements than travel unasked. */
const LONG = 20_000

async function failure(size: number, call: (comm: Intracomm) => Promise<unknown>): Promise<string> {
  try {
    await runRanks(size, async ({ world }) =>
      call(await world.dup({ algorithms: { allreduce: 'work-sharing', bcast: 'work-sharing' } })),
    )
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

const doubles = (n: number): Float64Array => new Float64Array(n)

for (const odd of [0, 1, 2]) {
  t.test(`rank ${odd} of 3 reduces another number of elements`, async (t) => {
    const message = await failure(3, (comm) => {
      const n = comm.rank === odd ? LONG + 1 : LONG
      return comm.allreduce(doubles(n), doubles(n), { op: SUM })
    })
    t.match(message, /^MPI_ERR_COUNT: allreduce: the ranks disagree on the number of elements/)
    t.match(message, `${LONG + 1} float64 elements`)
    t.match(message, `${LONG} float64 elements`)
  })

  t.test(`rank ${odd} of 3 has so few elements that it sends them at once`, async (t) => {
    const message = await failure(3, (comm) => {
      const n = comm.rank === odd ? 3 : LONG
      return comm.allreduce(doubles(n), doubles(n), { op: SUM })
    })
    t.match(message, /^MPI_ERR_COUNT: allreduce: the ranks disagree on the number of elements/)
  })

  t.test(`rank ${odd} of 3 takes another operation`, async (t) => {
    const message = await failure(3, (comm) =>
      comm.allreduce(doubles(LONG), doubles(LONG), { op: comm.rank === odd ? MAX : SUM }),
    )
    t.match(message, 'with op SUM')
    t.match(message, 'with op MAX')
  })
}

t.test('the bits of a sum are those of recursive doubling', async (t) => {
  const sums = await runRanks(7, async ({ world }) => {
    const mine = doubles(LONG).map((_, i) => Math.sin(i * (world.rank + 1)))
    const results: Float64Array[] = []
    for (const allreduce of ['work-sharing', 'recursive-doubling'] as const) {
      const comm = await world.dup({ algorithms: { allreduce } })
      const sum = doubles(LONG)
      await comm.allreduce(mine, sum, { op: SUM })
      results.push(sum)
    }
    return results
  })
  for (const [shared, doubled] of sums) t.ok(Buffer.from(shared!.buffer).equals(Buffer.from(doubled!.buffer)))
})

t.test('the bits of scans are those of recursive doubling', async (t) => {
  const sums = await runRanks(7, async ({ world }) => {
    const mine = doubles(LONG).map((_, i) => Math.sin(i * (world.rank + 1)))
    const results: Float64Array[] = []
    for (const scan of ['work-sharing', 'recursive-doubling'] as const) {
      const comm = await world.dup({ algorithms: { scan } })
      const [inclusive, exclusive] = [doubles(LONG), doubles(LONG)]
      await comm.scan(mine, inclusive, { op: SUM })
      await comm.exscan(mine, exclusive, { op: SUM })
      results.push(inclusive, exclusive)
    }
    return results
  })
  for (const [rank, [inclusive, exclusive, expected, expectedBelow]] of sums.entries()) {
    t.ok(Buffer.from(inclusive!.buffer).equals(Buffer.from(expected!.buffer)))
    if (rank > 0) t.ok(Buffer.from(exclusive!.buffer).equals(Buffer.from(expectedBelow!.buffer)))
  }
})

t.test('an operation that throws on one rank leaves nobody waiting, and is told to all', async (t) => {
  let applied = 0
  const failsOnce = Op.create(
    () => {
      if (applied++ === 0) throw new Error('a bad operation')
    },
    { unit: 1 },
  )
  const outcomes = await runRanks(3, async ({ world }) => {
    const comm = await world.dup({ algorithms: { allreduce: 'work-sharing' } })
    const outcome = await comm.allreduce(doubles(LONG), doubles(LONG), { op: failsOnce }).then(
      () => 'done',
      (error: Error) => error.message,
    )
    await world.barrier()
    return outcome
  })
  const told =
    /^MPI_ERR_OP: allreduce: the operation threw on world rank \d: Error: a bad operation, at .*work-sharing\.test\.ts:\d+:\d+$/
  t.match(outcomes.sort(), [told, told, 'a bad operation'])
})
