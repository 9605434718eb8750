/**
 * Rates of the BLAS backends where HPL spends its time: the wasm micro-kernel in cache, dgemm for square matrices, the
 * rank-NB updates, the triangular solves and tall narrow products, and what a call costs.
 *
 * Every row is measured `--repeats` times, the rows of a group taking turns, so that a machine whose clock or neighbours
 * change hits them alike. Shown are the median and the range.
 *
 * Usage, after `npm run build`: npm run bench:dgemm -- [--n 2000] [--nb 64 128 192 256] [--repeats 5] [--json FILE]
 */

import { writeFileSync } from 'node:fs'
import os from 'node:os'
import process from 'node:process'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'
import type { Blas, HostMemory } from '../../hpl/blas/blas.ts'
import { createCblas, findCblas } from '../../hpl/blas/openblas.ts'
import { relaxedSimd } from '../../hpl/blas/wasm/module.ts'
import { createWasmBlas, type WasmBlas } from '../../hpl/blas/wasm/wasm-blas.ts'
import { JSON_FILE } from './json-file.ts'

const options = yargs(hideBin(process.argv))
  .usage('Rates of the BLAS backends where HPL spends its time')
  .option('n', { type: 'number', default: 2000, describe: 'order of the matrices' })
  .option('nb', { type: 'number', array: true, default: [64, 128, 192, 256], describe: 'block sizes' })
  .option('repeats', { type: 'number', default: 5, describe: 'measurements of each row' })
  .option('library', { type: 'string', describe: 'name or path of the CBLAS library' })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

/** One line of the table: `run` does the work once and returns its flops, or the number of calls. */
interface Row {
  readonly backend: string
  readonly what: string
  readonly unit: 'Gflop/s' | 'ns/call'
  readonly run: () => number
  readonly samples: number[]
}

interface Matrices {
  readonly a: Float64Array
  readonly b: Float64Array
  readonly c: Float64Array
}

const sharedMemory: HostMemory = {
  alloc: (n) => new Float64Array(new SharedArrayBuffer(8 * n)),
  free: () => undefined,
}

/** The operands of all rows of one backend: random, with a diagonal that keeps repeated solves from overflowing. */
function matrices(blas: Blas, n: number): Matrices {
  const [a, b, c] = [blas.alloc(n * n), blas.alloc(n * n), blas.alloc(n * n)]
  for (let i = 0; i < n * n; i++) {
    a[i] = (Math.random() - 0.5) / n
    b[i] = Math.random() - 0.5
  }
  return { a, b, c }
}

type Measure = (what: string, unit: Row['unit'], run: () => number) => void

function microKernelRow(blas: WasmBlas, add: Measure): void {
  add('micro-kernel in cache', 'Gflop/s', () => {
    let flops = 0
    for (let i = 0; i < 400; i++) flops += blas.microKernelLoop(10, 256)
    return flops
  })
}

function productRows(blas: Blas, { a, b, c }: Matrices, n: number, add: Measure): void {
  add(`dgemm NN ${n} x ${n} x ${n}`, 'Gflop/s', () => {
    blas.dgemm('N', 'N', n, n, n, -1, a, 0, n, b, 0, n, 1, c, 0, n)
    return 2 * n ** 3
  })
  for (const nb of options.nb) {
    for (const transB of ['N', 'T'] as const) {
      add(`dgemm N${transB} ${n} x ${n} x ${nb}`, 'Gflop/s', () => {
        blas.dgemm('N', transB, n, n, nb, -1, a, 0, n, b, 0, n, 1, c, 0, n)
        return 2 * n * n * nb
      })
    }
  }
  for (const width of [4, 8, 16, 32]) {
    add(`dgemm NN ${n} x ${width} x ${width}`, 'Gflop/s', () => {
      for (let i = 0; i < 20; i++) blas.dgemm('N', 'N', n, width, width, -1, a, 0, n, b, 0, n, 1, c, 0, n)
      return 40 * n * width * width
    })
  }
}

function solveRows(blas: Blas, { a, c }: Matrices, n: number, add: Measure): void {
  const nb = Math.min(128, n)
  for (const [uplo, trans] of [
    ['L', 'N'],
    ['U', 'T'],
  ] as const) {
    add(`dtrsm L${uplo}${trans}U ${nb} x ${n}`, 'Gflop/s', () => {
      blas.dtrsm('L', uplo, trans, 'U', nb, n, 1, a, 0, n, c, 0, n)
      return n * nb * nb
    })
  }
  for (const [uplo, trans] of [
    ['U', 'N'],
    ['L', 'T'],
  ] as const) {
    add(`dtrsm R${uplo}${trans}U ${n} x ${nb}`, 'Gflop/s', () => {
      blas.dtrsm('R', uplo, trans, 'U', n, nb, 1, a, 0, n, c, 0, n)
      return n * nb * nb
    })
  }
}

function vectorRows(blas: Blas, { a, b, c }: Matrices, n: number, add: Measure): void {
  const repeat = (flops: number, call: () => void): (() => number) => {
    return () => {
      for (let i = 0; i < 50; i++) call()
      return 50 * flops
    }
  }
  const dgemvN = (): void => blas.dgemv('N', n, 16, -1, a, 0, n, b, 0, 1, 1, c, 0, 1)
  const dgemvT = (): void => blas.dgemv('T', n, 16, -1, a, 0, n, b, 0, 1, 1, c, 0, 1)
  add(`dgemv N ${n} x 16`, 'Gflop/s', repeat(32 * n, dgemvN))
  add(`dgemv T ${n} x 16`, 'Gflop/s', repeat(32 * n, dgemvT))
  add(
    `dger ${n} x 16`,
    'Gflop/s',
    repeat(32 * n, () => blas.dger(n, 16, 1e-9, a, 0, 1, b, 0, 1, c, 0, n)),
  )
  add(
    `idamax ${n}`,
    'Gflop/s',
    repeat(n, () => void blas.idamax(n, b, 0, 1)),
  )
  add(
    `dscal ${n}`,
    'Gflop/s',
    repeat(n, () => blas.dscal(n, -1, c, 0, 1)),
  )
}

function callRows(blas: Blas, { a, b, c }: Matrices, add: Measure): void {
  const repeat = (call: () => void): (() => number) => {
    return () => {
      for (let i = 0; i < 20_000; i++) call()
      return 20_000
    }
  }
  for (const size of [2, 4, 8, 16]) {
    const call = (): void => blas.dgemm('N', 'N', size, size, size, -1, a, 0, 32, b, 0, 32, 1, c, 0, 32)
    add(`dgemm NN ${size} x ${size} x ${size}`, 'ns/call', repeat(call))
  }
  add(
    'dtrsm LLNU 4 x 4',
    'ns/call',
    repeat(() => blas.dtrsm('L', 'L', 'N', 'U', 4, 4, 1, a, 0, 32, c, 0, 32)),
  )
  add(
    'dger 8 x 3',
    'ns/call',
    repeat(() => blas.dger(8, 3, 1e-9, a, 0, 1, b, 0, 1, c, 0, 32)),
  )
  add(
    'idamax 8',
    'ns/call',
    repeat(() => void blas.idamax(8, b, 0, 1)),
  )
  add(
    'dswap 8, stride 32',
    'ns/call',
    repeat(() => blas.dswap(8, a, 0, 32, b, 0, 32)),
  )
}

async function backends(): Promise<readonly Blas[]> {
  const library = findCblas(options.library)
  const wasm = [createWasmBlas({ fma: false }), ...(relaxedSimd() ? [createWasmBlas()] : [])]
  if (library === undefined) console.log('No CBLAS library found: wasm only.')
  return library === undefined ? wasm : [...wasm, await createCblas(sharedMemory, library)]
}

/** Rows grouped by what they measure, so that the backends of a group take turns. */
async function buildRows(): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const blas of await backends()) {
    const operands = matrices(blas, options.n)
    const add: Measure = (what, unit, run) => {
      rows.push({ backend: blas.description, what, unit, run, samples: [] })
    }
    if ('microKernelLoop' in blas) microKernelRow(blas as WasmBlas, add)
    productRows(blas, operands, options.n, add)
    solveRows(blas, operands, options.n, add)
    vectorRows(blas, operands, options.n, add)
    callRows(blas, operands, add)
  }
  const groups = [...new Set(rows.map((row) => row.what))]
  return groups.flatMap((what) => rows.filter((row) => row.what === what))
}

/** One sample: enough runs to take 20 ms at least, so that the clock's grain does not show. */
function sample({ run, unit }: Row): number {
  let work = 0
  let elapsedNs = 0
  const start = process.hrtime.bigint()
  do {
    work += run()
    elapsedNs = Number(process.hrtime.bigint() - start)
  } while (elapsedNs < 20e6)
  return unit === 'Gflop/s' ? work / elapsedNs : elapsedNs / work
}

function measure(rows: readonly Row[]): void {
  // The first round lets V8 compile and is dropped.
  const progress = showProgress(process.stderr, { total: options.repeats + 1, terminalOnly: true })
  for (let round = 0; round <= options.repeats; round++) {
    progress.begin(round === 0 ? 'warming up' : `round ${round}`)
    for (const row of rows) {
      const value = sample(row)
      if (round > 0) row.samples.push(value)
    }
    progress.end()
  }
  progress.stop()
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y)
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2
}

/**
 * What the table and the file say of a row; `share` is of the micro-kernel's rate of the same backend. It compares the
 * best samples: neighbours on the machine only ever slow a sample down, and not both alike.
 */
function report(row: Row, rows: readonly Row[]): Record<string, string | number> {
  const { backend, what, unit, samples } = row
  const kernel = rows.find((other) => other.backend === backend && other.what.startsWith('micro-kernel'))
  const share = kernel !== undefined && unit === 'Gflop/s' ? Math.max(...samples) / Math.max(...kernel.samples) : NaN
  return {
    what,
    backend,
    unit,
    median: median(samples),
    lowest: Math.min(...samples),
    highest: Math.max(...samples),
    ...(Number.isNaN(share) ? {} : { share }),
  }
}

const rows = await buildRows()
measure(rows)
const results = rows.map((row) => report(row, rows))
const machine = { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version }
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, median of ${options.repeats} (range)`)
for (const { what, backend, unit, median: middle, lowest, highest, share } of results) {
  const range = `(${Number(lowest).toFixed(1)} to ${Number(highest).toFixed(1)})`
  const part = share === undefined ? '' : `${(100 * Number(share)).toFixed(0)} % of micro-kernel`
  const value = `${Number(middle).toFixed(1).padStart(8)} ${unit}`
  console.log(`${String(what).padEnd(28)}${String(backend).padEnd(50)}${value} ${range.padEnd(20)} ${part}`)
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine, results }, null, 2)}\n`)
