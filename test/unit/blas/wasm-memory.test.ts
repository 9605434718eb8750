/**
 * The memory of the wasm backend: zeroed, shared with other threads, addressable to its end, closed to foreign arrays.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { SUM } from './dgemm-worker.ts'
import { createWasmBlas } from '../../../hpl/blas/wasm/wasm-blas.ts'

t.test('alloc() of the wasm backend gives zeros, also where others have written before', async (t) => {
  const blas = createWasmBlas({ maxBytes: 2 ** 26 })
  const first = blas.alloc(1000).fill(7)
  const { byteOffset } = first
  t.equal(byteOffset % 64, 0, 'aligned to 64 bytes')
  blas.free(first)
  const second = blas.alloc(3000)
  t.equal(second.byteOffset, byteOffset, 'the same place')
  t.ok(second.every((value) => value === 0))
})

t.test('another thread reads the arrays of the wasm backend in place', async (t) => {
  const blas = createWasmBlas({ maxBytes: 2 ** 26 })
  const array = blas.alloc(4)
  array.set([1, 2, 3, 4])
  blas.dscal(4, 10, array, 0, 1)
  const source = `
    const { workerData, parentPort } = require('node:worker_threads')
    parentPort.postMessage(Array.from(workerData))`
  const worker = new Worker(source, { eval: true, workerData: array })
  const [message] = (await once(worker, 'message')) as [number[]]
  t.same(message, [10, 20, 30, 40])
})

t.test('threads that create wasm backends at the same time all get working kernels', async (t) => {
  // Threads do not inherit tsx as a loader, so each imports the TypeScript through it.
  const start = `import('tsx/esm/api').then(({ tsImport }) => tsImport(process.argv[2], process.argv[2]))`
  const argv = [new URL('./dgemm-worker.ts', import.meta.url).href]
  const workers = [0, 1, 2, 3].map(() => new Worker(start, { eval: true, argv }))
  const sums = await Promise.all(workers.map(async (worker) => ((await once(worker, 'message')) as [number])[0]))
  t.same(sums, [SUM, SUM, SUM, SUM])
})

t.test('two wasm backends do not disturb each other', async (t) => {
  const [one, two] = [createWasmBlas({ maxBytes: 2 ** 26 }), createWasmBlas({ maxBytes: 2 ** 26 })]
  const [a, b] = [one.alloc(100).fill(1), two.alloc(100).fill(2)]
  one.dscal(100, 5, a, 0, 1)
  t.ok(a.every((value) => value === 5) && b.every((value) => value === 2))
})

const large = createWasmBlas()
const tooSmall = large.alloc(0).buffer.byteLength < 2 ** 32 && 'this engine gives less than 4 GiB'

t.test('kernels reach addresses beyond 2 GiB', { skip: tooSmall }, async (t) => {
  const blas = large
  blas.alloc(2 ** 28 + 1000) // 2 GiB that nobody touches, so that they cost nothing
  const [m, n, k] = [13, 10, 9]
  const [a, b, c] = [blas.alloc(m * k).fill(2), blas.alloc(k * n).fill(3), blas.alloc(m * n).fill(100)]
  t.ok(c.byteOffset > 2 ** 31)
  blas.dgemm('N', 'N', m, n, k, -1, a, 0, m, b, 0, k, 1, c, 0, m)
  t.ok(c.every((value) => value === 100 - 6 * k))
  blas.dswap(m, a, 0, 1, c, 0, 1)
  t.equal(a[0], 100 - 6 * k)
})

t.test('an array of other memory is refused', async (t) => {
  const blas = createWasmBlas({ maxBytes: 2 ** 26 })
  const [own, foreign] = [blas.alloc(4), new Float64Array(4)]
  const expected = { message: /array of 4 doubles .* did not come from alloc\(\) of the same backend/ }
  t.throws(() => blas.daxpy(4, 1, own, 0, 1, foreign, 0, 1), expected)
  t.throws(() => blas.daxpy(4, 1, foreign, 0, 1, own, 0, 1), expected)
  t.throws(() => blas.free(foreign), expected)
})

t.test('alloc() of more than the wasm backend has names the way out', async (t) => {
  const blas = createWasmBlas({ maxBytes: 2 ** 26 })
  t.throws(() => blas.alloc(2 ** 23), { name: 'RangeError', message: /64\.0 MiB asked for.*more ranks/ })
})
