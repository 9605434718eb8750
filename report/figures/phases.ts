/** Where the time of each rank went, as stacked bars: the fastest run of each place at its largest N. Layer below: runs.ts. */
import * as Plot from '@observablehq/plot'
import { ACTIVITIES, type Activity } from '../../hpl/activities.ts'
import { best, digits, groupBy, legendOf, scalesOf, percent, type Figure } from '../figure.ts'
import { gridOf, type Run } from '../runs.ts'

/** In words, and in the order in which they are stacked: computing first. */
const PHASES: readonly (readonly [Activity, string])[] = [
  ['gemm', 'update (dgemm)'],
  ['trsm', 'triangular solve'],
  ['panel', 'panel'],
  ['solve', 'back-substitution'],
  ['other', 'other'],
  ['rows', 'row swaps'],
  ['pivots', 'pivots'],
  ['broadcast', 'panel broadcast'],
  ['wait', 'waiting for panels'],
]

/** Panels at most. */
const MOST = 6

interface Bar {
  readonly run: string
  readonly rank: string
  readonly phase: string
  readonly seconds: number
}

export function phasesFigure(runs: readonly Run[]): Figure | undefined {
  const profiled = runs.filter(({ profile }) => profile !== undefined)
  const chosen = [...groupBy(profiled, ({ place }) => place).values()].map(fastestOfLargest).slice(0, MOST)
  if (chosen.length === 0) return undefined
  const bars = chosen.flatMap(barsOf)
  const names = [...new Set(bars.map(({ run }) => run))]
  const legend = legendOf(
    PHASES.map(([, name]) => name),
    'area',
  )
  const largest = best(chosen, ({ ranks }) => ranks).ranks
  const summary = chosen.map((run) => `${nameOf(run)}: ${percent(shareOf(run, 'gemm'))} of the time in dgemm, ${percent(run.communication ?? 0)} in communication`) // prettier-ignore
  return {
    id: 'phases',
    title: 'Where the time of each rank went',
    summary: `${summary.join('; ')}.`,
    legend,
    tables: [
      {
        title: 'Seconds by rank and phase',
        columns: ['run', 'rank (row, column)', 'phase', 'seconds'],
        rows: bars.map(({ run, rank, phase, seconds }) => [run, rank, phase, seconds]),
      },
    ],
    plot: (width) => ({
      width,
      height: 50 + names.length * (34 + Math.max(2, largest) * 17),
      marginLeft: 52,
      marginTop: 34,
      ...scalesOf(legend),
      x: { label: 'seconds', grid: true },
      y: { label: 'rank', type: 'band', padding: 0.15 },
      fy: { domain: names, axis: null },
      marks: [
        Plot.barX(bars, Plot.stackX({ x: 'seconds', y: 'rank', fy: 'run', fill: 'phase', order: legend.names as string[], title: ({ rank, phase, seconds }: Bar) => `rank (${rank}), ${phase}: ${digits(seconds)} s` })), // prettier-ignore
        Plot.text(names, { fy: (name: string) => name, text: (name: string) => name, frameAnchor: 'top-left', dy: -14, fontWeight: 'bold' }), // prettier-ignore
        Plot.ruleX([0]),
      ],
    }),
  }
}

function fastestOfLargest(runs: readonly Run[]): Run {
  const largest = Math.max(...runs.map(({ n }) => n))
  return best(
    runs.filter(({ n }) => n === largest),
    ({ gflops }) => gflops,
  )
}

function nameOf(run: Run): string {
  return `${gridOf(run)}, ${run.place}, N = ${run.n}`
}

function barsOf(run: Run): Bar[] {
  return (run.profile ?? []).flatMap(({ row, col, activities }) =>
    PHASES.map(([activity, phase]) => ({
      run: nameOf(run),
      rank: `${row}, ${col}`,
      phase,
      seconds: activities[activity].seconds,
    })),
  )
}

function shareOf({ profile = [] }: Run, activity: Activity): number {
  const all = profile.reduce((sum, { activities }) => sum + ACTIVITIES.reduce((part, name) => part + activities[name].seconds, 0), 0) // prettier-ignore
  return profile.reduce((sum, { activities }) => sum + activities[activity].seconds, 0) / all
}
