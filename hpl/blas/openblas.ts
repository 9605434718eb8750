/**
 * The backend on a CBLAS library of the system: OpenBLAS, BLIS, MKL, Accelerate or any other with CBLAS's names.
 *
 * Invariant: matrices are passed in place, as addresses into the host's memory, shared or not; the library runs in the
 * calling thread and keeps no pointer after the call. koffi, which does the foreign calls, is loaded on first use only.
 *
 * Addresses travel as plain numbers: base address of the buffer, asked for once per buffer, plus the byte offset
 * (user-space addresses stay below 2^53). Measured per call of cblas_daxpy / cblas_dgemm on 8 x 8 (koffi 3.3, Node 20):
 * 107 / 240 ns as numbers, 133 / 295 ns as BigInt pointers, 176 / 342 ns as `array.subarray(offset)`.
 */

import path from 'node:path'
import type koffiModule from 'koffi'
import type { Blas, HostMemory, Uplo, Trans, Diag } from './blas.ts'
import { blockedTrsm } from './blocked-trsm.ts'
import { rememberAddresses, type AddressOf } from './addresses.ts'
import { plainLevel1 } from './plain-level1.ts'

export { findCblas, searchedCblas } from './find-cblas.ts'

type Koffi = typeof koffiModule
type Library = ReturnType<Koffi['load']>
type Call = (...args: (number | string)[]) => number

/** CBLAS's enumerations. */
const COLUMN_MAJOR = 102
const transOf = (trans: Trans): number => (trans === 'N' ? 111 : 112)
const uploOf = (uplo: Uplo): number => (uplo === 'U' ? 121 : 122)
const diagOf = (diag: Diag): number => (diag === 'N' ? 131 : 132)

/**
 * Vectors up to these lengths are handled by plain loops. Measured with n = 64: daxpy 103 ns through the library,
 * 113 ns in a loop; idamax 57 ns (fewer arguments) and 138 ns; n = 8: daxpy 107 ns and 10 ns.
 */
const SHORT = 48
const SHORT_SEARCH = 24

/**
 * A backend that calls the library at `libraryPath`. Local.
 *
 * @param memory where its arrays live; any memory will do
 * @param options.threads threads the library may use for one call, default 1: a rank is one thread
 * @throws Error if the library cannot be loaded or lacks a CBLAS function
 */
export async function createCblas(
  memory: HostMemory,
  libraryPath: string,
  options: { threads?: number } = {},
): Promise<Blas> {
  const { default: koffi } = await import('koffi')
  const library = load(koffi, libraryPath)
  setThreads(library, libraryPath, options.threads ?? 1)
  return {
    kind: 'openblas',
    anyMemory: true,
    description: describe(library, libraryPath),
    alloc: (n) => memory.alloc(n),
    free: (array) => memory.free(array),
    ...blocked(operations(bind(library, libraryPath), rememberAddresses(baseAddresses(koffi))), library),
  }
}

function load(koffi: Koffi, libraryPath: string): Library {
  try {
    return koffi.load(libraryPath)
  } catch (cause) {
    throw new Error(`Cannot load the BLAS library ${libraryPath}: ${(cause as Error).message}`, { cause })
  }
}

/** A function of the library, or undefined if it has none of that name. */
function optional(library: Library, name: string, result: string, args: readonly string[]): Call | undefined {
  try {
    return library.func(name, result, [...args])
  } catch {
    return undefined
  }
}

/** Each library's own way to say how many threads it may use; the first that exists. */
const SET_THREADS = [
  'openblas_set_num_threads',
  'bli_thread_set_num_threads',
  'MKL_Set_Num_Threads',
  'BLASSetThreading', // Accelerate, macOS 15: 0 = many, 1 = one
] as const

/** @throws Error if several are wanted and the library has no way to say so */
function setThreads(library: Library, libraryPath: string, threads: number): void {
  const parallel = optional(library, 'openblas_get_parallel', 'int', [])
  if (threads > 1 && parallel?.() === 0)
    throw new Error(`--threads-per-rank ${threads}: ${libraryPath} is an OpenBLAS built for one thread`)
  for (const name of SET_THREADS) {
    const set = optional(library, name, 'void', [name.startsWith('bli') ? 'int64_t' : 'int'])
    if (set === undefined) continue
    set(name === 'BLASSetThreading' ? Number(threads === 1) : threads)
    return
  }
  if (threads === 1) return
  throw new Error(
    `--threads-per-rank ${threads}: ${libraryPath} has none of the functions that set it: ${SET_THREADS.join(', ')}`,
  )
}

/** Name, version and kernel as far as the library tells: "OpenBLAS 0.3.21 SkylakeX". */
function describe(library: Library, libraryPath: string): string {
  const openblas = optional(library, 'openblas_get_config', 'str', []) as unknown as (() => string) | undefined
  const core = optional(library, 'openblas_get_corename', 'str', []) as unknown as (() => string) | undefined
  if (openblas !== undefined) return [...openblas().split(' ').slice(0, 2), core?.() ?? ''].join(' ').trim()
  const blis = optional(library, 'bli_info_get_version_str', 'str', []) as unknown as (() => string) | undefined
  if (blis !== undefined) return `BLIS ${blis()}`
  return `CBLAS ${path.basename(libraryPath)}`
}

const ADDRESS = 'uintptr_t'

/** Arguments of the CBLAS functions after their names: e an enumeration, i an integer, d a double, p an address. */
const SIGNATURES = {
  cblas_dgemm: 'eeeiiidpipidpi',
  cblas_dtrsm: 'eeeeeiidpipi',
  cblas_dgemv: 'eeiidpipidpi',
  cblas_dger: 'eiidpipipi',
  cblas_dtrsv: 'eeeeipipi',
  cblas_idamax: 'ipi',
  cblas_dscal: 'idpi',
  cblas_daxpy: 'idpipi',
  cblas_dcopy: 'ipipi',
  cblas_dswap: 'ipipi',
} as const

type Functions = Readonly<Record<keyof typeof SIGNATURES, Call>>

function bind(library: Library, libraryPath: string): Functions {
  const types: Readonly<Record<string, string>> = { e: 'int', i: 'int', d: 'double', p: ADDRESS }
  const bound = Object.entries(SIGNATURES).map(([name, letters]) => {
    const result = name === 'cblas_idamax' ? 'size_t' : 'void'
    const call = optional(
      library,
      name,
      result,
      [...letters].map((letter) => types[letter] ?? 'int'),
    )
    if (call === undefined) throw new Error(`${libraryPath} is no CBLAS library: it has no function ${name}`)
    return [name, call] as const
  })
  return Object.fromEntries(bound) as Functions
}

/** Address of an array's first element. The first array of a buffer has koffi asked for the buffer's address. */
function baseAddresses(koffi: Koffi): (array: Float64Array) => number {
  const known = new WeakMap<ArrayBufferLike, number>()
  return ({ buffer, byteOffset }) => {
    let base = known.get(buffer)
    if (base === undefined) {
      // One byte will do, and no typed array could span the shared heap of a host.
      base = Number(koffi.address(new Uint8Array(buffer, 0, 1)))
      known.set(buffer, base)
    }
    return base + byteOffset
  }
}

/** With OpenBLAS, dtrsm is built from its dgemm; the solves of other libraries have not been measured and stay theirs. */
function blocked(own: Operations, library: Library): Operations {
  const isOpenblas = optional(library, 'openblas_get_config', 'str', []) !== undefined
  return isOpenblas ? { ...own, dtrsm: blockedTrsm(own) } : own
}

type Operations = Omit<Blas, 'kind' | 'anyMemory' | 'description' | 'alloc' | 'free'>

/** Libraries report leading dimensions below 1 on standard output, also where the sizes say that there is nothing. */
function operations(f: Functions, at: AddressOf): Operations {
  return { ...level3(f, at), ...level2(f, at), ...level1(f, at) }
}

function level3(f: Functions, at: AddressOf): Pick<Blas, 'dgemm' | 'dtrsm'> {
  return {
    dgemm(transA, transB, m, n, k, alpha, a, a0, lda, b, b0, ldb, beta, c, c0, ldc) {
      if (m <= 0 || n <= 0) return
      const ta = transOf(transA)
      const tb = transOf(transB)
      f.cblas_dgemm(COLUMN_MAJOR, ta, tb, m, n, k, alpha, at(a, a0), lda, at(b, b0), ldb, beta, at(c, c0), ldc)
    },
    dtrsm(side, uplo, trans, diag, m, n, alpha, a, a0, lda, b, b0, ldb) {
      if (m <= 0 || n <= 0) return
      const from = side === 'L' ? 141 : 142
      const shape = uploOf(uplo)
      f.cblas_dtrsm(
        COLUMN_MAJOR,
        from,
        shape,
        transOf(trans),
        diagOf(diag),
        m,
        n,
        alpha,
        at(a, a0),
        lda,
        at(b, b0),
        ldb,
      )
    },
  }
}

function level2(f: Functions, at: AddressOf): Pick<Blas, 'dgemv' | 'dger' | 'dtrsv'> {
  return {
    dgemv(trans, m, n, alpha, a, a0, lda, x, x0, incx, beta, y, y0, incy) {
      if (m <= 0 || n <= 0) {
        // The library returns at once, while y := beta y is still asked for.
        if (beta !== 1) scale(trans === 'N' ? m : n, beta, y, y0, incy)
        return
      }
      f.cblas_dgemv(COLUMN_MAJOR, transOf(trans), m, n, alpha, at(a, a0), lda, at(x, x0), incx, beta, at(y, y0), incy)
    },
    dger(m, n, alpha, x, x0, incx, y, y0, incy, a, a0, lda) {
      if (m <= 0 || n <= 0) return
      f.cblas_dger(COLUMN_MAJOR, m, n, alpha, at(x, x0), incx, at(y, y0), incy, at(a, a0), lda)
    },
    dtrsv(uplo, trans, diag, n, a, a0, lda, x, x0, incx) {
      if (n <= 0) return
      f.cblas_dtrsv(COLUMN_MAJOR, uploOf(uplo), transOf(trans), diagOf(diag), n, at(a, a0), lda, at(x, x0), incx)
    },
  }
}

function scale(n: number, beta: number, y: Float64Array, y0: number, incy: number): void {
  for (let i = 0, p = y0; i < n; i++, p += incy) y[p] = beta === 0 ? 0 : beta * y[p]
}

function level1(f: Functions, at: AddressOf): typeof plainLevel1 {
  return {
    idamax(n, x, x0, incx) {
      if (n <= SHORT_SEARCH) return plainLevel1.idamax(n, x, x0, incx)
      // Vectorised searches may return n or more if there is a NaN.
      return Math.min(f.cblas_idamax(n, at(x, x0), incx), n - 1)
    },
    dscal(n, alpha, x, x0, incx) {
      if (n <= SHORT) plainLevel1.dscal(n, alpha, x, x0, incx)
      else f.cblas_dscal(n, alpha, at(x, x0), incx)
    },
    daxpy(n, alpha, x, x0, incx, y, y0, incy) {
      if (n <= SHORT) plainLevel1.daxpy(n, alpha, x, x0, incx, y, y0, incy)
      else f.cblas_daxpy(n, alpha, at(x, x0), incx, at(y, y0), incy)
    },
    dcopy(n, x, x0, incx, y, y0, incy) {
      if (n <= SHORT) plainLevel1.dcopy(n, x, x0, incx, y, y0, incy)
      else f.cblas_dcopy(n, at(x, x0), incx, at(y, y0), incy)
    },
    dswap(n, x, x0, incx, y, y0, incy) {
      if (n <= SHORT) plainLevel1.dswap(n, x, x0, incx, y, y0, incy)
      else f.cblas_dswap(n, at(x, x0), incx, at(y, y0), incy)
    },
  }
}
