/**
 * Builds the WebAssembly kernels: hpl/blas/wasm/assembly/*.ts -> dist/hpl/blas/wasm/kernels{,-relaxed}.wasm.
 *
 * Owns the generator of the micro-kernels, which the other sources import as './micro-kernel'; that module exists in
 * memory only. The two builds differ in its `madd` alone: product and sum rounded separately, or relaxed-SIMD FMA.
 *
 * Usage: node scripts/build-wasm.mjs [directory]
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import asc from 'assemblyscript/asc'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = path.join(ROOT, 'hpl/blas/wasm/assembly')

/**
 * Rows of the register tile, in doubles (three f64x2), and its widths. Measured rates on a Sapphire Rapids core at
 * about 3.7 GHz, k = 256, in cache, Gflop/s (mul+add / FMA; the ports allow 22 / 29):
 *   6x3 22.0/28.2   6x4 21.5/20.5   4x4 21.9/24.7   8x2 21.1/25.9   8x3 20.6/20.3   4x6 19.1/19.6
 * 6x3 needs 9 accumulators + 3 of A + 1 of B + 1 product = 14 of V8's 15 free vector registers. Wider tiles spill,
 * narrower ones do not cover the latency of an FMA. Unrolling k gains nothing, and a second loop for the remainder
 * of k makes V8's register allocator spill in the first one (12 to 30 % lost): so one loop, one k a turn. Advancing `a`
 * right after its loads instead of at the loop's end is worth 5 % with FMA (28.1 to 26.7).
 */
const MR = 6
const WIDTHS = [3, 2, 1]

/** AssemblyScript text of one micro-kernel; its contract is the comment it carries. */
function microKernel(nr) {
  const rows = [...Array(MR / 2).keys()]
  const columns = [...Array(nr).keys()]
  const tile = columns.flatMap((j) => rows.map((i) => [i, j]))
  const step = columns.flatMap((j) => [
    `t = v128.load_splat<f64>(b, ${8 * j})`,
    ...rows.map((i) => `c${i}${j} = madd(a${i}, t, c${i}${j})`),
  ])
  return `
/**
 * C += A B for one ${MR} x ${nr} tile that stays in registers; every element is updated in ascending k.
 * a: k columns of ${MR}, each contiguous, \`aStep\` bytes apart (packed: ${8 * MR}; in place: the leading dimension).
 * b: k rows of ${nr}, packed.  c: column-major, \`ldc\` in bytes.  No alignment is assumed, nothing is checked.
 */
export function tile${MR}x${nr}(k: i32, a: usize, aStep: usize, b: usize, c: usize, ldc: usize): void {
  ${columns.map((j) => `const p${j}: usize = ${j === 0 ? 'c' : `p${j - 1} + ldc`}`).join('\n  ')}
  ${tile.map(([i, j]) => `let c${i}${j} = v128.load(p${j}, ${16 * i})`).join('\n  ')}
  let t: v128
  for (; k > 0; k--) {
    ${rows.map((i) => `const a${i} = v128.load(a, ${16 * i})`).join('\n    ')}
    a += aStep
    ${step.join('\n    ')}
    b += ${8 * nr}
  }
  ${tile.map(([i, j]) => `v128.store(p${j}, c${i}${j}, ${16 * i})`).join('\n  ')}
}
`
}

/** The whole generated module for one of the two builds. */
function microKernels(relaxed) {
  const madd = relaxed ? 'f64x2.relaxed_madd(a, b, c)' : 'f64x2.add(f64x2.mul(a, b), c)'
  const nmadd = relaxed ? 'f64x2.relaxed_nmadd(a, b, c)' : 'f64x2.sub(c, f64x2.mul(a, b))'
  return `
/** c + a b by lanes. */
// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 { return ${madd} }
/** c - a b by lanes. */
// @ts-ignore: decorator
@inline export function nmadd(a: v128, b: v128, c: v128): v128 { return ${nmadd} }
${WIDTHS.map(microKernel).join('')}`
}

/** Compiles one build and returns the module's bytes. */
async function compile(relaxed) {
  let binary
  const options = {
    readFile: (name, base) =>
      path.basename(name) === 'micro-kernel.ts'
        ? microKernels(relaxed)
        : readFile(path.join(base, name), 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) binary = contents
    },
    listFiles: () => [],
  }
  const features = ['simd', 'threads', ...(relaxed ? ['relaxed-simd'] : [])].flatMap((name) => ['--enable', name])
  const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '16', '--maximumMemory', '65536']
  const flags = ['-O3', '--runtime', 'stub', '--noAssert', '--baseDir', SOURCES, '--outFile', 'kernels.wasm']
  const { error, stderr } = await asc.main(['index.ts', ...flags, ...features, ...memory], options)
  if (error !== null) throw new Error(`${error.message}\n${stderr.toString()}`)
  return binary
}

const target = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist/hpl/blas/wasm'))
await mkdir(target, { recursive: true })
for (const [name, relaxed] of Object.entries({ 'kernels.wasm': false, 'kernels-relaxed.wasm': true })) {
  const binary = await compile(relaxed)
  await writeFile(path.join(target, name), binary)
  console.log(`${path.relative(ROOT, path.join(target, name))}: ${binary.length} bytes`)
}
