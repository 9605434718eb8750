/**
 * No variant changes a bit: on ordered kernels, whatever HPL.dat may ask for, pivots, U and y are those of one process, x
 * depends on (N, NB, Q) alone and the residual on (N, NB, P, Q) alone.
 */
import fc from 'fast-check'
import t from 'tap'
import { BROADCASTS, FACTORISATIONS, MAPPINGS, STORAGE_FORMS, SWAPS } from '../../../hpl/parameters.ts'
import type { Variant } from '../../../hpl/solver.ts'
import { solveOnGrid, type GridProblem, type GridSolution } from '../../helpers/hpl-problems.ts'

const variant: fc.Arbitrary<Variant> = fc.record({
  depth: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constantFrom(1000, 2 ** 31 - 1)),
  bcast: fc.constantFrom(...BROADCASTS),
  rfact: fc.constantFrom(...FACTORISATIONS),
  pfact: fc.constantFrom(...FACTORISATIONS),
  ndiv: fc.oneof(fc.integer({ min: 2, max: 9 }), fc.constant(2 ** 31 - 1)),
  nbmin: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(2 ** 31 - 1)),
  swap: fc.constantFrom(...SWAPS),
  swapThreshold: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(2 ** 31 - 1)),
  l1: fc.constantFrom(...STORAGE_FORMS),
  u: fc.constantFrom(...STORAGE_FORMS),
  equilibrate: fc.boolean(),
  split: fc.boolean(),
})

const size = fc.record({
  n: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 4, max: 45 })),
  nb: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(64, 2 ** 31 - 1)),
})

const grid = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }))
  .filter(([p, q]) => p * q <= 8)
  .map(([p, q]) => ({ p, q }))

const storage = fc.record({
  align: fc.constantFrom(1, 2, 3, 4, 7, 8, 16, 33),
  order: fc.constantFrom(...MAPPINGS),
  inPlace: fc.boolean(),
  options: fc.constantFrom({}, { eagerLimit: 0 }, { queueLimit: 2 }),
})

/** The rows of U and y. */
function upperPart({ stored }: GridSolution): number[][] {
  return stored.map((row, i) => row.slice(i))
}

/** Results to compare with, each computed once. */
const plain = new Map<string, Promise<GridSolution>>()
function plainSolution(problem: Pick<GridProblem, 'n' | 'nb' | 'p' | 'q'>): Promise<GridSolution> {
  const key = JSON.stringify(problem)
  const solution = plain.get(key) ?? solveOnGrid(problem)
  plain.set(key, solution)
  return solution
}

t.test(
  'pivots, U, y, x and the residual are the same for all variants, alignments, mappings and transports, with rows sent or not',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(size, grid, variant, storage, async ({ n, nb }, { p, q }, chosen, how) => {
        const solution = await solveOnGrid({ n, nb, p, q, variant: chosen, ...how })
        const alone = await plainSolution({ n, nb: 1, p: 1, q: 1 })
        t.strictSame(solution.pivots, alone.pivots)
        t.strictSame(upperPart(solution), upperPart(alone))
        t.strictSame(solution.x, (await plainSolution({ n, nb, p: 1, q })).x)
        t.strictSame(solution.verification, (await plainSolution({ n, nb, p, q })).verification)
      }),
      { numRuns: 150 },
    )
  },
)
