/** What a wall has measured as one drawing, with the figures of `tsmpi report`. Layer below: report/. */
import type { ResultLine } from '../../hpl/results/schema.ts'
import { drawSheet } from '../../report/drawing.ts'
import { figuresOf } from '../../report/figures.ts'
import type { WallSettings } from './plan.ts'

/** Of all that a report would show. */
const SHOWN = ['gflops', 'communication', 'crossover', 'grids']

/** The drawing as the text of an SVG file. */
export function drawSvg({ hosts }: WallSettings, results: readonly ResultLine[]): string {
  const figures = figuresOf({ files: [], results, traces: [], benchmarks: [], problems: [] })
  const kernels = results.find((line) => line.kind === 'test')?.blas.description
  const title = `Linpack on ${hosts} hosts against one${kernels === undefined ? '' : `, ${kernels}`}`
  return drawSheet(title, figures.filter(({ id }) => SHOWN.includes(id))) // prettier-ignore
}
