/**
 * Game of Life on a torus: a Cartesian communicator and a nonblocking neighbour collective.
 *
 * The world wraps around, so every process has four neighbours. Each generation exchanges edges, first up and down, then,
 * with the corners that came, left and right; while the second exchange is under way, the cells that need nothing of it
 * are computed. One glider crosses all processes and is where it began after 4 * N generations.
 */
import { Cartcomm, dimsCreate, run, SUM } from 'tsmpi'

const N = 24 // cells each way

await run(async ({ world, log }) => {
  // The extents must divide N; with 1, 2, 3, 4, 6, 8 or 12 processes they do.
  const dims = dimsCreate(world.size, 2)
  const torus = await Cartcomm.create(world, { dims, periods: [true, true], reorder: true })
  if (torus === undefined) return
  const [rows, columns] = [N / (dims[0] as number), N / (dims[1] as number)]
  const [top, left] = [(torus.coords[0] as number) * rows, (torus.coords[1] as number) * columns]
  const vertical = await torus.sub([true, false])
  const horizontal = await torus.sub([false, true])

  // A frame of one cell around my own mirrors the neighbours.
  const width = columns + 2
  let now = new Uint8Array((rows + 2) * width)
  let next = new Uint8Array(now.length)
  const at = (row: number, column: number): number => row * width + column
  for (const [row, column] of [
    [0, 1],
    [1, 2],
    [2, 0],
    [2, 1],
    [2, 2],
  ] as const)
    if (row >= top && row < top + rows && column >= left && column < left + columns)
      now[at(row - top + 1, column - left + 1)] = 1
  const start = now.slice()

  const live = (row: number, column: number): void => {
    let neighbours = -(now[at(row, column)] as number)
    for (let r = row - 1; r <= row + 1; r++)
      for (let c = column - 1; c <= column + 1; c++) neighbours += now[at(r, c)] as number
    next[at(row, column)] = neighbours === 3 || (neighbours === 2 && now[at(row, column)] === 1) ? 1 : 0
  }

  const [edges, halo] = [new Uint8Array(2 * (rows + 2)), new Uint8Array(2 * (rows + 2))]
  for (let generation = 0; generation < 4 * N; generation++) {
    // Neighbours of a dimension: the one below, then the one above; for each the edge that touches it.
    const bands = new Uint8Array(2 * columns)
    bands.set(now.subarray(at(1, 1), at(1, columns + 1)))
    bands.set(now.subarray(at(rows, 1), at(rows, columns + 1)), columns)
    const received = new Uint8Array(2 * columns)
    await vertical.neighborAlltoall(bands, received)
    now.set(received.subarray(0, columns), at(0, 1))
    now.set(received.subarray(columns), at(rows + 1, 1))

    for (let row = 0; row < rows + 2; row++) {
      edges[row] = now[at(row, 1)] as number
      edges[rows + 2 + row] = now[at(row, columns)] as number
    }
    const exchange = horizontal.ineighborAlltoall(edges, halo)
    for (let row = 1; row <= rows; row++) for (let column = 2; column < columns; column++) live(row, column)
    await exchange.wait()
    for (let row = 0; row < rows + 2; row++) {
      now[at(row, 0)] = halo[row] as number
      now[at(row, columns + 1)] = halo[rows + 2 + row] as number
    }
    for (let row = 1; row <= rows; row++) for (const column of [1, columns]) live(row, column)
    ;[now, next] = [next, now]
  }

  let [cells, moved] = [0, 0]
  for (let row = 1; row <= rows; row++)
    for (let column = 1; column <= columns; column++) {
      cells += now[at(row, column)] as number
      if (now[at(row, column)] !== start[at(row, column)]) moved++
    }
  const total = await torus.reduce(cells, { op: SUM })
  const displaced = await torus.reduce(moved, { op: SUM })
  if (torus.rank === 0) log(`${total} cells alive after ${4 * N} generations, ${displaced} not where they began`)
  for (const made of [vertical, horizontal, torus]) made?.free()
})
