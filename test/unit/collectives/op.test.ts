/** Reduction operations on their own. What they give in reductions is tested with the collectives. */
import t from 'tap'
import { runRanks } from '../../../testing.ts'
import type { ReduceFunction } from '../../../index.ts'
import { BAND, LAND, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from '../../../index.ts'

t.test('apply() combines incoming with accumulator into accumulator and leaves incoming alone', async (t) => {
  const incoming = Float64Array.of(1, 2, 3)
  const accumulator = Float64Array.of(10, 20, 30)
  SUM.apply(incoming, accumulator)
  t.same([...accumulator], [11, 22, 33])
  t.same([...incoming], [1, 2, 3])
})

t.test('arrays of every length, around the unrolled loop, are reduced to their last element', async (t) => {
  for (let n = 0; n <= 40; n++) {
    const incoming = Int32Array.from({ length: n }, (_, i) => i)
    const accumulator = new Int32Array(n).fill(100)
    SUM.apply(incoming, accumulator)
    t.same(
      accumulator,
      incoming.map((value) => value + 100),
    )
  }
})

t.test('a user operation gets (incoming, accumulator) in that order', async (t) => {
  const difference = Op.create((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = (x[i] as number) - (y[i] as number)
  })
  const accumulator = Int32Array.of(1)
  difference.apply(Int32Array.of(10), accumulator)
  t.equal(accumulator[0], 9)
  t.equal(difference.commutative, false)
})

t.test('sums of 8-bit and 64-bit integers wrap as the element type does', async (t) => {
  const bytes = Uint8Array.of(200)
  SUM.apply(Uint8Array.of(100), bytes)
  t.equal(bytes[0], 44)
  const clamped = Uint8ClampedArray.of(200)
  SUM.apply(Uint8ClampedArray.of(100), clamped)
  t.equal(clamped[0], 255)
  const big = BigUint64Array.of(2n ** 64n - 1n)
  SUM.apply(BigUint64Array.of(2n), big)
  t.equal(big[0], 1n)
})

t.test('products of integers wrap as the element type does, to the last bit', async (t) => {
  for (const type of [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array])
    for (const [a, b] of [
      [0x7fff_ffff, 0x7fff_fffd],
      [-2_000_000_011, 1_999_999_973],
      [100_003, 100_003],
    ] as const) {
      const result = type.of(b)
      PROD.apply(type.of(a), result)
      // A power of two of bits at least as wide: its low bits are those of the narrower type.
      const expected = type.of(
        Number(BigInt.asIntN(32, BigInt(type.of(a)[0] as number) * BigInt(type.of(b)[0] as number))),
      )
      t.equal(result[0], expected[0], `${a} * ${b} as ${type.name}`)
    }
})

t.test('an operation that is async is refused: nobody would wait for it', async (t) => {
  t.throws(() => Op.create((async () => undefined) as unknown as ReduceFunction), {
    message: 'MPI_ERR_OP: Op.create: the operation is async, expected a function',
  })
  await runRanks(1, async ({ world }) => {
    await t.rejects(world.allreduceObject(1, (async () => 1) as unknown as () => number), {
      message: 'MPI_ERR_OP: allreduceObject: the operation is async, expected a function of two values',
    })
  })
})

t.test('logical operations on 64-bit integers give 1n and 0n; bitwise ones keep all 64 bits', async (t) => {
  const flags = BigInt64Array.of(0n, 5n)
  LAND.apply(BigInt64Array.of(7n, 7n), flags)
  t.same([...flags], [0n, 1n])
  const bits = BigUint64Array.of(0xffff_0000_ffff_0000n)
  BAND.apply(BigUint64Array.of(0xff00_0000_0000_ff00n), bits)
  t.equal(bits[0], 0xff00_0000_0000_0000n)
})

t.test('MIN and MAX keep numbers of both signs and infinities', async (t) => {
  const low = Float64Array.of(-Infinity, 3, -2)
  MIN.apply(Float64Array.of(1, Infinity, -1), low)
  t.same([...low], [-Infinity, 3, -2])
  const high = Float64Array.of(-Infinity, 3, -2)
  MAX.apply(Float64Array.of(1, Infinity, -1), high)
  t.same([...high], [1, Infinity, -1])
})

t.test('MINLOC and MAXLOC take the lower index of equal values, from either side', async (t) => {
  for (const op of [MINLOC, MAXLOC]) {
    const first = Float64Array.of(5, 2)
    op.apply(Float64Array.of(5, 7), first)
    t.same([...first], [5, 2], op.name)
    const second = Float64Array.of(5, 7)
    op.apply(Float64Array.of(5, 2), second)
    t.same([...second], [5, 2], op.name)
  }
})

t.test('Op.create() refuses what is no function and units that are no counts', async (t) => {
  t.throws(() => Op.create('sum' as unknown as () => void), { code: 'MPI_ERR_OP' })
  t.throws(() => Op.create(() => undefined, { unit: 0 }), { code: 'MPI_ERR_ARG' })
  t.throws(() => Op.create(() => undefined, { unit: 1.5 }), { code: 'MPI_ERR_ARG' })
})

t.test(
  'what a user operation throws is what its call throws, or says that another rank has thrown, whatever the protocol',
  async (t) => {
    const failing = Op.create(
      () => {
        throw new RangeError('no such sum')
      },
      { commutative: true, unit: 1 },
    )
    for (const eagerLimit of [0, 1024])
      for (const allreduce of ['recursive-doubling', 'rabenseifner', 'ring'] as const)
        await runRanks(
          2,
          async ({ world }) => {
            const comm = await world.dup({ algorithms: { allreduce } })
            await t.rejects(comm.allreduce(1, { op: failing }), { message: /no such sum/ })
            await world.barrier()
          },
          { eagerLimit },
        )
  },
)
