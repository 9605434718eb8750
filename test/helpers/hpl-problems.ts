/**
 * Solves HPL problems on grids of ranks, in this thread or in a job, and puts the distributed results together, for the
 * tests of hpl/.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Intracomm } from '../../collectives/intracomm.ts'
import { Grid } from '../../collectives/topology/grid.ts'
import type { Blas } from '../../hpl/blas/blas.ts'
import { createOrderedBlas } from '../../hpl/blas/ordered.ts'
import { indxl2g } from '../../hpl/block-cyclic.ts'
import { Arena } from '../../hpl/local-system.ts'
import type { FactoredPanel } from '../../hpl/panel-record.ts'
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
  /** Whether rows change places in the memory of the process column; ranks of this thread only. */
  readonly inPlace?: boolean
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

/** What one rank knows afterwards: what all must agree on, and its own elements as (row, column, value). */
export interface RankSolution {
  readonly common: Pick<GridSolution, 'info' | 'pivots' | 'verification'>
  readonly stored: readonly Element[]
  readonly x: readonly Element[]
}

type Element = readonly [i: number, j: number, value: number]

/** Solves on a p x q grid of ranks in this thread. */
export async function solveOnGrid(problem: GridProblem): Promise<GridSolution> {
  const { n, p, q, options } = problem
  const memories = Array.from({ length: q }, () => new Array<Float64Array>(p))
  const parts = await runRanks(p * q, ({ world }) => solveAsRank(world, problem, memories), options)
  return combine(n, parts)
}

/** This rank's part of a problem; undefined on ranks outside the grid. Collective over `world`. */
export async function solveAsRank(
  world: Intracomm,
  problem: GridProblem,
  memories: Float64Array[][] = [],
): Promise<RankSolution | undefined> {
  const { n, nb, p, q, order = 'row', align = 8, generate } = problem
  const variant = { ...DEFAULT_VARIANT, ...problem.variant }
  const grid = await Grid.create(world, { nprow: p, npcol: q, order })
  if (grid === undefined) return undefined
  const blas = (problem.blas ?? orderedBlas)()
  const pivots: number[] = []
  const multipliers: Element[] = []
  let stored: Element[] = []
  let x: Element[] = []
  const arena = new Arena(blas)
  const shareColumn = async (memory: Float64Array): Promise<Float64Array[]> => {
    const column = memories[grid.mycol] as Float64Array[]
    column[grid.myrow] = memory
    await grid.column.barrier()
    return column
  }
  const result = await runProblem({
    grid,
    blas,
    arena,
    size: { n, nb, depth: variant.depth, align },
    variant,
    check: true,
    ...(generate && { generate }),
    ...(problem.inPlace && { shareColumn }),
    onPanel: (panel, solver) => {
      pivots.push(...solver.system.memory.subarray(panel.pivots, panel.pivots + panel.jb))
      multipliers.push(...multipliersOf(panel, solver))
    },
    inspect: (stage, solver) => {
      if (stage === 'factored') stored = [...matrixOf(solver), ...multipliers]
      else x = solutionOf(solver)
    },
  })
  arena.release()
  grid.free()
  if ('row' in result) throw new Error('no memory')
  return { common: { info: result.info, pivots, verification: result.verification }, stored, x }
}

/** The whole solution; fails if the processes do not agree on what several of them know. */
export function combine(n: number, parts: readonly (RankSolution | undefined)[]): GridSolution {
  const members = parts.filter((part) => part !== undefined)
  const [first] = members
  if (first === undefined) throw new Error('no ranks')
  for (const { common } of members)
    if (JSON.stringify(common) !== JSON.stringify(first.common)) throw new Error('the processes disagree on the result')
  const stored = Array.from({ length: n }, () => new Array<number>(n + 1).fill(NaN))
  const x = new Array<number>(n).fill(NaN)
  for (const [i, j, value] of members.flatMap((part) => part.stored)) (stored[i] as number[])[j] = value
  for (const [, j, value] of members.flatMap((part) => part.x)) {
    if (!Number.isNaN(x[j]) && x[j] !== value) throw new Error(`process rows disagree on x[${j}]`)
    x[j] = value
  }
  return { ...first.common, stored, x }
}

function matrixOf({ system, grid }: Solver): Element[] {
  const { nb, mp, nqb, lda, a, memory } = system
  const elements: Element[] = []
  for (let j = 0; j < nqb; j++)
    for (let i = 0; i < mp; i++)
      elements.push([
        indxl2g(i, nb, grid.myrow, 0, grid.nprow),
        indxl2g(j, nb, grid.mycol, 0, grid.npcol),
        memory[a + i * lda + j] as number,
      ])
  return elements
}

/** L below the diagonal block, which stays in the panels of the process column that has factored it. */
function multipliersOf({ ia, jb, pcol, ml2, l2, ldl2 }: FactoredPanel, { system, grid }: Solver): Element[] {
  if (grid.mycol !== pcol) return []
  const row = (i: number): number => indxl2g(system.mp - ml2 + i, system.nb, grid.myrow, 0, grid.nprow)
  return Array.from({ length: ml2 * jb }, (_, k) => {
    const [i, j] = [k % ml2, Math.floor(k / ml2)]
    return [row(i), ia + j, system.memory[l2 + i + j * ldl2] as number]
  })
}

/** Every process row has a copy of x. */
function solutionOf({ system, grid }: Solver): Element[] {
  return Array.from({ length: system.nq }, (_, j) => [
    0,
    indxl2g(j, system.nb, grid.mycol, 0, grid.npcol),
    system.memory[system.x + j] as number,
  ])
}
