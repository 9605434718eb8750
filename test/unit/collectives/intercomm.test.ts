/** Communicators between two groups: messages, collective calls and merge, for divisions of 2 to 8 ranks. */
import t, { type Test } from 'tap'
import {
  Intercomm,
  MAX,
  Op,
  PROC_NULL,
  ROOT,
  SUM,
  type Intracomm,
  type MpiError,
  type Request,
} from '../../../index.ts'
import { runRanks } from '../../../testing.ts'
import { randomNumbers } from '../../helpers/collective-windows.ts'

interface Sides {
  readonly world: Intracomm
  readonly local: Intracomm
  readonly inter: Intercomm
  /** World ranks of both sides. */
  readonly here: readonly number[]
  readonly there: readonly number[]
}

/** Ranks r with r % 3 === 0 on one side, led by its last; the others on the other side. */
async function divided(world: Intracomm): Promise<Sides> {
  const ranks = world.group.worldRanks
  const low = ranks.filter((rank) => rank % 3 === 0)
  const high = ranks.filter((rank) => rank % 3 !== 0)
  const isLow = world.rank % 3 === 0
  const [here, there] = isLow ? [low, high] : [high, low]
  const local = (await world.split(Number(isLow))) as Intracomm
  const remoteLeader = isLow ? (high[0] as number) : (low.at(-1) as number)
  const localLeader = isLow ? low.length - 1 : 0
  const inter = await Intercomm.create(local, { localLeader, peer: world, remoteLeader, tag: 5 })
  return { world, local, inter, here, there }
}

/** Every root of either side once, with what this rank passes for it. */
function* roots({ here, there, world }: Sides): Generator<{ root: number; owner: number; mine: boolean }> {
  for (const owner of [...here, ...there].sort((a, b) => a - b)) {
    const remote = there.indexOf(owner)
    const root = remote >= 0 ? remote : owner === world.rank ? ROOT : PROC_NULL
    yield { root, owner, mine: remote < 0 }
  }
}

for (const size of [2, 3, 4, 5, 7, 8]) {
  const check = (name: string, body: (t: Test, sides: Sides) => Promise<void>): void =>
    void t.test(`${name}: p=${size}`, async (t) => {
      await runRanks(size, async ({ world }) => body(t, await divided(world)))
    })

  check('ranks are those of the other side', async (t, { world, inter, here, there }) => {
    t.same(inter.remoteGroup.worldRanks, there)
    t.same(inter.group.worldRanks, here)
    t.equal(inter.size, here.length)
    t.equal(inter.remoteSize, there.length)
    // Everybody sends its world rank to everybody over there.
    const sends = there.map((_, dest) => inter.isend(Int32Array.of(world.rank), { dest, tag: 1 }))
    const got = new Int32Array(1)
    for (const [source, worldRank] of there.entries()) {
      const status = await inter.recv(got, { source, tag: 1 })
      t.equal(got[0], worldRank)
      t.equal(status.source, source)
    }
    for (const send of sends) await send.wait()
    await t.rejects(inter.send(got, { dest: there.length }), { code: 'MPI_ERR_RANK', message: /expected 0\.\./ })
  })

  check('rooted calls bring data from the root to the other side and back', async (t, sides) => {
    const { world, inter, here, there } = sides
    for (const { root, owner, mine } of roots(sides)) {
      const data = Float64Array.of(root === ROOT ? owner + 0.5 : -1, 2)
      await inter.bcast(data, { root })
      t.equal(data[0], root === ROOT || !mine ? owner + 0.5 : -1)
      t.same(await inter.bcastObject(root === ROOT ? { owner } : undefined, { root }), mine ? undefined : { owner })

      const all = new Float64Array(2 * there.length)
      await inter.gather(mine ? undefined : Float64Array.of(world.rank, 1), root === ROOT ? all : undefined, { root })
      if (root === ROOT)
        t.same(
          [...all],
          there.flatMap((rank) => [rank, 1]),
        )

      const block = new Float64Array(2)
      await inter.scatter(all, mine ? undefined : block, { root })
      if (!mine) t.same([...block], [world.rank, 1])

      const total = new Float64Array(1)
      await inter.reduce(Float64Array.of(world.rank), total, { op: SUM, root })
      if (root === ROOT)
        t.equal(
          total[0],
          there.reduce((sum, rank) => sum + rank, 0),
        )
    }
    t.ok(here.length > 0)
  })

  check('calls of all give each side what the other has', async (t, { world, inter, there }) => {
    await inter.barrier()
    const all = new Int32Array(there.length)
    await inter.allgather(Int32Array.of(world.rank), all)
    t.same([...all], there)
    t.same(
      await inter.allgatherObject({ rank: world.rank }),
      there.map((rank) => ({ rank })),
    )
    const most = new Int32Array(1)
    await inter.allreduce(Int32Array.of(world.rank), most, { op: MAX })
    t.equal(most[0], Math.max(...there))
    // Row i of my matrix goes to rank i over there.
    const mine = Int32Array.from(there, (rank) => 100 * world.rank + rank)
    const theirs = new Int32Array(there.length)
    await inter.alltoall(mine, theirs)
    t.same(
      [...theirs],
      there.map((rank) => 100 * rank + world.rank),
    )
    // Digits in rank order tell whether an operation that does not commute was applied in that order.
    const digits = Op.create(
      (incoming, accumulator) => {
        const [a, b] = [incoming as Float64Array, accumulator as Float64Array]
        b[0] = (a[0] as number) * 10 ** String(b[0]).length + (b[0] as number)
      },
      { commutative: false },
    )
    const word = new Float64Array(1)
    await inter.allreduce(Float64Array.of(world.rank + 1), word, { op: digits })
    t.equal(word[0], Number(there.map((rank) => rank + 1).join('')))
  })

  check('calls under way at the same time do not meet', async (t, { inter, there, world }) => {
    const results = Array.from({ length: 20 }, () => new Int32Array(1))
    await Promise.all(results.map((result, i) => inter.allreduce(Int32Array.of(world.rank + i), result, { op: SUM })))
    for (const [i, result] of results.entries())
      t.equal(
        result[0],
        there.reduce((sum, rank) => sum + rank + i, 0),
      )
  })

  check('nonblocking calls do what the blocking ones do, completed in any order', async (t, sides) => {
    const { world, inter, there } = sides
    const draw = randomNumbers(size + world.rank)
    const calls: { what: string; request: Request; result: () => unknown; expected: unknown }[] = []
    const add = (what: string, request: Request, result: () => unknown, expected: unknown): void =>
      void calls.push({ what, request, result, expected })
    const all = there.flatMap((rank) => [rank, 1])
    for (const { root, owner, mine } of roots(sides)) {
      const isRoot = root === ROOT
      const data = Int32Array.of(isRoot ? owner + 1 : -1)
      add('ibcast', inter.ibcast(data, { root }), () => data[0], isRoot || !mine ? owner + 1 : -1)
      const object = inter.ibcastObject(isRoot ? { owner } : undefined, { root })
      add('ibcastObject', object, () => object.value, mine ? undefined : { owner })
      const gathered = new Int32Array(2 * there.length)
      const send = mine ? undefined : Int32Array.of(world.rank, 1)
      const gather = inter.igather(send, isRoot ? gathered : undefined, { root })
      add('igather', gather, () => [...gathered], isRoot ? all : all.map(() => 0))
      const block = new Int32Array(1)
      const dealt = Int32Array.from(there, (rank) => 10 * owner + rank)
      const scatter = inter.iscatter(isRoot ? dealt : undefined, mine ? undefined : block, { root })
      add('iscatter', scatter, () => block[0], mine ? 0 : 10 * owner + world.rank)
      const total = new Float64Array(1)
      const reduce = inter.ireduce(Float64Array.of(world.rank), total, { op: SUM, root })
      add('ireduce', reduce, () => total[0], isRoot ? there.reduce((sum, rank) => sum + rank, 0) : 0)
    }
    for (let i = 0; i < 20; i++) {
      add('ibarrier', inter.ibarrier(), () => undefined, undefined)
      const most = new Int32Array(1)
      const allreduce = inter.iallreduce(Int32Array.of(world.rank + i), most, { op: MAX })
      add('iallreduce', allreduce, () => most[0], Math.max(...there) + i)
      const every = new Int32Array(there.length)
      add('iallgather', inter.iallgather(Int32Array.of(world.rank), every), () => [...every], there)
      const objects = inter.iallgatherObject(world.rank)
      add('iallgatherObject', objects, () => objects.value, there)
      const theirs = new Int32Array(there.length)
      const exchange = inter.ialltoall(
        Int32Array.from(there, (rank) => 100 * world.rank + rank),
        theirs,
      )
      const sent = there.map((rank) => 100 * rank + world.rank)
      add('ialltoall', exchange, () => [...theirs], sent)
    }
    for (const call of calls.map((call) => ({ ...call, at: draw() })).sort((a, b) => a.at - b.at)) {
      if (draw() % 2 === 0 || call.request.test() === undefined) await call.request.wait()
      t.same(call.result(), call.expected, call.what)
    }
  })

  check('merge puts the high side after the other; dup and free are independent', async (t, sides) => {
    const { world, inter, here, there } = sides
    const low = world.rank % 3 === 0
    const [lowRanks, highRanks] = low ? [here, there] : [there, here]
    const up = await inter.merge(!low)
    t.same(up.group.worldRanks, [...lowRanks, ...highRanks])
    t.same(await up.allgatherObject(world.rank), up.group.worldRanks)
    const down = await inter.merge(low)
    t.same(down.group.worldRanks, [...highRanks, ...lowRanks])
    t.same((await inter.merge()).group.worldRanks, [...lowRanks, ...highRanks], 'the first rank decides')
    const dup = await inter.dup()
    t.equal(dup.compare(inter), 'congruent')
    t.equal(inter.compare(up), 'unequal')
    inter.free()
    await dup.barrier()
    await t.rejects(inter.barrier(), { code: 'MPI_ERR_COMM' })
    t.throws(() => inter.iprobe(), { code: 'MPI_ERR_COMM' })
  })
}

t.test('wrong arguments are refused with the value and what is allowed', async (t) => {
  const messages = await runRanks(2, async ({ world, self }) => {
    const refused = async (call: () => Promise<unknown>): Promise<string> =>
      call().then(
        () => 'accepted',
        (error: unknown) => (error as MpiError).message,
      )
    const other = 1 - world.rank
    const overlap = await refused(() => Intercomm.create(self, { peer: world, remoteLeader: world.rank }))
    const inter = await Intercomm.create(self, { peer: world, remoteLeader: other })
    return [
      await refused(() => Intercomm.create(self, { remoteLeader: other })),
      await refused(() => Intercomm.create(self, { localLeader: 1, peer: world, remoteLeader: other })),
      overlap,
      await refused(() => Intercomm.create(self, { peer: world, remoteLeader: 2 })),
      await refused(() => inter.bcast(new Int8Array(1), { root: 1 })),
      await refused(() => inter.bcast(undefined, { root: ROOT })),
      await refused(() => inter.allgather(new Int8Array(2 + world.rank), new Int8Array(4))),
      await refused(async () => inter.iallreduce(new Int8Array(1), new Int8Array(1), {} as { op: Op }).wait()),
      await refused(() =>
        world.rank === 0 ? inter.barrier() : inter.allreduce(new Int8Array(1), new Int8Array(1), { op: SUM }),
      ),
    ]
  })
  t.match(messages[0], [
    'MPI_ERR_COMM: Intercomm.create: the leader passes no peer, expected a communicator',
    'MPI_ERR_RANK: Intercomm.create: localLeader is 1, expected 0..0',
    'MPI_ERR_GROUP: Intercomm.create: world rank 0 is on both sides, expected groups without common ranks',
    'MPI_ERR_RANK: Intercomm.create: remoteLeader is 2, expected 0..1',
    'MPI_ERR_ROOT: bcast: root is 1, expected ROOT, PROC_NULL or a rank of the other side, 0..0',
    'MPI_ERR_BUFFER: bcast: the buffer is missing, expected a buffer on this rank',
    /^MPI_ERR_COUNT: allgather: the ranks disagree on the number of elements: 3 int8 elements \(3 bytes\) came where 4 /,
    /^MPI_ERR_OP: allreduce: op is undefined/,
    /different collectives: world rank 0 called barrier, world rank 1 called allreduce with op SUM$/,
  ])
})
