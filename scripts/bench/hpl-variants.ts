/**
 * The variants of HPL side by side on this machine: what each costs in time, messages and memory, when nothing else differs.
 *
 * Each group changes one thing of a common problem. The variants of a group run in one job, in turns, `--repeats` times
 * after a first solve that is checked and not timed. Shown are the median time, its ratio to the fastest of the group, the
 * time of the phase that the variant concerns (largest of all ranks), messages and megabytes along process columns and
 * rows (all ranks together), and the memory of the largest rank beyond its part of the matrix.
 *
 * Usage, after `npm run build`: npm run bench:hpl-variants -- [--n 1536] [--nb 64] [--blas auto] [--repeats 5]
 *   [--groups bcast depth] [--json FILE]
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { median, min } from 'mathjs'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'
import { showProgress } from '../../commands/progress.ts'
import { BLAS_CHOICES } from '../../hpl/blas/select.ts'
import type { DetailedTimes } from '../../hpl/output.ts'
import { gflops } from '../../hpl/output.ts'
import { BROADCASTS, FACTORISATIONS, STORAGE_FORMS, SWAPS, type HplParameters } from '../../hpl/parameters.ts'
import { JSON_FILE } from './json-file.ts'

const TSMPIRUN = fileURLToPath(new URL('../../dist/runtime/launcher/tsmpirun.js', import.meta.url))
const PROGRAM = fileURLToPath(new URL('programs/hpl-variants.mjs', import.meta.url))

interface Choice {
  readonly name: string
  readonly parameters: Partial<HplParameters>
}

interface Group {
  readonly title: string
  readonly p: number
  readonly q: number
  /** The phase that the variants are about. */
  readonly phase: keyof DetailedTimes
  readonly hosts?: number
  readonly choices: readonly Choice[]
}

const each = <T>(values: readonly T[], parameters: (value: T) => Partial<HplParameters>): Choice[] =>
  values.map((value) => ({ name: String(value), parameters: parameters(value) }))
const broadcasts = (depth: number): Choice[] => each(BROADCASTS, (bcast) => ({ bcast: [bcast], depth: [depth] }))
const GRIDS = [[1, 4], [2, 2], [4, 1]] as const // prettier-ignore
const grids: Choice[] = GRIDS.map(([p, q]) => ({ name: `${p}x${q}`, parameters: { grids: [{ p, q }] } }))

const GROUPS: Readonly<Record<string, Group>> = {
  pfact: {
    title: 'RFACT and PFACT (recursion, kernel)',
    p: 2,
    q: 1,
    phase: 'rfact',
    choices: FACTORISATIONS.flatMap((rfact) =>
      FACTORISATIONS.map((pfact) => ({ name: `${rfact}, ${pfact}`, parameters: { rfact: [rfact], pfact: [pfact] } })),
    ),
  },
  nbmin: {
    title: 'NBMIN and NDIV',
    p: 2,
    q: 1,
    phase: 'rfact',
    choices: [2, 4].flatMap((ndiv) =>
      [1, 4, 8, 16, 64].map((nbmin) => ({ name: `${nbmin}, ${ndiv}`, parameters: { nbmin: [nbmin], ndiv: [ndiv] } })),
    ),
  },
  bcast: { title: 'BCAST, two hosts, DEPTH 0', p: 1, q: 6, hosts: 2, phase: 'update', choices: broadcasts(0) },
  'bcast-ahead': { title: 'BCAST, two hosts, DEPTH 1', p: 1, q: 6, hosts: 2, phase: 'update', choices: broadcasts(1) },
  depth: { title: 'DEPTH', p: 1, q: 2, phase: 'update', choices: each([0, 1, 2, 3], (depth) => ({ depth: [depth] })) },
  swap: {
    title: 'SWAP, four process rows',
    p: 4,
    q: 1,
    phase: 'laswp',
    choices: [
      ...each(SWAPS, (swap) => ({ swap })),
      { name: 'spread-roll, not equilibrated', parameters: { swap: 'spread-roll', equilibrate: false } },
    ],
  },
  storage: {
    title: 'L1 and U',
    p: 2,
    q: 1,
    phase: 'update',
    choices: STORAGE_FORMS.flatMap((l1) => STORAGE_FORMS.map((u) => ({ name: `${l1}, ${u}`, parameters: { l1, u } }))),
  },
  grid: { title: 'P x Q, one host', p: 4, q: 1, phase: 'rfact', choices: grids },
  'grid-hosts': { title: 'P x Q, two hosts, row-major', p: 4, q: 1, hosts: 2, phase: 'rfact', choices: grids },
  'grid-columns': {
    title: 'P x Q, two hosts, column-major',
    p: 4,
    q: 1,
    hosts: 2,
    phase: 'rfact',
    choices: grids.map(({ name, parameters }) => ({ name, parameters: { ...parameters, pmap: 'column' } })),
  },
  nb: { title: 'NB', p: 1, q: 1, phase: 'rfact', choices: each([16, 32, 64, 128, 192, 256], (nb) => ({ nb: [nb] })) },
  align: { title: 'ALIGN', p: 1, q: 1, phase: 'update', choices: each([1, 4, 7, 8, 16], (align) => ({ align })) },
}

const options = yargs(hideBin(process.argv))
  .usage('The variants of HPL side by side')
  .option('n', { type: 'number', default: 1536, describe: 'order of the matrix' })
  .option('nb', { type: 'number', default: 64, describe: 'block size' })
  .option('blas', { choices: BLAS_CHOICES, default: 'auto' as const, describe: 'kernels' })
  .option('repeats', { type: 'number', default: 5, describe: 'timed solves of each variant' })
  .option('groups', {
    choices: Object.keys(GROUPS),
    array: true,
    default: Object.keys(GROUPS),
    describe: 'what to vary',
  })
  .option('json', JSON_FILE)
  .strict()
  .parseSync()

interface Result {
  readonly columnMessages: number
  readonly columnBytes: number
  readonly rowMessages: number
  readonly rowBytes: number
  /** Memory of the largest rank. */
  readonly bytes: number
  readonly seconds: readonly number[]
  readonly phases: readonly DetailedTimes[]
}

interface Row extends Result {
  readonly group: string
  readonly name: string
  readonly medianSeconds: number
  readonly medianPhase: number
  /** Memory of the largest rank beyond 8 n^2 / (p q) bytes, as a share of that. */
  readonly overhead: number
}

function parametersOf({ p, q }: Group, { parameters }: Choice): HplParameters {
  return {
    outputFile: '',
    device: 6,
    n: [options.n],
    nb: [options.nb],
    pmap: 'row',
    grids: [{ p, q }],
    threshold: 16,
    pfact: ['right'],
    nbmin: [8],
    ndiv: [2],
    rfact: ['right'],
    bcast: ['1ringM'],
    depth: [0],
    swap: 'mix',
    swapThreshold: 64,
    l1: 'transposed',
    u: 'transposed',
    equilibrate: true,
    align: 8,
    ...parameters,
  }
}

function measure(name: string, group: Group): { rows: Row[]; description: string } {
  const { p, q, hosts, choices, phase } = group
  const { blas, repeats, n } = options
  const job = JSON.stringify({ blas, repeats, variants: choices.map((choice) => parametersOf(group, choice)) })
  const args = [TSMPIRUN, '-n', String(p * q), ...(hosts === undefined ? [] : ['--emulate-hosts', String(hosts)])]
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, PROGRAM, job], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} ended with ${status}:\n${stdout}${stderr}`)
  const { results, description } = JSON.parse(stdout) as { results: Result[]; description: string }
  const rows = results.map((result, k): Row => ({
    group: name,
    name: choices[k]?.name ?? '',
    medianSeconds: median(...result.seconds),
    medianPhase: median(...result.phases.map((times) => times[phase])),
    overhead: result.bytes / ((8 * n ** 2) / (p * q)) - 1,
    ...result,
  }))
  return { rows, description }
}

const COLUMNS: readonly (readonly [head: string, cell: (row: Row, fastest: number) => string])[] = [
  ['s', (row) => row.medianSeconds.toFixed(3)],
  ['ratio', (row, fastest) => (row.medianSeconds / fastest).toFixed(2)],
  ['Gflops', (row) => gflops(options.n, row.medianSeconds).toFixed(1)],
  ['s in the phase', (row) => row.medianPhase.toFixed(3)],
  ['messages in columns', (row) => String(row.columnMessages)],
  ['MB in columns', (row) => (row.columnBytes / 1e6).toFixed(1)],
  ['messages in rows', (row) => String(row.rowMessages)],
  ['MB in rows', (row) => (row.rowBytes / 1e6).toFixed(1)],
  ['memory beyond the matrix', (row) => `${(100 * row.overhead).toFixed(1)} %`],
]

/** A table in Markdown; what is the same in all rows stands above it. */
function print({ title, p, q, phase, choices }: Group, rows: readonly Row[]): void {
  const fastest = min(rows.map(({ medianSeconds }) => medianSeconds))
  const columns = COLUMNS.map(([head, cell]) => ({ head, cells: rows.map((row) => cell(row, fastest)) }))
  const differing = columns.filter(({ cells }) => new Set(cells).size > 1)
  const same = columns.filter(({ cells }) => new Set(cells).size === 1 && Number(cells[0]) !== 0)
  const grid = choices.every(({ parameters }) => parameters.grids === undefined) ? [`${p} x ${q}`] : []
  const facts = [...grid, `phase: ${phase}`, ...same.map(({ head, cells }) => `${head}: ${cells[0]}`)]
  console.log(`\n**${title}** (${facts.join('; ')})\n`)
  console.log(`| variant | ${differing.map(({ head }) => head).join(' | ')} |`)
  console.log(`|---|${differing.map(() => '---|').join('')}`)
  rows.forEach((row, k) => console.log(`| ${row.name} | ${differing.map(({ cells }) => cells[k]).join(' | ')} |`))
}

const { n, nb, repeats, groups, json } = options
const machine = `${os.cpus().length} x ${os.cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`
const date = new Date().toISOString().slice(0, 10)
console.log(`HPL N=${n} NB=${nb}, median of ${repeats}; ${machine}; ${date}`)
const rows: Row[] = []
let kernels = ''
const progress = showProgress(process.stderr, { total: groups.length, terminalOnly: true })
for (const name of groups) {
  const group = GROUPS[name] as Group
  progress.begin(group.title)
  const measured = measure(name, group)
  progress.end()
  progress.clear()
  print(group, measured.rows)
  rows.push(...measured.rows)
  kernels = measured.description
}
progress.stop()
console.log(`\nKernels: ${kernels}`)
if (json !== undefined)
  writeFileSync(json, `${JSON.stringify({ options, machine, date, kernels, rows }, undefined, 2)}\n`)
