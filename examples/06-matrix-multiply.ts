/**
 * Matrix multiplication on a grid of processes: SUMMA (van de Geijn, Watts, 1997).
 *
 * Process (row, column) holds one block each of A, B and C = A B. For every panel of columns of A and rows of B, the
 * processes that hold it broadcast it: A's along the rows of the grid, B's along the columns. Then everyone multiplies
 * what it has got. The panels are ndarray views of the blocks; nobody packs them.
 */
import ndarray, { type NdArray } from 'ndarray'
import { dimsCreate, Grid, run, SUM } from 'tsmpi'

type Matrix = NdArray<Float64Array>
const N = 48
const a = (i: number, j: number): number => ((i * 3 + j) % 7) - 3
const b = (i: number, j: number): number => ((i + j * 5) % 11) - 5

await run(async ({ world, log }) => {
  const [nprow = 1, npcol = 1] = dimsCreate(world.size, 2)
  const grid = await Grid.create(world, { nprow, npcol })
  const [rows, columns, width] = [N / nprow, N / npcol, N / (nprow * npcol)]
  if (grid === undefined || !Number.isInteger(width)) throw new Error(`choose a number of ranks that divides ${N}`)
  const { myrow, mycol } = grid

  const A = block(rows, columns, (i, j) => a(myrow * rows + i, mycol * columns + j))
  const B = block(rows, columns, (i, j) => b(myrow * rows + i, mycol * columns + j))
  const C = block(rows, columns, () => 0)

  for (let k = 0; k < N; k += width) {
    const ownerColumn = Math.floor(k / columns)
    const ownerRow = Math.floor(k / rows)
    const panelA = mycol === ownerColumn ? part(A, 0, k % columns, rows, width) : block(rows, width, () => 0)
    const panelB = myrow === ownerRow ? part(B, k % rows, 0, width, columns) : block(width, columns, () => 0)
    await Promise.all([grid.row.bcast(panelA, { root: ownerColumn }), grid.column.bcast(panelB, { root: ownerRow })])
    multiplyAdd(C, panelA, panelB)
  }

  let wrong = 0
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) if (C.get(i, j) !== serial(myrow * rows + i, mycol * columns + j)) wrong++
  const allWrong = await world.allreduce(wrong, { op: SUM })
  if (world.rank === 0)
    log(`C = A B, ${N} x ${N} on a ${nprow} x ${npcol} grid: ${allWrong} elements differ from serial`)
  grid.free()
})

function block(rows: number, columns: number, f: typeof a): Matrix {
  const data = Float64Array.from({ length: rows * columns }, (_, k) => f(Math.floor(k / columns), k % columns))
  return ndarray(data, [rows, columns])
}
function part(matrix: Matrix, i: number, j: number, rows: number, columns: number): Matrix {
  return matrix.lo(i, j).hi(rows, columns)
}
function multiplyAdd(C: Matrix, A: Matrix, B: Matrix): void {
  for (let i = 0; i < C.shape[0]; i++)
    for (let k = 0; k < A.shape[1]; k++)
      for (let j = 0; j < C.shape[1]; j++) C.set(i, j, C.get(i, j) + A.get(i, k) * B.get(k, j))
}
function serial(i: number, j: number): number {
  let sum = 0
  for (let k = 0; k < N; k++) sum += a(i, k) * b(k, j)
  return sum
}
