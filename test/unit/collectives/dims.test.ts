/** dimsCreate: the examples of the standard, and its rules for every number up to 200. */
import t from 'tap'
import { dimsCreate } from '../../../index.ts'

t.test('the examples of the MPI standard (MPI 4.1, example 8.1)', async (t) => {
  t.same(dimsCreate(6, [0, 0]), [3, 2])
  t.same(dimsCreate(7, [0, 0]), [7, 1])
  t.same(dimsCreate(6, [0, 3, 0]), [2, 3, 1])
  t.throws(() => dimsCreate(7, [0, 3, 0]), { code: 'MPI_ERR_DIMS' })
})

/** Every descending factorization of n into `count` factors. */
function factorizations(n: number, count: number, largest = n): number[][] {
  if (count === 1) return n <= largest ? [[n]] : []
  const found: number[][] = []
  for (let factor = 1; factor <= Math.min(n, largest); factor++)
    if (n % factor === 0)
      for (const rest of factorizations(n / factor, count - 1, factor)) found.push([factor, ...rest])
  return found
}

t.test(
  'extents descend, multiply to the number of processes, and no factorization has a smaller largest extent',
  async (t) => {
    for (let n = 1; n <= 200; n++)
      for (const ndims of [1, 2, 3, 4]) {
        const dims = dimsCreate(n, ndims)
        const best = factorizations(n, ndims).sort(
          (a, b) => a.map((x, i) => x - (b[i] as number)).find((d) => d !== 0) ?? 0,
        )
        t.same(dims, best[0], `${n} in ${ndims} dimensions`)
      }
  },
)

t.test('large numbers of processes take no longer than small ones', async (t) => {
  t.same(dimsCreate(65_536, 3), [64, 32, 32])
  t.same(dimsCreate(1_000_003, 3), [1_000_003, 1, 1])
  t.same(dimsCreate(30_030, 4), [15, 14, 13, 11])
})

t.test('arguments that make no grid are refused', async (t) => {
  t.throws(() => dimsCreate(0, 2), /nnodes is 0, expected an integer >= 1/)
  t.throws(() => dimsCreate(4, 0), /ndims is 0/)
  t.throws(() => dimsCreate(4, [2, -1]), /an extent is -1/)
  t.throws(() => dimsCreate(4, [2, 3]), /4 processes cannot fill a grid of \[2, 3\]/)
})

t.test('what is neither a number of dimensions nor a list of extents is refused', async (t) => {
  for (const dims of [undefined, null, 'x', {}])
    t.throws(() => dimsCreate(4, dims as unknown as number[]), {
      code: 'MPI_ERR_ARG',
      message: /dimsCreate: dims is .*, expected a number of dimensions or an array of extents/,
    })
})
