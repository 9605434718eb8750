/** Cartesian and graph communicators, neighbour collectives, and where grids put their processes. */
import t from 'tap'
import fc from 'fast-check'
import {
  Cartcomm,
  dimsCreate,
  Distgraph,
  ERRORS_RETURN,
  Grid,
  Intercomm,
  type MpiError,
  PROC_NULL,
  startAll,
  SUM,
  waitAll,
} from '../../../index.ts'
import { Hosts } from '../../../collectives/hosts.ts'
import { cheaperOrder, gridOrder, neighborsApart, product } from '../../../collectives/topology/placement.ts'
import { runRanks } from '../../../testing.ts'
import { FORMS, make } from '../../helpers/forms.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

t.test('coordinates are row-major, and rankOf is their inverse', async (t) => {
  for (const dims of [[], [1], [7], [2, 3], [3, 2], [2, 2, 2], [1, 4, 2]])
    await runRanks(8, async ({ world }) => {
      const cart = await Cartcomm.create(world, { dims })
      t.equal(cart === undefined, world.rank >= product(dims))
      if (cart === undefined) return
      t.equal(cart.size, product(dims))
      t.equal(cart.rank, world.rank)
      for (const rank of range(cart.size)) t.equal(cart.rankOf(cart.coordsOf(rank)), rank)
      t.same(cart.coords, cart.coordsOf(cart.rank))
      t.same(
        cart.coordsOf(cart.size - 1),
        dims.map((extent) => extent - 1),
      )
    })
})

t.test('shift leads to the neighbours, around rings, and to nobody beyond an edge', async (t) => {
  await runRanks(6, async ({ world }) => {
    const cart = (await Cartcomm.create(world, { dims: [2, 3], periods: [false, true] })) as Cartcomm
    const [row, column] = cart.coords as [number, number]
    const up = row === 0 ? PROC_NULL : cart.rankOf([row - 1, column])
    const down = row === 1 ? PROC_NULL : cart.rankOf([row + 1, column])
    t.same(cart.shift(0, 1), { source: up, dest: down })
    t.same(cart.shift(0, -1), { source: down, dest: up })
    t.same(cart.shift(1, 1), { source: cart.rankOf([row, column + 2]), dest: cart.rankOf([row, column + 1]) })
    t.same(cart.shift(1, -4), { source: cart.rankOf([row, column + 1]), dest: cart.rankOf([row, column - 1]) })
    t.same(cart.shift(1, 0), { source: cart.rank, dest: cart.rank })
    t.equal(cart.rankOf([1, -1]), 5)
    t.same(cart.sources, [...Object.values(cart.shift(0, 1)), ...Object.values(cart.shift(1, 1))])
    // A shift is a sendrecv.
    const data = Int32Array.of(-1)
    await cart.sendrecv(Int32Array.of(cart.rank), data, cart.shift(0, 1))
    t.equal(data[0], row === 0 ? -1 : up)
  })
})

t.test('sub cuts dimensions away', async (t) => {
  await runRanks(8, async ({ world }) => {
    const cart = (await Cartcomm.create(world, { dims: [2, 2, 2], periods: [true, false, true] })) as Cartcomm
    const [x, y, z] = cart.coords as [number, number, number]
    const plane = await cart.sub([true, false, true])
    t.same(
      [plane.dims, plane.periods, plane.coords],
      [
        [2, 2],
        [true, true],
        [x, z],
      ],
    )
    t.same(await plane.allgatherObject(cart.coords), [
      [0, y, 0],
      [0, y, 1],
      [1, y, 0],
      [1, y, 1],
    ])
    const line = await plane.sub([false, true])
    t.same([line.dims, line.coords, line.size], [[2], [z], 2])
    const point = await cart.sub([false, false, false])
    t.same([point.dims, point.coords, point.size], [[], [], 1])
    t.equal(await point.allreduce(7, { op: SUM }), 7)
  })
})

t.test('arguments that make no grid are refused with what is allowed', async (t) => {
  await runRanks(4, async ({ world }) => {
    await t.rejects(Cartcomm.create(world, { dims: [5] }), /needs 5 ranks, the communicator has 4/)
    await t.rejects(Cartcomm.create(world, { dims: [2, 0] }), /an extent is 0, expected an integer >= 1/)
    await t.rejects(Cartcomm.create(world, { dims: [2, 2], periods: [true] }), /expected 2 booleans/)
    const cart = (await Cartcomm.create(world, { dims: [2, 2] })) as Cartcomm
    t.throws(() => cart.rankOf([0, 2]), /coords is \[0, 2\], expected 2 integers inside \[2, 2\]/)
    t.throws(() => cart.rankOf(0 as never), /coords is 0, expected an array of 2 integers/)
    await t.rejects(cart.sub(true as never), /remain is true, expected an array of 2 booleans/)
    const point = (await Cartcomm.create(world, { dims: [] })) as Cartcomm | undefined
    if (point !== undefined) t.throws(() => point.shift(0, 1), /direction is 0, but a grid of 0 dimensions has none/)
    t.throws(() => cart.coordsOf(4), { code: 'MPI_ERR_RANK' })
    t.throws(() => cart.shift(2, 1), /direction is 2, expected 0..1/)
    await t.rejects(cart.sub([true]), { code: 'MPI_ERR_ARG' })
    await t.rejects(
      cart.neighborAlltoall(new Int8Array(5), new Int8Array(4)),
      /expected a multiple of 4, one block for each neighbour/,
    )
    await t.rejects(cart.neighborAllgather(new Int8Array(2), new Int8Array(4)), /has room for 4 elements, expected 8/)
  })
})

/** What a call that is refused says. */
async function messageOf(call: () => Promise<unknown>): Promise<string> {
  return call().then(
    () => 'nothing is wrong',
    (error: unknown) => (error as MpiError).message,
  )
}

t.test('what makes a communicator says which of its options is missing or unknown', async (t) => {
  await runRanks(2, async ({ world }) => {
    const none = undefined as never
    for (const [make, told] of [
      [
        () => Cartcomm.create(world, none),
        'Cartcomm.create: the options are undefined, expected { dims, periods, reorder }',
      ],
      [() => Cartcomm.create(world, { dims: 4 } as never), 'Cartcomm.create: dims is 4, expected an array of extents'],
      [() => Cartcomm.create(world, { dims: [2], period: [true] } as never), 'there is no option "period"'],
      [
        () => Cartcomm.create(world, { dims: [2], periods: true } as never),
        'periods is true, expected an array of booleans',
      ],
      [() => Grid.create(world, none), 'Grid.create: the options are undefined, expected { nprow, npcol, order }'],
      [() => Grid.create(world, { nprow: 1, npcol: 2, ordr: 'row' } as never), 'there is no option "ordr"'],
      [
        () => Distgraph.createAdjacent(world, none),
        'Distgraph.createAdjacent: sources is undefined, expected an array',
      ],
      [() => Distgraph.createAdjacent(world, { sources: [] } as never), 'destinations is undefined, expected an array'],
      [
        () => Distgraph.create(world, none),
        'Distgraph.create: edges is undefined, expected an array of { source, dest }',
      ],
      [() => Distgraph.create(world, [[0, 1]] as never), 'Distgraph.create: there is no option "0"'],
      [
        () => Intercomm.create(world, none),
        'Intercomm.create: the options are undefined, expected { localLeader, peer,',
      ],
      [() => Intercomm.create(world, { remoteleader: 1 } as never), 'there is no option "remoteleader"'],
    ] as [() => Promise<unknown>, string][])
      t.match(await messageOf(make), told)
  })
})

/** What every rank must get: for each neighbour what that one has sent this way; -1 from nobody. */
t.test('neighbour collectives agree with a serial model on every grid, rings of one and two included', async (t) => {
  const grids = fc.record({
    dims: fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 3 })
      .filter((dims) => product(dims) <= 12),
    rings: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    n: fc.integer({ min: 0, max: 5 }),
  })
  await fc.assert(
    fc.asyncProperty(grids, async ({ dims, rings, n }) => {
      const periods = dims.map((_, direction) => rings[direction] as boolean)
      await runRanks(product(dims), async ({ world }) => {
        const cart = (await Cartcomm.create(world, { dims, periods })) as Cartcomm
        const slots = 2 * dims.length
        const value = (rank: number, slot: number): number => rank * 100 + slot
        const sent = Float64Array.from(range(slots).flatMap((slot) => range(n).map(() => value(cart.rank, slot))))
        // What comes from below was sent up by it: its slot above.
        const model = (of: (source: number, slot: number) => number): number[] =>
          cart.sources.flatMap((source, slot) => range(n).map(() => (source === PROC_NULL ? -1 : of(source, slot ^ 1))))
        const exchanged = new Float64Array(slots * n).fill(-1)
        await cart.neighborAlltoall(sent, exchanged)
        same('alltoall', exchanged, model(value))
        const gathered = new Float64Array(slots * n).fill(-1)
        const mine = new Float64Array(n).fill(value(cart.rank, 9))
        await waitAll([cart.ineighborAllgather(mine, gathered)])
        same(
          'allgather',
          gathered,
          model((source) => value(source, 9)),
        )
        const counts = range(slots).map(() => n)
        const requests = [exchanged.fill(-1), gathered.fill(-1)] as const
        const varying = cart.ineighborAlltoallv(sent, requests[0], { sendCounts: counts, recvCounts: counts })
        await cart.neighborAllgatherv(mine, requests[1], { counts })
        await varying.wait()
        same('alltoallv', exchanged, model(value))
        same(
          'allgatherv',
          gathered,
          model((source) => value(source, 9)),
        )
      })
    }),
    { numRuns: 60 },
  )
  t.pass()
})

function same(what: string, actual: Float64Array, expected: number[]): void {
  if (String(actual) !== String(expected))
    throw new Error(`${what} gave ${String(actual)}, expected ${String(expected)}`)
}

t.test('a persistent halo exchange', async (t) => {
  await runRanks(4, async ({ world }) => {
    const cart = (await Cartcomm.create(world, { dims: [4], periods: [true] })) as Cartcomm
    const [sent, received] = [new Int32Array(2), new Int32Array(2)]
    const exchange = cart.neighborAlltoallInit(sent, received)
    for (let round = 0; round < 5; round++) {
      sent.fill(10 * round + cart.rank)
      exchange.start()
      await exchange.wait()
      t.same([...received], [10 * round + ((cart.rank + 3) % 4), 10 * round + ((cart.rank + 1) % 4)])
    }
  })
})

t.test('persistent exchanges of blocks of different lengths', async (t) => {
  await runRanks(4, async ({ world }) => {
    const ring = (await Cartcomm.create(world, { dims: [4], periods: [true] })) as Cartcomm
    const { rank } = ring
    const [left, right] = [(rank + 3) % 4, (rank + 1) % 4]
    // Rank r sends r elements to everybody; r to the left and r + 1 to the right.
    const [mine, gathered] = [new Int32Array(rank), new Int32Array(left + right)]
    const [sent, received] = [new Int32Array(2 * rank + 1), new Int32Array(left + 1 + right)]
    const exchanges = [
      ring.neighborAllgathervInit(mine, gathered, { counts: [left, right] }),
      ring.neighborAlltoallvInit(sent, received, { sendCounts: [rank, rank + 1], recvCounts: [left + 1, right] }),
    ]
    for (let round = 0; round < 5; round++) {
      mine.fill(10 * round + rank)
      sent.fill(100 * round + rank)
      startAll(exchanges)
      await waitAll(exchanges)
      const blocks = (of: number, counts: number[]): number[] =>
        [left, right].flatMap((source, i) => range(counts[i] as number).map(() => of * round + source))
      t.same([...gathered], blocks(10, [left, right]))
      t.same([...received], blocks(100, [left + 1, right]))
    }
  })
})

t.test('graphs: random edges, also several between two ranks and to itself, blocks of any length', async (t) => {
  const edges = fc.integer({ min: 1, max: 8 }).chain((size) =>
    fc.record({
      size: fc.constant(size),
      edges: fc.array(fc.record({ source: fc.nat(size - 1), dest: fc.nat(size - 1) }), { maxLength: 20 }),
    }),
  )
  await fc.assert(
    fc.asyncProperty(edges, async ({ size, edges }) => {
      await runRanks(size, async ({ world }) => {
        const { rank } = world
        const mine = edges.filter((_, index) => index % size === rank)
        const graph = await Distgraph.create(world, mine)
        const adjacent = await Distgraph.createAdjacent(world, graph)
        const length = (source: number, dest: number): number => (source * 3 + dest) % 4
        for (const comm of [graph, adjacent]) {
          const sendCounts = comm.destinations.map((dest) => length(rank, dest))
          const recvCounts = comm.sources.map((source) => length(source, rank))
          const sent = Float64Array.from(comm.destinations.flatMap((dest) => range(length(rank, dest)).map(() => rank)))
          const received = new Float64Array(recvCounts.reduce((a, b) => a + b, 0))
          await comm.neighborAlltoallv(sent, received, { sendCounts, recvCounts })
          same(
            'alltoallv',
            received,
            comm.sources.flatMap((s) => range(length(s, rank)).map(() => s)),
          )
          const gathered = new Float64Array(comm.sources.length)
          await comm.neighborAllgather(Float64Array.of(rank), gathered)
          same('allgather', gathered, [...comm.sources])
        }
      })
    }),
    { numRuns: 40 },
  )
  t.pass()
})

t.test('a graph whose ends disagree is refused on all ranks, naming both', async (t) => {
  await runRanks(3, async ({ world }) => {
    const wrong = Distgraph.createAdjacent(world, { sources: [], destinations: world.rank === 0 ? [1, 1] : [] })
    await t.rejects(wrong, /^MPI_ERR_ARG: .*rank 0 names 2 edges to rank 1, which names 0 from rank 0/)
    const missing = Distgraph.createAdjacent(world, { sources: world.rank === 2 ? [1] : [], destinations: [] })
    await t.rejects(missing, /rank 1 names 0 edges to rank 2, which names 1 from rank 1/)
    await t.rejects(Distgraph.create(world, [{ source: 0, dest: 3 }]), { code: 'MPI_ERR_RANK' })
  })
})

t.test('reorder gives every host a brick of the grid with fewer neighbours apart', async (t) => {
  // 16 processes on 4 hosts, dealt in order: 4 rows of a 4 x 4 grid; squares of 2 x 2 cut 8 pairs instead of 12.
  const hosts = range(16).map((process) => Math.floor(process / 4))
  const order = gridOrder([4, 4], [false, false], hosts)
  const hostAt = new Array<number>(16)
  for (const [process, place] of order.entries()) hostAt[place] = hosts[process] as number
  t.same([neighborsApart([4, 4], [false, false], hosts), neighborsApart([4, 4], [false, false], hostAt)], [12, 8])
  t.same(
    [...order].sort((a, b) => a - b),
    range(16),
  )
  const ranks = await runRanks(
    16,
    async ({ world }) => {
      const cart = (await Cartcomm.create(world, { dims: [4, 4], reorder: true })) as Cartcomm
      t.same(
        await cart.allgatherObject(cart.coords),
        range(16).map((rank) => cart.coordsOf(rank)),
      )
      return cart.rank
    },
    { hosts },
  )
  t.same(ranks, order)
})

t.test('reorder never leaves more neighbours apart, whatever the hosts', async (t) => {
  const dims = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(dims, fc.integer({ min: 1, max: 4 }), fc.boolean(), (dims, hosts, dealt) => {
      const size = product(dims)
      const hostOf = range(size).map((rank) => (dealt ? rank % hosts : Math.floor((rank * hosts) / size)))
      const order = gridOrder(
        dims,
        dims.map(() => true),
        hostOf,
      )
      const hostAt = new Array<number>(size)
      for (const [process, place] of order.entries()) hostAt[place] = hostOf[process] as number
      const apart = (at: number[]): number =>
        neighborsApart(
          dims,
          dims.map(() => true),
          at,
        )
      return new Set(order).size === size && apart(hostAt) <= apart(hostOf)
    }),
  )
  t.pass()
})

t.test("order 'auto' of a grid keeps rows or columns within hosts, whichever crosses fewer", async (t) => {
  const blocks = (hosts: number, each: number): number[] => range(hosts * each).map((rank) => Math.floor(rank / each))
  t.equal(cheaperOrder(2, 2, [0, 0, 0, 0]), 'row', 'one host')
  t.equal(cheaperOrder(2, 2, blocks(2, 2)), 'column', '2 columns over 2 hosts cost 1, 2 rows cost 1/2')
  t.equal(cheaperOrder(2, 2, [0, 1, 0, 1]), 'row', 'ranks dealt round robin: columns are within hosts by row')
  t.equal(cheaperOrder(4, 3, blocks(3, 4)), 'column', 'a column for each host')
  t.equal(cheaperOrder(1, 4, blocks(2, 2)), 'row', 'one row, the same either way')
  // By row 4 columns touch 3 hosts: 8/4. By column 2 columns touch 2: 2/4, and 3 rows touch 3: 6/6.
  t.equal(cheaperOrder(3, 4, blocks(3, 4)), 'column')
  // 6 hosts of one: by row 2 columns touch 3 and 3 rows touch 2: 4/2 + 3/6. The same by column.
  t.equal(cheaperOrder(3, 2, blocks(6, 1)), 'row')
  const coordinates = await runRanks(
    12,
    async ({ world }) => {
      const grid = (await Grid.create(world, { nprow: 4, npcol: 3, order: 'auto' })) as Grid
      t.same([grid.order, grid.column.hosts.count], ['column', 1])
      return grid.rankOf(grid.myrow, grid.mycol)
    },
    { hosts: blocks(3, 4) },
  )
  t.same(coordinates, range(12))
})

t.test('communicators with a topology, and parts of them, begin with the error handler of their parent', async (t) => {
  await runRanks(2, async ({ world }) => {
    const parent = await world.dup()
    parent.errorHandler = ERRORS_RETURN
    const cart = await Cartcomm.create(parent, { dims: [2, 1] })
    const line = await cart?.sub([true, false])
    const graph = await Distgraph.create(parent, [])
    const grid = await Grid.create(parent, { nprow: 1, npcol: 2 })
    for (const comm of [cart, line, graph, grid?.row]) t.equal(comm?.errorHandler, ERRORS_RETURN)
  })
})

t.test('hosts are numbered by their lowest rank', async (t) => {
  const hosts = new Hosts([7, 3, 7, 3, 5])
  t.same([hosts.hostOf, hosts.ranksOf, hosts.count, hosts.uniform], [[0, 1, 0, 1, 2], [[0, 2], [1, 3], [4]], 3, false])
  t.same(
    [hosts.leaders(), hosts.leaders(3), hosts.neighbours(2)],
    [
      [0, 1, 4],
      [0, 3, 4],
      [0, 2],
    ],
  )
  t.same(dimsCreate(6, [0, 0]), [3, 2])
})

t.test('neighbours exchange objects in three forms, also around rings of one and two and beyond an edge', async (t) => {
  for (const dims of [[1], [2], [5], [2, 3], [1, 2, 2]])
    for (const periodic of [true, false])
      await runRanks(product(dims), async ({ world }) => {
        const cart = (await Cartcomm.create(world, { dims, periods: dims.map(() => periodic) })) as Cartcomm
        const { rank, sources } = cart
        for (const form of FORMS) {
          const ranks = await make(cart, form, 'neighborAllgatherObject', [{ rank }])
          t.same(
            ranks,
            sources.map((source) => (source === PROC_NULL ? undefined : { rank: source })),
          )
          // What comes from below is what the rank there has given for the one above it.
          const sent = sources.map((dest, block) => `${rank}>${dest} ${block}`)
          t.same(
            await make(cart, form, 'neighborAlltoallObject', [sent]),
            sources.map((source, block) => (source === PROC_NULL ? undefined : `${source}>${rank} ${block ^ 1}`)),
          )
        }
      })
  await runRanks(3, async ({ world }) => {
    // Rank 0 sends twice to rank 1, and to itself.
    const edges = [[1, 1, 0], [], []][world.rank] as number[]
    const into = [[0], [0, 0], []][world.rank] as number[]
    const graph = await Distgraph.createAdjacent(world, { sources: into, destinations: edges })
    const values = await graph.neighborAlltoallObject(edges.map((dest, i) => `${i} for ${dest}`))
    t.same(values, [['2 for 0'], ['0 for 1', '1 for 1'], []][world.rank])
    await t.rejects(graph.neighborAlltoallObject([1, 2, 3, 4]), {
      code: 'MPI_ERR_COUNT',
      message: /one for each neigh/,
    })
  })
})

t.test('grids made with different arguments on different ranks: all are told who asked for what', async (t) => {
  const all = await runRanks(3, async ({ world }) => {
    const failures: unknown[] = []
    const other = world.rank === 2
    for (const make of [
      () => Grid.create(world, other ? { nprow: 1, npcol: 2 } : { nprow: 2, npcol: 1 }),
      () => Grid.create(world, { nprow: 1, npcol: 2, order: other ? 'column' : 'row' }),
      () => Cartcomm.create(world, { dims: other ? [1, 2] : [2, 1] }),
      () => Cartcomm.create(world, { dims: [2], periods: [other] }),
    ])
      failures.push(await make().catch((error: unknown) => String(error)))
    await world.barrier()
    return failures
  })
  const said = (call: string, first: string, second: string): string =>
    `MpiError: MPI_ERR_ARG: ${call}: the ranks disagree: world rank 0 asked for ${first}, world rank 2 asked for ${second}`
  for (const failures of all)
    t.match(failures, [
      said('Grid.create', "2 x 1 with order 'row'", "1 x 2 with order 'row'"),
      said('Grid.create', "1 x 2 with order 'row'", "1 x 2 with order 'column'"),
      said('Cartcomm.create', 'dims [2, 1], periods [false, false], reorder false', 'dims [1, 2], periods [false, false], reorder false'), // prettier-ignore
      said('Cartcomm.create', 'dims [2], periods [false], reorder false', 'dims [2], periods [true], reorder false'),
    ])
})

t.test('grids of different numbers of dimensions are told apart', async (t) => {
  const made = runRanks(2, ({ world }) => Cartcomm.create(world, { dims: world.rank === 0 ? [2] : [1, 2] }))
  await t.rejects(made, { message: /Cartcomm\.create: the ranks disagree on the number of elements/ })
})
