/** Where the time of each rank went, as stacked bars: the fastest run of each place at its largest N. Layer below: runs.ts. */
import * as Plot from '@observablehq/plot'
import { ACTIVITIES, type Activity } from '../../hpl/activities.ts'
import { best, digits, groupBy, legendOf, scalesOf, percent, type Figure, type Legend } from '../figure.ts'
import { gridOf, type Run } from '../runs.ts'

/**
 * In words, in the order in which they are stacked, with their colours: computing first, in blue, then exchanging and
 * waiting, in warm colours. Neighbours differ in lightness, so that they can be told apart without hues.
 */
const PHASES: readonly (readonly [Activity, string, string])[] = [
  ['gemm', 'update (dgemm)', '#2f5bb7'],
  ['trsm', 'triangular solve', '#8fb1ee'],
  ['panel', 'panel', '#4b7fd6'],
  ['solve', 'back-substitution', '#b9d0f7'],
  ['other', 'other', '#8a94a3'],
  ['rows', 'row swaps', '#f6c25b'],
  ['pivots', 'pivots', '#a2500a'],
  ['broadcast', 'panel broadcast', '#ef8a2b'],
  ['wait', 'waiting for panels', '#c9402f'],
]

/** Panels at most. */
const MOST = 6

interface Bar {
  readonly run: string
  /** Where it stands: run and rank. */
  readonly row: string
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
  const legend: Legend = {
    ...legendOf(
      PHASES.map(([, name]) => name),
      'area',
    ),
    colors: PHASES.map(([, , color]) => color),
  }
  // A row for each rank, and one above for the name of the run.
  const rows = names.flatMap((name) => [name, ...new Set(bars.filter(({ run }) => run === name).map(({ row }) => row))])
  const summary = chosen.map((run) => `${nameOf(run)}: ${percent(shareOf(run, 'gemm'))} in dgemm, ${percent(run.communication ?? 0)} in communication`) // prettier-ignore
  return {
    id: 'phases',
    title: 'Where the time of each rank went',
    summary: `Blue is computing, warm colours are exchanging and waiting. ${summary.join('; ')}.`,
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
      height: 60 + rows.length * 19,
      marginLeft: 52,
      ...scalesOf(legend),
      x: { label: 'seconds', grid: true },
      y: {
        label: 'rank (row, column)',
        type: 'band',
        domain: rows,
        padding: 0.15,
        tickSize: 0,
        tickFormat: (row: string) => (names.includes(row) ? '' : row.slice(row.lastIndexOf('|') + 1)),
      },
      marks: [
        Plot.barX(bars, Plot.stackX({ x: 'seconds', y: 'row', fill: 'phase', order: legend.names as string[], insetLeft: 0.3, insetRight: 0.3, title: ({ rank, phase, seconds }: Bar) => `rank (${rank}), ${phase}: ${digits(seconds)} s` })), // prettier-ignore
        Plot.text(names, { y: (name: string) => name, text: (name: string) => name, frameAnchor: 'left', textAnchor: 'start', dy: 3, fontWeight: 'bold' }), // prettier-ignore
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
      row: `${nameOf(run)}|${row}, ${col}`,
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
