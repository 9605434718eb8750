/** How communicators are made, compared and given back (MPI 4.1, chapter 7). */
import t from 'tap'
import {
  ANY_SOURCE,
  Cartcomm,
  Distgraph,
  ERRORS_ARE_FATAL,
  ERRORS_RETURN,
  ERRORS_THROW,
  Grid,
  Group,
  Intercomm,
  Keyval,
  PROC_NULL,
  SUM,
  UNDEFINED,
  waitAll,
  type Intracomm,
  type MpiError,
} from '../../../index.ts'
import { createWorld } from '../../../collectives/world.ts'
import { foundationOf } from '../../../runtime/comm/comm-context.ts'
import { Engine } from '../../../runtime/engine/engine.ts'
import { InprocHub } from '../../../runtime/transport/inproc.ts'
import { runRanks } from '../../../testing.ts'

const SIZES = [1, 2, 3, 4, 5, 7, 8]

/** World ranks of a communicator, as its ranks report them in a collective call. */
const membersOf = (comm: Intracomm, world: Intracomm): Promise<number[]> => comm.allgatherObject(world.rank)

for (const size of SIZES) {
  t.test(`create makes a communicator of a group in the group's order: p=${size}`, async (t) => {
    await runRanks(size, async ({ world }) => {
      const odd = world.group.rangeExcl([[0, size - 1, 2]])
      const reversedEven = world.group
        .difference(odd)
        .incl(Array.from({ length: Math.ceil(size / 2) }, (_, i) => Math.ceil(size / 2) - 1 - i))
      // Ranks of different groups make the same call.
      const mine = world.rank % 2 === 1 ? odd : reversedEven
      const comm = (await world.create(mine)) as Intracomm
      t.same(await membersOf(comm, world), mine.worldRanks)
      t.equal(comm.rank, mine.rankOf(world.rank))
      t.equal(await world.create(Group.EMPTY), undefined)
      t.equal((await world.create(world.group.incl([0])))?.size, world.rank === 0 ? 1 : undefined)
    })
  })

  t.test(`createGroup asks members only, also twice at once: p=${size}`, async (t) => {
    await runRanks(size, async ({ world }) => {
      const group = world.group.rangeIncl([[size - 1, 0, -2]])
      if (group.rankOf(world.rank) === undefined)
        return t.rejects(world.createGroup(group), { code: 'MPI_ERR_GROUP', message: /the caller is not in the group/ })
      // A wildcard receive of the program takes no message of the call.
      const wild = world.irecv(new Int32Array(1), { source: ANY_SOURCE })
      const [a, b] = await Promise.all([world.createGroup(group, { tag: 1 }), world.createGroup(group, { tag: 2 })])
      wild.cancel()
      t.ok((await wild.wait()).cancelled)
      for (const comm of [b, a]) t.same(await membersOf(comm, world), group.worldRanks)
      t.equal(await a.allreduce(1, { op: SUM }), group.size)
    })
  })

  if (size > 2)
    t.test(`createGroup refuses groups that differ, in their order too, on all members: p=${size}`, async (t) => {
      await runRanks(size, async ({ world }) => {
        const group = world.group.incl(world.rank === size - 1 ? [size - 1, 1, 0] : [0, 1, size - 1])
        if (group.rankOf(world.rank) === undefined) return
        await t.rejects(world.createGroup(group), {
          message: `MPI_ERR_GROUP: createGroup: the members pass different groups: world rank 0 passes world ranks 0 1 ${size - 1}, world rank ${size - 1} passes world ranks ${size - 1} 1 0`,
        })
        await t.rejects(world.createGroup(group, { tag: -1 }), { message: /^MPI_ERR_TAG: createGroup: tag is -1/ })
      })
    })

  t.test(`split keeps the order of equal keys and leaves UNDEFINED out: p=${size}`, async (t) => {
    await runRanks(size, async ({ world }) => {
      const none = await world.split(world.rank === 0 ? UNDEFINED : 3)
      t.equal(none?.size, world.rank === 0 ? undefined : size - 1)
      const ties = (await world.split(0, -(world.rank % 2))) as Intracomm
      const ranks = world.group.worldRanks
      t.same(await membersOf(ties, world), [...ranks.filter((r) => r % 2 === 1), ...ranks.filter((r) => r % 2 === 0)])
      const host = await world.splitType('host', -world.rank)
      t.same(await membersOf(host, world), ranks.toReversed(), 'in one thread all share memory')
    })
  })
}

t.test('compare tells the same object, the same order, the same members and others apart', async (t) => {
  await runRanks(3, async ({ world, self }) => {
    const dup = await world.dup()
    const reversed = (await world.split(0, -world.rank)) as Intracomm
    t.equal(world.compare(world), 'ident')
    t.equal(world.compare(dup), 'congruent')
    t.equal(world.compare(reversed), 'similar')
    t.equal(world.compare(self), 'unequal')
    dup.free()
    t.throws(() => world.compare(dup), { code: 'MPI_ERR_COMM' })
  })
})

t.test('groups with strangers, and types of split that do not exist, are refused', async (t) => {
  await runRanks(2, async ({ world, self }) => {
    if (world.rank === 0) {
      await t.rejects(self.create(world.group), {
        message: 'MPI_ERR_GROUP: create: the group has world rank 1, expected ranks of the communicator only',
      })
      await t.rejects(self.createGroup(world.group), { code: 'MPI_ERR_GROUP' })
      await t.rejects(world.splitType('socket' as 'host'), { code: 'MPI_ERR_ARG' })
      await t.rejects(world.create([0] as unknown as Group), {
        message:
          'MPI_ERR_GROUP: create: group is an object of class Array, expected a Group, such as comm.group.incl([0])',
      })
      for (const [name, born] of Object.entries({ world, self }))
        t.throws(() => born.free(), { code: 'MPI_ERR_COMM', message: `free: ${name} cannot be freed` })
    }
  })
})

t.test('what is under way when a communicator is freed still completes', async (t) => {
  await runRanks(2, async ({ world }) => {
    for (const n of [1, 9000]) {
      const comm = await world.dup()
      const peer = 1 - comm.rank
      const received = new Float64Array(n)
      const requests = [
        comm.irecv(received, { source: peer }),
        comm.issend(new Float64Array(n).fill(n), { dest: peer }),
      ]
      const persistent = comm.recvInit(received, { source: peer })
      comm.free()
      t.match(await waitAll(requests), [{ source: peer, count: n }, {}])
      t.equal(received[n - 1], n)
      t.throws(() => persistent.start(), { code: 'MPI_ERR_COMM' })
    }
  })
})

t.test('100 000 communicators, made and freed, leave nothing behind', { timeout: 120_000 }, async (t) => {
  const hub = new InprocHub(2)
  const engines = [0, 1].map((rank) => new Engine((progress) => hub.open(rank, progress)))
  const contexts = (): number[] => engines.map((engine) => engine.contexts)
  const before: number[][] = []
  await Promise.all(
    engines.map(async (engine) => {
      const { world } = createWorld(engine, (code) => t.fail(`abort(${code})`) as never)
      for (let i = 0; i < 100_000; i++) {
        const comm = await world.dup()
        if (i % 1000 === 0) await comm.sendrecv(Int32Array.of(i), new Int32Array(1), { dest: 1 - comm.rank })
        comm.free()
        if (i === 10) before.push(contexts())
      }
      await world.barrier()
    }),
  )
  for (const [i, count] of contexts().entries()) t.ok(count <= (before[0]?.[i] ?? 0) + 2, `${count} contexts`)
})

t.test('messages of 2000 communicators under way at once stay each on its own', async (t) => {
  const MANY = 2000
  const strays = await runRanks(3, async ({ world }) => {
    const { rank, size } = world
    const comms: Intracomm[] = []
    for (let i = 0; i < MANY; i++) comms.push(await world.dup())
    const sends = comms.map((comm, i) => comm.isend(Int32Array.of(i), { dest: (rank + 1) % size, tag: 1 }))
    const buffers = comms.map(() => new Int32Array(1))
    const receives = comms.map((comm, i) => comm.irecv(buffers[i] as Int32Array)).toReversed()
    await waitAll([...receives, ...sends])
    const sums = await Promise.all(comms.map((comm, i) => comm.allreduce(i, { op: SUM })))
    for (const comm of comms) comm.free()
    return buffers.filter(([value], i) => value !== i || sums[i] !== size * i).length
  })
  t.same(strays, [0, 0, 0])
})

t.test('attributes go to duplicates as their keys say, and are deleted with the communicator', async (t) => {
  await runRanks(1, async ({ world }) => {
    const deleted: string[] = []
    const shared = Keyval.create<string>({ copy: (value) => `${value}'`, delete: (value) => deleted.push(value) })
    const own = Keyval.create<number>()
    const comm = await world.dup()
    comm.setAttribute(shared, 'a')
    comm.setAttribute(own, 1)
    const copy = await comm.dup()
    t.equal(copy.getAttribute(shared), "a'")
    t.equal(copy.getAttribute(own), undefined)
    t.equal((await comm.split(0))?.getAttribute(shared), undefined)
    comm.setAttribute(shared, 'b')
    t.same(deleted, ['a'])
    copy.deleteAttribute(shared)
    copy.deleteAttribute(own)
    t.equal(copy.getAttribute(shared), undefined)
    comm.free()
    t.same(deleted, ['a', "a'", 'b'])
    comm.name = 'freed'
    t.equal(comm.name, 'freed')
  })
})

t.test('errors of a message are thrown, seen by a handler, returned in the status, or end the job', async (t) => {
  await runRanks(1, async ({ world }) => {
    const comm = await world.dup()
    const short = (): Promise<unknown> =>
      comm.sendrecv(new Float64Array(2), new Float64Array(1), { dest: 0, source: 0 })
    t.equal(comm.errorHandler, ERRORS_THROW)
    await t.rejects(short(), { code: 'MPI_ERR_TRUNCATE' })

    const seen: string[] = []
    comm.errorHandler = (error: MpiError) => seen.push(error.code)
    await t.rejects(short(), { code: 'MPI_ERR_TRUNCATE' })
    await t.rejects(comm.send(new Float64Array(1), { dest: 5 }), { code: 'MPI_ERR_RANK' })
    t.same(seen, ['MPI_ERR_TRUNCATE', 'MPI_ERR_RANK'])

    comm.errorHandler = ERRORS_RETURN
    const inherits = await comm.dup()
    t.equal(inherits.errorHandler, ERRORS_RETURN)
    t.match(await short(), { count: 0, error: { code: 'MPI_ERR_TRUNCATE' } })
    const request = comm.irecv(new Int32Array(9), { source: 0 })
    await comm.send(new Float64Array(1), { dest: 0 })
    t.match(await request.wait(), { error: { code: 'MPI_ERR_TYPE' } })
    await comm.send(new Float64Array(1), { dest: 0 })
    t.match(await comm.recvObject(), { value: undefined, error: { code: 'MPI_ERR_TYPE' } })
    await t.rejects(
      comm.recv(new Float64Array(1), { source: 5 }),
      { code: 'MPI_ERR_RANK' },
      'arguments are no messages',
    )
    t.throws(() => (comm.errorHandler = 'ignore' as typeof ERRORS_RETURN), { code: 'MPI_ERR_ARG' })

    comm.errorHandler = ERRORS_ARE_FATAL
    const { error } = console
    const printed: unknown[] = []
    console.error = (...values) => void printed.push(...values)
    await t.rejects(short(), { message: 'rank 0 called abort(1)' }).finally(() => (console.error = error))
    t.match(printed, [{ code: 'MPI_ERR_TRUNCATE' }])
  })
})

t.test('a handler sees the errors of collective calls too, whatever their form, once each', async (t) => {
  await runRanks(2, async ({ world }) => {
    const comm = await world.dup()
    const seen: string[] = []
    comm.errorHandler = (error: MpiError) => void seen.push(error.message.split(':')[1]?.trim() ?? '')
    const two = new Float64Array(2)
    await t.rejects(comm.bcast(two, { root: 2 }), { code: 'MPI_ERR_ROOT' })
    t.throws(() => comm.ibcast(two, { root: 2 }), { code: 'MPI_ERR_ROOT' })
    t.throws(() => comm.bcastInit(two, { root: 2 }), { code: 'MPI_ERR_ROOT' })
    await t.rejects(comm.bcastObject(1, { root: 2 }), { code: 'MPI_ERR_ROOT' })
    await t.rejects(comm.split(-5), { code: 'MPI_ERR_ARG' })
    await t.rejects(comm.dup({ algorithms: { bcast: 'x' } as unknown as Record<string, never> }), {
      code: 'MPI_ERR_ARG',
    })
    t.same(seen, ['bcast', 'bcast', 'bcast', 'bcastObject', 'split', 'dup'])

    // Ranks that disagree: the one that receives what does not fit.
    const calls: ((buffer: Float64Array) => Promise<unknown>)[] = [
      (buffer) => comm.bcast(buffer),
      (buffer) => comm.ibcast(buffer).wait(),
      (buffer) => {
        const request = comm.bcastInit(buffer)
        request.start()
        return request.wait()
      },
    ]
    for (const call of calls) {
      seen.length = 0
      if (comm.rank === 0) await call(new Float64Array(3))
      else await t.rejects(call(new Float64Array(2)), { code: 'MPI_ERR_COUNT' })
      t.same(seen, comm.rank === 0 ? [] : ['bcast'])
    }

    const { error } = console
    console.error = () => undefined
    comm.errorHandler = ERRORS_ARE_FATAL
    const fatal = t.rejects(comm.bcast(two, { root: 7 }), { message: /called abort\(1\)/ })
    await fatal.finally(() => (console.error = error))
  })
})

t.test('a handler sees what is asked too early, cannot be cancelled, or comes after free', async (t) => {
  await runRanks(2, async ({ world }) => {
    const comm = await world.dup()
    const seen: string[] = []
    comm.errorHandler = (error: MpiError) => void seen.push(error.message)
    const persistent = comm.allreduceObjectInit(1, (a: number, b: number) => a + b)
    const [sum, object] = [comm.iallreduce(1, { op: SUM }), comm.irecvObject({ source: comm.rank })]
    const mistakes: (() => unknown)[] = [
      () => object.value,
      () => persistent.value,
      () => persistent.cancel(),
      () => sum.cancel(),
    ]
    if (comm.rank === 1) mistakes.push(() => comm.ibarrier().cancel())
    else mistakes.push(() => (comm.ibarrier(), comm.iallreduceObject(1, (a: number, b: number) => a + b).value))
    for (const mistake of mistakes) t.throws(mistake, { code: 'MPI_ERR_REQUEST' })
    t.equal(seen.length, mistakes.length)

    seen.length = 0
    await comm.sendObject(1, { dest: comm.rank })
    await waitAll([sum, object])
    comm.free()
    const calls = [() => comm.isend(new Int8Array(1), { dest: 0 }), () => comm.ibarrier(), () => comm.compare(world)]
    for (const call of calls) t.throws(call, { code: 'MPI_ERR_COMM' })
    t.throws(() => world.compare(comm), { code: 'MPI_ERR_COMM' })
    await t.rejects(comm.bcast(new Int8Array(1)), { code: 'MPI_ERR_COMM' })
    t.equal(seen.length, calls.length + 1, 'world has a handler of its own')
  })
})

t.test('a handler sees once that ranks have called different collectives before', async (t) => {
  const seen: string[] = []
  const program = runRanks(2, async ({ world }) => {
    world.errorHandler = (error: MpiError) => void seen.push(error.message)
    await world.bcast(new Float64Array(1), { root: world.rank })
    for (const call of [0, 1]) await world.barrier().catch((error: unknown) => Promise.reject([error, call]))
  })
  await t.rejects(program)
  t.match(seen, [/different collectives/])
})

t.test('a handler sees the errors of small calls through a board', async (t) => {
  await runRanks(2, async ({ world }) => {
    const comm = await world.dup()
    const seen: string[] = []
    comm.errorHandler = (error: MpiError) => void seen.push(error.code)
    for (let i = 0; i < 12; i++) await comm.barrier()
    const n = 2 + comm.rank
    const refused = comm.allreduce(new Float64Array(n), new Float64Array(n), { op: SUM })
    await t.rejects(refused, { code: 'MPI_ERR_COUNT' })
    t.same(seen, ['MPI_ERR_COUNT'])
  })
})

t.test('a handler sees the mistakes of calls that make communicators, ask for places or start', async (t) => {
  await runRanks(2, async ({ world }) => {
    const comm = await world.dup()
    const cart = (await Cartcomm.create(comm, { dims: [2] })) as Cartcomm
    const [receive, barrier] = [cart.recvInit(new Int8Array(1), { source: PROC_NULL }), cart.barrierInit()]
    for (const request of [receive, barrier]) request.start()
    const nowhere = { nprow: 9, npcol: 1 }
    const strange = { sources: [9], destinations: [] }
    const ahead = { sources: [], destinations: [1 - world.rank] }
    const calls: [() => unknown, string][] = [
      [() => Cartcomm.create(comm, { dims: [9] }), 'MPI_ERR_DIMS: Cartcomm.create: '],
      [() => Grid.create(comm, nowhere), 'MPI_ERR_DIMS: Grid.create: '],
      [() => Distgraph.create(comm, [{ source: 9, dest: 0 }]), 'MPI_ERR_RANK: Distgraph.create: '],
      [() => Distgraph.createAdjacent(comm, strange), 'MPI_ERR_RANK: Distgraph.createAdjacent: '],
      [() => Distgraph.createAdjacent(comm, ahead), 'MPI_ERR_ARG: Distgraph.createAdjacent: rank 0 names 1 edges'],
      [() => Intercomm.create(comm, { remoteLeader: 0, localLeader: 9 }), 'MPI_ERR_RANK: Intercomm.create: '],
      [() => Intercomm.create(comm, { remoteLeader: 0, localLeader: world.rank }), 'MPI_ERR_COMM: Intercomm.create: '],
      [() => cart.coordsOf(9), 'MPI_ERR_RANK: coordsOf: '],
      [() => cart.rankOf([9]), 'MPI_ERR_ARG: rankOf: '],
      [() => cart.rankOf(9 as unknown as number[]), 'MPI_ERR_ARG: rankOf: '],
      [() => cart.shift(7, 1), 'MPI_ERR_ARG: shift: '],
      [() => cart.shift(0, 0.5), 'MPI_ERR_ARG: shift: '],
      [() => cart.sub([]), 'MPI_ERR_ARG: sub: '],
      [() => cart.sub(0 as unknown as boolean[]), 'MPI_ERR_ARG: sub: '],
      [() => receive.start(), 'MPI_ERR_REQUEST: start: '],
      [() => barrier.start(), 'MPI_ERR_REQUEST: start: '],
      [() => barrier.free(), 'MPI_ERR_REQUEST: free: '],
    ]
    const seen: string[] = []
    for (const one of [comm, cart]) one.errorHandler = ({ message }) => void seen.push(message)
    for (const [call, words] of calls) {
      seen.length = 0
      await t.rejects(async () => call(), { message: words })
      t.match(seen, [words], 'once')
      t.equal(seen.length, 1)
    }
    await waitAll([receive, barrier])
    barrier.free()
    t.throws(() => barrier.start(), { message: /has been freed/ })
    t.match(seen[1], 'start: the request of barrier has been freed')

    const { error } = console
    console.error = () => undefined
    cart.errorHandler = ERRORS_ARE_FATAL
    t.throws(() => cart.shift(7, 1), { message: /called abort\(1\)/ })
    const fatal = t.rejects(Cartcomm.create(cart, { dims: [9] }), { message: /called abort\(1\)/ })
    await fatal.finally(() => (console.error = error))
  })
})

t.test('a duplicate whose attributes cannot be copied is given back before the call rejects', async (t) => {
  await runRanks(2, async ({ world }) => {
    const parent = await world.dup()
    const cart = (await Cartcomm.create(parent, { dims: [2] })) as Cartcomm
    const deleted: string[] = []
    const fine = Keyval.create<string>({ copy: (value) => `${value} copy`, delete: (value) => deleted.push(value) })
    const failing = Keyval.create<string>({
      copy: () => {
        throw new Error('no copy')
      },
    })
    const { communicators } = foundationOf(world).job
    for (const comm of [parent, cart]) {
      comm.setAttribute(fine, 'a')
      comm.setAttribute(failing, 'b')
      const before = communicators.unfreed().length
      await t.rejects(comm.dup(), { message: 'no copy' })
      t.equal(communicators.unfreed().length, before)
    }
    t.same(deleted, ['a copy', 'a copy'], 'what had been copied is deleted')
    t.equal(await parent.allreduce(1, { op: SUM }), 2, 'the parent can be used')
  })
})
