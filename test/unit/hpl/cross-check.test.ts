/** --cross-check: solutions of the solver pass, disturbed ones fail, and the report says which. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { Matrix } from 'ml-matrix'
import t from 'tap'
import { Grid } from '../../../collectives/topology/grid.ts'
import type { Blas } from '../../../hpl/blas/blas.ts'
import { compareSolutions, crossCheckLines, type CrossCheck } from '../../../hpl/cross-check.ts'
import { runHpl, type HplReport } from '../../../hpl/driver.ts'
import { parseHplDat, type HplParameters } from '../../../hpl/input.ts'
import { Arena } from '../../../hpl/local-system.ts'
import { runProblem } from '../../../hpl/run-problem.ts'
import { runRanks } from '../../../testing.ts'
import { DEFAULT_VARIANT, orderedBlas } from '../../helpers/hpl-problems.ts'

/** The comparison after a solve; every rank may disturb its copy of x first. */
async function checked(n: number, nb: number, p: number, q: number, disturbance = 0): Promise<CrossCheck | undefined> {
  const results = await runRanks(p * q, async ({ world }) => {
    const grid = await Grid.create(world, { nprow: p, npcol: q })
    if (grid === undefined) throw new Error('no grid')
    const blas = orderedBlas()
    return runProblem({
      grid,
      blas,
      arena: new Arena(blas),
      size: { n, nb, depth: 0, align: 8 },
      variant: DEFAULT_VARIANT,
      check: false,
      crossCheck: true,
      inspect: (stage, { system: { memory, x, nq } }) => {
        const mine = memory.subarray(x, x + nq)
        if (stage === 'solved') mine.forEach((value, i) => (mine[i] = value * (1 + disturbance)))
      },
    })
  })
  const [first] = results
  if (first === undefined || 'row' in first) throw new Error('no solution')
  return first.crossCheck
}

t.test('solutions agree with ml-matrix within the bound, whatever order, block size and grid', async () => {
  const shape = fc.record({
    n: fc.integer({ min: 1, max: 90 }),
    nb: fc.integer({ min: 1, max: 20 }),
    p: fc.integer({ min: 1, max: 3 }),
    q: fc.integer({ min: 1, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(shape, async ({ n, nb, p, q }) => (await checked(n, nb, p, q))?.passed === true),
    { numRuns: 40 },
  )
})

t.test('an x that is wrong in the sixth digit fails', async (t) => {
  for (const [p, q] of [
    [1, 1],
    [2, 3],
  ] as const) {
    // prettier-ignore
    const check = await checked(60, 8, p, q, 1e-6)
    t.equal(check?.passed, false)
    t.ok(check !== undefined && Math.abs(check.difference - 1e-6) < 1e-9)
  }
})

t.test('the bound grows with the condition of the matrix, and a NaN fails', (t) => {
  // diag(1, d): ||A^-1|| = 1 / d, estimated exactly; b and y are 1 in the norm.
  const of = (d: number, x: number[]): CrossCheck =>
    compareSolutions(Matrix.diag([1, d]), Float64Array.of(1, d), Float64Array.from(x))
  const eps = 2 ** -53
  t.same(of(1, [1, 1]), { difference: 0, bound: 2 * eps * 2 * 3 * 2, passed: true })
  t.same(of(2 ** -20, [1, 1]), { difference: 0, bound: 2 * eps * 2 * 3 * 2 ** 20 * 2, passed: true })
  t.match(of(1, [1, NaN]), { passed: false })
  t.end()
})

t.test('the bound estimates the norm of the inverse of any matrix within its margin', async () => {
  const element = fc.integer({ min: -9, max: 9 })
  fc.assert(
    fc.property(fc.array(fc.tuple(element, element, element), { minLength: 3, maxLength: 3 }), (rows) => {
      // Diagonally dominant, so that the inverse exists; ml-matrix inverts it by its own means.
      const a = new Matrix(rows.map((row, i) => row.map((value, j) => (i === j ? value + Math.sign(value || 1) * 40 : value)))) // prettier-ignore
      const norm = (m: Matrix): number =>
        Math.max(...m.to2DArray().map((row) => row.reduce((s, v) => s + Math.abs(v), 0)))
      const x = Float64Array.of(1, 1, 1)
      const b = Float64Array.from(a.mmul(Matrix.columnVector([...x])).to1DArray())
      const { bound } = compareSolutions(a, b, x)
      const identity = Matrix.eye(3)
      const inverse = new Matrix(3, 3)
      for (let j = 0; j < 3; j++) inverse.setColumn(j, solve3(a, identity.getColumn(j)))
      const exact = 2 * 2 ** -53 * 3 * norm(inverse) * (norm(a) + Math.max(...b.map(Math.abs)))
      return bound >= exact * 0.999 && bound <= 3.001 * exact
    }),
  )
})

/** Cramer's rule. */
function solve3(a: Matrix, b: number[]): number[] {
  const det = (m: Matrix): number =>
    m.get(0, 0) * (m.get(1, 1) * m.get(2, 2) - m.get(1, 2) * m.get(2, 1)) -
    m.get(0, 1) * (m.get(1, 0) * m.get(2, 2) - m.get(1, 2) * m.get(2, 0)) +
    m.get(0, 2) * (m.get(1, 0) * m.get(2, 1) - m.get(1, 1) * m.get(2, 0))
  return [0, 1, 2].map((j) => det(a.clone().setColumn(j, b)) / det(a))
}

t.test('the lines say how it went, or why it was not done', (t) => {
  const rule = `${'-'.repeat(80)}\n`
  const numbers = `Cross-check with ml-matrix: ||x-y||_oo/||y||_oo =  2.000000e-14
at most 2 eps N ||A^-1|| (||A|| + ||b||/||y||)     =  1.000000e-10 ...... PASSED\n`
  t.equal(crossCheckLines(100, { difference: 2e-14, bound: 1e-10, passed: true }), rule + numbers)
  t.match(crossCheckLines(100, { difference: 2e-9, bound: 1e-10, passed: false }), / \.{6} FAILED\n$/)
  t.equal(
    crossCheckLines(2001, undefined),
    `${rule}Cross-check not done: N = 2001 is more than 2000, ml-matrix would take too long\n`,
  )
  t.match(crossCheckLines(0, undefined), /not done: N = 0 has no solution/)
  t.match(crossCheckLines(10, undefined), /not done: there is no solution/)
  t.end()
})

const shipped = parseHplDat(readFileSync(new URL('../../../hpl/HPL.dat', import.meta.url), 'utf8'), 4)
if (!shipped.ok) throw new Error(shipped.error.text)
const parameters: HplParameters = {
  ...shipped.parameters,
  n: [30],
  nb: [4],
  grids: [{ p: 1, q: 2 }],
  pfact: ['crout'],
  rfact: ['crout'],
  nbmin: [2],
}

async function report(blas: () => Blas, changes: Partial<HplParameters> = {}, crossCheck = true) {
  let text = ''
  const reports = await runRanks(2, ({ world }): Promise<HplReport> => {
    const print = (piece: string): void => void (text += piece)
    return runHpl({ world, parameters: { ...parameters, ...changes }, blas: blas(), print, crossCheck })
  })
  return { text, checks: reports.map(({ tests }) => tests[0]?.crossCheck) }
}

t.test('a solver that divides wrongly is caught, and the record of rank 0 says so', async (t) => {
  const wrong = (): Blas => {
    const blas = orderedBlas()
    return {
      ...blas,
      dtrsv(uplo, trans, diag, n, a, a0, lda, x, x0, incx) {
        blas.dtrsv(uplo, trans, diag, n, a, a0, lda, x, x0, incx)
        if (diag === 'N') x[x0] = (x[x0] as number) * (1 + 1e-5)
      },
    }
  }
  const caught = await report(wrong)
  t.match(caught.text, /FAILED\n[^]*Cross-check with ml-matrix: [^]* \.{6} FAILED\n/)
  t.match(caught.checks, [{ passed: false }, undefined])
  const fine = await report(orderedBlas)
  t.match(fine.text, /PASSED\n-{80}\nCross-check with ml-matrix: .*\n.* \.{6} PASSED\n={80}\n/)
  t.match(fine.checks, [{ passed: true }, undefined])
})

t.test('without the option nothing is compared and nothing is printed', async (t) => {
  const { text, checks } = await report(orderedBlas, {}, false)
  t.notMatch(text, /Cross/)
  t.same(checks, [undefined, undefined])
})
