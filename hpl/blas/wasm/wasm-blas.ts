/**
 * The embedded backend: SIMD kernels in WebAssembly on a memory of their own.
 *
 * Invariant: every array that kernels see is a view of that memory, so an argument is a byte address and no call copies
 * or allocates. The memory is shared, so other threads read it in place; it is reserved as large as the engine allows
 * and committed by the page on first use. Its first part is the kernels' work space, the rest is the heap of `alloc`.
 * Below: module.ts, heap.ts, and the sources in assembly/.
 */

import type { Blas } from '../blas.ts'
import { rememberAddresses } from '../addresses.ts'
import { Heap } from './heap.ts'
import { loadKernels, relaxedSimd, type Kernels } from './module.ts'

export interface WasmBlasOptions {
  /** Whether to use fused multiply-add where the engine has relaxed SIMD; default true. */
  readonly fma?: boolean
  /** Most memory to reserve, in bytes; default and limit 4 GiB. */
  readonly maxBytes?: number
}

/** The backend, and what benchmarks want to know of it. */
export interface WasmBlas extends Blas {
  readonly fma: boolean
  /** Runs the micro-kernel `times` times on data in cache, `k` <= 256 updates each. Returns the flops it has done. */
  microKernelLoop(times: number, k: number): number
}

const WORK_START = 65_536 // nothing lives at low addresses, where a zero offset by mistake would land
const TILE_FLOPS = 2 * 6 * 3

/**
 * The embedded backend with a memory of its own. Local.
 *
 * @throws Error if the kernels have not been built
 * @throws RangeError if the engine gives no memory
 */
export function createWasmBlas(options: WasmBlasOptions = {}): WasmBlas {
  const fma = options.fma !== false && relaxedSimd()
  const { kernels, buffer } = loadKernels(fma ? 'relaxed' : 'plain', options.maxBytes ?? 2 ** 32)
  kernels.reserve(WORK_START)
  const heapStart = WORK_START + kernels.WORK_BYTES.value
  return {
    kind: 'wasm',
    anyMemory: false,
    description: `wasm f64x2 6x3 ${fma ? 'fused multiply-add (relaxed SIMD)' : 'mul+add'}`,
    fma,
    microKernelLoop(times, k) {
      kernels.microKernelLoop(times, k)
      return times * k * TILE_FLOPS
    },
    ...memoryOf(buffer, new Heap(heapStart, buffer.byteLength)),
    ...operations(kernels, buffer),
  }
}

function memoryOf(buffer: ArrayBufferLike, heap: Heap): Pick<Blas, 'alloc' | 'free'> {
  return {
    alloc(n) {
      const { start, fresh } = heap.allocate(8 * n)
      const array = new Float64Array(buffer, start, n)
      // Memory never handed out before is still zero, and writing zeros would commit its pages.
      array.fill(0, 0, Math.max(0, Math.ceil((fresh - start) / 8)))
      return array
    },
    free: (array) => heap.release(baseIn(buffer, array)),
  }
}

/** Byte address of an array's first element; an array of other memory must not be taken for an address in this one. */
function baseIn(buffer: ArrayBufferLike, array: Float64Array): number {
  if (array.buffer !== buffer) throw foreignArray(array)
  return array.byteOffset
}

function foreignArray(array: Float64Array): Error {
  return new Error(
    `invariant: an array of ${array.length} doubles was handed to the wasm kernels that did not come from alloc() of the same backend`,
  )
}

function operations(
  kernels: Kernels,
  buffer: ArrayBufferLike,
): Omit<Blas, 'kind' | 'anyMemory' | 'description' | 'alloc' | 'free'> {
  const at = rememberAddresses((array) => baseIn(buffer, array))
  return {
    dgemm(transA, transB, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc) {
      const ta = transA === 'T' ? 1 : 0
      const tb = transB === 'T' ? 1 : 0
      kernels.dgemm(ta, tb, m, n, k, alpha, at(a, a0), lda, at(b, b0), ldb, beta, at(c, c0), ldc)
    },
    dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb) {
      const left = side === 'L' ? 1 : 0
      const lower = uplo === 'L' ? 1 : 0
      const transposed = trans === 'T' ? 1 : 0
      kernels.dtrsm(left, lower, transposed, diag === 'U' ? 1 : 0, m, n, alpha, at(a, a0), lda, at(b, b0), ldb)
    },
    dgemv(trans, m, n, alpha, a, a0, lda, x, x0, incx, beta, y, y0, incy) {
      kernels.dgemv(trans === 'T' ? 1 : 0, m, n, alpha, at(a, a0), lda, at(x, x0), incx, beta, at(y, y0), incy)
    },
    dger(m, n, alpha, x, x0, incx, y, y0, incy, a, a0, lda) {
      kernels.dger(m, n, alpha, at(x, x0), incx, at(y, y0), incy, at(a, a0), lda)
    },
    dtrsv(uplo, trans, diag, n, a, a0, lda, x, x0, incx) {
      const lower = uplo === 'L' ? 1 : 0
      kernels.dtrsv(lower, trans === 'T' ? 1 : 0, diag === 'U' ? 1 : 0, n, at(a, a0), lda, at(x, x0), incx)
    },
    idamax: (n, x, x0, incx) => kernels.idamax(n, at(x, x0), incx),
    dscal: (n, alpha, x, x0, incx) => kernels.dscal(n, alpha, at(x, x0), incx),
    daxpy: (n, alpha, x, x0, incx, y, y0, incy) => kernels.daxpy(n, alpha, at(x, x0), incx, at(y, y0), incy),
    dcopy: (n, x, x0, incx, y, y0, incy) => kernels.dcopy(n, at(x, x0), incx, at(y, y0), incy),
    dswap: (n, x, x0, incx, y, y0, incy) => kernels.dswap(n, at(x, x0), incx, at(y, y0), incy),
  }
}
