/**
 * Solves HPL problems on grids of ranks in this thread, and puts the distributed results together, for the tests of hpl/.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Grid } from '../../collectives/topology/grid.ts'
import type { Blas } from '../../hpl/blas/blas.ts'
import { createOrderedBlas } from '../../hpl/blas/ordered.ts'
import { indxl2g } from '../../hpl/block-cyclic.ts'
import { Arena } from '../../hpl/local-system.ts'
import type { Mapping } from '../../hpl/parameters.ts'
import { runProblem } from '../../hpl/run-problem.ts'
import type { Solver, Variant } from '../../hpl/solver.ts'
import type { Generate, Verification } from '../../hpl/verify.ts'
import type { InprocOptions } from '../../runtime/transport/inproc.ts'
import { runRanks } from '../../testing.ts'

const fixtures = new URL('../fixtures/hpl/', import.meta.url)

/** A JSON fixture of hpl/, compressed or not. */
export function readFixture<T>(path: string): T {
  const bytes = readFileSync(new URL(path, fixtures))
  return JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as T
}

/** Memory of this thread, full of NaN, so that nothing the solver has not written goes unnoticed. */
export const plainMemory = {
  alloc: (n: number): Float64Array => new Float64Array(n).fill(NaN),
  free: (): void => undefined,
}

export function orderedBlas(): Blas {
  return createOrderedBlas(plainMemory)
}

export const DEFAULT_VARIANT: Variant = {
  depth: 0,
  bcast: '1ring',
  rfact: 'right',
  ndiv: 2,
  pfact: 'crout',
  nbmin: 2,
  swap: 'mix',
  swapThreshold: 64,
  l1: 'transposed',
  u: 'transposed',
  equilibrate: true,
}

export interface GridProblem {
  readonly n: number
  readonly nb: number
  readonly p: number
  readonly q: number
  readonly order?: Mapping
  readonly variant?: Partial<Variant>
  readonly align?: number
  /** Kernels for one rank. */
  readonly blas?: () => Blas
  readonly generate?: Generate
  readonly options?: InprocOptions
}

export interface GridSolution {
  readonly info: number
  readonly pivots: number[]
  /** Rows of [L\U | y] after the factorisation. */
  readonly stored: number[][]
  readonly x: number[]
  readonly verification: Verification | undefined
}

/** Solves on a p x q grid; fails if the processes do not agree on what all of them know. */
export async function solveOnGrid(problem: GridProblem): Promise<GridSolution> {
  const { n, nb, p, q, order = 'row', align = 8, generate } = problem
  const variant = { ...DEFAULT_VARIANT, ...problem.variant }
  const stored = Array.from({ length: n }, () => new Array<number>(n + 1).fill(NaN))
  const x = new Array<number>(n).fill(NaN)
  const results = await runRanks(
    p * q,
    async ({ world }) => {
      const grid = (await Grid.create(world, { nprow: p, npcol: q, order })) as Grid
      const blas = (problem.blas ?? orderedBlas)()
      const pivots: number[] = []
      const result = await runProblem({
        grid,
        blas,
        arena: new Arena(blas),
        size: { n, nb, depth: variant.depth, align },
        variant,
        check: true,
        ...(generate && { generate }),
        onPanel: (_, rows) => pivots.push(...rows),
        inspect: (stage, solver) => (stage === 'factored' ? collect(solver, stored) : collectX(solver, x)),
      })
      if ('row' in result) throw new Error('no memory')
      return { info: result.info, pivots, verification: result.verification }
    },
    problem.options,
  )
  const [first] = results
  if (first === undefined) throw new Error('no ranks')
  for (const other of results) {
    if (JSON.stringify(other) !== JSON.stringify(first)) throw new Error('the processes disagree on the result')
  }
  return { ...first, stored, x }
}

function collect({ system, grid }: Solver, stored: number[][]): void {
  const { nb, mp, nqb, lda, a, memory } = system
  for (let j = 0; j < nqb; j++) {
    const jGlobal = indxl2g(j, nb, grid.mycol, 0, grid.npcol)
    for (let i = 0; i < mp; i++) {
      const row = stored[indxl2g(i, nb, grid.myrow, 0, grid.nprow)] as number[]
      row[jGlobal] = memory[a + i + j * lda]
    }
  }
}

/** Every process row has a copy of x; all must be the same. */
function collectX({ system, grid }: Solver, x: number[]): void {
  for (let j = 0; j < system.nq; j++) {
    const jGlobal = indxl2g(j, system.nb, grid.mycol, 0, grid.npcol)
    const value = system.memory[system.x + j]
    if (!Number.isNaN(x[jGlobal]) && x[jGlobal] !== value) throw new Error(`process rows disagree on x[${jGlobal}]`)
    x[jGlobal] = value
  }
}
