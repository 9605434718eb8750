/**
 * Everything that touches the engine's WebAssembly: finds and compiles the kernels' module in the variant that this
 * engine can run, reserves its memory, and instantiates it.
 *
 * The files are outputs of `npm run build` in dist/hpl/blas/wasm/: beside this file when it runs from dist, three
 * folders up when it runs from its source. A compiled module is kept, so that a thread compiles each variant once.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'

/** The functions of assembly/index.ts; addresses are bytes, leading dimensions and increments doubles, flags 0 or 1. */
export interface Kernels {
  readonly WORK_BYTES: { readonly value: number }
  reserve(start: number): void
  microKernelLoop(times: number, k: number): void
  dgemm(
    transA: number,
    transB: number,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    beta: number,
    c: number,
    ldc: number,
  ): void
  dtrsm(
    left: number,
    lower: number,
    trans: number,
    unit: number,
    m: number,
    n: number,
    alpha: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
  ): void
  dgemv(
    trans: number,
    m: number,
    n: number,
    alpha: number,
    a: number,
    lda: number,
    x: number,
    incx: number,
    beta: number,
    y: number,
    incy: number,
  ): void
  dger(
    m: number,
    n: number,
    alpha: number,
    x: number,
    incx: number,
    y: number,
    incy: number,
    a: number,
    lda: number,
  ): void
  dtrsv(lower: number, trans: number, unit: number, n: number, a: number, lda: number, x: number, incx: number): void
  idamax(n: number, x: number, incx: number): number
  dscal(n: number, alpha: number, x: number, incx: number): void
  daxpy(n: number, alpha: number, x: number, incx: number, y: number, incy: number): void
  dcopy(n: number, x: number, incx: number, y: number, incy: number): void
  dswap(n: number, x: number, incx: number, y: number, incy: number): void
}

const FOLDERS = ['./', '../../../dist/hpl/blas/wasm/'] as const
const FILES = { plain: 'kernels.wasm', relaxed: 'kernels-relaxed.wasm' } as const

const PAGE = 65_536
const MAX_PAGES = 65_536

/** The part of the WebAssembly API that is used here; Node's own type declarations of version 20 leave it out. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { readonly exports: unknown }
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => { readonly buffer: SharedArrayBuffer }
}

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }

const compiled = new Map<string, object>()

/**
 * The kernels and the memory they work on, of which nothing is in use yet. Local.
 *
 * @param variant 'relaxed' only if `relaxedSimd()`
 * @param maxBytes most memory to reserve; 4 GiB is the limit, and less is taken if the engine refuses
 * @throws Error if the build has not produced the module's file
 * @throws RangeError if the engine gives no memory at all
 */
export function loadKernels(
  variant: keyof typeof FILES,
  maxBytes: number,
): { kernels: Kernels; buffer: SharedArrayBuffer } {
  const memory = reserveMemory(Math.min(MAX_PAGES, Math.ceil(maxBytes / PAGE)))
  const instance = new WebAssembly.Instance(kernelModule(FILES[variant]), { env: { memory } })
  return { kernels: instance.exports as Kernels, buffer: memory.buffer }
}

/** A shared memory of `pages` pages; half as many again and again while the engine refuses. */
function reserveMemory(pages: number): { readonly buffer: SharedArrayBuffer } {
  for (let initial = pages; ; initial = Math.ceil(initial / 2)) {
    try {
      return new WebAssembly.Memory({ initial, maximum: initial, shared: true })
    } catch (cause) {
      if (!(cause instanceof RangeError) || initial <= 256) throw cause
    }
  }
}

function kernelModule(file: string): object {
  let module = compiled.get(file)
  if (module === undefined) {
    module = new WebAssembly.Module(readKernels(file))
    compiled.set(file, module)
  }
  return module
}

function readKernels(file: string): Uint8Array {
  const places = FOLDERS.map((folder) => fileURLToPath(new URL(folder + file, import.meta.url)))
  for (const place of places) {
    try {
      return readFileSync(place)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    }
  }
  throw new Error(`The wasm kernels are not built: no ${places.join(' nor ')}. Run \`npm run build\` first`)
}

/** (module (func (param v128 v128 v128) (result v128) (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))) */
const RELAXED_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b], // type 0: (v128, v128, v128) -> v128
  ...[0x03, 0x02, 0x01, 0x00], // function 0 has type 0
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x87, 0x02, 0x0b], // its body
)

/**
 * Whether this engine compiles relaxed SIMD. V8 has it switched on since 11.4 (Node 21); Node 20 carries it behind a
 * flag that only gates the decoder, so it may be set at any time and from any thread before the module is compiled.
 */
export function relaxedSimd(): boolean {
  if (WebAssembly.validate(RELAXED_PROBE)) return true
  v8.setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(RELAXED_PROBE)
}
