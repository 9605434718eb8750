/** What can be a buffer, and that views are packed in row-major order and unpacked to the same places. */
import fc from 'fast-check'
import ndarray from 'ndarray'
import t from 'tap'
import { IN_PLACE } from '../../../index.ts'
import type { TypedArrayConstructor } from '../../../runtime/base/element-type.ts'
import { LatestView, resolveBuffer, type MessageBuffer } from '../../../runtime/base/message-buffer.ts'
import { elements, strided, TYPES, viewOf } from '../../helpers/random-views.ts'

t.test('every typed array is known by its type; parts of an array resolve to their own bytes', async (t) => {
  for (const [constructor, name] of TYPES) {
    const memory = new (constructor as unknown as TypedArrayConstructor)(10)
    const view = resolveBuffer(memory.subarray(3, 7), 'test')
    t.same([view.elementType.name, view.count, view.nbytes], [name, 4, 4 * memory.BYTES_PER_ELEMENT])
    t.same([view.bytes?.buffer === memory.buffer, view.bytes?.byteOffset], [true, 3 * memory.BYTES_PER_ELEMENT])
  }
})

t.test('raw memory and Buffers are bytes', async (t) => {
  const memory = new ArrayBuffer(8)
  for (const raw of [memory, new SharedArrayBuffer(8), new DataView(memory), Buffer.alloc(8)]) {
    const view = resolveBuffer(raw, 'test')
    t.same([view.elementType.name, view.count], ['uint8', 8])
  }
  const view = resolveBuffer(new DataView(memory, 2, 3), 'test')
  t.same([view.bytes?.byteOffset, view.count], [2, 3])
})

t.test('a buffer that was just used is known again, unless it was transferred, cut or grown meanwhile', async (t) => {
  const latest = new LatestView()
  for (const buffer of [new Int32Array(4), new Int32Array(new SharedArrayBuffer(16))])
    t.equal(latest.resolve(buffer, 'test'), latest.resolve(buffer, 'test'))
  const lengths = (buffer: MessageBuffer, change: () => void): number[] => {
    const { nbytes } = latest.resolve(buffer, 'test')
    change()
    return [nbytes, latest.resolve(buffer, 'test').nbytes]
  }
  const plain = new Int32Array(4)
  t.throws(() => lengths(plain, () => structuredClone(plain, { transfer: [plain.buffer] })))
  const memory = new ArrayBuffer(16, { maxByteLength: 32 })
  const growable = new SharedArrayBuffer(16, { maxByteLength: 32 })
  const cut = lengths(new Int32Array(memory), () => memory.resize(8))
  const grown = lengths(new Int32Array(memory), () => memory.resize(24))
  const grownShared = lengths(new Uint8Array(growable), () => growable.grow(24))
  t.same([cut, grown, grownShared], [[16, 8], [8, 24], [16, 24]]) // prettier-ignore
})

t.test('a view is packed as ndarray reads it and unpacked where ndarray would write, at any alignment', async (t) => {
  fc.assert(
    fc.property(strided(), fc.constantFrom(...TYPES), fc.nat(7), (layout, [type], shift) => {
      const constructor = type as unknown as TypedArrayConstructor
      const view = viewOf(type, layout, (i) => i)
      const resolved = resolveBuffer(view as MessageBuffer, 'test')
      const expected = elements(view)
      if (resolved.count !== expected.length) return false

      const packed = new Uint8Array(shift + resolved.nbytes).subarray(shift)
      resolved.pack(packed)
      const flat = [...(new constructor(packed.slice().buffer) as Float64Array)] as (number | bigint)[]
      if (flat.some((value, i) => value !== expected[i])) return false

      const target = viewOf(type, layout, () => 0)
      resolveBuffer(target as MessageBuffer, 'test').unpack(packed)
      if (elements(target).some((value, i) => value !== expected[i])) return false
      // Nothing else was touched: as many elements differ from 0 as were written with another value.
      const written = target.data.filter((value) => Number(value) !== 0).length
      return written === expected.filter((value) => Number(value) !== 0).length
    }),
    { numRuns: 1000 },
  )
  t.pass('1000 views')
})

t.test('a message shorter than a view fills its first elements in row-major order', async (t) => {
  const column = ndarray(new Float64Array(6), [3], [2], 1)
  resolveBuffer(column, 'test').unpack(new Uint8Array(Float64Array.of(5, 6).buffer))
  t.same([...(column.data as Float64Array)], [0, 5, 0, 6, 0, 0])
})

t.test('a view that leaves its data is refused; one without elements may lie anywhere', async (t) => {
  const data = new Float64Array(4)
  const resolve = (...[shape, stride, offset]: [number[], number[], number]): number =>
    resolveBuffer({ data, shape, stride, offset }, 'test').count
  t.equal(resolve([2, 2], [-2, -1], 3), 4)
  t.equal(resolve([0, 9], [9, 1], 50), 0)
  for (const [shape, stride, offset, outside] of [
    [[5], [1], 0, 4],
    [[2, 2], [3, 1], 0, 4],
    [[2], [-2], 1, -1],
    [[], [], 4, 4],
  ] as [number[], number[], number, number][])
    t.throws(() => resolve(shape, stride, offset), {
      code: 'MPI_ERR_BUFFER',
      message: `MPI_ERR_BUFFER: test: the ndarray has an element at ${outside} of its data, expected 0..3`,
    })
})

t.test('contiguous views are used where they lie', async (t) => {
  const matrix = ndarray(new Float64Array(20), [4, 5])
  for (const view of [matrix, matrix.pick(2), matrix.lo(1, 0).hi(2, 5), matrix.hi(4, 5).pick(null, 0).hi(1)])
    t.ok(resolveBuffer(view, 'test').bytes !== undefined, `shape ${view.shape.join(' x ')}`)
  t.equal(resolveBuffer(matrix.pick(2), 'test').bytes?.byteOffset, 80)
  for (const view of [matrix.pick(null, 2), matrix.transpose(1, 0), matrix.step(2, 1)])
    t.equal(resolveBuffer(view, 'test').bytes, undefined, `shape ${view.shape.join(' x ')}`)
})

t.test('what is no memory is refused with what it is and what is allowed', async (t) => {
  const refused = (value: unknown, call = 'send'): string => {
    try {
      resolveBuffer(value as MessageBuffer, call)
    } catch (error) {
      return (error as Error).message
    }
    return 'accepted'
  }
  t.match(refused('text'), 'MPI_ERR_BUFFER: send: the buffer is the string "text", expected a typed array, ')
  t.match(refused([1, 2]), 'the buffer is an object of class Array')
  t.match(refused({ a: 1 }), 'for other values use sendObject)')
  t.match(refused({ a: 1 }, 'iallreduce'), 'for other values use iallreduceObject)')
  t.match(refused({ a: 1 }, 'gathervInit'), 'for other values use the calls with Object in their names)')
  t.match(refused(IN_PLACE, 'bcast'), /the buffer is IN_PLACE, expected .* over a typed array$/)
  t.match(refused(undefined), 'the buffer is undefined')
  t.match(
    refused(ndarray([1, 2, 3])),
    'MPI_ERR_BUFFER: send: an ndarray must lie over a typed array, not over an object of class Array',
  )
})

t.test('a view with a shape, a stride or an offset that says no elements is refused', async (t) => {
  const data = new Float64Array(8)
  const good = { data, shape: [2, 2], stride: [2, 1], offset: 0 }
  const wrong: [object, RegExp][] = [
    [{ shape: [2.5], stride: [1] }, /shape \[2\.5\]/],
    [{ shape: [-1], stride: [1] }, /shape \[-1\]/],
    [{ shape: [NaN], stride: [1] }, /shape \[NaN\]/],
    [{ shape: ['2'], stride: [1] }, /shape \[2\]/],
    [{ shape: [2], stride: [0.5] }, /stride \[0\.5\]/],
    [{ shape: [2], stride: [1, 1] }, /stride \[1, 1\]/],
    [{ shape: [2, 2], stride: [1] }, /stride \[1\]/],
    [{ offset: 0.5 }, /offset 0\.5/],
    [{ offset: NaN }, /offset NaN/],
  ]
  for (const [part, words] of wrong)
    t.throws(() => resolveBuffer({ ...good, ...part }, 'test'), { code: 'MPI_ERR_BUFFER', message: words })
  t.equal(resolveBuffer(good, 'test').count, 4)
})
