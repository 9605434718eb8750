/** Loops over the operands of all ranks give the bits of combining them two by two in the same tree. */
import fc from 'fast-check'
import t from 'tap'
import { BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MAXLOC, MIN, MINLOC, Op, PROD, SUM } from '../../../index.ts'
import { fusedReduction, type Extent } from '../../../collectives/fused-reduction.ts'
import { reduceInTree, scanInTree } from '../../../collectives/power-of-two.ts'
import type { TypedArray, TypedArrayConstructor } from '../../../runtime/base/element-type.ts'

const TYPES: readonly TypedArrayConstructor[] = [
  ...[Int8Array, Uint8Array, Int16Array, Uint16Array],
  ...[Int32Array, Uint32Array, Float32Array, Float64Array],
]
const OPERATIONS = [SUM, PROD, MIN, MAX, LAND, LOR, LXOR, BAND, BOR, BXOR]
const EXTENTS: readonly Extent[] = ['all', 'inclusive', 'exclusive']
const SIZES = [2, 3, 4, 5, 7, 8, 13, 16]

/** Elements around the borders of all types, and fractions. */
const element = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 127, 128, 255, 256, 32_767, 65_535, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1, 1e-30, 1e30),
  fc.double({ noNaN: true }),
  fc.integer(),
)

/** Two by two, as recursive doubling does. */
function pairwise(op: Op, extent: Extent, rank: number, operands: readonly TypedArray[]): TypedArray {
  const copies = operands.map((operand) => operand.slice())
  const combine = (lower: TypedArray, upper: TypedArray): void => op.apply(lower, upper)
  return extent === 'all' ? reduceInTree(copies, combine) : scanInTree(copies, rank, extent, combine)
}

for (const Type of TYPES)
  t.test(`${Type.name}: all operations, of ${SIZES.join(', ')} ranks, in an array of its own and in place`, (t) => {
    const operations = OPERATIONS.filter((op) => !op.bitwise || !Type.name.startsWith('Float'))
    fc.assert(
      fc.property(
        fc.record({
          op: fc.constantFrom(...operations),
          extent: fc.constantFrom(...EXTENTS),
          size: fc.constantFrom(...SIZES),
          seat: fc.nat(),
          first: fc.nat(3),
          values: fc.array(element, { minLength: 1, maxLength: 40 }),
          inPlace: fc.boolean(),
        }),
        ({ op, extent, size, seat, first, values, inPlace }) => {
          const rank = seat % size
          const n = values.length
          // Operands lie anywhere, in one memory; each has the values in another order.
          const memory = new Type(new SharedArrayBuffer((first + size * (n + 2)) * Type.BYTES_PER_ELEMENT))
          const places = Int32Array.from({ length: size }, (_, r) => first + r * (n + 2))
          const operands = Array.from({ length: size }, (_, r) => {
            const operand = new Type(n)
            for (let i = 0; i < n; i++) (operand as Float64Array)[i] = values[(i * (r + 1) + r) % n] as number
            ;(memory as Float64Array).set(operand as Float64Array, places[r])
            return operand
          })
          const expected = pairwise(op, extent, rank, operands)
          const own = operands[rank] as TypedArray
          const result = inPlace ? own : new Type(n)
          fusedReduction(op, extent, { rank, size }, own)?.(memory, places, own, result)
          return [...result].every((value, i) => Object.is(value, expected[i]))
        },
      ),
      { numRuns: 400 },
    )
    t.pass('the same bits')
    t.end()
  })

t.test('pairs, operations of programs, big integers and clamped bytes have no such loop', (t) => {
  const place = { rank: 0, size: 2 }
  for (const op of [MINLOC, MAXLOC, Op.create(() => undefined)])
    t.equal(fusedReduction(op, 'all', place, new Float64Array(2)), undefined)
  for (const own of [new BigInt64Array(1), new BigUint64Array(1), new Uint8ClampedArray(1)])
    t.equal(fusedReduction(SUM, 'all', place, own), undefined)
  t.end()
})
