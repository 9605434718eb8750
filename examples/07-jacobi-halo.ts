/**
 * Jacobi with halo exchange: the heat equation on a square, divided among a grid of processes.
 *
 * Each process owns a block of the plate with a frame of one cell around it, the halo, that mirrors its neighbours' edges.
 * Every step exchanges edges, then replaces each cell by the mean of its four neighbours. Rows of the block are
 * contiguous, columns are not: as ndarray views both are sent the same way. The plate's own edge has no neighbour:
 * PROC_NULL makes those messages vanish, and the fixed temperatures there stay.
 */
import ndarray from 'ndarray'
import { dimsCreate, Grid, MAX, PROC_NULL, run, type Intracomm, type NdView } from 'tsmpi'

const N = 32 // cells each way
const STEPS = 200

await run(async ({ world, log }) => {
  const [nprow = 1, npcol = 1] = dimsCreate(world.size, 2)
  const grid = (await Grid.create(world, { nprow, npcol })) as Grid
  const rows = share(N, nprow, grid.myrow)
  const columns = share(N, npcol, grid.mycol)
  let now = plate(rows, columns, grid.myrow === 0)
  let next = plate(rows, columns, grid.myrow === 0)

  for (let step = 1; step <= STEPS; step++) {
    // Up and down in my column of the grid, left and right in my row: my edge goes out, the neighbour's comes in.
    await shift(grid.column, now.pick(1, null), -1, now.pick(rows + 1, null))
    await shift(grid.column, now.pick(rows, null), +1, now.pick(0, null))
    await shift(grid.row, now.pick(null, 1), -1, now.pick(null, columns + 1))
    await shift(grid.row, now.pick(null, columns), +1, now.pick(null, 0))

    let change = 0
    for (let i = 1; i <= rows; i++)
      for (let j = 1; j <= columns; j++) {
        const mean = (now.get(i - 1, j) + now.get(i + 1, j) + now.get(i, j - 1) + now.get(i, j + 1)) / 4
        change = Math.max(change, Math.abs(mean - now.get(i, j)))
        next.set(i, j, mean)
      }
    ;[now, next] = [next, now]
    if (step % 50 === 0) {
      const largest = await world.allreduce(change, { op: MAX })
      if (world.rank === 0) log(`step ${step}: the largest change is ${largest.toFixed(6)} degrees`)
    }
  }
  grid.free()
})

/** Sends `edge` to the neighbour `by` places on and fills `halo` from the one on the other side. */
async function shift(line: Intracomm, edge: NdView, by: number, halo: NdView): Promise<void> {
  const neighbour = (rank: number): number => (rank < 0 || rank >= line.size ? PROC_NULL : rank)
  await line.sendrecv(edge, halo, { dest: neighbour(line.rank + by), source: neighbour(line.rank - by) })
}
/** A cold block with its halo; 100 degrees along the upper edge of the plate. */
function plate(rows: number, columns: number, top: boolean): ReturnType<typeof ndarray<Float64Array>> {
  const cells = ndarray(new Float64Array((rows + 2) * (columns + 2)), [rows + 2, columns + 2])
  if (top) for (let j = 0; j < columns + 2; j++) cells.set(0, j, 100)
  return cells
}
function share(n: number, parts: number, part: number): number {
  return Math.floor(((part + 1) * n) / parts) - Math.floor((part * n) / parts)
}
