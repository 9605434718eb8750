/** What the benchmarks measured: curves over message sizes, and samples beside each other. Layer below: benchmark.ts. */
import * as Plot from '@observablehq/plot'
import type { Benchmark, SampleBenchmark, SizeBenchmark } from '../benchmark.ts'
import { compact, digits, legendOf, scalesOf, median, type Figure } from '../figure.ts'

/** A figure for each benchmark. @param number of the benchmark among all, for the name */
export function benchmarkFigure(benchmark: Benchmark, number: number): Figure {
  const id = `benchmark-${number}`
  return benchmark.kind === 'sizes' ? sizesFigure(benchmark, id) : samplesFigure(benchmark, id)
}

function sizesFigure({ title, unit, curves }: SizeBenchmark, id: string): Figure {
  const points = curves.flatMap(
    ({ mode, contender, points: all }) =>
    // A barrier has no size; on a logarithmic scale it stands at one byte.
    all.map(({ nbytes, values }) => ({ mode, contender, nbytes: Math.max(1, nbytes), middle: median(values), low: Math.min(...values), high: Math.max(...values) })), // prettier-ignore
  )
  const modes = [...new Set(points.map(({ mode }) => mode))]
  const legend = legendOf([...new Set(points.map(({ contender }) => contender))], 'symbol')
  const logarithmic = points.every(({ low }) => low > 0)
  return {
    id,
    title: `Benchmark: ${title}`,
    summary: `In ${unit}, over the size of a message: ${legend.names.join(', ')}${modes.length > 1 ? ` for ${modes.join(', ')}` : ''}. ${better(unit)} Points are medians, thin bars reach from the least to the most.`,
    legend,
    tables: [
      {
        title: 'Medians and ranges',
        columns: ['what', 'contender', 'bytes', `${unit}, median`, 'least', 'most'],
        rows: points.map(({ mode, contender, nbytes, middle, low, high }) => [mode, contender, nbytes, middle, low, high]), // prettier-ignore
      },
    ],
    plot: (width) => ({
      width,
      height: 60 + modes.length * (modes.length > 1 ? 200 : Math.max(240, 0.45 * width)),
      marginLeft: 60,
      ...(modes.length > 1 && { marginTop: 30 }),
      ...scalesOf(legend),
      x: { type: 'log', base: 2, label: 'bytes', tickFormat: sizeText, ticks: width < 500 ? 4 : 8 },
      y: {
        label: unit,
        grid: true,
        ...(logarithmic ? { type: 'log', tickFormat: compact, ticks: 4 } : { zero: true }),
      },
      fy: { domain: modes, axis: null },
      marks: [
        Plot.ruleX(points, { x: 'nbytes', y1: 'low', y2: 'high', stroke: 'contender', strokeOpacity: 0.6, fy: 'mode' }),
        Plot.line(points, { x: 'nbytes', y: 'middle', stroke: 'contender', strokeWidth: 2, fy: 'mode' }),
        Plot.dot(points, { x: 'nbytes', y: 'middle', fill: 'contender', symbol: 'contender', r: 3, fy: 'mode', title: (one: (typeof points)[number]) => `${one.contender}, ${sizeText(one.nbytes)}: ${digits(one.middle)} ${unit}` }), // prettier-ignore
        ...(modes.length > 1 ? [Plot.text(modes, { fy: (name: string) => name, text: (name: string) => name, frameAnchor: 'top-left', dy: -14, fontWeight: 'bold' })] : []), // prettier-ignore
      ],
    }),
  }
}

function samplesFigure({ title, unit, rows }: SampleBenchmark, id: string): Figure {
  const samples = rows.flatMap(({ group, name, values }) => values.map((value) => ({ group, name, value })))
  const medians = rows.map(({ group, name, values }) => ({ group, name, value: median(values) }))
  const groups = [...new Set(rows.map(({ group }) => group))]
  const legend = legendOf([...new Set(rows.map(({ name }) => name))], 'dot')
  return {
    id,
    title: `Benchmark: ${title}`,
    summary: `In ${unit}: ${legend.names.join(', ')}. ${better(unit)} A stroke is a sample, the dot the median.`,
    legend,
    tables: [
      {
        title: 'Medians and ranges',
        columns: ['group', 'name', `${unit}, median`, 'least', 'most', 'samples'],
        rows: rows.map(({ group, name, values }) => [group, name, median(values), Math.min(...values), Math.max(...values), values.length]), // prettier-ignore
      },
    ],
    plot: (width) => ({
      width,
      height: 50 + groups.length * (26 + legend.names.length * 22),
      marginLeft: 16,
      marginTop: 30,
      ...scalesOf(legend),
      x: { label: unit, grid: true, zero: true },
      y: { domain: [...legend.names], axis: null },
      fy: { domain: groups, axis: null },
      marks: [
        Plot.tickX(samples, { x: 'value', y: 'name', fy: 'group', stroke: 'name', strokeOpacity: 0.6 }),
        Plot.dot(medians, { x: 'value', y: 'name', fy: 'group', fill: 'name', r: 4, title: (one: (typeof medians)[number]) => `${one.group}, ${one.name}: ${digits(one.value)} ${unit}` }), // prettier-ignore
        Plot.text(groups, { fy: (name: string) => name, text: (name: string) => name, frameAnchor: 'top-left', dy: -12, fontWeight: 'bold' }), // prettier-ignore
        Plot.ruleX([0]),
      ],
    }),
  }
}

/** Times are better small, rates large. */
function better(unit: string): string {
  return /^[mun]?s$/.test(unit) ? 'Less is better.' : 'More is better.'
}

function sizeText(nbytes: number): string {
  if (nbytes >= 2 ** 20) return `${digits(nbytes / 2 ** 20)} MiB`
  return nbytes >= 2 ** 10 ? `${digits(nbytes / 2 ** 10)} KiB` : `${nbytes} B`
}
