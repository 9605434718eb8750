/**
 * The check of a solution: norms and the scaled residual, summed in netlib HPL's order (local sums over ascending
 * columns, then its reduction trees), so that ordered kernels give its very digits.
 */
import { takeRightHandSide } from './local-system.ts'
import { generateLocal, HPL_SEED, type MatrixPart } from './matgen.ts'
import { EPS, type ResidualNorms } from './output.ts'
import { allMax, allReduce, reduce, sum } from './reductions.ts'
import type { Solver } from './solver.ts'
import { columnsToRows } from './transpose.ts'

/** Writes `count` local columns of [A|b] from column `first` on, a block boundary, by columns; see `generateLocal`. */
export type Generate = (
  part: MatrixPart,
  a: Float64Array,
  a0: number,
  lda: number,
  first: number,
  count: number,
) => void

/** Fills the local part of [A|b], with HPL's test matrix unless `generate` is another. Local. */
export function fillSystem({ system, grid }: Solver, generate: Generate = generateLocal): void {
  const { n, nb, memory, a, lda, mp, nqb } = system
  const { nprow, npcol, myrow, mycol } = grid
  const part = { n, nb, nprow, npcol, myrow, mycol, seed: HPL_SEED }
  // The generator goes down columns. A block of them has room in a panel record.
  const columns = system.panels[0]
  for (let first = 0; first < nqb; first += nb) {
    const count = Math.min(nb, nqb - first)
    generate(part, memory, columns, Math.max(1, mp), first, count)
    columnsToRows(memory, mp, count, columns, Math.max(1, mp), a + first, lda)
  }
}

/** What the check finds. */
export interface Verification extends ResidualNorms {
  /** ||Ax-b||_oo / (eps (||A||_oo ||x||_oo + ||b||_oo) n) */
  readonly scaled: number
}

/** Generates [A|b] anew in place, and checks x. Collective over the grid; the same result everywhere. */
export async function verify(solver: Solver, generate?: Generate): Promise<Verification> {
  const { n } = solver.system
  fillSystem(solver, generate)
  const { all } = solver.grid
  const aInf = await allMax(all, await rowSums(solver))
  const a1 = await allMax(all, await columnSums(solver))
  const { xInf, x1 } = await normsOfX(solver)
  const bInf = await allMax(all, largest(rightHandSide(solver)))
  const residual = await allMax(all, await largestResidual(solver))
  const scaled = n === 0 ? 0 : residual / (EPS * (aInf * xInf + bInf) * n)
  return { scaled, residual, aInf, a1, xInf, x1, bInf }
}

/** Largest row sum of |A| among those that this process ends up with. */
async function rowSums({ system, grid }: Solver): Promise<number> {
  const { memory, a, lda, mp, nq } = system
  const sums = new Float64Array(mp)
  for (let i = 0, row = a; i < mp; i++, row += lda) {
    let total = 0
    for (let j = 0; j < nq; j++) total += Math.abs(memory[row + j])
    sums[i] = total
  }
  await reduce(grid.row, sums, sum)
  return grid.mycol === 0 ? largest(sums) : 0
}

/** Largest column sum of |A| among those that this process ends up with. */
async function columnSums({ system, grid }: Solver): Promise<number> {
  const { memory, a, lda, mp, nq } = system
  const sums = new Float64Array(nq)
  for (let i = 0, row = a; i < mp; i++, row += lda) {
    for (let j = 0; j < nq; j++) sums[j] = sums[j] + Math.abs(memory[row + j])
  }
  await reduce(grid.column, sums, sum)
  return grid.myrow === 0 ? largest(sums) : 0
}

async function normsOfX({ system, grid }: Solver): Promise<{ xInf: number; x1: number }> {
  const x = system.memory.subarray(system.x, system.x + system.nq)
  const total = Float64Array.of(0)
  for (const value of x) total[0] = total[0] + Math.abs(value)
  await allReduce(grid.row, total, sum)
  return { xInf: await allMax(grid.row, largest(x)), x1: total[0] }
}

/** The right-hand side: b in the process column that owns it, zero elsewhere. */
function rightHandSide({ system }: Solver): Float64Array {
  takeRightHandSide(system)
  return system.memory.subarray(system.rhs, system.rhs + system.mp)
}

/** Largest entry of b - Ax among those that this process ends up with. */
async function largestResidual(solver: Solver): Promise<number> {
  const { system, grid, blas } = solver
  const { memory, a, lda, mp, nq, x, rhs } = system
  const residual = rightHandSide(solver)
  if (mp > 0 && nq > 0) blas.dgemv('T', nq, mp, -1, memory, a, lda, memory, x, 1, 1, memory, rhs, 1)
  await reduce(grid.row, residual, sum)
  return grid.mycol === 0 ? largest(residual) : 0
}

/** Largest absolute value; a NaN if there is one. */
function largest(values: Float64Array): number {
  let found = 0
  for (const value of values) {
    if (Number.isNaN(value)) return NaN
    found = Math.max(found, Math.abs(value))
  }
  return found
}
