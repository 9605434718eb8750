/**
 * The ordered backend against definitions written element by element: equality, since its whole point is the order.
 */

import fc from 'fast-check'
import t from 'tap'
import type { Blas, Diag, Side, Trans, Uplo } from '../../../hpl/blas/blas.ts'
import { createOrderedBlas } from '../../../hpl/blas/ordered.ts'
import * as m from './matrices.ts'
import type { Operand } from './matrices.ts'

const blas: Blas = createOrderedBlas(m.hostMemory)
const place = fc.record({ start: m.offset, pad: m.padding })

/** op(A) as a function of row and column. */
function opOf(a: Operand, trans: Trans): (i: number, j: number) => number {
  return (i, j) => (trans === 'N' ? a.data[a.start + i + j * a.ld] : a.data[a.start + j + i * a.ld])
}

function check(o: Operand, run: (array: Float64Array) => void, expected: (i: number, j: number) => number): void {
  const want = o.data.slice()
  for (let j = 0; j < o.columns; j++) for (let i = 0; i < o.rows; i++) want[o.start + i + j * o.ld] = expected(i, j)
  const got = o.data.slice()
  run(got)
  const problem = m.difference(o, got, want, 0)
  if (problem !== undefined) throw new Error(problem)
}

t.test('ordered dgemm() equals one product and one sum at a time in ascending k', async () => {
  const args = [m.trans, m.trans, m.size, m.size, m.size, m.factor, m.factor, place, m.seed] as const
  fc.assert(
    fc.property(...args, (ta, tb, rows, columns, k, alpha, beta, where, seed) => {
      const next = m.numbers(seed)
      const a = ta === 'N' ? m.operand(rows, k, where, next) : m.operand(k, rows, where, next)
      const b = tb === 'N' ? m.operand(k, columns, where, next) : m.operand(columns, k, where, next)
      const c = m.operand(rows, columns, where, next)
      const [opA, opB, oldC] = [opOf(a, ta), opOf(b, tb), opOf(c, 'N')]
      check(
        c,
        (out) => {
          const { start } = where
          blas.dgemm(ta, tb, rows, columns, k, alpha, a.data, start, a.ld, b.data, start, b.ld, beta, out, start, c.ld)
        },
        (i, j) => {
          let sum = beta === 0 ? 0 : beta * oldC(i, j)
          for (let l = 0; l < k; l++) sum += alpha * opB(l, j) * opA(i, l)
          return sum
        },
      )
    }),
    { numRuns: 200 },
  )
})

/** Order in which the reference BLAS takes the unknowns, for op(A) that is solved backward. */
const BACKWARD: Readonly<Record<string, 'ascending' | 'descending'>> = {
  LUN: 'descending',
  LLT: 'ascending',
  RLN: 'ascending',
  RUT: 'descending',
}

/** Solves T x = b for one right-hand side with element (i, k) of T given by `at`. */
function solve(
  b: readonly number[],
  at: (i: number, k: number) => number,
  order: { forward: boolean; ascending: boolean; unit: boolean; reciprocal: boolean },
): number[] {
  const x = b.slice()
  const n = b.length
  for (let step = 0; step < n; step++) {
    const i = order.forward ? step : n - 1 - step
    const known = [...Array(n).keys()].filter((k) => (order.forward ? k < i : k > i))
    if (!order.ascending) known.reverse()
    for (const k of known) x[i] -= at(i, k) * x[k]
    if (!order.unit) x[i] = order.reciprocal ? x[i] * (1 / at(i, i)) : x[i] / at(i, i)
  }
  return x
}

t.test('ordered dtrsm() equals substitution in the reference order for every form', async () => {
  const args = [m.side, m.uplo, m.trans, m.diag, m.size, m.size, place, m.seed] as const
  const property = (
    s: Side,
    u: Uplo,
    tr: Trans,
    d: Diag,
    rows: number,
    columns: number,
    where: Place,
    seed: number,
  ) => {
    const next = m.numbers(seed)
    const order = s === 'L' ? rows : columns
    const a = m.tame(m.operand(order, order, where, next))
    const b = m.operand(rows, columns, where, next)
    const [op, old] = [opOf(a, tr), opOf(b, 'N')]
    const forward = ((u === 'L') === (tr === 'N')) === (s === 'L')
    const how = {
      forward,
      ascending: forward || BACKWARD[s + u + tr] === 'ascending',
      unit: d === 'U',
      reciprocal: s === 'R',
    }
    const solutions = [...Array(s === 'L' ? columns : rows).keys()].map((r) =>
      s === 'L'
        ? solve(
            [...Array(rows).keys()].map((i) => old(i, r)),
            op,
            how,
          )
        : solve(
            [...Array(columns).keys()].map((j) => old(r, j)),
            (i, k) => op(k, i),
            how,
          ),
    )
    check(
      b,
      (out) => blas.dtrsm(s, u, tr, d, rows, columns, 1, a.data, where.start, a.ld, out, where.start, b.ld),
      (i, j) => (s === 'L' ? (solutions[j]?.[i] ?? NaN) : (solutions[i]?.[j] ?? NaN)),
    )
  }
  fc.assert(fc.property(...args, property), { numRuns: 300 })
})

interface Place {
  start: number
  pad: number
}

t.test(
  'ordered dtrsv() equals dtrsm() of one column in every form but the one where the reference orders differ',
  async () => {
    const args = [m.uplo, m.trans, m.diag, m.size, place, m.seed] as const
    fc.assert(
      fc.property(...args, (u, tr, d, n, where, seed) => {
        if (u === 'L' && tr === 'T') return
        const next = m.numbers(seed)
        const a = m.tame(m.operand(n, n, where, next))
        const x = m.operand(n, 1, where, next)
        const want = x.data.slice()
        blas.dtrsm('L', u, tr, d, n, 1, 1, a.data, where.start, a.ld, want, where.start, x.ld)
        check(
          x,
          (out) => blas.dtrsv(u, tr, d, n, a.data, where.start, a.ld, out, where.start, 1),
          (i) => want[where.start + i],
        )
      }),
    )
  },
)

t.test('ordered dgemv() and dger() equal their definitions in ascending k', async () => {
  const args = [m.trans, m.size, m.size, m.factor, m.factor, m.increment, m.increment, place, m.seed] as const
  fc.assert(
    fc.property(...args, (tr, rows, columns, alpha, beta, incx, incy, where, seed) => {
      const next = m.numbers(seed)
      const { start } = where
      const [outputs, inputs] = tr === 'N' ? [rows, columns] : [columns, rows]
      const a = m.operand(rows, columns, where, next)
      const x = m.operand(1, inputs, { start, pad: incx - 1 }, next)
      const y = m.operand(1, outputs, { start, pad: incy - 1 }, next)
      const [op, vx, vy] = [opOf(a, tr), opOf(x, 'N'), opOf(y, 'N')]
      check(
        y,
        (out) => blas.dgemv(tr, rows, columns, alpha, a.data, start, a.ld, x.data, start, incx, beta, out, start, incy),
        (_, i) => {
          let sum = beta === 0 ? 0 : beta * vy(0, i)
          for (let k = 0; k < inputs; k++) sum += alpha * vx(0, k) * op(i, k)
          return sum
        },
      )
      if (tr !== 'N') return
      const [element, alongRows, alongColumns] = [opOf(a, 'N'), vy, vx]
      check(
        a,
        (out) => blas.dger(rows, columns, alpha, y.data, start, incy, x.data, start, incx, out, start, a.ld),
        (i, j) => element(i, j) + alpha * alongColumns(0, j) * alongRows(0, i),
      )
    }),
    { numRuns: 200 },
  )
})
