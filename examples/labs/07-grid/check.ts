/**
 * Lab 7: P x Q, mapping and look-ahead. Linpack on two hosts of two ranks behind 1 Gbit/s; the student names in
 * experiment.yaml the variants to measure, among which those have to be that the questions need. Layer below: commands/lab/.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { yamlSource } from '../../../commands/sweep/yaml-file.ts'
import {
  choice,
  comparePrediction,
  defineLab,
  expect,
  expectAnswer,
  expectNear,
  number,
  sentences,
} from '../../../commands/lab/lab.ts'
import { linpackJobs, linpackPoint, linpackPoints, type LinpackCase } from '../../../commands/lab/linpack.ts'
import { UsageError } from '../../../runtime/launcher/usage-error.ts'

/** Gflops of a rank: four of them share two cores. */
const RATE = 3
const N = 1024
const REPEATS = 2

/** Needed for the comparisons that are asked for: shapes, mappings, look-ahead. */
const NEEDED = ['1x4 row 1', '2x2 row 1', '2x2 column 1', '4x1 row 1', '1x4 row 0'] as const
const variantText = z.string().regex(/^(1x4|2x2|4x1) (row|column) [0-3]$/)

const results = z.array(linpackPoint)
  .refine((points) => NEEDED.every((name) => points.some(({ series }) => series === name)), `expected all of ${NEEDED.join(', ')}: name them in experiment.yaml`) // prettier-ignore
type Points = z.infer<typeof results>

const GRIDS = ['1x4', '2x2 row', '2x2 column', '4x1'] as const

export const lab = defineLab({
  title: 'P x Q, mapping and look-ahead',
  seconds: 45,
  predictions: {
    best: choice(...GRIDS),
    worst: choice(...GRIDS),
  },
  answers: {
    best: choice(...GRIDS),
    worst: choice(...GRIDS),
    'column-over-row': number({ min: 0, unit: 'Gflops of 2x2 column / of 2x2 row' }),
    'look-ahead-gain': number({ min: 0, unit: 'Gflops of 1x4 row 1 / of 1x4 row 0' }),
    'crosses-for-every-column-in-4x1': choice('pivot search', 'panel', 'nothing'),
    'crosses-in-2x2-column': choice('pivot search', 'panel', 'nothing'),
    why: sentences(12),
  },
  results,

  jobs: ({ folder, quick }) => linpackJobs(cases(readVariants(folder), quick ? 256 : N, quick ? 1 : REPEATS), RATE),

  collect(ended) {
    const n = Number(/N=(\d+)/.exec(ended[0]?.job.name ?? '')?.[1])
    const planned = cases(
      ended.map(({ job }) => job.name.split(':')[0] as string),
      n,
      1,
    )
    const points = linpackPoints(planned, ended)
    // Of the repeats the fastest counts: whatever disturbs makes slower.
    const fastest = (series: string) => points.filter((point) => point.series === series).sort((a, b) => b.gflops - a.gflops)[0] // prettier-ignore
    return [...new Set(points.map(({ series }) => series))].map(fastest)
  },

  check({ results, prediction, answers }) {
    const rate = (series: string): number => results.find((point) => point.series === series)?.gflops as number
    const byGrid = gridRates(results)
    const [best, worst] = [byGrid[0], byGrid.at(-1)] as [(typeof byGrid)[number], (typeof byGrid)[number]]
    const mapping = rate('2x2 column 1') / rate('2x2 row 1')
    const gain = rate('1x4 row 1') / rate('1x4 row 0')
    // Two grids within a tenth of each other are equally good.
    const among = (name: string, of: number): boolean => Math.abs((byGrid.find((one) => one.grid === name)?.gflops ?? 0) / of - 1) < 0.1 // prettier-ignore
    return [
      comparePrediction('best', prediction.best, best.grid),
      comparePrediction('worst', prediction.worst, worst.grid),
      expect(rate('1x4 row 1') > rate('4x1 row 1'), 'a flat grid is faster than a tall one', '4x1 is no slower than 1x4: were the hosts emulated, and was the machine quiet?'), // prettier-ignore
      expect(mapping > 1.1, '2x2 is faster with process columns within hosts', '2x2 is as fast by row as by column: run again on a quieter machine'), // prettier-ignore
      expectAnswer('best', answers.best, among(answers.best, best.gflops), 'Compare the grids with look-ahead 1.'),
      expectAnswer('worst', answers.worst, among(answers.worst, worst.gflops), 'Compare the grids with look-ahead 1.'),
      expectNear('column-over-row', { answer: answers['column-over-row'], actual: mapping, tolerance: 0.1 * mapping, hint: 'Gflops of 2x2 column 1 divided by those of 2x2 row 1.' }), // prettier-ignore
      expectNear('look-ahead-gain', { answer: answers['look-ahead-gain'], actual: gain, tolerance: 0.05 * gain, hint: 'Gflops of 1x4 row 1 divided by those of 1x4 row 0.' }), // prettier-ignore
      expectAnswer('crosses-for-every-column-in-4x1', answers['crosses-for-every-column-in-4x1'], answers['crosses-for-every-column-in-4x1'] === 'pivot search', 'In 4x1 all ranks share every column of the matrix. What has to be agreed for each of the 1024 columns?'), // prettier-ignore
      expectAnswer('crosses-in-2x2-column', answers['crosses-in-2x2-column'], answers['crosses-in-2x2-column'] === 'panel', 'Mapped by column, ranks 0 and 1, of one host, are a process column; a process row has a rank of each host.'), // prettier-ignore
    ]
  },

  figures: (results) => [
    {
      kind: 'bars',
      title: `Linpack, N = ${results[0]?.n}, two hosts of two ranks, 1gbe`,
      category: 'grid, mapping, look-ahead',
      value: 'Gflops',
      bars: results.map(({ series, gflops }) => ({ category: series, series: '', value: gflops })),
    },
  ],
})

/** Grids with look-ahead 1, the fastest first. */
function gridRates(results: Points): { grid: (typeof GRIDS)[number]; gflops: number }[] {
  return GRIDS.map((grid) => {
    const series = grid.startsWith('2x2') ? `${grid} 1` : `${grid} row 1`
    return { grid, gflops: results.find((point) => point.series === series)?.gflops ?? 0 }
  }).sort((a, b) => b.gflops - a.gflops)
}

function cases(variants: readonly string[], n: number, repeats: number): LinpackCase[] {
  const all = variants.map((series): LinpackCase => {
    const [grid = '', pmap, depth] = series.split(' ')
    const [p = 1, q = 1] = grid.split('x').map(Number)
    return { series, hosts: 2, link: '1gbe', p, q, pmap: pmap as 'row' | 'column', depth: Number(depth), n }
  })
  // The repeats outermost, so that a disturbance hits all variants alike.
  return Array.from({ length: repeats }, () => all).flat()
}

/** The variants of experiment.yaml. @throws UsageError */
function readVariants(folder: string): string[] {
  const { values, where } = yamlSource(join(folder, 'experiment.yaml'))
  const parsed = z.array(variantText).min(1).max(10).safeParse(values['variants'])
  if (parsed.success) return [...new Set(parsed.data)]
  throw new UsageError([`${where(['variants'])}: read ${JSON.stringify(values['variants'] ?? null)}, expected one to ten variants such as "2x2 column 1": a grid (1x4, 2x2, 4x1), a mapping (row, column), a look-ahead (0 to 3)`]) // prettier-ignore
}
