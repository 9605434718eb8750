/** Checks of the reductions: every operation, every element type, rank order, the same bits on all ranks. */
import {
  BAND,
  BOR,
  BXOR,
  IN_PLACE,
  LAND,
  LOR,
  LXOR,
  MAX,
  MAXLOC,
  MIN,
  MINLOC,
  Op,
  PROD,
  SUM,
  type Intracomm,
} from '../../index.ts'
import { contribution, LENGTHS, range, reduced, sum, text, type Failures } from './failures.ts'

export async function reductions(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const n of [...LENGTHS, 12_289]) {
    const mine = contribution(rank, n)
    const expected = reduced(range(size), n)
    const result = new Float64Array(n)
    await comm.allreduce(mine, result, { op: SUM })
    failures.same(`allreduce of ${n}`, result, expected)
    const place = mine.slice()
    await comm.allreduce(IN_PLACE, place, { op: SUM })
    failures.same(`allreduce in place of ${n}`, place, expected)
    for (let root = 0; root < size; root++) {
      result.fill(0)
      await comm.reduce(mine, rank === root ? result : undefined, { op: SUM, root })
      if (rank === root) failures.same(`reduce of ${n} to ${root}`, result, expected)
      const own = mine.slice()
      await comm.reduce(rank === root ? IN_PLACE : mine, own, { op: SUM, root })
      failures.same(`reduce in place of ${n} to ${root}`, own, rank === root ? expected : mine)
    }
    failures.same(`the send buffer of reductions of ${n}`, mine, contribution(rank, n))
  }
}

export async function scans(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank } = comm
  // The last two go along a chain in three segments, of which the last is empty, and in four.
  for (const n of [...LENGTHS, 12_289, 32_768, 49_157]) {
    const result = new Float64Array(n)
    await comm.scan(contribution(rank, n), result, { op: SUM })
    failures.same(`scan of ${n}`, result, reduced(range(rank + 1), n))
    await comm.exscan(contribution(rank, n), result, { op: SUM })
    if (rank > 0) failures.same(`exscan of ${n}`, result, reduced(range(rank), n))
    const place = contribution(rank, n)
    await comm.scan(IN_PLACE, place, { op: SUM })
    failures.same(`scan in place of ${n}`, place, reduced(range(rank + 1), n))
    place.set(contribution(rank, n))
    await comm.exscan(IN_PLACE, place, { op: SUM })
    if (rank > 0) failures.same(`exscan in place of ${n}`, place, reduced(range(rank), n))
  }
  await scanOfTriples(comm, failures)
  failures.same('scan of a number', await comm.scan(rank + 1, { op: SUM }), ((rank + 1) * (rank + 2)) / 2)
  failures.same('exscan of a number', await comm.exscan(2, { op: PROD }), rank === 0 ? undefined : 2 ** rank)
}

/** An operation on groups of elements that no segment of the chain may cut: adds the first of the lower group. */
async function scanOfTriples(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank } = comm
  const n = 3 * 16_385
  const first = (i: number): number => i - (i % 3)
  const op = Op.create(
    (lower, upper) => {
      for (let i = 0; i < upper.length; i++) (upper[i] as number) += lower[first(i)] as number
    },
    { unit: 3 },
  )
  const result = new Float64Array(n)
  await comm.scan(
    result.map((_, i) => i + rank),
    result,
    { op },
  )
  const below = range(rank).reduce(sum, 0)
  failures.same(
    'scan of triples',
    result,
    result.map((_, i) => i + rank + rank * first(i) + below),
  )
}

export async function reduceScatters(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const n of [0, 1, 5, 2000]) {
    const expected = reduced(range(size), n * size).slice(rank * n, (rank + 1) * n)
    const block = new Float64Array(n)
    await comm.reduceScatter(contribution(rank, n * size), block, { op: SUM })
    failures.same(`reduceScatter of ${n}`, block, expected)
    const place = contribution(rank, n * size)
    await comm.reduceScatter(IN_PLACE, place, { op: SUM })
    failures.same(`reduceScatter in place of ${n}`, place.subarray(0, n), expected)
  }
  const counts = range(size).map((r) => (r * 3) % 5)
  const start = counts.slice(0, rank).reduce(sum, 0)
  const total = counts.reduce(sum, 0)
  const block = new Float64Array(counts[rank] as number)
  await comm.reduceScatter(contribution(rank, total), block, { op: SUM, counts })
  const expected = reduced(range(size), total).slice(start, start + block.length)
  failures.same(`reduceScatter with counts ${text(counts)}`, block, expected)
}

/** Every built-in operation on every kind of element, against the language's own operator. */
export async function operations(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  const of = (r: number): number[] => [r % 3, (r * 5) % 4, 1, 0, r]
  const cases: [Op, (a: number, b: number) => number][] = [
    [SUM, sum],
    [PROD, (a, b) => a * b],
    [MIN, Math.min],
    [MAX, Math.max],
    [LAND, (a, b) => Number(Boolean(a) && Boolean(b))],
    [LOR, (a, b) => Number(Boolean(a) || Boolean(b))],
    [LXOR, (a, b) => Number(Boolean(a) !== Boolean(b))],
    [BAND, (a, b) => a & b],
    [BOR, (a, b) => a | b],
    [BXOR, (a, b) => a ^ b],
  ]
  for (const [op, serial] of cases) {
    // Logical results are 0 or 1 only if at least one operation was applied.
    const expected = of(0).map((_, i) =>
      range(size)
        .map((r) => of(r)[i] as number)
        .reduce((a, b) => serial(a, b)),
    )
    for (const type of [Int8Array, Uint16Array, Int32Array, Float32Array, Float64Array]) {
      if (op.bitwise && type.name.startsWith('Float')) continue
      const data = type.from(of(rank))
      await comm.allreduce(IN_PLACE, data, { op })
      failures.same(`${op.name} of ${type.name}`, data, type.from(expected))
    }
    const big = BigInt64Array.from(of(rank).map(BigInt))
    await comm.allreduce(IN_PLACE, big, { op })
    failures.same(`${op.name} of BigInt64Array`, big, expected.map(BigInt))
    const scalar = await comm.allreduce(of(rank)[1] as number, { op })
    failures.same(`${op.name} of numbers`, scalar, expected[1])
  }
  await locations(comm, failures)
}

/** MINLOC and MAXLOC: the lowest index of equal values, also when long arrays of pairs are cut in blocks. */
export async function locations(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  for (const pairs of [1, 3, 2001]) {
    const value = (r: number, i: number): number => (r * 5 + i) % 3
    const mine = Float64Array.from(range(pairs).flatMap((i) => [value(rank, i), rank]))
    for (const [op, better] of [
      [MINLOC, (a: number, b: number) => a < b],
      [MAXLOC, (a: number, b: number) => a > b],
    ] as const) {
      const best = (i: number): number => range(size).reduce((b, r) => (better(value(r, i), value(b, i)) ? r : b), 0)
      const result = new Float64Array(2 * pairs)
      await comm.allreduce(mine, result, { op })
      failures.same(
        `${op.name} of ${pairs} pairs`,
        result,
        range(pairs).flatMap((i) => [value(best(i), i), best(i)]),
      )
    }
  }
}

/** Operands are combined in rank order, whatever the root, if the operation is not commutative. */
export async function rankOrder(comm: Intracomm, failures: Failures): Promise<void> {
  const { rank, size } = comm
  // Linear functions x -> a x + b modulo a prime, as pairs (a, b); composing them is associative, not commutative.
  const prime = 10_007
  const compose = Op.create(
    (incoming, accumulator) => {
      const [x, y] = [incoming as Float64Array, accumulator as Float64Array]
      for (let i = 0; i < x.length; i += 2) {
        const [a, b, c, d] = [x[i], x[i + 1], y[i], y[i + 1]] as [number, number, number, number]
        y[i] = (a * c) % prime
        y[i + 1] = (c * b + d) % prime
      }
    },
    { name: 'composition', unit: 2 },
  )
  const of = (r: number): number[] => range(300).flatMap((i) => [r + 2 + i, 3 * r + i])
  const composed = (ranks: number[]): number[] =>
    ranks.map(of).reduce((x, y) =>
      range(300).flatMap((i) => {
        const [a, b, c, d] = [x[2 * i], x[2 * i + 1], y[2 * i], y[2 * i + 1]] as [number, number, number, number]
        return [(a * c) % prime, (c * b + d) % prime]
      }),
    )
  const mine = Float64Array.from(of(rank))
  const result = new Float64Array(mine.length)
  for (let root = 0; root < size; root++) {
    await comm.reduce(mine, result, { op: compose, root })
    if (rank === root) failures.same(`non-commutative reduce to ${root}`, result, composed(range(size)))
  }
  await comm.allreduce(mine, result, { op: compose })
  failures.same('non-commutative allreduce', result, composed(range(size)))
  await comm.scan(mine, result, { op: compose })
  failures.same('non-commutative scan', result, composed(range(rank + 1)))
  await comm.exscan(mine, result, { op: compose })
  if (rank > 0) failures.same('non-commutative exscan', result, composed(range(rank)))
  const counts = range(size).map((r) => (r === 0 ? 600 - 4 * (size - 1) : 4))
  const block = new Float64Array(counts[rank] as number)
  await comm.reduceScatter(mine, block, { op: compose, counts })
  const start = counts.slice(0, rank).reduce(sum, 0)
  failures.same('non-commutative reduceScatter', block, composed(range(size)).slice(start, start + block.length))
}

/** Rounded sums have the same bits on all ranks. */
export async function sameBits(comm: Intracomm, failures: Failures): Promise<void> {
  for (const n of [1, 257, 9001]) {
    const data = Float64Array.from({ length: n }, (_, i) => Math.sin(comm.rank * 1000 + i) * 10 ** (i % 30))
    await comm.allreduce(IN_PLACE, data, { op: SUM })
    const all = await comm.allgatherObject(new BigInt64Array(data.buffer))
    failures.same(`the bits of a sum of ${n}`, all.filter((other) => bitsDiffer(other, all[0])).length, 0)
  }
}

function bitsDiffer(a: BigInt64Array, b: BigInt64Array | undefined): boolean {
  return a.some((bits, i) => bits !== b?.[i])
}
