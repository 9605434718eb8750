/**
 * The solver against factorisations and solutions printed by netlib HPL 2.3: bit for bit where that was linked with the
 * reference BLAS and ours runs on the ordered one, within rounding for the fast kernels.
 */
import t from 'tap'
import type { Blas } from '../../../hpl/blas/blas.ts'
import { findCblas } from '../../../hpl/blas/find-cblas.ts'
import { createBlas } from '../../../hpl/blas/select.ts'
import { indxl2g, numroc } from '../../../hpl/block-cyclic.ts'
import { FACTORISATIONS } from '../../../hpl/parameters.ts'
import type { Generate } from '../../../hpl/verify.ts'
import { plainMemory, solveOnGrid } from '../../helpers/hpl-problems.ts'
import {
  compareFactorisation,
  compareRounded,
  FACTORISATION_FILES,
  ROUNDED_FILES,
} from '../../helpers/hpl-reference.ts'

t.ok(FACTORISATION_FILES.length >= 25, 'there are factorisations to compare with')

for (const file of FACTORISATION_FILES) {
  t.test(`on ordered kernels pivots, factors, y, x and norms are netlib's bit for bit: ${file}`, async (t) => {
    t.same(await compareFactorisation(file, solveOnGrid), [])
  })
}

const kernels: [string, () => Promise<Blas>][] = [['wasm', () => createBlas('wasm', plainMemory)]]
if (findCblas() !== undefined) kernels.push(['openblas', () => createBlas('openblas', plainMemory)])

for (const [name, create] of kernels) {
  for (const file of ROUNDED_FILES) {
    t.test(`on ${name} kernels pivots and x are netlib's and the exact ones within rounding: ${file}`, async (t) => {
      for (const [p, q] of [
        [1, 1],
        [2, 2],
        [1, 3],
        [3, 1],
      ] as const) {
        const blas = await Promise.all(Array.from({ length: p * q }, create))
        const problem = { p, q, variant: { nbmin: 4, depth: q > 1 ? 1 : 0 }, blas: () => blas.pop() as Blas }
        t.same(await compareRounded(file, problem, solveOnGrid), [])
      }
    })
  }
}

/** The identity with zeros instead of ones in columns 5 and 8. */
const singular: Generate = ({ n, nb, nprow, npcol, myrow, mycol }, a, a0, lda, first, count) => {
  for (let jj = 0; jj < count; jj++) {
    const j = indxl2g(first + jj, nb, mycol, 0, npcol)
    for (let ii = 0; ii < numroc(n, nb, myrow, 0, nprow); ii++) {
      const i = indxl2g(ii, nb, myrow, 0, nprow)
      a[a0 + ii + jj * lda] = i === j && j !== 5 && j !== 8 ? 1 : 0
    }
  }
}

const grids = [
  [1, 1],
  [2, 1],
  [1, 2],
  [2, 3],
] as const
for (const [p, q] of grids) {
  for (const pfact of FACTORISATIONS) {
    t.test(`a zero pivot ends the solve with its 1-based column and without x: ${p}x${q} ${pfact}`, async (t) => {
      const variant = { pfact, rfact: pfact, depth: q - 1 }
      const { info, verification } = await solveOnGrid({ n: 11, nb: 3, p, q, variant, generate: singular })
      t.equal(info, 6)
      t.equal(verification, undefined)
    })
  }
}
