/**
 * Jacobi by neighbour collectives: the plate of example 7 on a Cartesian communicator.
 *
 * One persistent call, prepared once, exchanges all four edges of a block. It is under way while the cells that need
 * nothing of it are computed; those along the border follow. Beyond the plate's own edge there is no neighbour: that part
 * of the halo is never written, and the fixed temperatures there stay.
 */
import { Cartcomm, dimsCreate, MAX, run } from 'tsmpi'

const N = 32 // cells each way
const STEPS = 200

await run(async ({ world, log }) => {
  const dims = dimsCreate(world.size, 2)
  const grid = (await Cartcomm.create(world, { dims, reorder: true })) as Cartcomm
  const [rows = 0, columns = 0] = dims.map((parts, d) => share(N, parts, grid.coords[d] as number))
  let now = new Float64Array(rows * columns)
  let next = new Float64Array(rows * columns)

  // My cells along the border, in the order of the neighbours: those above, below, on the left, on the right.
  const border = [
    ...line(columns, (j) => [0, j]),
    ...line(columns, (j) => [rows - 1, j]),
    ...line(rows, (i) => [i, 0]),
    ...line(rows, (i) => [i, columns - 1]),
  ]
  const counts = [columns, columns, rows, rows]
  const [edges, halo] = [new Float64Array(border.length), new Float64Array(border.length)]
  const exchange = grid.neighborAlltoallvInit(edges, halo, { sendCounts: counts, recvCounts: counts })
  if (grid.coords[0] === 0) halo.fill(100, 0, columns) // degrees along the upper edge of the plate

  const at = (i: number, j: number): number => {
    if (i < 0) return halo[j] as number
    if (i === rows) return halo[columns + j] as number
    if (j < 0) return halo[2 * columns + i] as number
    if (j === columns) return halo[2 * columns + rows + i] as number
    return now[i * columns + j] as number
  }
  let change = 0
  const relax = (i: number, j: number): void => {
    const mean = (at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1)) / 4
    change = Math.max(change, Math.abs(mean - at(i, j)))
    next[i * columns + j] = mean
  }

  for (let step = 1; step <= STEPS; step++) {
    change = 0
    for (const [k, [i, j]] of border.entries()) edges[k] = at(i, j)
    exchange.start()
    for (let i = 1; i < rows - 1; i++) for (let j = 1; j < columns - 1; j++) relax(i, j)
    await exchange.wait()
    for (const [i, j] of border) relax(i, j)
    ;[now, next] = [next, now]
    if (step % 50 === 0) {
      const largest = await grid.allreduce(change, { op: MAX })
      if (grid.rank === 0) log(`step ${step}: the largest change is ${largest.toFixed(6)} degrees`)
    }
  }
  exchange.free()
  grid.free()
})

function line(length: number, cell: (k: number) => [number, number]): [number, number][] {
  return Array.from({ length }, (_, k) => cell(k))
}
function share(n: number, parts: number, part: number): number {
  return Math.floor(((part + 1) * n) / parts) - Math.floor((part * n) / parts)
}
