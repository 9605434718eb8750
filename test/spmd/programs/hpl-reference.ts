/**
 * Every recorded residual and factorisation of netlib HPL, solved again by the ranks of this job with the ordered kernels
 * in the host's shared heap. Rank 0 prints what differs, or "equal".
 */
import { run, type Intracomm } from 'tsmpi'
import { createOrderedBlas } from '../../../hpl/blas/ordered.ts'
import { combine, solveAsRank, type GridProblem, type GridSolution } from '../../helpers/hpl-problems.ts'
import {
  compareFactorisation,
  compareResidual,
  EXPECTED_RESIDUALS,
  FACTORISATION_FILES,
} from '../../helpers/hpl-reference.ts'

/** Larger systems are left to the tests in one thread: here the messages count. */
const LARGEST = 300

await run(async ({ world, alloc, free, log }) => {
  const memory = { alloc: (n: number) => alloc(Float64Array, n), free }
  const blas = createOrderedBlas(memory)
  const solve = (problem: GridProblem): Promise<GridSolution | undefined> =>
    solveTogether(world, { ...problem, blas: () => blas })

  const failures: string[] = []
  for (const expected of EXPECTED_RESIDUALS)
    if (expected.N <= LARGEST)
      for (const depth of [0, 1]) failures.push(...(await compareResidual(expected, { depth, bcast: '1ringM' }, solve)))
  for (const file of FACTORISATION_FILES) failures.push(...(await compareFactorisation(file, solve)))
  if (world.rank !== 0) return
  for (const failure of failures) log(failure)
  if (failures.length === 0) log('equal')
})

async function solveTogether(world: Intracomm, problem: GridProblem): Promise<GridSolution | undefined> {
  const parts = await world.gatherObject(await solveAsRank(world, problem))
  return parts === undefined ? undefined : combine(problem.n, parts)
}
