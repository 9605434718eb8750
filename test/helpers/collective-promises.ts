/**
 * What the standard promises of collective calls besides their results, as checks that run in any job and at any number
 * of ranks: operations that do not commute, rows of no elements, persistent calls started in any order, a polled barrier.
 */
import { SUM, waitAll, type Intracomm } from '../../index.ts'
import { FORCED } from './collective-checks.ts'
import { randomNumbers } from './collective-windows.ts'
import { Failures, range, sum } from './failures.ts'
import { rankOrder } from './reduction-checks.ts'

/** Every root, every algorithm. */
async function inRankOrder(world: Intracomm, failures: Failures): Promise<void> {
  for (const algorithms of [{}, ...FORCED]) {
    const comm = await world.dup({ algorithms })
    await rankOrder(comm, failures)
    comm.free()
  }
}

/** Odd ranks send nothing, and nobody sends to rank 0 but rank 0 itself. */
async function zeroRows(world: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = world
  const length = (source: number, dest: number): number =>
    source % 2 === 1 || (dest === 0 && source !== 0) ? 0 : source + dest + 1
  const sendCounts = range(size).map((dest) => length(rank, dest))
  const recvCounts = range(size).map((source) => length(source, rank))
  const sent = Int32Array.from(sendCounts.flatMap((n, dest) => range(n).map(() => rank * 100 + dest)))
  const expected = recvCounts.flatMap((n, source) => range(n).map(() => source * 100 + rank))
  const [blocking, started] = [0, 1].map(() => new Int32Array(recvCounts.reduce(sum, 0))) as [Int32Array, Int32Array]
  await world.alltoallv(sent, blocking, { sendCounts, recvCounts })
  failures.same('alltoallv with zero rows', blocking, expected)
  await world.ialltoallv(sent, started, { sendCounts, recvCounts }).wait()
  failures.same('ialltoallv with zero rows', started, expected)
}

/** Each rank starts its requests in an order of its own; they match by the order in which they were made. */
async function persistentInAnyOrder(world: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = world
  const [data, total] = [Float64Array.of(0), new Float64Array(1)]
  const [sent, received] = [new Int32Array(size), new Int32Array(size)]
  const all = new Float64Array(2000 * size)
  const requests = [
    world.bcastInit(data, { root: size - 1 }),
    world.allreduceInit(Float64Array.of(rank), total, { op: SUM }),
    world.allgatherInit(new Float64Array(2000).fill(rank), all),
    world.alltoallInit(sent, received),
    world.barrierInit(),
  ]
  const draw = randomNumbers(rank)
  for (let round = 1; round <= 10; round++) {
    if (rank === size - 1) data[0] = round
    sent.fill(rank + 100 * round)
    all.fill(-1)
    total.fill(-1)
    const order = requests.map((request) => ({ request, at: draw() })).sort((a, b) => a.at - b.at)
    for (const { request } of order) request.start()
    await world.barrier() // not confused by those under way
    await waitAll(requests)
    failures.same('a persistent bcast', data[0], round)
    failures.same('a persistent allreduce', total[0], (size * (size - 1)) / 2)
    failures.same(
      'a persistent allgather',
      range(size).map((r) => all[2000 * r + 1999]),
      range(size),
    )
    failures.same(
      'a persistent alltoall',
      received,
      range(size).map((r) => r + 100 * round),
    )
  }
  for (const request of requests) request.free()
}

/** A barrier that is only tested is not complete before the last rank starts it, and then soon. */
async function polledBarrier(world: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = world
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  for (let last = 0; last < size; last++) {
    // The last rank starts when all others have looked in vain.
    const others = range(size).filter((other) => other !== last)
    if (rank === last) for (const source of others) await world.recv(new Int8Array(0), { source, tag: last })
    const request = world.ibarrier()
    if (rank !== last) {
      for (let look = 0; look < 5; look++) {
        failures.same(`an ibarrier that rank ${last} has not started`, request.test(), undefined)
        await turn()
      }
      await world.send(new Int8Array(0), { dest: last, tag: last })
    }
    while (request.test() === undefined) await turn()
  }
}

const CHECKS = { inRankOrder, zeroRows, persistentInAnyOrder, polledBarrier }

/** Runs all checks; what went wrong on this rank, as sentences. Collective. */
export async function checkPromises(world: Intracomm): Promise<string[]> {
  const failures = new Failures(`rank ${world.rank} of ${world.size}`)
  for (const check of Object.values(CHECKS)) await check(world, failures)
  return failures.list
}
