/** Ranks that disagree about a collective call are told so, with both ranks and what differs, instead of hanging. */
import t from 'tap'
import { Intercomm, MAX, PROC_NULL, ROOT, SUM, type Intracomm } from '../../../index.ts'
import { runRanks } from '../../../testing.ts'

/** The error of the first rank that fails; `calls[rank]` is what each rank does. */
async function failure(calls: readonly ((world: Intracomm) => Promise<unknown>)[]): Promise<string> {
  try {
    await runRanks(calls.length, ({ world }) => calls[world.rank]?.(world))
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

const doubles = (n: number): Float64Array => new Float64Array(n)

t.test('two different calls', async (t) => {
  const message = await failure([(world) => world.barrier(), (world) => world.allreduce(1, { op: SUM })])
  t.match(message, /^MPI_ERR_OTHER: the ranks of a communicator called different collectives/)
  t.match(message, 'called barrier')
  t.match(message, 'called allreduce with op SUM')
})

t.test('reduceScatter and reduceScatterBlock, whose messages are alike', async (t) => {
  const message = await failure([
    (w) => w.reduceScatter(doubles(2), doubles(1), { op: SUM, counts: [1, 1] }),
    (w) => w.reduceScatterBlock(doubles(2), doubles(1), { op: SUM }),
  ])
  t.match(message, 'called reduceScatter with op SUM')
  t.match(message, 'called reduceScatterBlock with op SUM')
})

t.test('two different operations', async (t) => {
  const message = await failure([(w) => w.allreduce(1, { op: SUM }), (w) => w.allreduce(1, { op: MAX })])
  t.match(message, 'with op SUM')
  t.match(message, 'with op MAX')
})

t.test('two different roots, when a message meets the wrong call', async (t) => {
  const at = (root: number) => (world: Intracomm) => world.bcast(doubles(1), { root })
  const message = await failure([at(0), at(0), at(2), at(0)])
  t.match(message, 'world rank 3 called bcast with root 0, world rank 2 called bcast with root 2')
})

t.test('two different roots, when both ranks only send: the next call finds what was left over', async (t) => {
  const at = (root: number) => async (world: Intracomm) => {
    await world.bcast(doubles(1), { root })
    await world.barrier()
    await world.barrier()
  }
  const message = await failure([at(0), at(1)])
  t.match(message, /^MPI_ERR_OTHER: barrier: the ranks of a communicator called different collectives/)
  t.match(
    message,
    /call number 0 of world rank (\d) was bcast with root \1, that of world rank (\d) was bcast with root \2/,
  )
  t.match(message, /; found in call number [12], a later one$/)
})

t.test('two calls in different orders: the error names both, not the one that found it', async (t) => {
  const data = doubles(5)
  const bcast = (world: Intracomm) => world.bcast(data)
  const reduce = (world: Intracomm) => world.reduce(data, doubles(5), { op: SUM })
  const message = await failure(
    [0, 1, 2, 3].map((rank) => async (world) => {
      for (const call of rank === 0 ? [bcast, reduce] : [reduce, bcast]) await call(world)
    }),
  )
  t.match(message, 'bcast with root 0')
  t.match(message, 'reduce with op SUM and root 0')
})

for (const later of ['bcast', 'allreduce'] as const)
  t.test(`one of many short calls differs in its root: a later ${later} finds it and names both calls`, async (t) => {
    const program = async (world: Intracomm): Promise<void> => {
      const data = doubles(4)
      for (let i = 0; i < 50; i++)
        if (i === 20 || later === 'bcast') await world.bcast(data, { root: i === 20 ? world.rank : 0 })
        else await world.allreduce(1, { op: SUM })
    }
    const message = await failure([program, program, program])
    t.match(
      message,
      /call number 20 of world rank (\d) was bcast with root \1, that of world rank (\d) was bcast with root \2; found in call number 21, /,
    )
  })

t.test('a short call differs that was made long before it is found', async (t) => {
  // Rank 0 takes nothing of the others and goes ahead as far as they let it.
  const program = async (world: Intracomm): Promise<void> => {
    const data = doubles(1)
    for (let i = 0; i < 2000; i++) await world.bcast(data, { root: i === 600 ? world.rank : 0 })
  }
  t.match(
    await failure([program, program]),
    /call number 600 of world rank 0 was bcast with root 0, that of world rank 1 was/,
  )
})

t.test('calls that differ before a communicator has its board are found after', async (t) => {
  const at = (order: readonly number[]) => async (world: Intracomm) => {
    for (const root of order) await world.bcast(doubles(1), { root })
    for (let i = 0; i < 10; i++) await world.reduce(doubles(1), doubles(1), { op: SUM })
  }
  t.match(
    await failure([at([0, 0]), at([0, 1])]),
    /call number 1 of world rank \d was bcast with root \d, that of world rank/,
  )
})

for (const [sent, room] of [
  [4, 3],
  [3, 4],
  [0, 1],
] as const)
  t.test(`a broadcast of ${sent} elements to a buffer of ${room}`, async (t) => {
    const message = await failure([(world) => world.bcast(doubles(sent)), (world) => world.bcast(doubles(room))])
    t.match(message, /^MPI_ERR_COUNT: bcast: the ranks disagree on the number of elements/)
    t.match(message, `${sent} float64 elements (${8 * sent} bytes) came where ${room} float64 elements`)
  })

const scatter = (world: Intracomm, n: number) =>
  world.rank === 0 ? world.scatter(doubles(4 * world.size), doubles(4)) : world.scatter(undefined, doubles(n))
const gather = (world: Intracomm, n: number) =>
  world.gather(doubles(n), world.rank === 0 ? doubles(4 * world.size) : undefined)
const counts = [4, 4, 4, 4]
const scatterv = (world: Intracomm, n: number) =>
  world.rank === 0 ? world.scatterv(doubles(16), doubles(4), { counts }) : world.scatterv(undefined, doubles(n), {})
const gatherv = (world: Intracomm, n: number) =>
  world.rank === 0 ? world.gatherv(doubles(4), doubles(16), { counts }) : world.gatherv(doubles(n), undefined, {})
const countMismatch = (call: string, words: string): RegExp =>
  new RegExp(`^MPI_ERR_COUNT: ${call}: the ranks disagree on the number of elements: ${words} \\(`)
const came = (sent: number, room: number): string =>
  `${sent} float64 elements \\(${8 * sent} bytes\\) came where ${room} float64 elements \\(${8 * room} bytes\\) were expected`

for (const [name, call] of Object.entries({ scatter, gather, scatterv, gatherv }))
  for (const wrong of [[1], [2], [3], [2, 3]])
    for (const before of [0, 12])
      t.test(`a ${name} of 4 elements, and 3 on rank ${wrong.join()}, after ${before} calls`, async (t) => {
        const message = await failure(
          [0, 1, 2, 3].map((rank) => async (world) => {
            for (let i = 0; i < before; i++) await world.barrier()
            await call(world, wrong.includes(rank) ? 3 : 4)
          }),
        )
        t.match(message, countMismatch(name, `(${came(4, 3)}|${came(3, 4)})`))
      })

for (const name of ['scatter', 'gather', 'scatterv', 'gatherv'] as const)
  for (const wrong of [[2], [3], [2, 3]])
    t.test(`a ${name} between two sides of 4 elements, and 3 on rank ${wrong.join()}`, async (t) => {
      const message = await failure(
        [0, 1, 2, 3].map((rank) => async (world) => {
          const half = (await world.split(rank < 2 ? 0 : 1)) as Intracomm
          const inter = await Intercomm.create(half, { peer: world, remoteLeader: rank < 2 ? 2 : 0 })
          const mine = doubles(wrong.includes(rank) ? 3 : 4)
          const blocks = name.endsWith('v') ? { counts: [4, 4] } : {}
          if (rank < 2) await inter[name](doubles(8), doubles(8), { root: rank === 0 ? ROOT : PROC_NULL, ...blocks })
          else await inter[name](mine, mine, { root: 0 })
        }),
      )
      t.match(message, countMismatch(name, `(${came(4, 3)}|${came(3, 4)})`))
    })

t.test('lengths that differ between ranks of a reduction', async (t) => {
  const message = await failure([2, 3].map((n) => (world) => world.allreduce(doubles(n), doubles(n), { op: SUM })))
  t.match(message, /^MPI_ERR_COUNT: allreduce: the ranks disagree/)
})

/** Elements of a segment of a chain. */
const SEGMENT = 16_384

for (const [name, call] of [
  ['bcast', (world: Intracomm, n: number) => world.bcast(doubles(n))],
  ['scan', (world: Intracomm, n: number) => world.scan(doubles(n), doubles(n), { op: SUM })],
] as const)
  for (const [lower, upper] of [
    [2, 3],
    [3, 2],
    [1, 2],
    [2, 1],
    [1.5, 2.5],
    [0.5, 1],
    [1, 0.5],
  ] as const)
    t.test(`a ${name} along a chain whose ranks have ${lower} and ${upper} segments`, async (t) => {
      const algorithms = { [name]: 'pipelined-chain' }
      const message = await failure(
        [lower, upper].map((segments) => async (world) => {
          const comm = await world.dup({ algorithms })
          await call(comm, segments * SEGMENT)
        }),
      )
      t.match(message, new RegExp(`^MPI_ERR_COUNT: ${name}: the ranks disagree on the number of elements: `))
      const whole = upper < 1 ? '' : `; world rank 1 has ${upper * SEGMENT} in all, cut into segments`
      t.match(message, `were expected${whole} (message from world rank 0 to world rank 1, `)
    })

t.test('two different element types', async (t) => {
  const message = await failure([(world) => world.bcast(doubles(1)), (world) => world.bcast(new Int32Array(2))])
  t.match(message, /^MPI_ERR_TYPE: bcast: the sender sent float64 elements, the receive buffer holds int32/)
})

t.test('a wrong argument on one rank, corrected, leaves the communicator usable', async (t) => {
  const sums = await runRanks(2, async ({ world }) => {
    if (world.rank === 0) await t.rejects(world.bcast(doubles(1), { root: 2 }), { code: 'MPI_ERR_ROOT' })
    await world.bcast(doubles(1), { root: 1 })
    return world.allreduce(1, { op: SUM })
  })
  t.same(sums, [2, 2])
})
