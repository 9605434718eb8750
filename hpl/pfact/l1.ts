/**
 * L1, the jb x jb diagonal block of a panel, as every process row holds it: row k is the k-th pivot row; below the
 * diagonal lie the multipliers (unit lower L), on and above it U. In 'transposed' form the memory holds its transpose,
 * so that the pivot rows, which arrive as messages, are contiguous. What the algorithm says about rows and columns is
 * said once, here it is translated into BLAS calls for either form. Layer below: blas/.
 */
import type { Blas } from '../blas/blas.ts'

export class DiagonalBlock {
  readonly memory: Float64Array
  /** Offset of element (0,0). */
  readonly start: number
  readonly jb: number
  readonly transposed: boolean
  /** Distances of neighbours in a column and in a row. */
  readonly rowStride: number
  readonly columnStride: number
  readonly #blas: Blas

  constructor(blas: Blas, memory: Float64Array, start: number, jb: number, transposed: boolean) {
    this.#blas = blas
    this.memory = memory
    this.start = start
    this.jb = jb
    this.transposed = transposed
    this.rowStride = transposed ? jb : 1
    this.columnStride = transposed ? 1 : jb
  }

  /** Offset of element (i, j). */
  at(i: number, j: number): number {
    return this.start + i * this.rowStride + j * this.columnStride
  }

  /** Rows i..i+k-1 of columns j..j+n-1 := inverse of the unit lower triangle at (i, i) times them. */
  solve(i: number, k: number, j: number, n: number): void {
    const { memory, jb } = this
    const triangle = this.at(i, i)
    const block = this.at(i, j)
    if (this.transposed) this.#blas.dtrsm('R', 'U', 'N', 'U', n, k, 1, memory, triangle, jb, memory, block, jb)
    else this.#blas.dtrsm('L', 'L', 'N', 'U', k, n, 1, memory, triangle, jb, memory, block, jb)
  }

  /** The same for the one column j. */
  solveColumn(i: number, k: number, j: number): void {
    const { memory, jb, rowStride } = this
    const [uplo, trans] = this.transposed ? (['U', 'T'] as const) : (['L', 'N'] as const)
    this.#blas.dtrsv(uplo, trans, 'U', k, memory, this.at(i, i), jb, memory, this.at(i, j), rowStride)
  }

  /** Block (i, j), m x n, -= block (i, p), m x k, times block (p, j), k x n. */
  subtractProduct(i: number, m: number, j: number, n: number, p: number, k: number): void {
    const { memory, jb } = this
    const left = this.at(i, p)
    const right = this.at(p, j)
    const target = this.at(i, j)
    if (this.transposed)
      this.#blas.dgemm('N', 'N', n, m, k, -1, memory, right, jb, memory, left, jb, 1, memory, target, jb)
    else this.#blas.dgemm('N', 'N', m, n, k, -1, memory, left, jb, memory, right, jb, 1, memory, target, jb)
  }

  /** The same for one row: row i of columns j..j+n-1 -= row i of columns p..p+k-1 times block (p, j), k x n. */
  subtractProductFromRow(i: number, j: number, n: number, p: number, k: number): void {
    const { memory, jb, columnStride } = this
    const [trans, rows, columns] = this.transposed ? (['N', n, k] as const) : (['T', k, n] as const)
    const x = this.at(i, p)
    const y = this.at(i, j)
    const matrix = this.at(p, j)
    this.#blas.dgemv(trans, rows, columns, -1, memory, matrix, jb, memory, x, columnStride, 1, memory, y, columnStride)
  }
}
