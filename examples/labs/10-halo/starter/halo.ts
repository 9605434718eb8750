/**
 * Heat on a square plate that is divided among a grid of ranks. Each has a block with a frame of one cell around it, the
 * halo, which mirrors the edges of its neighbours. Try it by hand with: npx tsmpirun -n 4 halo.ts blocks
 */
import ndarray from 'ndarray'
import { Cartcomm, dimsCreate, run, SUM, type NdView } from 'tsmpi'

const N = 144 // cells each way

await run(async ({ world, log, argv }) => {
  const shape = argv[0] === 'strips' ? 'strips' : 'blocks'
  const steps = argv.includes('quick') ? 6 : 60
  const dims = shape === 'strips' ? [world.size, 1] : dimsCreate(world.size, 2)
  const [nprow = 1, npcol = 1] = dims
  const cart = (await Cartcomm.create(world, { dims, periods: [false, false] })) as Cartcomm
  const [rows, columns] = [N / nprow, N / npcol]
  let bytes = 0

  /** Sends an edge one step along a dimension of the grid, and fills a halo from the rank on the other side. */
  async function shift(edge: NdView, halo: NdView, direction: number, displacement: number): Promise<void> {
    // Beyond the edge of the plate there is PROC_NULL: nothing is sent or received there.
    const { source, dest } = cart.shift(direction, displacement)
    if (dest >= 0) bytes += 8 * edge.shape.reduce((a, b) => a * b, 1)
    await cart.sendrecv(edge, halo, { dest, source })
  }

  let now = plate(rows, columns, cart.coords[0] === 0)
  let next = plate(rows, columns, cart.coords[0] === 0)
  // Row i and column j without the corners of the halo: views, nothing is copied.
  const row = (i: number) => now.pick(i, null).lo(1).hi(columns)
  const column = (j: number) => now.pick(null, j).lo(1).hi(rows)
  for (let step = 0; step < steps; step++) {
    await shift(row(rows), row(0), 0, +1) // my last row is the upper halo of the rank below
    await shift(column(columns), column(0), 1, +1) // my last column is the left halo of the rank on the right
    // Your turn: my first row goes up, my first column left.

    for (let i = 1; i <= rows; i++)
      for (let j = 1; j <= columns; j++)
        next.set(i, j, (now.get(i - 1, j) + now.get(i + 1, j) + now.get(i, j - 1) + now.get(i, j + 1)) / 4)
    ;[now, next] = [next, now]
  }

  let heat = 0
  for (let i = 1; i <= rows; i++) for (let j = 1; j <= columns; j++) heat += now.get(i, j)
  const total = await cart.allreduce(heat, { op: SUM })
  const most = await cart.allreduceObject(bytes / steps, Math.max)
  if (cart.rank === 0) log(JSON.stringify({ shape, ranks: world.size, dims, heat: total, bytes: most }))
  cart.free()
})

/** A cold block with its halo; 100 degrees along the upper edge of the plate. */
function plate(rows: number, columns: number, top: boolean) {
  const cells = ndarray(new Float64Array((rows + 2) * (columns + 2)), [rows + 2, columns + 2])
  if (top) for (let j = 0; j < columns + 2; j++) cells.set(0, j, 100)
  return cells
}
