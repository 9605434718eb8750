/**
 * Long reductions, scans and broadcasts whose ranks work for each other, from private and shared memory, before and after
 * threads read each other's memory by address. Prints ok, or what came out wrong.
 */
import { IN_PLACE, Op, run, SUM, type TypedArray } from 'tsmpi'

const MIB = 1024 * 1024
/** More than a thread copies before it loads what copies by address. */
const WARM_UP_COPIES = 80

await run(async ({ world, alloc, log }) => {
  const { rank, size } = world
  const algorithms = {
    allreduce: 'work-sharing',
    reduce: 'work-sharing',
    bcast: 'work-sharing',
    scan: 'work-sharing',
  } as const
  const comm = await world.dup({ algorithms })
  const wrong: string[] = []
  const check = (what: string, array: TypedArray, expected: (i: number) => number): void => {
    const at = Array.prototype.findIndex.call(array, (value: number, i: number) => value !== expected(i))
    if (at !== -1) wrong.push(`rank ${rank}: ${what}: element ${at} is ${array[at]}, expected ${expected(at)}`)
  }
  const value = (seed: number) => (i: number) => seed * 1000 + (i % 991)
  const sumOf =
    (ranks: number) =>
    (i: number): number =>
      1000 * ((ranks * (ranks + 1)) / 2) + ranks * (i % 991)
  const total = sumOf(size)
  // Keeps the lower rank's element: not commutative, and rank 0's is what must come out.
  const first = Op.create((lower, upper) => void (upper as Float64Array).set(lower as Float64Array), { unit: 1 })

  const lengths = [2049, 32_769, 400_001]
  const checks = async (when: string): Promise<void> => {
    for (const length of lengths)
      for (const memory of ['private', 'shared']) {
        const what = `${when}, ${memory} ${length}`
        const make = (): Float64Array => (memory === 'shared' ? alloc(Float64Array, length) : new Float64Array(length))
        const given = make()
        given.forEach((_, i) => (given[i] = value(rank + 1)(i)))
        const got = make()
        await comm.allreduce(given, got, { op: SUM })
        check(`${what}: sum`, got, total)
        check(`${what}: what was given`, given, value(rank + 1))
        await comm.allreduce(given, got, { op: first })
        check(`${what}: first`, got, value(1))
        await comm.scan(given, got, { op: SUM })
        check(`${what}: sum up to here`, got, sumOf(rank + 1))
        await comm.exscan(given, got, { op: SUM })
        if (rank > 0) check(`${what}: sum below`, got, sumOf(rank))
        check(`${what}: what was given to scans`, given, value(rank + 1))
        for (let root = 0; root < size; root++) {
          got.fill(0)
          await comm.reduce(given, rank === root ? got : undefined, { op: SUM, root })
          check(`${what}: sum at ${root}`, got, rank === root ? total : () => 0)
          const data = make()
          if (rank === root) data.set(given)
          await comm.bcast(data, { root })
          check(`${what}: from ${root}`, data, value(root + 1))
        }
        const requests = [comm.iallreduce(IN_PLACE, given, { op: SUM }), comm.ibcast(got, { root: size - 1 })]
        await Promise.all(requests.map((request) => request.wait()))
        check(`${what}: in place, beside a broadcast`, given, total)
      }
  }
  await checks('before')
  const [a, b] = [new Float64Array(MIB / 2), new Float64Array(MIB / 2)]
  for (let i = 0; i < WARM_UP_COPIES; i++)
    await world.sendrecv(a, b, { dest: (rank + 1) % size, source: (rank + size - 1) % size })
  await checks('after')
  comm.free()
  const all = await world.gatherObject(wrong)
  if (rank === 0) log((all ?? []).flat().join('\n') || 'ok')
})
