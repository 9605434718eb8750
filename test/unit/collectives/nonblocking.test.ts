/** Nonblocking and persistent collectives: progress, matching, requests. */
import t from 'tap'
import {
  IN_PLACE,
  startAll,
  SUM,
  testAll,
  testAny,
  testSome,
  UNDEFINED,
  waitAll,
  waitAny,
  waitSome,
  type Intracomm,
  type PersistentCollective,
  type PersistentRequest,
} from '../../../index.ts'
import { runRanks } from '../../../testing.ts'
import { checkWindows, randomNumbers } from '../../helpers/collective-windows.ts'
import { ALL } from '../../helpers/effort.ts'
import { FORMS, make } from '../../helpers/forms.ts'

/** Calls for each of the 14 runs below: 100 000 in all if everything is tested. */
const CALLS = ALL ? 100_000 / 14 : 1000

for (const size of [1, 2, 3, 4, 5, 7, 8])
  for (const options of [{}, { eagerLimit: 64, queueLimit: 3, hosts: [0, 1, 0, 1, 1, 0, 1, 0] }])
    t.test(`random windows of 20 nonblocking calls: p=${size} ${JSON.stringify(options)}`, async (t) => {
      const failures = await runRanks(size, ({ world }) => checkWindows(world, 1000 + size, CALLS), options)
      t.same(failures.flat().slice(0, 5), [])
    })

t.test('an ibarrier polled with test() completes only after the last rank has started it', async (t) => {
  for (const size of [2, 3, 5]) {
    let last = false
    await runRanks(size, async ({ world }) => {
      if (world.rank === size - 1) {
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
        last = true
      }
      const request = world.ibarrier()
      while (request.test() === undefined) await new Promise((resolve) => setImmediate(resolve))
      t.ok(last)
    })
  }
})

t.test('calls go on inside test(), without any await of the program', async (t) => {
  // Two ranks in one thread take turns by test() alone.
  const started: (() => unknown)[] = []
  const sums = [new Float64Array(3000), new Float64Array(3000)]
  await runRanks(2, ({ world }) => {
    const mine = new Float64Array(3000).fill(world.rank + 1)
    const request = world.iallreduce(mine, sums[world.rank] as Float64Array, { op: SUM })
    started.push(() => request.test())
  })
  let turns = 0
  while (!started.every((test) => test() !== undefined) && turns < 100) turns++
  t.same([sums[0]?.[2999], sums[1]?.[0]], [3, 3])
})

t.test('calls go on while the rank waits for something else', async (t) => {
  await runRanks(4, async ({ world }) => {
    const total = world.iallreduce(world.rank, { op: SUM })
    const object = world.ibcastObject(world.rank === 2 ? { from: 2 } : undefined, { root: 2 })
    // Nobody waits for the two above; the ring below makes them go on.
    const next = (world.rank + 1) % 4
    await world.sendrecv(Int32Array.of(1), new Int32Array(1), { dest: next, source: (world.rank + 3) % 4 })
    await world.barrier()
    await world.barrier()
    t.same([total.value, object.value], [6, { from: 2 }])
  })
})

t.test('waitAny and waitAll take collective requests beside others', async (t) => {
  await runRanks(3, async ({ world }) => {
    const never = world.irecv(new Int32Array(1), { source: world.rank, tag: 5 })
    const { index } = await waitAny([never, world.ibarrier()])
    t.equal(index, 1)
    never.cancel()
    await waitAll([world.ibarrier(), world.ibcast(new Int8Array(2)), world.irecv(new Int8Array(0), { source: -2 })])
  })
})

t.test('lists of all kinds of requests: each is met once a start, inactive ones never', async (t) => {
  await runRanks(3, async ({ world }) => {
    const around = { source: (world.rank + 2) % 3, dest: (world.rank + 1) % 3 }
    const [passed, sum, root] = [new Int32Array(1), new Float64Array(1), new Int32Array(1)]
    const persistent: PersistentRequest[] = [
      world.recvInit(passed, around),
      world.sendInit(Int32Array.of(world.rank), around),
      world.allreduceInit(Float64Array.of(world.rank), sum, { op: SUM }),
      world.bcastInit(root, { root: 1 }),
    ]
    t.same([await waitSome(persistent), (await waitAny(persistent)).index], [[], UNDEFINED], 'none has been started')
    for (let round = 1; round <= 3; round++) {
      if (world.rank === 1) root[0] = round
      startAll(persistent)
      const total = world.iallreduce(1, { op: SUM })
      const requests = [...persistent, total]
      t.ok(requests.every(({ active }) => active))
      const met = [(await waitAny(requests)).index]
      while (requests.some(({ active }) => active)) met.push(...(await waitSome(requests)).map(({ index }) => index))
      t.same(met.sort(), [0, 1, 2, 3, 4])
      t.same([passed[0], sum[0], root[0], total.value], [around.source, 3, round, 3])
      t.same([testSome(requests), testAny(requests)?.index, testAll(requests)?.length], [[], UNDEFINED, 5])
    }
  })
})

t.test('testAny, testSome and testAll take the steps of every call in the list', async (t) => {
  for (const look of ['any', 'some', 'all']) {
    const ranks: (() => boolean)[] = []
    const sums = range(2).map(() => range(3).map(() => new Float64Array(3000)))
    await runRanks(2, ({ world }) => {
      const mine = new Float64Array(3000).fill(world.rank + 1)
      const never = world.irecv(new Int8Array(1), { tag: 7 })
      const calls = (sums[world.rank] ?? []).map((sum) => world.iallreduce(mine, sum, { op: SUM }))
      ranks.push(() => {
        if (look === 'any') testAny([never, ...calls])
        else if (look === 'some') testSome([never, ...calls])
        else testAll([never, ...calls])
        return calls.every(({ unended }) => unended === undefined)
      })
    })
    // No await: nothing but these looks makes the calls go on.
    let turns = 0
    while (!ranks.map((turn) => turn()).every(Boolean) && turns < 100) turns++
    t.ok(turns < 100, look)
    t.same(
      sums.flat().map((sum) => sum[2999]),
      range(6).fill(3),
    )
  }
})

t.test('a persistent call that failed can be started again', async (t) => {
  const { Op } = await import('../../../index.ts')
  let failing = true
  const moody = Op.create((incoming, accumulator) => {
    if (failing) throw new RangeError('no such sum')
    accumulator[0] = (accumulator[0] as number) + (incoming[0] as number)
  })
  await runRanks(2, async ({ world }) => {
    const sum = new Float64Array(1)
    const request = world.allreduceInit(Float64Array.of(1), sum, { op: moody })
    request.start()
    await t.rejects(waitAny([request]), { message: 'no such sum' })
    t.notOk(request.active)
    await world.barrier()
    failing = false
    request.start()
    t.same([(await waitAny([request])).index, sum[0]], [0, 2])
  })
})

t.test('a request says what it cannot do', async (t) => {
  await runRanks(2, async ({ world }) => {
    const request = world.iallreduce(1, { op: SUM })
    t.throws(() => request.cancel(), /cancel: allreduce is a collective call and cannot be cancelled/)
    if (request.test() === undefined) t.throws(() => request.value, { code: 'MPI_ERR_REQUEST' })
    await request.wait()
    t.equal(request.value, 2)
    t.throws(() => world.ibcast(new Int8Array(1), { root: 2 }), { code: 'MPI_ERR_ROOT' })
    await world.barrier()
  })
})

t.test('an operation that throws fails its own request only', async (t) => {
  const { Op } = await import('../../../index.ts')
  const failing = Op.create(() => {
    throw new RangeError('no such sum')
  })
  await runRanks(2, async ({ world }) => {
    const bad = world.iallreduce(1, { op: failing })
    const good = world.iallreduce(1, { op: SUM })
    await t.rejects(bad.wait(), { message: 'no such sum' })
    await good.wait()
    t.equal(good.value, 2)
  })
})

t.test('persistent calls match by the order of initialisation, started in any order', async (t) => {
  for (const size of [1, 2, 3, 4, 5, 7, 8])
    await runRanks(
      size,
      async ({ world }) => {
        const { rank } = world
        const data = Float64Array.of(0)
        const sum = new Float64Array(1)
        const all = new Float64Array(size)
        const sent = new Int32Array(size)
        const received = new Int32Array(size)
        const requests: PersistentCollective[] = [
          world.bcastInit(data, { root: size - 1 }),
          world.allreduceInit(data, sum, { op: SUM }),
          world.allgatherInit(Float64Array.of(rank), all),
          world.alltoallInit(sent, received),
          world.barrierInit(),
        ]
        const draw = randomNumbers(rank)
        for (let round = 1; round <= 20; round++) {
          if (rank === size - 1) data[0] = round
          sent.fill(rank + 100 * round)
          all.fill(-1)
          // The bcast first, since the allreduce reads its buffer.
          requests[0]?.start()
          await requests[0]?.wait()
          const order = [1, 2, 3, 4].sort(() => (draw() % 2) - 0.5)
          for (const index of order) requests[index]?.start()
          await world.barrier() // not confused by those under way
          for (const index of order) await requests[index]?.wait()
          t.same(
            [data[0], sum[0], [...all], [...received]],
            [round, round * size, range(size), range(size).map((r) => r + 100 * round)],
          )
        }
        for (const request of requests) request.free()
      },
      { eagerLimit: 8 },
    )
})

t.test('persistent reductions start from what their buffers hold at each start', async (t) => {
  await runRanks(4, async ({ world }) => {
    const data = Float64Array.of(1)
    const request = world.allreduceInit(IN_PLACE, data, { op: SUM })
    for (const expected of [4, 16, 64]) {
      request.start()
      while (request.test() === undefined) await new Promise((resolve) => setImmediate(resolve))
      t.equal(data[0], expected)
    }
  })
})

t.test('a persistent request that is active cannot be started or freed, and a freed one not at all', async (t) => {
  await runRanks(2, async ({ world }) => {
    const request = world.barrierInit()
    t.ok(request.test(), 'an inactive request is complete')
    request.start()
    t.throws(() => request.start(), /start: the request of barrier is active/)
    t.throws(() => request.free(), { code: 'MPI_ERR_REQUEST' })
    t.throws(() => request.cancel(), { code: 'MPI_ERR_REQUEST' })
    await request.wait()
    request.free()
    t.throws(() => request.start(), /has been freed/)
  })
})

t.test('zero counts: every nonblocking form with empty buffers', async (t) => {
  const none = (): Float64Array => new Float64Array(0)
  for (const size of [1, 3, 4])
    await runRanks(size, async ({ world }: { world: Intracomm }) => {
      const counts = range(size).map(() => 0)
      await waitAll([
        world.ibcast(none()),
        world.igather(none(), none()),
        world.igatherv(none(), none(), { counts }),
        world.iscatter(none(), none()),
        world.iscatterv(none(), none(), { counts }),
        world.iallgather(none(), none()),
        world.iallgatherv(none(), none(), { counts }),
        world.ialltoall(none(), none()),
        world.ialltoallv(none(), none(), { sendCounts: counts, recvCounts: counts }),
        world.ireduce(none(), none(), { op: SUM }),
        world.iallreduce(none(), none(), { op: SUM }),
        world.iscan(none(), none(), { op: SUM }),
        world.iexscan(none(), none(), { op: SUM }),
        world.ireduceScatter(none(), none(), { op: SUM, counts }),
        world.ireduceScatterBlock(none(), none(), { op: SUM }),
      ])
      t.pass()
    })
})

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

t.test('calls on objects do the same in their three forms, for every root', async (t) => {
  for (const size of [1, 2, 3, 4, 5, 7, 8])
    await runRanks(size, async ({ world }) => {
      const { rank } = world
      const ranks = Array.from({ length: size }, (_, other) => other)
      const join = (lower: string, upper: string): string => lower + upper
      for (const form of FORMS) {
        for (const root of ranks) {
          const isRoot = rank === root
          const some = <T>(value: T): T | undefined => (isRoot ? value : undefined)
          t.same(await make(world, form, 'bcastObject', [some({ root }), { root }]), { root })
          t.same(await make(world, form, 'gatherObject', [[rank], { root }]), some(ranks.map((other) => [other])))
          t.same(await make(world, form, 'scatterObject', [some(ranks), { root }]), rank)
          t.same(await make(world, form, 'reduceObject', [String(rank), join, { root }]), some(ranks.join('')))
        }
        t.same(await make(world, form, 'allgatherObject', [rank]), ranks)
        const sent = ranks.map((dest) => `${rank}>${dest}`)
        t.same(
          await make(world, form, 'alltoallObject', [sent]),
          ranks.map((source) => `${source}>${rank}`),
        )
        t.same(await make(world, form, 'allreduceObject', [String(rank), join]), ranks.join(''))
        t.same(await make(world, form, 'scanObject', [String(rank), join]), ranks.slice(0, rank + 1).join(''))
        const below = rank === 0 ? undefined : ranks.slice(0, rank).join('')
        t.same(await make(world, form, 'exscanObject', [String(rank), join]), below)
      }
    })
})

t.test('a persistent call on objects takes what its arguments hold at each start', async (t) => {
  await runRanks(3, async ({ world }) => {
    const state: { step: number; rank: unknown } = { step: 0, rank: world.rank }
    const request = world.allgatherObjectInit(state)
    t.throws(() => request.value, { code: 'MPI_ERR_REQUEST', message: /never been started/ })
    for (state.step = 1; state.step < 4; state.step++) {
      request.start()
      if (!request.poll()) t.throws(() => request.value, { code: 'MPI_ERR_REQUEST', message: /wait\(\) first/ })
      await request.wait()
      t.same(
        request.value,
        [0, 1, 2].map((rank) => ({ step: state.step, rank })),
      )
    }
    // A value that cannot be sent is refused before the rank has taken part; the next start is the same call.
    state.rank = () => 1
    if (world.rank === 1) t.throws(() => request.start(), { code: 'MPI_ERR_TYPE', message: /allgatherObject: / })
    t.equal(request.active, false)
    state.rank = 'again'
    request.start()
    await request.wait()
    t.same(request.value[2], { step: 4, rank: 'again' })
    request.free()
    t.throws(() => request.start(), { code: 'MPI_ERR_REQUEST' })
  })
})
