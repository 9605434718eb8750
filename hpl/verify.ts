/**
 * The check of a solution: norms and the scaled residual, summed in netlib HPL's order (local sums over ascending
 * columns, then its reduction trees), so that ordered kernels give its very digits.
 */
import { generateLocal, HPL_SEED, type MatrixPart } from './matgen.ts'
import { EPS, type ResidualNorms } from './output.ts'
import { allMax, allReduce, reduce, sum } from './reductions.ts'
import type { Solver } from './solver.ts'

/** Writes the local part of [A|b]. */
export type Generate = (part: MatrixPart, a: Float64Array, a0: number, lda: number) => void

/** Fills the local part of [A|b], with HPL's test matrix unless `generate` is another. Local. */
export function fillSystem({ system, grid }: Solver, generate: Generate = generateLocal): void {
  const { n, nb, memory, a, lda } = system
  const { nprow, npcol, myrow, mycol } = grid
  generate({ n, nb, nprow, npcol, myrow, mycol, seed: HPL_SEED }, memory, a, lda)
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
  const bInf = await allMax(all, largestOfB(solver))
  const residual = await allMax(all, await largestResidual(solver))
  const scaled = n === 0 ? 0 : residual / (EPS * (aInf * xInf + bInf) * n)
  return { scaled, residual, aInf, a1, xInf, x1, bInf }
}

/** Largest row sum of |A| among those that this process ends up with. */
async function rowSums({ system, grid }: Solver): Promise<number> {
  const { memory, a, lda, mp, nq } = system
  const sums = new Float64Array(mp)
  for (let j = 0, column = a; j < nq; j++, column += lda) {
    for (let i = 0; i < mp; i++) sums[i] = sums[i] + Math.abs(memory[column + i])
  }
  await reduce(grid.row, sums, sum)
  return grid.mycol === 0 ? largest(sums) : 0
}

/** Largest column sum of |A| among those that this process ends up with. */
async function columnSums({ system, grid }: Solver): Promise<number> {
  const { memory, a, lda, mp, nq } = system
  const sums = new Float64Array(nq)
  for (let j = 0, column = a; j < nq; j++, column += lda) {
    let total = 0
    for (let i = 0; i < mp; i++) total += Math.abs(memory[column + i])
    sums[j] = total
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

/** b lies in local column nq of the process column that owns global column n. */
function ownsB({ system }: Solver): boolean {
  return system.nqb > system.nq
}

function largestOfB(solver: Solver): number {
  const { memory, a, lda, nq, mp } = solver.system
  return ownsB(solver) ? largest(memory.subarray(a + nq * lda, a + nq * lda + mp)) : 0
}

/** Largest entry of b - Ax among those that this process ends up with. */
async function largestResidual(solver: Solver): Promise<number> {
  const { system, grid, blas } = solver
  const { memory, a, lda, mp, nq, x } = system
  const column = a + nq * lda
  const residual = memory.subarray(column, column + mp)
  if (!ownsB(solver)) residual.fill(0)
  if (mp > 0 && nq > 0) blas.dgemv('N', mp, nq, -1, memory, a, lda, memory, x, 1, 1, memory, column, 1)
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
