/**
 * HPL against the speed of the kernels it stands on: Gflops as a share of the dgemm rate of all ranks together.
 *
 * For each grid and backend dgemm (rank-NB updates of two thirds of the local matrix, on all ranks at once) and HPL are
 * measured in turn, `--repeats` times, so that a machine whose clock or neighbours change hits both alike. Shown are
 * medians; the share is the median of the shares of the single repeats.
 *
 * Beside HPL as its HPL.dat says, `--tuned` runs, where it differs, and with `--netlib` netlib HPL from the package hpcc.
 *
 * Usage, after `npm run build`: npm run bench:hpl -- [--n 4000] [--nb 128] [--grids 1x1 1x2 2x1]
 *   [--blas openblas wasm] [--repeats 5] [--depth 1] [--nbmin 8] [--bcast 1] [--netlib] [--json FILE]
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress, type Progress } from '../../commands/progress.ts'
import { findCblas } from '../../hpl/blas/find-cblas.ts'
import { formatHplDat } from '../../hpl/input.ts'
import type { HplParameters } from '../../hpl/parameters.ts'
import { BROADCASTS } from '../../hpl/parameters.ts'
import { JSON_FILE } from './json-file.ts'
import { netlibHpl, type HplTime } from './netlib-hpl.ts'

const options = yargs(hideBin(process.argv))
  .usage('HPL as a share of the dgemm rate of its ranks')
  .option('n', { type: 'number', default: 4000, describe: 'order of the matrix' })
  .option('nb', { type: 'number', default: 128, describe: 'block size' })
  .option('grids', { type: 'string', array: true, default: ['1x1', '1x2', '2x1'], describe: 'process grids' })
  .option('blas', { type: 'string', array: true, default: ['openblas', 'wasm'], describe: 'backends' })
  .option('repeats', { type: 'number', default: 5, describe: 'measurements of each row' })
  .option('depth', { type: 'number', default: 1, describe: 'look-ahead' })
  .option('nbmin', { type: 'number', default: 8, describe: 'columns at which the recursion stops' })
  .option('bcast', { type: 'number', default: 1, describe: 'code of the broadcast topology' })
  .option('swap-threshold', {
    type: 'number',
    default: 64,
    describe: 'columns up to which rows are exchanged binarily',
  })
  .option('seconds', { type: 'number', default: 1, describe: 'length of a dgemm measurement' })
  .option('netlib', { type: 'boolean', default: false, describe: 'measure netlib HPL too (package hpcc)' })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

/** The programs that solve the problem. */
const PROGRAMS = ['hpl', 'hpl --tuned', 'netlib'] as const
type Program = (typeof PROGRAMS)[number]

interface Sample {
  readonly dgemmGflops: number
  readonly hpl: Partial<Record<Program, HplTime>>
}

interface Row {
  readonly grid: string
  readonly blas: string
  readonly description: string
  readonly samples: readonly Sample[]
}

const TSMPIRUN = fileURLToPath(new URL('../../dist/runtime/launcher/tsmpirun.js', import.meta.url))
const DGEMM = fileURLToPath(new URL('programs/dgemm-rate.mjs', import.meta.url))

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** Standard output of a job. @throws Error with what it said if it fails */
function tsmpirun(ranks: number, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSMPIRUN, '-n', String(ranks), ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`tsmpirun ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  return stdout
}

function parseGrid(text: string): { p: number; q: number } {
  const [p, q] = text.split('x').map(Number)
  if (!Number.isInteger(p) || !Number.isInteger(q)) throw new Error(`--grids ${text}: expected PxQ, for example 1x2`)
  return { p: p as number, q: q as number }
}

function inputFor(p: number, q: number): string {
  const { n, nb, nbmin, depth, bcast, swapThreshold } = options
  const topology = BROADCASTS[bcast]
  if (topology === undefined) throw new Error(`--bcast ${bcast}: expected 0..${BROADCASTS.length - 1}`)
  const parameters: HplParameters = {
    outputFile: 'HPL.out',
    device: 6,
    n: [n],
    nb: [nb],
    pmap: 'row',
    grids: [{ p, q }],
    threshold: 16,
    pfact: ['right'],
    nbmin: [nbmin],
    ndiv: [2],
    rfact: ['right'],
    bcast: [topology],
    depth: [depth],
    swap: 'mix',
    swapThreshold,
    l1: 'transposed',
    u: 'transposed',
    equilibrate: true,
    align: 8,
  }
  return formatHplDat(parameters)
}

function measureDgemm(blas: string, p: number, q: number): { gflops: number; description: string } {
  const { n, nb, seconds } = options
  const size = [(2 * n) / 3 / p, (2 * n) / 3 / q].map((value) => String(Math.ceil(value)))
  const line = tsmpirun(p * q, DGEMM, blas, ...size, String(nb), String(seconds))
  const { rates, description } = JSON.parse(line) as { rates: number[]; description: string }
  return { gflops: rates.reduce((sum, rate) => sum + rate, 0), description }
}

function measureHpl(blas: string, ranks: number, dat: string, ...args: string[]): HplTime {
  const text = tsmpirun(ranks, 'hpl', '--blas', blas, '--dat', dat, ...args)
  const line = /^W[RC]\S+ +\d+ +\d+ +\d+ +\d+ +(\S+) +(\S+)$/m.exec(text)
  if (line === null || !text.includes('PASSED')) throw new Error(`HPL has failed:\n${text}`)
  return { seconds: Number(line[1]), gflops: Number(line[2]) }
}

let progress: Progress | undefined

function measure(blas: string, grid: string, folder: string): Row {
  const { p, q } = parseGrid(grid)
  const dat = path.join(folder, `${grid}.dat`)
  const text = inputFor(p, q)
  writeFileSync(dat, text)
  let description = ''
  const samples = Array.from({ length: options.repeats }, (_, repeat): Sample => {
    progress?.begin(`${blas}, ${grid}, repeat ${repeat + 1}`)
    const dgemm = measureDgemm(blas, p, q)
    description = dgemm.description
    const hpl: Sample['hpl'] = {
      hpl: measureHpl(blas, p * q, dat),
      'hpl --tuned': measureHpl(blas, p * q, dat, '--tuned'),
    }
    const netlib = options.netlib && blas === 'openblas' ? netlibHpl(p * q, text, folder) : undefined
    progress?.end()
    return { dgemmGflops: dgemm.gflops, hpl: netlib === undefined ? hpl : { ...hpl, netlib } }
  })
  return { grid, blas, description, samples }
}

/** A line for each program that has run. */
function print({ grid, blas, samples }: Row): void {
  const dgemm = median(samples.map(({ dgemmGflops }) => dgemmGflops))
  for (const program of PROGRAMS) {
    const times = samples.flatMap(({ hpl, dgemmGflops }) => {
      const time = hpl[program]
      return time === undefined ? [] : [{ gflops: time.gflops, share: time.gflops / dgemmGflops }]
    })
    if (times.length === 0) continue
    const shares = times.map(({ share }) => share)
    const range = `${Math.min(...shares).toFixed(2)}-${Math.max(...shares).toFixed(2)}`
    const gflops = median(times.map((time) => time.gflops))
    const numbers = [dgemm, gflops].map((number) => number.toFixed(1).padStart(10)).join(' ')
    console.log(
      `${blas.padEnd(10)}${grid.padEnd(6)}${program.padEnd(12)} ${numbers} ${median(shares).toFixed(2).padStart(8)}   ${range}`,
    )
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'tsmpi-bench-'))
try {
  console.log(`HPL N=${options.n} NB=${options.nb} depth ${options.depth}, ${options.repeats} repeats`)
  console.log('backend   grid  program       dgemm sum     Gflops    share   range')
  const backends = options.blas.filter((blas) => blas !== 'openblas' || findCblas() !== undefined)
  const total = backends.length * options.grids.length * options.repeats
  progress = showProgress(process.stderr, { total, terminalOnly: true })
  const rows = backends.flatMap((blas) => options.grids.map((grid) => {
    const row = measure(blas, grid, folder)
    progress?.clear()
    print(row)
    return row
  })) // prettier-ignore
  progress.stop()
  for (const description of new Set(rows.map((row) => `${row.blas}: ${row.description}`))) console.log(description)
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ options, rows }, undefined, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}
