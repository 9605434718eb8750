/** Row interchanges: the net permutation, its local application and its exchanges, against interchanges in sequence. */
import fc from 'fast-check'
import t from 'tap'
import { Grid } from '../../../collectives/topology/grid.ts'
import { indxg2l, indxg2p, indxl2g } from '../../../hpl/block-cyclic.ts'
import { Arena, layOut } from '../../../hpl/local-system.ts'
import { Panel } from '../../../hpl/panel.ts'
import { STORAGE_FORMS, SWAPS } from '../../../hpl/parameters.ts'
import { createSolver, type Solver, type Variant } from '../../../hpl/solver.ts'
import { interchange } from '../../../hpl/swap/in-place.ts'
import { createPermutation } from '../../../hpl/swap/permutation.ts'
import { exchangeRows } from '../../../hpl/swap/swap.ts'
import { Timers } from '../../../hpl/timers.ts'
import { runRanks } from '../../../testing.ts'
import { DEFAULT_VARIANT, orderedBlas } from '../../helpers/hpl-problems.ts'

interface Interchanges {
  readonly n: number
  readonly ia: number
  readonly pivots: number[]
}

/** A panel of a matrix of up to 40 rows, beginning at a block boundary of `nb`, and its pivot rows. */
const interchanges = (nb: number): fc.Arbitrary<Interchanges> =>
  fc.integer({ min: 1, max: 40 }).chain((n) =>
    fc.integer({ min: 0, max: Math.floor((n - 1) / nb) }).chain((block) => {
      const ia = block * nb
      const jb = Math.min(nb, n - ia)
      const pivots = Array.from({ length: jb }, (_, k) => fc.integer({ min: ia + k, max: n - 1 }))
      return fc.tuple(...pivots).map((rows) => ({ n, ia, pivots: rows }))
    }),
  )

/** Row numbers 0..n-1 after the interchanges one by one, as LAPACK's dlaswp does them. */
function inSequence({ n, ia, pivots }: Interchanges): number[] {
  const rows = Array.from({ length: n }, (_, i) => i)
  pivots.forEach((pivot, k) => {
    const row = rows[ia + k] as number
    rows[ia + k] = rows[pivot] as number
    rows[pivot] = row
  })
  return rows
}

t.test('createPermutation() says where the rows of U come from and what takes their places', async () => {
  fc.assert(
    fc.property(interchanges(8), (panel) => {
      const { n, ia, pivots } = panel
      const { source, replacement } = createPermutation(pivots, ia, 8, 3)
      const rows = Array.from({ length: n }, (_, i) => i)
      source.forEach((from, k) => {
        rows[ia + k] = from
        if ((replacement[k] as number) >= 0) rows[from] = ia + (replacement[k] as number)
      })
      return JSON.stringify(rows) === JSON.stringify(inSequence(panel))
    }),
  )
})

t.test('interchange() does what the interchanges do in sequence, in the memories of 1 to 4 process rows', async () => {
  fc.assert(
    fc.property(
      interchanges(5),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 4 }),
      (panel, columns, p) => {
        const { n, ia, pivots } = panel
        const lda = columns + 3
        const memories = Array.from({ length: p }, () => new Float64Array(lda * n).fill(-1))
        const row = (i: number): Float64Array => {
          const at = indxg2l(i, 5, p) * lda
          return (memories[indxg2p(i, 5, 0, p)] as Float64Array).subarray(at, at + columns)
        }
        for (let i = 0; i < n; i++) row(i).set(Array.from({ length: columns }, (_, j) => value(i, j)))
        interchange({ memories, lda, nb: 5 }, 0, ia, Float64Array.from(pivots), columns)
        return inSequence(panel).every((from, i) => row(i).every((is, j) => is === value(from, j)))
      },
    ),
  )
})

/** Element (i, j) of the test matrix. */
const value = (i: number, j: number): number => 1000 * i + j

/** A solver on a p x 1 grid whose matrix is the test matrix, and the panel at `ia` with the pivots given. */
async function place(grid: Grid, { n, ia, pivots }: Interchanges, nb: number, variant: Variant) {
  const blas = orderedBlas()
  const system = layOut({ n, nb, depth: 0, align: 4 }, grid, new Arena(blas))
  const solver = createSolver({ grid, blas, system, variant, timers: new Timers() })
  for (let j = 0; j <= n; j++) {
    for (let i = 0; i < system.mp; i++)
      system.memory[system.a + i * system.lda + j] = value(indxl2g(i, nb, grid.myrow, 0, grid.nprow), j)
  }
  const panel = new Panel(system.panels[0] as number)
  panel.place(solver, ia)
  system.memory.set(pivots, panel.pivots)
  return { solver, panel }
}

/** What is wrong with U and the rows outside the top block after an exchange of columns column..column+width-1. */
function faults(solver: Solver, panel: Panel, what: Interchanges, column: number, width: number, u: number): string[] {
  const { system, grid, variant } = solver
  const { memory, lda, nb } = system
  const rows = inSequence(what)
  const wrong: string[] = []
  const check = (where: string, is: number, row: number, j: number): void => {
    if (is !== value(rows[row] as number, column + j)) wrong.push(`${where} row ${row} column ${column + j} is ${is}`)
  }
  for (let j = 0; j < width; j++) {
    for (let k = 0; k < panel.jb; k++)
      check('U', memory[variant.u === 'transposed' ? u + j + k * width : u + k + j * panel.jb], what.ia + k, j)
    for (let i = 0; i < system.mp; i++) {
      const row = indxl2g(i, nb, grid.myrow, 0, grid.nprow)
      if (row < what.ia || row >= what.ia + panel.jb) check('A', memory[system.a + i * lda + column + j], row, j)
    }
  }
  return wrong
}

const NB = 4

for (const p of [2, 3, 4, 5, 6, 7, 8]) {
  for (const swap of SWAPS.filter((name) => name !== 'mix')) {
    for (const u of STORAGE_FORMS) {
      t.test(`${swap} gives U (${u}) to ${p} process rows and the rows it displaces their places`, async (t) => {
        for (const equilibrate of [false, true]) {
          const variant = { ...DEFAULT_VARIANT, swap, u, equilibrate }
          await fc.assert(
            fc.asyncProperty(interchanges(NB), fc.boolean(), async (what, byRendezvous) => {
              const faultsOf = await runRanks(
                p,
                async ({ world }) => {
                  const grid = (await Grid.create(world, { nprow: p, npcol: 1 })) as Grid
                  const { solver, panel } = await place(grid, what, NB, variant)
                  // In two calls, as with look-ahead: one column, then the rest.
                  const found: string[] = []
                  for (const width of [1, panel.remaining - 1].filter((columns) => columns > 0)) {
                    const { column } = panel
                    const offset = await exchangeRows(
                      solver,
                      panel,
                      { column: panel.column, n: width, u: solver.system.u },
                      () => undefined,
                    )
                    found.push(...faults(solver, panel, what, column, width, offset))
                    panel.advance(width)
                  }
                  await solver.rowsOnTheWay.drain()
                  return found
                },
                byRendezvous ? { eagerLimit: 0 } : {},
              )
              t.same(faultsOf.flat(), [])
            }),
            { numRuns: 15 },
          )
        }
      })
    }
  }
}
