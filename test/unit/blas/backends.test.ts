/**
 * Every operation of the fast backends against the ordered one: within rounding, with the guards around the result
 * untouched; and bit for bit where the plain wasm kernels promise the order.
 */

import fc from 'fast-check'
import t from 'tap'
import type { Blas } from '../../../hpl/blas/blas.ts'
import { createCblas, findCblas } from '../../../hpl/blas/openblas.ts'
import { createOrderedBlas } from '../../../hpl/blas/ordered.ts'
import { relaxedSimd } from '../../../hpl/blas/wasm/module.ts'
import { createWasmBlas } from '../../../hpl/blas/wasm/wasm-blas.ts'
import * as m from './matrices.ts'
import type { Operand } from './matrices.ts'

const ordered = createOrderedBlas(m.hostMemory)
const place = fc.record({ start: m.offset, pad: m.padding })

/** Runs `call` with both backends on copies of the operands and compares what became of the last one. */
function compare(
  blas: Blas,
  operands: readonly Operand[],
  tolerance: number,
  call: (backend: Blas, arrays: Float64Array[]) => void,
): void {
  const last = operands.length - 1
  const expected = withResult(ordered, operands, call)
  const found = withResult(blas, operands, call)
  operands.forEach((o, index) => {
    const [x, y] = [found[index] ?? new Float64Array(), expected[index] ?? new Float64Array()]
    const problem = m.difference(o, x, y, index === last ? tolerance : 0)
    if (problem !== undefined) throw new Error(`operand ${index}: ${problem}`)
  })
}

function withResult(
  blas: Blas,
  operands: readonly Operand[],
  call: (backend: Blas, arrays: Float64Array[]) => void,
): Float64Array[] {
  return m.withCopies(blas, operands, (arrays) => {
    call(blas, arrays)
    return arrays.map((array) => array.slice())
  })
}

const products = [m.trans, m.trans, m.size, m.size, m.size, m.factor, m.factor, place, m.seed] as const
type Arrays = [Float64Array, Float64Array, Float64Array]

function testProducts(blas: Blas, exact: boolean): void {
  fc.assert(
    fc.property(...products, (ta, tb, rows, columns, k, alpha, beta, { start, pad }, seed) => {
      const next = m.numbers(seed)
      const where = { start, pad }
      const a = ta === 'N' ? m.operand(rows, k, where, next) : m.operand(k, rows, where, next)
      const b = tb === 'N' ? m.operand(k, columns, where, next) : m.operand(columns, k, where, next)
      const c = m.operand(rows, columns, where, next)
      const tolerance = exact ? 0 : 8 * m.EPS * (k + 4) * (k + 4)
      compare(blas, [a, b, c], tolerance, (backend, arrays) => {
        const [pa, pb, pc] = arrays as Arrays
        backend.dgemm(ta, tb, rows, columns, k, alpha, pa, start, a.ld, pb, start, b.ld, beta, pc, start, c.ld)
      })
    }),
    { numRuns: 300 },
  )
}

function testLargeProducts(blas: Blas, exact: boolean): void {
  for (const [rows, columns, k] of [
    [400, 30, 530],
    [7, 2100, 9],
    [205, 100, 257],
    [5, 24, 600],
  ] as const) {
    for (const [ta, tb] of ['NN', 'NT', 'TN', 'TT'].map((form) => form.split('') as ['N' | 'T', 'N' | 'T'])) {
      const next = m.numbers(rows)
      const where = { start: 3, pad: 1 }
      const a = ta === 'N' ? m.operand(rows, k, where, next) : m.operand(k, rows, where, next)
      const b = tb === 'N' ? m.operand(k, columns, where, next) : m.operand(columns, k, where, next)
      const c = m.operand(rows, columns, where, next)
      compare(blas, [a, b, c], exact ? 0 : 8 * m.EPS * k, (backend, arrays) => {
        const [pa, pb, pc] = arrays as Arrays
        backend.dgemm(ta, tb, rows, columns, k, -1, pa, 3, a.ld, pb, 3, b.ld, 1, pc, 3, c.ld)
      })
    }
  }
}

const solves = [m.side, m.uplo, m.trans, m.diag, m.size, m.size, m.factor, place, m.seed] as const

function testSolves(blas: Blas, exact: boolean): void {
  fc.assert(
    fc.property(...solves, (s, u, tr, d, rows, columns, alpha, { start, pad }, seed) => {
      const next = m.numbers(seed)
      const order = s === 'L' ? rows : columns
      const a = m.tame(m.operand(order, order, { start, pad }, next))
      const b = m.operand(rows, columns, { start, pad }, next)
      const forward = ((u === 'L') === (tr === 'N')) === (s === 'L')
      const inOrder = exact && forward && d === 'U'
      compare(blas, [a, b], inOrder ? 0 : 64 * m.EPS * (order + 1), (backend, arrays) => {
        const [pa, pb] = arrays as Arrays
        backend.dtrsm(s, u, tr, d, rows, columns, alpha, pa, start, a.ld, pb, start, b.ld)
      })
    }),
    { numRuns: 400 },
  )
}

function testVectorSolves(blas: Blas): void {
  fc.assert(
    fc.property(
      m.uplo,
      m.trans,
      m.diag,
      m.size,
      m.increment,
      place,
      m.seed,
      (u, tr, d, n, inc, { start, pad }, seed) => {
        const next = m.numbers(seed)
        const a = m.tame(m.operand(n, n, { start, pad }, next))
        const x = m.operand(1, n, { start, pad: inc - 1 }, next)
        compare(blas, [a, x], 64 * m.EPS * (n + 1), (backend, arrays) => {
          const [pa, px] = arrays as Arrays
          backend.dtrsv(u, tr, d, n, pa, start, a.ld, px, start, inc)
        })
      },
    ),
    { numRuns: 200 },
  )
}

const vectorProducts = [m.trans, m.size, m.size, m.factor, m.factor, m.increment, m.increment, place, m.seed] as const

function testVectorProducts(blas: Blas): void {
  fc.assert(
    fc.property(...vectorProducts, (tr, rows, columns, alpha, beta, incx, incy, { start, pad }, seed) => {
      const next = m.numbers(seed)
      const [outputs, inputs] = tr === 'N' ? [rows, columns] : [columns, rows]
      const a = m.operand(rows, columns, { start, pad }, next)
      const x = m.operand(1, inputs, { start, pad: incx - 1 }, next)
      const y = m.operand(1, outputs, { start, pad: incy - 1 }, next)
      compare(blas, [a, x, y], 8 * m.EPS * (inputs + 4) * (inputs + 4), (backend, arrays) => {
        const [pa, px, py] = arrays as Arrays
        backend.dgemv(tr, rows, columns, alpha, pa, start, a.ld, px, start, incx, beta, py, start, incy)
      })
    }),
    { numRuns: 300 },
  )
}

function testRankOne(blas: Blas): void {
  fc.assert(
    fc.property(
      m.size,
      m.size,
      m.factor,
      m.increment,
      m.increment,
      place,
      m.seed,
      (rows, columns, alpha, incx, incy, { start, pad }, seed) => {
        const next = m.numbers(seed)
        const x = m.operand(1, rows, { start, pad: incx - 1 }, next)
        const y = m.operand(1, columns, { start, pad: incy - 1 }, next)
        const a = m.operand(rows, columns, { start, pad }, next)
        compare(blas, [x, y, a], 16 * m.EPS, (backend, arrays) => {
          const [px, py, pa] = arrays as Arrays
          backend.dger(rows, columns, alpha, px, start, incx, py, start, incy, pa, start, a.ld)
        })
      },
    ),
    { numRuns: 200 },
  )
}

const vectors = [fc.integer({ min: 0, max: 700 }), m.factor, m.increment, m.increment, m.offset, m.seed] as const

function testVectors(blas: Blas): void {
  fc.assert(
    fc.property(...vectors, (n, alpha, incx, incy, start, seed) => {
      const next = m.numbers(seed)
      const x = m.operand(1, n, { start, pad: incx - 1 }, next)
      const y = m.operand(1, n, { start, pad: incy - 1 }, next)
      compare(blas, [x, y], 16 * m.EPS, (backend, arrays) => {
        const [px, py] = arrays as Arrays
        backend.daxpy(n, alpha, px, start, incx, py, start, incy)
      })
      compare(blas, [x], 0, (backend, [px = new Float64Array()]) => backend.dscal(n, alpha, px, start, incx))
      compare(blas, [x, y], 0, (backend, arrays) => {
        const [px, py] = arrays as Arrays
        backend.dcopy(n, px, start, incx, py, start, incy)
      })
      compare(blas, [x, y], 0, (backend, arrays) => {
        const [px, py] = arrays as Arrays
        backend.dswap(n, px, start, incx, py, start, incy)
      })
    }),
    { numRuns: 150 },
  )
}

function testSearch(blas: Blas): void {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1500 }),
      m.increment,
      m.offset,
      fc.integer({ min: 1, max: 60 }),
      m.seed,
      (n, inc, start, values, seed) => {
        // Few different magnitudes and both signs, so that there are ties to break.
        const next = m.numbers(seed)
        const x = m.operand(1, n, { start, pad: inc - 1 }, () => Math.round(next() * values))
        m.withCopies(blas, [x], ([array = new Float64Array()]) => {
          const found = blas.idamax(n, array, start, inc)
          const expected = ordered.idamax(n, x.data, start, inc)
          if (found !== expected) throw new Error(`idamax is ${found}, expected ${expected} for n = ${n}, inc = ${inc}`)
        })
      },
    ),
    { numRuns: 300 },
  )
}

function testNaN(blas: Blas): void {
  for (const n of [1, 15, 16, 100, 1000]) {
    const x = blas.alloc(n)
    x.fill(NaN)
    const found = blas.idamax(n, x, 0, 1)
    if (!(found >= 0 && found < n)) throw new Error(`idamax of ${n} NaNs is ${found}`)
    const b = blas.alloc(n * n)
    b.fill(NaN)
    blas.dgemm('N', 'N', n, n, 0, 1, b, 0, n, b, 0, n, 0, b, 0, n)
    if (!b.every((value) => value === 0)) throw new Error(`beta = 0 left NaN in C, n = ${n}`)
    blas.free(x)
    blas.free(b)
  }
}

/** Everything that holds for any backend; `exact` says that products and unit forward solves keep the order. */
async function testBackend(name: string, blas: Blas, exact: boolean): Promise<void> {
  await t.test(`${name}: dgemm() agrees with the ordered one for every form, size, offset and padding`, async () =>
    testProducts(blas, exact),
  )
  await t.test(`${name}: dgemm() agrees beyond the cache blocks`, async () => testLargeProducts(blas, exact))
  await t.test(`${name}: dtrsm() agrees for all sixteen forms`, async () => testSolves(blas, exact))
  await t.test(`${name}: dtrsv() agrees for all eight forms`, async () => testVectorSolves(blas))
  await t.test(`${name}: dgemv() agrees for both forms and any increments`, async () => testVectorProducts(blas))
  await t.test(`${name}: dger() agrees`, async () => testRankOne(blas))
  await t.test(`${name}: daxpy(), dscal(), dcopy() and dswap() agree`, async () => testVectors(blas))
  await t.test(`${name}: idamax() finds the first of equals`, async () => testSearch(blas))
  await t.test(`${name}: NaN neither hangs nor leads out of bounds`, async () => testNaN(blas))
}

await testBackend('wasm mul+add', createWasmBlas({ fma: false }), true)
if (relaxedSimd()) await testBackend('wasm fma', createWasmBlas({ fma: true }), false)
else await t.test('wasm fma', { skip: 'this engine has no relaxed SIMD' }, async () => undefined)

const library = findCblas()
if (library !== undefined) await testBackend('openblas', await createCblas(m.hostMemory, library), false)
else await t.test('openblas', { skip: 'no CBLAS library on this machine' }, async () => undefined)
