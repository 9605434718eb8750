/** All figures that some files are enough for, in the order of the page. Layer below: figures/, timeline/figure.ts. */
import { benchmarkFigure } from './figures/benchmarks.ts'
import { crossoverFigure } from './figures/crossover.ts'
import { communicationFigure, gflopsFigure } from './figures/curves.ts'
import { gridsFigure } from './figures/grids.ts'
import { phasesFigure } from './figures/phases.ts'
import { scaledFigure, speedupFigures } from './figures/speedup.ts'
import type { Figure } from './figure.ts'
import type { Inputs } from './inputs.ts'
import { runsOf, seriesOf } from './runs.ts'
import { strongStudies, weakStudies } from './scaling.ts'
import { timelineFigure } from './timeline/figure.ts'

/** Figures for what was read. Local. */
export function figuresOf({ results, traces, benchmarks }: Inputs): Figure[] {
  const runs = runsOf(results)
  const series = seriesOf(runs)
  const figures = [
    gflopsFigure(series),
    communicationFigure(series),
    crossoverFigure(runs),
    gridsFigure(runs),
    phasesFigure(runs),
    ...speedupFigures(strongStudies(runs)),
    scaledFigure(weakStudies(runs)),
    ...traces.map((trace, k) => timelineFigure(trace, k + 1)),
    ...benchmarks.map((benchmark, k) => benchmarkFigure(benchmark, k + 1)),
  ]
  return figures.filter((figure) => figure !== undefined)
}
