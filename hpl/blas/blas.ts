/**
 * The BLAS seam: the operations HPL needs, in BLAS's own names and argument order, on column-major `Float64Array`s.
 *
 * Every matrix argument is a triple (array, offset of element (0,0), leading dimension); vectors are (array, offset,
 * increment) with positive increments. Kernels do not check their arguments and do not allocate; HPL guarantees the
 * shapes. Arrays come from `alloc` of the same backend, which places them where both its kernels and the messages of
 * the runtime reach them without a copy. Zero sizes are legal everywhere and do nothing.
 *
 * Backends: ordered.ts (bit-exact reference), wasm/ (embedded default), openblas.ts (a CBLAS library of the system).
 * Reference: Dongarra et al., "A Set of Level 3 Basic Linear Algebra Subprograms", ACM TOMS 16, 1990.
 */

export type Trans = 'N' | 'T'
export type Side = 'L' | 'R'
export type Uplo = 'L' | 'U'
export type Diag = 'N' | 'U'

export interface Blas {
  /** What `--blas` calls it: 'wasm', 'openblas', 'ordered'. */
  readonly kind: string
  /** Whether arrays may lie in any memory of the thread, also in that of other ranks; if not, only in that of `alloc`. */
  readonly anyMemory: boolean
  /** Library, version and kernel, for reports: "OpenBLAS 0.3.21 SkylakeX", "wasm f64x2 6x4 mul+add". */
  readonly description: string

  /** A zeroed array of `n` doubles in memory that the kernels and the transport can address, 64-byte aligned. @throws RangeError if there is no memory */
  alloc(n: number): Float64Array
  /** Gives memory of `alloc` back. The array must not be used afterwards. */
  free(array: Float64Array): void

  /** C := alpha op(A) op(B) + beta C, with op(A) m x k, op(B) k x n, C m x n. */
  dgemm(
    transA: Trans,
    transB: Trans,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: Float64Array,
    a0: number,
    lda: number,
    b: Float64Array,
    b0: number,
    ldb: number,
    beta: number,
    c: Float64Array,
    c0: number,
    ldc: number,
  ): void

  /** B := alpha op(A)^-1 B (side L, A m x m) or alpha B op(A)^-1 (side R, A n x n), A triangular, B m x n. */
  dtrsm(
    side: Side,
    uplo: Uplo,
    trans: Trans,
    diag: Diag,
    m: number,
    n: number,
    alpha: number,
    a: Float64Array,
    a0: number,
    lda: number,
    b: Float64Array,
    b0: number,
    ldb: number,
  ): void

  /** y := alpha op(A) x + beta y, A m x n. */
  dgemv(
    trans: Trans,
    m: number,
    n: number,
    alpha: number,
    a: Float64Array,
    a0: number,
    lda: number,
    x: Float64Array,
    x0: number,
    incx: number,
    beta: number,
    y: Float64Array,
    y0: number,
    incy: number,
  ): void

  /** A := alpha x y' + A, A m x n. */
  dger(
    m: number,
    n: number,
    alpha: number,
    x: Float64Array,
    x0: number,
    incx: number,
    y: Float64Array,
    y0: number,
    incy: number,
    a: Float64Array,
    a0: number,
    lda: number,
  ): void

  /** x := op(A)^-1 x, A n x n triangular. */
  dtrsv(
    uplo: Uplo,
    trans: Trans,
    diag: Diag,
    n: number,
    a: Float64Array,
    a0: number,
    lda: number,
    x: Float64Array,
    x0: number,
    incx: number,
  ): void

  /** Index (0-based, in elements of the vector) of the first element of largest absolute value; -1 if n <= 0. */
  idamax(n: number, x: Float64Array, x0: number, incx: number): number
  /** x := alpha x. */
  dscal(n: number, alpha: number, x: Float64Array, x0: number, incx: number): void
  /** y := alpha x + y. */
  daxpy(
    n: number,
    alpha: number,
    x: Float64Array,
    x0: number,
    incx: number,
    y: Float64Array,
    y0: number,
    incy: number,
  ): void
  /** y := x. */
  dcopy(n: number, x: Float64Array, x0: number, incx: number, y: Float64Array, y0: number, incy: number): void
  /** x and y change places. */
  dswap(n: number, x: Float64Array, x0: number, incx: number, y: Float64Array, y0: number, incy: number): void
}

/** Memory for a backend that can work anywhere: the runtime's shared heap of the host. */
export interface HostMemory {
  alloc(n: number): Float64Array
  free(array: Float64Array): void
}
