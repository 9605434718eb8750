// Rate of the rank-NB update that HPL spends its time in, on all ranks at the same time: each prints nothing, rank 0 the
// sum of their Gflops as one JSON line. Arguments: BLAS M N K SECONDS.
import { run } from '../../../dist/index.js'
import { createBlas } from '../../../dist/hpl/blas/select.js'

await run(async ({ world, argv, alloc, free }) => {
  const [kind, ...numbers] = argv
  const [m, n, k, seconds] = numbers.map(Number)
  const blas = await createBlas(kind, { alloc: (count) => alloc(Float64Array, count), free })
  const lda = m + 8
  const memory = blas.alloc(lda * n + lda * k + n * k).map((_, i) => ((i * 37) % 101) / 101 - 0.5)
  const a = blas.alloc(memory.length)
  a.set(memory)
  const update = () => blas.dgemm('N', 'T', m, n, k, -1e-9, a, lda * n, lda, a, lda * (n + k), n, 1, a, 0, lda)

  update()
  await world.barrier()
  const began = performance.now()
  let times = 0
  for (; performance.now() - began < 1000 * seconds; times++) update()
  const mine = (2 * m * n * k * times) / (performance.now() - began) / 1e6
  const rates = await world.gatherObject(mine)
  if (world.rank === 0) console.log(JSON.stringify({ rates, description: blas.description }))
})
