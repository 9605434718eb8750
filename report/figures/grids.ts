/** Gflops by grid and mapping as a heat map, a panel for each place. Layer below: runs.ts. */
import * as Plot from '@observablehq/plot'
import { best, digits, groupBy, type Figure } from '../figure.ts'
import type { Run } from '../runs.ts'
import { panelTitles, TITLE_SPACE } from './panels.ts'

interface Cell {
  readonly grid: string
  readonly mapping: string
  readonly place: string
  readonly gflops: number
}

/** The heat map at the order that was run on most grids, of equally many processes if there are any; undefined if none was run on several. */
export function gridsFigure(runs: readonly Run[]): Figure | undefined {
  const orders = [...groupBy(runs, ({ n }) => n)].map(([n, same]) => ({ n, cells: comparable(cellsOf(same)) }))
  const several = orders.filter(({ cells }) => cells.length > 0)
  if (several.length === 0) return undefined
  const { n, cells } = best(several, (one) => 1000 * rivals(one.cells) + one.cells.length + one.n / 1e9)
  const [top, low] = [best(cells, ({ gflops }) => gflops), best(cells, ({ gflops }) => -gflops)]
  const names = (of: (cell: Cell) => string): string[] => [...new Set(cells.map(of))]
  const [grids, places] = [names(({ grid }) => grid).sort(bySize), names(({ place }) => place)]
  const mappings = ['row', 'column'].filter((name) => cells.some(({ mapping }) => mapping === name))
  return {
    id: 'grids',
    title: `Gflops by P x Q and mapping, N = ${n}`,
    summary: `${top.grid} in ${top.mapping}-major mapping on ${top.place} is the fastest with ${digits(top.gflops, 3)} Gflops; ${low.grid} ${low.mapping} on ${low.place} has ${digits(low.gflops, 3)}. The darker, the faster. Row and column say in which order the ranks fill the grid.`,
    legend: undefined,
    tables: [
      {
        title: 'Best of each grid',
        columns: ['grid', 'mapping', 'place', 'Gflops'],
        rows: cells.map(({ grid, mapping, place, gflops }) => [grid, mapping, place, gflops]),
      },
    ],
    plot: (width) => {
      const narrow = width < 500
      const across = narrow ? 1 : places.length
      return {
        width: narrow ? width : Math.min(width, 110 + across * mappings.length * 120),
        height: 64 + (narrow ? places.length : 1) * (40 + grids.length * 40),
        marginLeft: 52,
        marginTop: TITLE_SPACE,
        x: { domain: mappings, label: 'mapping' },
        y: { domain: grids, label: 'P x Q' },
        [narrow ? 'fy' : 'fx']: { domain: places, axis: null },
        color: { type: 'linear', scheme: 'blues', domain: [0, top.gflops] },
        marks: [
          Plot.cell(cells, { x: 'mapping', y: 'grid', [narrow ? 'fy' : 'fx']: 'place', fill: 'gflops', inset: 1, title: ({ grid, mapping, place, gflops }: Cell) => `${grid} ${mapping}, ${place}: ${digits(gflops)} Gflops` }), // prettier-ignore
          Plot.text(cells, { x: 'mapping', y: 'grid', [narrow ? 'fy' : 'fx']: 'place', text: ({ gflops }: Cell) => digits(gflops, 3), fill: ({ gflops }: Cell) => (gflops > 0.55 * top.gflops ? '#ffffff' : '#10243f'), fontSize: 12 }), // prettier-ignore
          panelTitles(
            places,
            narrow ? 'fy' : 'fx',
            narrow ? width : Math.min(width - 68, across * mappings.length * 120) / across,
          ),
        ],
      }
    },
  }
}

/** Those of places with several grids. */
function comparable(cells: readonly Cell[]): Cell[] {
  return cells.filter(({ place, grid }) => cells.some((other) => other.place === place && other.grid !== grid))
}

/** A grid of one row or column is the same in both mappings and fills both cells. */
function cellsOf(runs: readonly Run[]): Cell[] {
  const shown = runs.flatMap(({ p, q, pmap, place, gflops }) =>
    (p === 1 || q === 1 ? ['row', 'column'] : [pmap]).map((mapping) => ({ grid: `${p}x${q}`, mapping, place, gflops })),
  )
  const groups = groupBy(shown, ({ grid, mapping, place }) => `${grid} ${mapping} ${place}`)
  return [...groups.values()].map((same) => best(same, ({ gflops }) => gflops))
}

/** How many have another shape of as many processes beside them: those show what the shape matters. */
function rivals(cells: readonly Cell[]): number {
  return cells.filter((one) => cells.some((other) => other.place === one.place && other.grid !== one.grid && ranksOf(other.grid) === ranksOf(one.grid))).length // prettier-ignore
}

function ranksOf(grid: string): number {
  const [p = 0, q = 0] = grid.split('x').map(Number)
  return p * q
}

function bySize(a: string, b: string): number {
  const [p1 = 0, q1 = 0] = a.split('x').map(Number)
  const [p2 = 0, q2 = 0] = b.split('x').map(Number)
  return p1 * q1 - p2 * q2 || p1 - p2
}
