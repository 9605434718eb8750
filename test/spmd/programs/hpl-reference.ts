/**
 * The recorded runs of netlib HPL, solved again by the ranks of this job. Arguments: what to compare, and how much of it:
 * "all", or the name of the sweep to take a part of. Rank 0 prints what differs, or "equal".
 */
import { run, type Intracomm, type RankContext } from 'tsmpi'
import type { Blas, HostMemory } from '../../../hpl/blas/blas.ts'
import { findCblas } from '../../../hpl/blas/find-cblas.ts'
import { createBlas, type BlasChoice } from '../../../hpl/blas/select.ts'
import { runHpl } from '../../../hpl/driver.ts'
import { combine, solveAsRank, type GridProblem, type GridSolution } from '../../helpers/hpl-problems.ts'
import {
  compareEightRanks,
  compareFactorisation,
  compareLocalArray,
  compareResidual,
  compareRounded,
  compareSweep,
  EXPECTED_RESIDUALS,
  FACTORISATION_FILES,
  LOCAL_FILES,
  PART_OF_SWEEP,
  ROUNDED_FILES,
  SWEEPS,
  type Solve,
} from '../../helpers/hpl-reference.ts'

/** Larger systems are left to the tests in one thread, unless all are asked for: here the messages count. */
const LARGEST = 300

interface Job {
  readonly world: Intracomm
  readonly solveWith: (blas: Blas) => Solve
  readonly kernels: (name: BlasChoice) => Promise<Blas>
  readonly amount: string
}

const COMPARISONS: Record<string, (job: Job) => Promise<string[]>> = { solutions, sweeps, rounded }

await run(async ({ world, argv, log, ...memory }) => {
  const [what = '', amount = ''] = argv
  const compare = COMPARISONS[what]
  if (compare === undefined) throw new Error(`"${what}": expected ${Object.keys(COMPARISONS).join(', ')}`)
  const failures = await compare({
    world,
    solveWith: (blas) => (problem) => solveTogether(world, { ...problem, blas: () => blas }),
    kernels: (name) => kernelsIn(memory, name),
    amount,
  })
  const gathered = await world.gatherObject(failures)
  if (gathered === undefined) return
  for (const failure of gathered.flat()) log(failure)
  if (gathered.flat().length === 0) log('equal')
})

/** Local arrays, residuals, pivots, factors, y, x and norms on ordered kernels, by equality. */
async function solutions({ world, solveWith, kernels, amount }: Job): Promise<string[]> {
  const blas = await kernels('ordered')
  const solve = solveWith(blas)
  const failures: string[] = []
  for (const file of LOCAL_FILES) failures.push(...(await compareLocalArray(file, world, blas)))
  for (const file of FACTORISATION_FILES) failures.push(...(await compareFactorisation(file, solve)))
  failures.push(...(await compareEightRanks(solve)))
  const all = amount === 'all'
  for (const expected of EXPECTED_RESIDUALS)
    if (all || expected.N <= LARGEST)
      for (const depth of all ? [0, 1, 2] : [1])
        failures.push(...(await compareResidual(expected, { depth, bcast: '1ringM' }, solve)))
  return failures
}

/** The residuals of the sweeps on ordered kernels, by equality. */
async function sweeps({ world, kernels, amount }: Job): Promise<string[]> {
  const blas = await kernels('ordered')
  const failures: string[] = []
  for (const sweep of amount === 'all' ? SWEEPS : [amount])
    failures.push(
      ...(await compareSweep(sweep, amount === 'all' ? undefined : PART_OF_SWEEP[sweep], async (parameters) => {
        const { tests } = await runHpl({ world, parameters, blas, print: () => undefined })
        return world.rank === 0 ? tests : undefined
      })),
    )
  return failures
}

/** Solutions on the fast kernels, within rounding. */
async function rounded({ solveWith, kernels, amount }: Job): Promise<string[]> {
  const names = findCblas() === undefined ? (['wasm'] as const) : (['wasm', 'openblas'] as const)
  const few = [[7, 1], [2, 4]] as const // prettier-ignore
  const grids = amount === 'all' ? ([[1, 1], [2, 2], [1, 3], ...few] as const) : few
  const failures: string[] = []
  for (const name of names) {
    const solve = solveWith(await kernels(name))
    for (const file of ROUNDED_FILES.filter((name) => amount === 'all' || name.includes('N100')))
      for (const [p, q] of grids)
        failures.push(...(await compareRounded(file, { p, q, variant: { nbmin: 4, depth: 1 } }, solve)))
  }
  return failures
}

async function kernelsIn(memory: Pick<RankContext, 'alloc' | 'free' | 'share'>, name: BlasChoice): Promise<Blas> {
  const heap: HostMemory = { alloc: (n) => memory.alloc(Float64Array, n), free: (array) => memory.free(array) }
  const blas = await createBlas(name, heap)
  const probe = blas.alloc(1)
  if (name === 'wasm' && probe.buffer instanceof SharedArrayBuffer) memory.share(probe.buffer)
  blas.free(probe)
  return blas
}

async function solveTogether(world: Intracomm, problem: GridProblem): Promise<GridSolution | undefined> {
  const parts = await world.gatherObject(await solveAsRank(world, problem))
  return parts === undefined ? undefined : combine(problem.n, parts)
}
