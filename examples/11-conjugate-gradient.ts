/**
 * Conjugate gradients for the Poisson equation on a square, a strip of rows for each rank.
 *
 * The halo comes through persistent requests, prepared once. The sum for the next direction is under way while the
 * solution is updated, which does not need it: a nonblocking collective costs no waiting where there is work to do.
 */
import { PROC_NULL, run, startAll, SUM, waitAll } from 'tsmpi'

const N = 48 // unknowns each way

await run(async ({ world, log }) => {
  const { rank, size } = world
  const rows = Math.floor((N * (rank + 1)) / size) - Math.floor((N * rank) / size)
  // A row above the strip and one below mirror the neighbours'; at the edge of the square they stay 0.
  const p = new Float64Array((rows + 2) * N)
  const [x, q, r] = [1, 2, 3].map(() => new Float64Array(rows * N)) as [Float64Array, Float64Array, Float64Array]
  const row = (i: number): Float64Array => p.subarray(i * N, (i + 1) * N)
  const inside = p.subarray(N, (rows + 1) * N)
  const above = rank > 0 ? rank - 1 : PROC_NULL
  const below = rank < size - 1 ? rank + 1 : PROC_NULL
  const halo = [
    world.recvInit(row(0), { source: above }),
    world.recvInit(row(rows + 1), { source: below }),
    world.sendInit(row(1), { dest: above }),
    world.sendInit(row(rows), { dest: below }),
  ]

  r.fill(1)
  inside.set(r)
  let rho = await world.allreduce(dot(r, r), { op: SUM })
  const wanted = rho * 1e-16
  let step = 0
  for (; rho > wanted; step++) {
    startAll(halo)
    await waitAll(halo)
    multiply(p, q)
    const alpha = rho / (await world.allreduce(dot(inside, q), { op: SUM }))
    for (let i = 0; i < r.length; i++) r[i] = (r[i] as number) - alpha * (q[i] as number)
    const sum = world.iallreduce(dot(r, r), { op: SUM })
    for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) + alpha * (inside[i] as number)
    await sum.wait()
    const beta = sum.value / rho
    rho = sum.value
    for (let i = 0; i < r.length; i++) inside[i] = (r[i] as number) + beta * (inside[i] as number)
  }
  const total = await world.allreduce(dot(x, x.slice().fill(1)), { op: SUM })
  if (rank === 0) log(`${step} steps; the mean of the solution is ${(total / N / N).toFixed(6)}`)
})

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0)
}

/** q := A p, the five-point stencil: four times a point less its neighbours. */
function multiply(p: Float64Array, q: Float64Array): void {
  const at = (k: number): number => p[k] as number
  for (let i = 0; i < q.length; i++) {
    const [k, column] = [i + N, i % N]
    q[i] = 4 * at(k) - at(k - N) - at(k + N) - (column > 0 ? at(k - 1) : 0) - (column < N - 1 ? at(k + 1) : 0)
  }
}
