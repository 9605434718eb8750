/**
 * Checks of point-to-point communication that run in any job: in one thread, over shared memory, over ZeroMQ. Each is
 * collective over `world`, leaves it clean, and returns what went wrong, as sentences.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import ndarray from 'ndarray'
import { ANY_SOURCE, PROC_NULL, waitAll, type Intracomm, type Request, type TypedArray } from '../../index.ts'
import { elements, strided, TYPES, viewOf, type Layout } from './random-views.ts'

type Alloc = (length: number) => Float64Array

/** Sizes in doubles: none, one, around every protocol's switch points, and several chunks. */
const LENGTHS = [0, 1, 2, 3, 100, 2047, 2048, 2049, 8191, 8192, 8193, 20_000, 300_001]

const value = (seed: number, i: number): number => seed * 1000 + i

function fill(array: Float64Array, seed: number): Float64Array {
  for (let i = 0; i < array.length; i++) array[i] = value(seed, i)
  return array
}

function firstWrong(array: Float64Array, seed: number): number {
  for (let i = 0; i < array.length; i++) if (array[i] !== value(seed, i)) return i
  return -1
}

/** The code of an MpiError, whichever copy of the package made it. */
function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}

/** Messages of all sizes travel round the ring unchanged, from and to memory of every kind. */
async function ringOfAllSizes(world: Intracomm, alloc: Alloc): Promise<string[]> {
  const { rank, size } = world
  const failures: string[] = []
  const next = (rank + 1) % size
  const previous = (rank - 1 + size) % size
  const memories: [string, Alloc][] = [
    ['private', (n) => new Float64Array(n)],
    ['shared', alloc],
  ]
  for (const [from, allocSent] of memories)
    for (const [into, allocReceived] of memories)
      for (const n of LENGTHS) {
        const sent = fill(allocSent(n), rank)
        const received = allocReceived(n + 1)
        const status = await world.sendrecv(sent, received, { dest: next, source: previous, sendTag: n, recvTag: n })
        const wrong = firstWrong(received.subarray(0, n), previous)
        if (wrong >= 0) failures.push(`${from} to ${into}, ${n} doubles: element ${wrong} is ${received[wrong]}`)
        if (status.count !== n || status.source !== previous || status.tag !== n)
          failures.push(`${from} to ${into}, ${n} doubles: status is ${JSON.stringify(status)}`)
      }
  return failures
}

/** Messages of one sender are received in the order they were sent, whatever their size, also by wildcard receives. */
async function order(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  const failures: string[] = []
  const dest = (rank + 1) % size
  const source = (rank - 1 + size) % size
  const sends: Request[] = []
  const lengths = Array.from({ length: 60 }, (_, i) => (i % 7 === 3 ? 40_000 : i % 5 === 1 ? 9000 : i + 1))
  for (const [i, n] of lengths.entries()) sends.push(world.isend(fill(new Float64Array(n), i), { dest, tag: 5 }))
  const buffer = new Float64Array(40_000)
  for (const [i, n] of lengths.entries()) {
    const status = await world.recv(buffer, i % 2 === 0 ? { source, tag: 5 } : { source: ANY_SOURCE, tag: 5 })
    if (status.count !== n || buffer[0] !== value(i, 0))
      failures.push(`message ${i} has ${status.count} elements, expected ${n}`)
  }
  await waitAll(sends)
  return failures
}

/** A rank that receives nothing for a while neither loses nor reorders the flood that waits for it. */
async function flood(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  const messages = 5000
  const requests: Request[] = []
  if (rank !== 0)
    for (let i = 0; i < messages; i++) requests.push(world.isend(Int32Array.of(i, rank), { dest: 0, tag: 9 }))
  await world.sendrecv(new Int8Array(0), new Int8Array(0), { dest: rank, source: rank })
  const failures: string[] = []
  if (rank === 0) {
    const next = new Array<number>(size).fill(0)
    const buffer = new Int32Array(2)
    for (let k = 0; k < messages * (size - 1); k++) {
      const { source } = await world.recv(buffer, { source: ANY_SOURCE, tag: 9 })
      if (buffer[0] !== next[source] || buffer[1] !== source)
        failures.push(`from ${source}: ${buffer.join()} instead of ${next[source]}`)
      next[source] = (next[source] as number) + 1
    }
  }
  await waitAll(requests)
  return failures.slice(0, 3)
}

/** A synchronous send is complete only after its receive has been matched; a standard small one at once. */
async function synchronous(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  if (size < 2 || rank > 1) return []
  const failures: string[] = []
  for (const n of [1, 30_000]) {
    if (rank === 0) {
      const data = new Float64Array(n)
      const requests = [world.issend(data, { dest: 1, tag: 1 }), world.issendObject(data, { dest: 1, tag: 4 })]
      // Rank 1 receives only after this message, which overtakes nothing: tag 2 is asked for first.
      await world.recv(new Int8Array(1), { source: 1, tag: 3 })
      for (const [i, request] of requests.entries())
        if (request.test() !== undefined)
          failures.push(`issend ${i} of ${n} doubles was complete before it was received`)
      await world.send(new Int8Array(1), { dest: 1, tag: 2 })
      await waitAll(requests)
      await world.ssend(data, { dest: 1, tag: 1 })
      await world.ssendObject(data, { dest: 1, tag: 4 })
    } else {
      await world.send(new Int8Array(1), { dest: 0, tag: 3 })
      await world.recv(new Int8Array(1), { source: 0, tag: 2 })
      for (let turn = 0; turn < 2; turn++) {
        const { count } = await world.recv(new Float64Array(n), { source: 0, tag: 1 })
        if (count !== n) failures.push(`received ${count} instead of ${n}`)
        const { value: data } = await world.recvObject<Float64Array>({ source: 0, tag: 4 })
        if (data.length !== n) failures.push(`received an object of ${data.length} doubles instead of ${n}`)
      }
    }
  }
  return failures
}

/** Errors of type and length name both sides, and the next message goes through. */
async function mistakes(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  const failures: string[] = []
  const dest = (rank + 1) % size
  const source = (rank - 1 + size) % size
  for (const n of [4, 40_000]) {
    const attempts: [TypedArray, string][] = [
      [new Float64Array(n - 1), 'MPI_ERR_TRUNCATE'],
      [new Int32Array(4 * n), 'MPI_ERR_TYPE'],
    ]
    for (const [buffer, code] of attempts) {
      const send = world.isend(new Float64Array(n), { dest, tag: 4 })
      const error: unknown = await world.recv(buffer, { source, tag: 4 }).catch((reason: unknown) => reason)
      if (codeOf(error) !== code) failures.push(`${n} doubles: ${String(error)} instead of ${code}`)
      await send.wait()
    }
    const received = new Float64Array(n)
    await world.sendrecv(fill(new Float64Array(n), rank), received, { dest, source })
    if (firstWrong(received, source) >= 0) failures.push(`after the errors, a message of ${n} doubles was wrong`)
  }
  return failures
}

/** Objects of every cloneable kind, small and large, and probes that see them coming. */
async function objects(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  const failures: string[] = []
  const cyclic: { name: string; self?: unknown } = { name: `rank ${rank}` }
  cyclic.self = cyclic
  const sent = {
    big: 2n ** 70n,
    map: new Map([[rank, new Set([1])]]),
    data: fill(new Float64Array(50_000), rank),
    cyclic,
  }
  const dest = (rank + 1) % size
  const source = (rank - 1 + size) % size
  const [, { value: got, ...status }] = await Promise.all([
    world.sendObject(sent, { dest, tag: 8 }),
    world.probe({ source, tag: 8 }).then(() => world.recvObject<typeof sent>({ source, tag: 8 })),
  ])
  if (status.source !== source) failures.push(`object from ${status.source} instead of ${source}`)
  if (got.big !== sent.big || got.map.get(source)?.has(1) !== true)
    failures.push('BigInt, Map or Set changed on the way')
  if (firstWrong(got.data, source) >= 0) failures.push('a typed array inside an object changed on the way')
  if (got.cyclic.self !== got.cyclic || got.cyclic.name !== `rank ${source}`) failures.push('a cycle was lost')
  const error: unknown = await world.sendObject(() => 1, { dest }).catch((reason: unknown) => reason)
  if (codeOf(error) !== 'MPI_ERR_TYPE') failures.push(`sending a function: ${String(error)}`)
  return failures
}

/** Strided views are sent and received without the program packing them. */
async function views(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  const failures: string[] = []
  const dest = (rank + 1) % size
  const source = (rank - 1 + size) % size
  for (const n of [3, 200]) {
    const matrix = ndarray(fill(new Float64Array(n * n), rank), [n, n])
    const target = ndarray(new Float64Array(n * n).fill(-1), [n, n])
    // A column becomes a row, and a reversed block lands in every second row and column.
    await world.sendrecv(matrix.pick(null, 1), target.pick(2 % n, null), { dest, source })
    for (let i = 0; i < n; i++)
      if (target.get(2 % n, i) !== value(source, i * n + 1))
        failures.push(`n=${n}: column element ${i} is ${target.get(2 % n, i)}`)
    const half = Math.floor(n / 2)
    await world.sendrecv(matrix.hi(half, half).step(-1, -1), target.step(2, 2).hi(half, half), { dest, source })
    const corner = value(source, (half - 1) * n + half - 1)
    if (target.get(0, 0) !== corner)
      failures.push(`n=${n}: corner of the reversed block is ${target.get(0, 0)}, not ${corner}`)
  }
  return failures.slice(0, 3)
}

/** Any view is sent and received into any other: steps of both signs, gaps, empty extents, every type of elements. */
async function anyView(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  const failures: string[] = []
  const dest = (rank + 1) % size
  const source = (rank - 1 + size) % size
  const drawn = fc.sample(fc.tuple(strided(9), strided(9), fc.constantFrom(...TYPES)), { numRuns: 40, seed: 11 })
  for (const [number, [one, other, [type]]] of drawn.entries()) {
    const count = ({ shape }: Layout): number => shape.reduce((product, extent) => product * extent, 1)
    const [from, into] = count(one) <= count(other) ? [one, other] : [other, one]
    const valuesOf = (sender: number) => (i: number) => (i * 7 + sender) % 101
    const received = viewOf(type, into, () => 127)
    const untouched = viewOf(type, into, () => 127)
    const status = await world.sendrecv(viewOf(type, from, valuesOf(rank)), received, { dest, source })
    const [got, sent] = [elements(received), elements(viewOf(type, from, valuesOf(source)))]
    const rest = elements(untouched).slice(sent.length)
    const wrong = [...sent, ...rest].findIndex((value, i) => value !== got[i])
    if (status.count !== sent.length || wrong >= 0)
      failures.push(
        `view ${number} of ${type.name}: ${status.count} of ${sent.length} elements, ${wrong} is ${got[wrong]}`,
      )
  }
  return failures.slice(0, 3)
}

/** Objects are exchanged, and sent and received by requests. */
async function objectRequests(world: Intracomm): Promise<string[]> {
  const { rank, size } = world
  const failures: string[] = []
  const dest = (rank + 1) % size
  const source = (rank - 1 + size) % size
  for (const n of [0, 3, 40_000]) {
    const of = (sender: number): unknown[] => [sender, new Map([[sender, new Uint8Array(n).fill(sender)]])]
    const ring = { dest, source, sendTag: 4, recvTag: 4 }
    const { value, tag } = await world.sendrecvObject(of(rank), ring)
    const request = world.irecvObject<unknown[]>({ source, tag: 5 })
    const sent = world.isendObject(of(rank), { dest, tag: 5 })
    const [status] = await waitAll([request, sent])
    if (!isDeepStrictEqual(value, of(source)) || tag !== 4) failures.push(`sendrecvObject of ${n} bytes`)
    if (!isDeepStrictEqual(request.value, of(source))) failures.push(`irecvObject of ${n} bytes`)
    if (status?.source !== source || request.value !== request.value)
      failures.push(`irecvObject: ${JSON.stringify(status)}`)
  }
  return failures
}

/** Nobody is a valid partner; a rank can talk to itself; a receive can be taken back. */
async function specialPartners(world: Intracomm): Promise<string[]> {
  const { rank } = world
  const failures: string[] = []
  await world.send(new Float64Array(3), { dest: PROC_NULL })
  const nothing = await world.recv(new Float64Array(3), { source: PROC_NULL })
  if (nothing.count !== 0 || nothing.source !== PROC_NULL) failures.push(`from PROC_NULL: ${JSON.stringify(nothing)}`)
  for (const n of [2, 100_000]) {
    const send = world.issend(fill(new Float64Array(n), 7), { dest: rank, tag: 6 })
    const received = new Float64Array(n)
    await world.recv(received, { source: rank, tag: 6 })
    await send.wait()
    if (firstWrong(received, 7) >= 0) failures.push(`a message of ${n} doubles to oneself was wrong`)
  }
  const taken = world.irecv(new Float64Array(1), { source: rank, tag: 77 })
  taken.cancel()
  if (!(await taken.wait()).cancelled) failures.push('a cancelled receive does not say so')
  return failures
}

const CHECKS = {
  ringOfAllSizes,
  order,
  flood,
  synchronous,
  mistakes,
  objects,
  objectRequests,
  views,
  anyView,
  specialPartners,
}

/** Runs all checks; a sentence for each failure, with the check and the rank. Collective. */
export async function checkPointToPoint(world: Intracomm, alloc: Alloc): Promise<string[]> {
  const failures: string[] = []
  for (const [name, check] of Object.entries(CHECKS))
    for (const failure of await check(world, alloc)) failures.push(`${name}, rank ${world.rank}: ${failure}`)
  return failures
}
