/**
 * Chooses the backend that a user asked for (`--blas`). The only place that knows all of them.
 */

import type { Blas, HostMemory } from './blas.ts'
import { createCblas, findCblas, searchedCblas } from './openblas.ts'
import { createOrderedBlas } from './ordered.ts'
import { createWasmBlas } from './wasm/wasm-blas.ts'

/** What `--blas` accepts. 'auto' is 'openblas' if a library is found and loads, else 'wasm'. */
export const BLAS_CHOICES = ['auto', 'wasm', 'openblas', 'ordered'] as const
export type BlasChoice = (typeof BLAS_CHOICES)[number]

export interface BlasOptions {
  /** Name or path of the CBLAS library (`--blas-library`); default: the first that is found. */
  readonly library?: string
  /** Threads that the library may use for one call; default 1. */
  readonly threads?: number
}

/**
 * The backend. Local.
 *
 * @param memory where arrays of 'openblas' and 'ordered' live; 'wasm' has memory of its own
 * @throws Error if the choice is unknown, the library that was asked for is not found or does not
 *   load, or the kernels cannot use as many threads as `options` says
 */
export async function createBlas(choice: BlasChoice, memory: HostMemory, options: BlasOptions = {}): Promise<Blas> {
  switch (choice) {
    case 'auto':
      return (await automatic(memory, options)) ?? singleThreaded(createWasmBlas, options)
    case 'wasm':
      return singleThreaded(createWasmBlas, options)
    case 'openblas':
      return createCblas(memory, requireCblas(options.library), threadsOf(options))
    case 'ordered':
      return singleThreaded(() => createOrderedBlas(memory), options)
    default:
      throw new Error(`--blas is ${JSON.stringify(choice)}, expected ${BLAS_CHOICES.join(', ')}`)
  }
}

/** @throws Error if more than one thread is asked for */
function singleThreaded(create: () => Blas, { threads = 1 }: BlasOptions): Blas {
  if (threads === 1) return create()
  throw new Error(
    `--threads-per-rank ${threads}: only the kernels of a CBLAS library use more than one thread; give --blas openblas`,
  )
}

/** A library that was named must work; one that merely lies around may be broken and is then passed over. */
async function automatic(memory: HostMemory, options: BlasOptions): Promise<Blas | undefined> {
  if (options.library !== undefined) return createCblas(memory, requireCblas(options.library), threadsOf(options))
  const found = findCblas()
  if (found === undefined) return undefined
  return createCblas(memory, found, threadsOf(options)).catch(() => undefined)
}

function threadsOf({ threads }: BlasOptions): { threads?: number } {
  return threads === undefined ? {} : { threads }
}

function requireCblas(library: string | undefined): string {
  const found = findCblas(library)
  if (found !== undefined) return found
  const advice = 'give its path with --blas-library PATH, install one (for example libopenblas), or use --blas wasm'
  if (library !== undefined && /[/\\]/.test(library))
    throw new Error(`--blas-library ${library}: no such file; ${advice}`)
  const { names, folders } = searchedCblas(library)
  throw new Error(
    `--blas openblas: no CBLAS library found. Looked for ${names.join(', ')} in ${folders.join(', ')}; ${advice}`,
  )
}
