/**
 * Checks of communicators that run in any job: in one thread, over shared memory, over ZeroMQ. Each is collective over
 * `world`, leaves it clean, and adds what went wrong, as sentences.
 */
import {
  type Cartcomm,
  type Distgraph,
  type Intercomm,
  type MpiError,
  PROC_NULL,
  ROOT,
  SUM,
  waitAll,
  type Intracomm,
  type Request,
} from '../../index.ts'
import { checkAcross } from './across-checks.ts'
import { Failures, range, sum } from './failures.ts'

/** How much is made, on a machine of this size. */
export interface Amounts {
  /** Communicators that are there at the same time. */
  readonly atOnce: number
  /** Communicators that are made and freed, one after the other. */
  readonly inTurn: number
}

/** The classes of the copy of the package that `world` comes from. */
export interface Classes {
  readonly Cartcomm: typeof Cartcomm
  readonly Distgraph: typeof Distgraph
  readonly Intercomm: typeof Intercomm
}

type Setting = Amounts & Classes

const neighbours = ({ rank, size }: Intracomm): { dest: number; source: number } => ({
  dest: (rank + 1) % size,
  source: (rank - 1 + size) % size,
})

/** The same source and tag, and the same collective call, on all of many communicators at once. */
async function isolation(world: Intracomm, failures: Failures, { atOnce }: Setting): Promise<void> {
  const comms: Intracomm[] = []
  for (let i = 0; i < atOnce; i++)
    comms.push(i % 5 === 0 ? ((await world.split(0, -world.rank)) as Intracomm) : await world.dup())
  const sends = comms.map((comm, i) => comm.isend(Int32Array.of(i), { dest: neighbours(comm).dest, tag: 1 }))
  const buffers = comms.map(() => new Int32Array(1))
  const receives = comms.map((comm, i) =>
    comm.irecv(buffers[i] as Int32Array, i % 2 === 0 ? {} : { source: neighbours(comm).source }),
  )
  const sums = comms.map((comm, i) => comm.iallreduce(i, { op: SUM }))
  await waitAll([...receives.toReversed(), ...sends, ...sums.toReversed()])
  const strays = range(atOnce).filter((i) => buffers[i]?.[0] !== i || sums[i]?.value !== i * world.size)
  failures.same(`messages that met another of ${atOnce} communicators`, strays.slice(0, 5), [])
  for (const comm of comms) comm.free()
}

/** Communicators come and go, and their contexts do not meet those of others. */
async function reuse(world: Intracomm, failures: Failures, { inTurn }: Setting): Promise<void> {
  const kept = await world.dup()
  const late = new Int32Array(1)
  const waiting = kept.irecv(late, { tag: 3 })
  let wrong = 0
  for (let i = 0; i < inTurn; i++) {
    const comm = await world.dup()
    if (i % 100 === 0) {
      const got = new Int32Array(1)
      await comm.sendrecv(Int32Array.of(i), got, { ...neighbours(comm), sendTag: 3, recvTag: 3 })
      if (got[0] !== i || (await comm.allreduce(1, { op: SUM })) !== world.size) wrong++
    }
    comm.free()
  }
  failures.same(`rounds of ${inTurn} duplicates that went wrong`, wrong, 0)
  const sent = kept.isend(Int32Array.of(7), { dest: neighbours(kept).dest, tag: 3 })
  await waitAll([waiting, sent])
  failures.same('the message that was waited for all the time', late[0], 7)
  kept.free()
}

/** What is under way when a communicator is freed still completes; new calls do not begin. */
async function freedUnderWay(world: Intracomm, failures: Failures): Promise<void> {
  for (const n of [0, 1, 9000, 300_001]) {
    const comm = await world.dup()
    const { dest, source } = neighbours(comm)
    const [received, summed, object] = [new Float64Array(n), new Float64Array(n), comm.irecvObject({ source, tag: 2 })]
    const requests: Request[] = [
      comm.irecv(received, { source, tag: 1 }),
      comm.issend(new Float64Array(n).fill(comm.rank), { dest, tag: 1 }),
      comm.iallreduce(new Float64Array(n).fill(1), summed, { op: SUM }),
      object,
      comm.isendObject({ n }, { dest, tag: 2 }),
    ]
    const persistent = comm.barrierInit()
    comm.free()
    for (const call of [() => comm.isend(received, { dest }), () => comm.ibarrier(), () => persistent.start()])
      failures.same(`a call after free, ${n}`, thrownBy(call), 'MPI_ERR_COMM')
    await waitAll(requests)
    failures.same(`a message of ${n} elements`, received.filter((value) => value !== source).length, 0)
    failures.same(`a sum of ${n} elements`, summed.filter((value) => value !== comm.size).length, 0)
    failures.same(`an object of ${n}`, object.value, { n })
  }
}

function thrownBy(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    return (error as MpiError).code
  }
  return undefined
}

/** splitType and what communicators know of the hosts of their ranks. */
async function hosts(world: Intracomm, failures: Failures): Promise<void> {
  const { hostOf, ranksOf } = world.hosts
  const near = ranksOf[hostOf[world.rank] as number] as readonly number[]
  const host = await world.splitType('host', -world.rank)
  failures.same('the ranks of my host', await host.allgatherObject(world.rank), near.toReversed())
  failures.same('hosts of that', host.hosts.count, 1)
  const across = (await world.split(near.indexOf(world.rank))) as Intracomm
  const others = range(world.size).filter(
    (rank) => hostOf[rank] !== undefined && positionOf(world, rank) === near.indexOf(world.rank),
  )
  failures.same('a rank of each host', await across.allgatherObject(world.rank), others)
  failures.same('hosts of those', across.hosts.count, across.size)
  host.free()
  across.free()
}

/** Place of a rank among those of its host. */
function positionOf({ hosts: { hostOf, ranksOf } }: Intracomm, rank: number): number {
  return (ranksOf[hostOf[rank] as number] as readonly number[]).indexOf(rank)
}

/** Odd and even ranks, joined: messages, every collective call, merged, duplicated. */
async function sides(world: Intracomm, failures: Failures, { Intercomm }: Setting): Promise<void> {
  if (world.size < 2) return
  const { rank, size } = world
  const here = range(size).filter((other) => other % 2 === rank % 2)
  const there = range(size).filter((other) => other % 2 !== rank % 2)
  const local = (await world.split(rank % 2)) as Intracomm
  const made = await Intercomm.create(local, { peer: world, remoteLeader: 1 - (rank % 2) })
  for (const inter of [made, await made.dup()]) {
    const theirs = await inter.allgatherObject(rank)
    failures.same('allgatherObject across', theirs, there)
    const [total, blocks] = [new Float64Array(2000), new Int32Array(there.length)]
    const sent = new Float64Array(2000).fill(rank)
    await waitAll([
      inter.iallreduce(sent, total, { op: SUM }),
      inter.ialltoall(
        Int32Array.from(there, (other) => rank * 100 + other),
        blocks,
      ),
      inter.ibarrier(),
    ])
    failures.same('allreduce across', total[1999], there.reduce(sum, 0))
    failures.same(
      'alltoall across',
      blocks,
      there.map((other) => other * 100 + rank),
    )
    for (const giving of [0, 1]) await rooted(inter, { giving, mine: rank % 2, here, there }, failures)
    const partner = local.rank % inter.remoteSize
    if (local.rank < inter.remoteSize) {
      const got = new Int32Array(1)
      const status = await inter.sendrecv(Int32Array.of(rank), got, { dest: partner, source: partner })
      failures.same('a message across', [got[0], status.source], [there[partner], partner])
    }
    const merged = await inter.merge(rank % 2 === 1)
    const [even, odd] = rank % 2 === 0 ? [here, there] : [there, here]
    failures.same('merged', await merged.allgatherObject(rank), [...even, ...odd])
    for (const comm of [merged, inter]) comm.free()
  }
  local.free()
}

interface Given {
  /** The side that gives. */
  readonly giving: number
  readonly mine: number
  readonly here: readonly number[]
  readonly there: readonly number[]
}

/** Rooted calls: one side's first rank is the root. */
async function rooted(inter: Intercomm, { giving, mine, here, there }: Given, failures: Failures): Promise<void> {
  const isRoot = mine === giving && inter.rank === 0
  const role = { root: mine !== giving ? 0 : isRoot ? ROOT : PROC_NULL }
  const data = new Int32Array(mine === giving && !isRoot ? 0 : 3).fill(isRoot ? 5 : 0)
  await inter.bcast(data, role)
  if (mine !== giving) failures.same('bcast across', data, [5, 5, 5])
  const block = new Int32Array(1)
  await inter.scatter(isRoot ? Int32Array.from(there) : undefined, block, role)
  if (mine !== giving) failures.same('scatter across', block[0], here[inter.rank])
  const gathered = new Int32Array(isRoot ? there.length : 0)
  await inter.gather(Int32Array.of(here[inter.rank] as number), isRoot ? gathered : undefined, role)
  if (isRoot) failures.same('gather across', gathered, [...there])
  const total = new Int32Array(1)
  await inter.reduce(Int32Array.of(here[inter.rank] as number), isRoot ? total : undefined, { op: SUM, ...role })
  if (isRoot) failures.same('reduce across', total[0], there.reduce(sum, 0))
}

/** Grids and graphs, and their duplicates, which are grids and graphs too. */
async function topologies(world: Intracomm, failures: Failures, { Cartcomm, Distgraph }: Setting): Promise<void> {
  const { rank, size } = world
  const ring = (await Cartcomm.create(world, { dims: [size], periods: [true], reorder: true })) as Cartcomm
  const { dest, source } = neighbours(world)
  const graph = await Distgraph.createAdjacent(world, { sources: [source, rank], destinations: [dest, rank] })
  const comms = [ring, await ring.dup(), graph, await graph.dup({ reproducible: true })]
  for (const comm of comms) {
    const got = new Int32Array(comm.sources.length)
    await comm.neighborAllgather(Int32Array.of(comm.rank), got)
    failures.same('neighbours', got, [...comm.sources])
  }
  const [, twin] = comms as [Cartcomm, Cartcomm]
  failures.same('a duplicate of a ring', [twin.dims, twin.periods, twin.coords], [ring.dims, ring.periods, ring.coords])
  failures.same('its neighbours', twin.shift(0, 1), ring.shift(0, 1))
  failures.same('compared', twin.compare(ring), 'congruent')
  for (const comm of comms) comm.free()
}

const across = (world: Intracomm, failures: Failures, { Intercomm }: Setting): Promise<void> =>
  checkAcross(world, Intercomm, failures)

const CHECKS = { isolation, reuse, freedUnderWay, hosts, sides, across, topologies }

/** Runs all checks; what went wrong on this rank, as sentences. Collective. */
export async function checkCommunicators(world: Intracomm, setting: Setting): Promise<string[]> {
  const failures = new Failures(`rank ${world.rank} of ${world.size}`)
  for (const check of Object.values(CHECKS)) await check(world, failures, setting)
  return failures.list
}
