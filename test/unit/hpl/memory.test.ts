/**
 * What a solve allocates. The goal is the matrix and 15 %. Of work space there are depth + 1 panels of NB columns (one if
 * there is one process column, one more if there are three and it fits), and with several process rows U and a second
 * buffer of NB rows, so beyond 8 N^2 / (P Q) bytes a process needs a share of NB ((depth + 1) / nq + 2 / mp): proportional
 * to NB / N.
 */
import fc from 'fast-check'
import t from 'tap'
import type { Blas } from '../../../hpl/blas/blas.ts'
import { Arena, layOut, type ProblemSize } from '../../../hpl/local-system.ts'
import type { ProcessGrid } from '../../../hpl/process-grid.ts'
import { orderedBlas, solveOnGrid } from '../../helpers/hpl-problems.ts'

interface Shape extends ProblemSize {
  readonly p: number
  readonly q: number
}

/** Kernels that note how much memory they are asked for, and give `alloc(n)`. */
function noting(noted: number[], alloc: (n: number) => Float64Array): Blas {
  return { ...orderedBlas(), alloc: (n) => (noted.push(n), alloc(n)) }
}

/** Doubles that the largest process allocates. No memory is touched. */
function largestShare({ p, q, ...size }: Shape): number {
  const noted: number[] = []
  const nothing = { fill: () => undefined } as unknown as Float64Array
  for (let myrow = 0; myrow < p; myrow++)
    for (let mycol = 0; mycol < q; mycol++) {
      const grid = { nprow: p, npcol: q, myrow, mycol } as ProcessGrid
      layOut(size, grid, new Arena(noting(noted, () => nothing)))
    }
  return Math.max(...noted)
}

/** Memory beyond the matrix, as a share of it. */
function overhead(shape: Shape): number {
  return largestShare(shape) / (shape.n ** 2 / (shape.p * shape.q)) - 1
}

// [N, NB, P, Q, depth]: what is run for a result, from one laptop to a room of them.
const REALISTIC: readonly (readonly [number, number, number, number, number])[] = [
  [4000, 128, 1, 1, 0],
  [8000, 192, 1, 1, 1],
  [8000, 128, 1, 2, 1],
  [8000, 128, 2, 1, 1],
  [10000, 128, 2, 2, 1],
  [20000, 192, 2, 2, 1],
  [20000, 256, 2, 2, 0],
  [40000, 256, 2, 4, 1],
  [52360, 88, 2, 4, 1],
  [25000, 192, 3, 4, 1],
  [60000, 256, 4, 5, 2],
]

// Local parts of less than 27 NB rows and columns: smaller blocks, or a larger N, would do.
const SMALL_FOR_ITS_BLOCKS: typeof REALISTIC = [
  [8000, 192, 2, 2, 1],
  [12000, 256, 2, 2, 1],
]

for (const [n, nb, p, q, depth] of SMALL_FOR_ITS_BLOCKS)
  t.test(`n=${n} nb=${nb} on ${p}x${q}, depth ${depth}, needs more than 15 %, with half the NB less`, async (t) => {
    const shape = { n, nb, p, q, depth, align: 8 }
    t.ok(overhead(shape) > 0.15)
    t.ok(overhead({ ...shape, nb: nb / 2 }) <= 0.15)
  })

for (const [n, nb, p, q, depth] of REALISTIC)
  t.test(`n=${n} nb=${nb} on ${p}x${q}, depth ${depth}, needs the matrix and at most 15 %`, async (t) => {
    const share = overhead({ n, nb, p, q, depth, align: 8 })
    t.ok(share <= 0.15, `${(100 * share).toFixed(1)} % beyond the matrix`)
  })

t.test('beyond the matrix there are the panels, U and its second buffer, and next to nothing else', async () => {
  const shape = fc.record({
    n: fc.integer({ min: 1000, max: 100_000 }),
    nb: fc.integer({ min: 1, max: 512 }),
    p: fc.integer({ min: 1, max: 5 }),
    q: fc.integer({ min: 1, max: 5 }),
    depth: fc.integer({ min: 0, max: 4 }),
    align: fc.constantFrom(1, 4, 8, 16, 33),
  })
  fc.assert(
    fc.property(shape, (shape) => {
      const { n, nb, p, q, depth, align } = shape
      // The share of the process that has most: up to a block more of rows and columns than the others.
      const mp = n / p + nb
      const nq = n / q + nb
      const panels = q > 2 ? depth + 2 : q > 1 ? depth + 1 : 1
      const workSpace = panels * (mp + nb + 2) * nb + (p > 1 ? 2 * nb * (nq + 1) : 0)
      const vectors = (q + 1) * (mp + nq) + 4 * nb + 200
      return largestShare(shape) <= mp * (nq + 1 + 2 * align) + workSpace + vectors
    }),
  )
})

t.test('depth beyond the number of panels costs nothing', async (t) => {
  const shape = { n: 1000, nb: 100, p: 1, q: 2, align: 8 }
  t.equal(largestShare({ ...shape, depth: 10 }), largestShare({ ...shape, depth: 2 ** 31 - 1 }))
  t.ok(largestShare({ ...shape, depth: 9 }) < largestShare({ ...shape, depth: 10 }))
})

t.test('a solve allocates this once and nothing else from its kernels', async (t) => {
  const shape = { n: 60, nb: 8, p: 2, q: 2, depth: 1, align: 8 }
  const noted: number[] = []
  await solveOnGrid({
    ...shape,
    variant: { depth: 1 },
    blas: () => noting(noted, (n) => new Float64Array(n)),
  })
  t.equal(noted.length, 4)
  t.equal(Math.max(...noted), largestShare(shape))
})
