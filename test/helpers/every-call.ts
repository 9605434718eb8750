/**
 * Every call of the reference, each at least once and with a look at what it did, as a program that runs in any job; and
 * what tells that none was left out.
 */
import type * as api from '../../index.ts'
import {
  ERRORS_RETURN,
  MAX,
  PROC_NULL,
  SUM,
  UNDEFINED,
  type Cartcomm,
  type Comm,
  type Distgraph,
  type Intracomm,
  type Request,
} from '../../index.ts'
import { checkAcross } from './across-checks.ts'
import { Failures, range } from './failures.ts'
import { FORMS, make, start, type Call, type Form } from './forms.ts'
import { WITHIN } from './within-calls.ts'

/** The package that `world` comes from, whole. */
export type Api = typeof api

// ---- what is called --------------------------------------------------------------------------------------------

type Callable = (this: unknown, ...args: unknown[]) => unknown

/**
 * Has all methods of the exported classes note their calls, in this thread.
 *
 * @returns what has not been called, of methods listed as Class.method
 */
export function watchCalls(api: Api): (methods: readonly string[]) => string[] {
  const called = new Set<unknown>()
  const holders = new Set<object>()
  for (const one of Object.values(api) as unknown[]) {
    if (typeof one !== 'function' || one.prototype === undefined) continue
    const prototype = one.prototype as object
    for (let holder: object | null = one; holder !== Function.prototype && holder !== null; holder = parentOf(holder))
      holders.add(holder)
    for (
      let holder: object | null = prototype;
      holder !== Object.prototype && holder !== null;
      holder = parentOf(holder)
    )
      // prettier-ignore
      holders.add(holder)
  }
  for (const holder of holders)
    for (const [name, { value, writable }] of Object.entries(Object.getOwnPropertyDescriptors(holder)) as [
      string,
      PropertyDescriptor,
    ][]) {
      if (typeof value !== 'function' || writable !== true || name === 'constructor') continue
      const noted = function (this: unknown, ...args: unknown[]): unknown {
        called.add(noted)
        return (value as Callable).apply(this, args)
      }
      Object.defineProperty(holder, name, { value: noted })
    }
  return (methods) =>
    methods.filter((method) => {
      const [from = '', name = ''] = method.split('.')
      const holder = (
        api as unknown as Record<string, { prototype: Record<string, unknown> } & Record<string, unknown>>
      )[from]
      return !called.has(holder?.prototype[name]) && !called.has(holder?.[name])
    })
}

const parentOf = (holder: object): object | null => Object.getPrototypeOf(holder) as object | null

// ---- point to point --------------------------------------------------------------------------------------------

interface Way {
  readonly dest: number
  readonly source: number
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** Asks until there is an answer. */
async function until<T>(ask: () => T | undefined): Promise<T> {
  for (let answer = ask(); ; answer = ask()) {
    if (answer !== undefined) return answer
    await turn()
  }
}

const SENDS: Readonly<
  Record<string, (comm: Comm, data: Float64Array, to: { dest: number; tag: number }) => Promise<unknown>>
> = {
  send: (comm, data, to) => comm.send(data, to),
  ssend: (comm, data, to) => comm.ssend(data, to),
  isend: (comm, data, to) => comm.isend(data, to).wait(),
  issend: (comm, data, to) => comm.issend(data, to).wait(),
  sendInit: (comm, data, to) => started(comm.sendInit(data, to)).wait(),
  ssendInit: (comm, data, to) => started(comm.ssendInit(data, to)).wait(),
}
const RECEIVES: Readonly<
  Record<string, (comm: Comm, into: Float64Array, from: { source: number; tag: number }) => Promise<unknown>>
> = {
  recv: (comm, into, from) => comm.recv(into, from),
  irecv: (comm, into, from) => comm.irecv(into, from).wait(),
  recvInit: (comm, into, from) => started(comm.recvInit(into, from)).wait(),
  probe: async (comm, into, from) => [await comm.probe(from), await comm.recv(into, from)],
  iprobe: async (comm, into, from) => [await until(() => comm.iprobe(from)), await comm.recv(into, from)],
  mprobe: async (comm, into, from) => (await comm.mprobe(from)).recv(into),
  improbe: async (comm, into, from) => (await until(() => comm.improbe(from))).irecv(into).wait(),
}
const OBJECT_SENDS: Readonly<
  Record<string, (comm: Comm, value: unknown, to: { dest: number; tag: number }) => Promise<unknown>>
> = {
  sendObject: (comm, value, to) => comm.sendObject(value, to),
  ssendObject: (comm, value, to) => comm.ssendObject(value, to),
  isendObject: (comm, value, to) => comm.isendObject(value, to).wait(),
  issendObject: (comm, value, to) => comm.issendObject(value, to).wait(),
}
const OBJECT_RECEIVES: Readonly<
  Record<string, (comm: Comm, from: { source: number; tag: number }) => Promise<unknown>>
> = {
  recvObject: async (comm, from) => (await comm.recvObject(from)).value,
  irecvObject: async (comm, from) => {
    const request = comm.irecvObject(from)
    await until(() => request.test())
    return request.value
  },
  'message.recvObject': async (comm, from) => (await (await comm.mprobe(from)).recvObject()).value,
}

function started<T extends { start(): void }>(request: T): T {
  request.start()
  return request
}

/** Every way to send meets every way to receive. @param there world ranks of those whom `dest` and `source` mean */
async function messages(comm: Comm, mine: number, way: Way & { from: number }, failures: Failures): Promise<void> {
  const { dest, source, from } = way
  let tag = 0
  for (const n of [0, 3, 3000])
    for (const [send, begin] of Object.entries(SENDS))
      for (const [receive, take] of Object.entries(RECEIVES)) {
        const given = (rank: number): Float64Array => Float64Array.from(range(n), (i) => rank * 7 + tag + i)
        const got = new Float64Array(n)
        await Promise.all([begin(comm, given(mine), { dest, tag }), take(comm, got, { source, tag })])
        failures.same(`${send} of ${n} to ${receive}`, got, given(from))
        tag++
      }
  for (const [send, begin] of Object.entries(OBJECT_SENDS))
    for (const [receive, take] of Object.entries(OBJECT_RECEIVES)) {
      const [, value] = await Promise.all([begin(comm, [mine, tag], { dest, tag }), take(comm, { source, tag })])
      failures.same(`${send} to ${receive}`, value, [from, tag])
      tag++
    }
  const [data, got] = [Int32Array.of(mine), new Int32Array(1)]
  const status = await comm.sendrecv(data, got, { dest, source, sendTag: 1, recvTag: 1 })
  failures.same('sendrecv', [got[0], status.source, status.tag, status.count], [from, source, 1, 1])
  await comm.sendrecvReplace(data, { dest, source })
  failures.same('sendrecvReplace', data[0], from)
  failures.same('sendrecvObject', (await comm.sendrecvObject({ mine }, { dest, source })).value, { mine: from })
}

/** Requests are completed in every way there is. */
async function requests(world: Intracomm, api: Api, { dest, source }: Way, failures: Failures): Promise<void> {
  const { waitAll, waitAny, waitSome, testAll, testAny, testSome, startAll } = api
  const ways: Readonly<Record<string, (list: readonly Request[]) => Promise<number>>> = {
    waitAll: async (list) => (await waitAll(list)).length,
    waitAny: async (list) => Number((await waitAny(list)).index !== UNDEFINED),
    waitSome: async (list) => (await waitSome(list)).length,
    testAll: async (list) => (await until(() => testAll(list))).length,
    testAny: async (list) => Number((await until(() => testAny(list))).index !== UNDEFINED),
    testSome: async (list) => (await until(() => some(testSome(list)))).length,
    poll: async ([one]) => (
      await until(() => one?.poll() === true || undefined),
      Number((await one?.wait()) !== undefined)
    ),
  }
  for (const [name, complete] of Object.entries(ways)) {
    const got = new Int32Array(1)
    const list = [world.recvInit(got, { source, tag: 3 }), world.sendInit(Int32Array.of(world.rank), { dest, tag: 3 })]
    startAll(list)
    let ended = 0
    while (ended < list.length) ended += await complete(list.filter(({ active }) => active))
    failures.same(name, [got[0], ended], [source, 2])
  }
  const taken = world.irecv(new Int32Array(1), { source, tag: 4 })
  taken.cancel()
  failures.same('cancel', (await taken.wait()).cancelled, true)
  const none = await world.recv(new Int32Array(1), { source: PROC_NULL })
  await world.send(new Int32Array(1), { dest: PROC_NULL })
  failures.same('PROC_NULL', [none.source, none.count], [PROC_NULL, 0])
  const reason: unknown = await world
    .recv(new Int32Array(1), { tag: 5, signal: AbortSignal.abort('enough') })
    .catch((one: unknown) => one)
  failures.same('an aborted receive', reason, 'enough')
}

const some = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined)

// ---- collectives and communicators -----------------------------------------------------------------------------

/** Makes a call and compares. In place a persistent call must not be made twice. */
async function check(comm: Comm, form: Form, call: Call, failures: Failures): Promise<void> {
  const { name, args, result, expected } = call
  if (form === 'blocking') {
    const value = await make(comm, form, name, args)
    return failures.same(`${form} ${name}`, result ?? value, expected)
  }
  const request = start(comm, form, name, args)
  await request.wait()
  failures.same(`${form} ${name}`, result ?? request.value, expected)
  if ('free' in request) request.free()
}

async function collectives(world: Intracomm, failures: Failures): Promise<void> {
  const { rank: mine, size } = world
  for (const form of FORMS)
    for (const [serial, call] of WITHIN.entries())
      await check(world, form, call({ ranks: range(size), mine, owner: size - 1, serial, count: 5 }), failures)
  for (const request of [world.ibarrier(), started(world.barrierInit())]) {
    let refused = false
    try {
      request.cancel()
    } catch {
      refused = true
    }
    failures.same('cancel of a collective call is refused', refused, true)
    await request.wait()
  }
  const upTo = (n: number): number => (n * (n + 1)) / 2
  const numbers = [
    await world.allreduce(mine, { op: SUM }),
    await world.reduce(mine, { op: MAX, root: 0 }),
    await world.scan(mine, { op: SUM }),
    await world.exscan(mine, { op: SUM }),
  ]
  const expected = [
    upTo(size - 1),
    mine === 0 ? size - 1 : undefined,
    upTo(mine),
    mine === 0 ? undefined : upTo(mine - 1),
  ]
  failures.same('reductions of numbers', numbers, expected)
}

/** What neighbours on a ring, and on the same ring as a graph, give each other: `sources` from the left, then from the right. */
async function neighbours(ring: Cartcomm | Distgraph, failures: Failures): Promise<void> {
  const { rank, sources } = ring
  const given = (source: number, slot: number): number => 10 * source + slot
  const empty = (): Float64Array => new Float64Array(2).fill(-1)
  const [one, both] = [Float64Array.of(given(rank, 0)), Float64Array.of(given(rank, 0), given(rank, 1))]
  const counts = [1, 1]
  const all = sources.map((source) => given(source, 0))
  // What comes from the left was sent to the right.
  const crossed = sources.map((source, slot) => given(source, 1 - slot))
  for (const form of FORMS) {
    const [a, b, c, d] = [empty(), empty(), empty(), empty()] as const
    const calls: Call[] = [
      { name: 'neighborAllgather', args: [one, a], result: a, expected: all },
      { name: 'neighborAllgatherv', args: [one, b, { counts }], result: b, expected: all },
      { name: 'neighborAlltoall', args: [both, c], result: c, expected: crossed },
      {
        name: 'neighborAlltoallv',
        args: [both, d, { sendCounts: counts, recvCounts: counts }],
        result: d,
        expected: crossed,
      },
      { name: 'neighborAllgatherObject', args: [one[0]], expected: all },
      { name: 'neighborAlltoallObject', args: [[...both]], expected: crossed },
    ]
    for (const call of calls) await check(ring, form, call, failures)
  }
}

async function topologies(world: Intracomm, api: Api, { dest, source }: Way, failures: Failures): Promise<void> {
  const { rank, size } = world
  const ring = (await api.Cartcomm.create(world, { dims: [size], periods: [true] })) as Cartcomm
  failures.same('coordinates', [ring.coordsOf(rank), ring.rankOf([rank])], [[rank], rank])
  failures.same('shift', ring.shift(0, 1), { source, dest })
  const point = await ring.sub([false])
  failures.same('sub', [point.size, point.dims], [1, []])
  // Edges in the order of the ring's: those to and from the left before those of the right.
  const graph = await api.Distgraph.createAdjacent(world, { sources: [source, dest], destinations: [source, dest] })
  const named = await api.Distgraph.create(world, rank === 0 ? range(size).map((one) => ({ source: one, dest: (one + 1) % size })) : []) // prettier-ignore
  failures.same('a graph', [named.sources, named.destinations], [[source], [dest]])
  const copies = [await ring.dup(), await graph.dup()]
  for (const comm of [ring, ...(size > 2 ? [graph] : []), copies[0] as Cartcomm]) await neighbours(comm, failures)
  const grid = await api.Grid.create(world, { nprow: 1, npcol: size, order: 'auto' })
  failures.same('a grid', [grid?.rankOf(0, size - 1), grid?.mycol], [size - 1, rank])
  grid?.free()
  for (const comm of [...copies, named, graph, point, ring]) comm.free()
  failures.same('dimsCreate', api.dimsCreate(size, 1), [size])
}

async function communicators(world: Intracomm, api: Api, failures: Failures): Promise<void> {
  const { rank, size, group } = world
  const [evens, last] = [group.rangeIncl([[0, size - 1, 2]]), group.incl([size - 1])]
  const odds = group.rangeExcl([[0, size - 1, 2]])
  failures.same(
    'groups',
    [evens.size, odds.size, group.excl([0]).size],
    [Math.ceil(size / 2), Math.floor(size / 2), size - 1],
  )
  failures.same('union', evens.union(odds).compare(group), size < 3 ? 'ident' : 'similar')
  failures.same(
    'intersection and difference',
    [evens.intersection(odds).size, group.difference(evens).compare(odds)],
    [0, 'ident'],
  )
  failures.same('translation', group.translateRanks([size - 1], last), [0])
  failures.same('ranks', [group.worldRank(rank), group.rankOf(rank)], [rank, rank])

  const key = api.Keyval.create<string>({ copy: (value) => `${value} again` })
  const dup = await world.dup()
  dup.setAttribute(key, 'kept')
  dup.name = 'twin'
  dup.errorHandler = ERRORS_RETURN
  const heir = await dup.dup()
  failures.same('attributes', [heir.getAttribute(key), heir.name, heir.errorHandler], ['kept again', '', ERRORS_RETURN])
  dup.deleteAttribute(key)
  failures.same('a deleted attribute', dup.getAttribute(key), undefined)
  failures.same('compare', [dup.compare(dup), dup.compare(world)], ['ident', 'congruent'])
  const [half, near] = [await dup.split(rank % 2, -rank), await dup.splitType('host')]
  const nobody = await dup.split(UNDEFINED)
  const alike = range(size).filter((one) => one % 2 === rank % 2)
  failures.same('split', [await half?.allgatherObject(rank), nobody], [alike.toReversed(), undefined])
  failures.same('splitType', near.hosts.count, 1)
  const made = await dup.create(evens)
  const founded = await dup.createGroup(group.incl(alike), { tag: 1 })
  failures.same('create', [made?.size, founded.size], [rank % 2 === 0 ? evens.size : undefined, alike.length])
  for (const comm of [made, founded, half, near, heir, dup]) comm?.free()
}

/** Odd and even ranks: messages across, and what joins the two. */
async function sides(world: Intracomm, api: Api, failures: Failures): Promise<void> {
  const { rank, size } = world
  if (size < 2) return
  const local = (await world.split(rank % 2)) as Intracomm
  const inter = await api.Intercomm.create(local, { peer: world, remoteLeader: 1 - (rank % 2) })
  const other = rank ^ 1
  if (other < size) {
    const across = { dest: local.rank, source: local.rank }
    await messages(inter, rank, { ...across, from: other }, failures)
  }
  const [twin, merged] = [await inter.dup(), await inter.merge(rank % 2 === 1)]
  const members = range(size)
    .filter((one) => one % 2 === 0)
    .concat(range(size).filter((one) => one % 2 === 1))
  failures.same('merge', await merged.allgatherObject(rank), members)
  for (const comm of [merged, twin, inter, local]) comm.free()
}

/** Makes every call. What went wrong on this rank, as sentences. Collective. */
export async function everyCall(world: Intracomm, api: Api): Promise<string[]> {
  const { rank, size } = world
  const failures = new Failures(`rank ${rank} of ${size}`)
  const ring = { dest: (rank + 1) % size, source: (rank - 1 + size) % size }
  await messages(world, rank, { ...ring, from: ring.source }, failures)
  await requests(world, api, ring, failures)
  await collectives(world, failures)
  await communicators(world, api, failures)
  await topologies(world, api, ring, failures)
  await sides(world, api, failures)
  await checkAcross(world, api.Intercomm, failures)
  const product = Int32Array.of(3)
  api.Op.create((incoming, into) => void (into[0] = Number(incoming[0]) * Number(into[0]))).apply(
    Int32Array.of(2),
    product,
  )
  failures.same('apply', product[0], 6)
  return failures.list
}
