/** The table at the end of a sweep: a line a test, its repeats taken together, within 80 columns. Layer below: cli-table3. */
import CliTable from 'cli-table3'
import { encodeVariant } from '../../hpl/output.ts'
import { STORAGE_FORMS, SWAPS } from '../../hpl/parameters.ts'
import type { ResultLine } from '../../hpl/results/schema.ts'
import type { Settings } from '../../hpl/single-test.ts'
import type { PlannedTest } from './plan.ts'

/** What came of one test over its repeats. */
export interface Row {
  readonly test: PlannedTest
  readonly lines: readonly ResultLine[]
}

/** What a row shows: medians over the repeats that gave a rate. */
interface Summary {
  readonly seconds?: number
  readonly gflops?: number
  /** Largest less least rate, in percent of the median. */
  readonly spreadPercent?: number
  readonly outcome: string
}

/**
 * The table, line by line. The line with the highest median rate among those that passed is marked. Local.
 *
 * @param bold whether the marked line may be bold
 */
export function formatTable(rows: readonly Row[], { bold }: { readonly bold: boolean }): string {
  const summaries = rows.map(({ lines }) => summarise(lines))
  const best = indexOfBest(summaries)
  const varying = SETTING_COLUMNS.filter(({ code }) => new Set(rows.map(({ test }) => code(test.settings))).size > 1)
  const spread = rows.some(({ lines }) => lines.length > 1)
  const table = new CliTable({
    head: [
      '',
      'T/V',
      ...varying.map(({ head }) => head),
      'N',
      'NB',
      'PxQ',
      'Time',
      'Gflops',
      ...(spread ? ['spread'] : []),
      'result',
    ],
    colAligns: [
      'left',
      'left',
      ...varying.map(() => 'right' as const),
      ...Array<'right'>(spread ? 6 : 5).fill('right'),
    ],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: NO_LINES,
  })
  for (const [index, { test }] of rows.entries()) {
    const { point, settings } = test
    const { seconds, gflops, spreadPercent, outcome } = summaries[index] as Summary
    table.push([
      index === best ? '*' : '',
      encodeVariant(point),
      ...varying.map(({ code }) => code(settings)),
      point.n,
      point.nb,
      `${point.p}x${point.q}`,
      seconds?.toFixed(2) ?? '',
      gflops?.toPrecision(4) ?? '',
      ...(spread ? [spreadPercent === undefined ? '' : `${spreadPercent.toFixed(0)} %`] : []),
      outcome,
    ])
  }
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  return lines.map((line) => (bold && line.startsWith('*') ? `\u001B[1m${line}\u001B[22m\n` : `${line}\n`)).join('')
}

/** For cli-table3: a table of columns without lines. */
export const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
  ),
)

/** What T/V does not tell apart, shown by its code in HPL.dat if a sweep has several. */
const SETTING_COLUMNS: readonly { readonly head: string; readonly code: (settings: Settings) => number }[] = [
  { head: 'SWAP', code: ({ swap }) => SWAPS.indexOf(swap) },
  { head: 'thresh', code: ({ swapThreshold }) => swapThreshold },
  { head: 'L1', code: ({ l1 }) => STORAGE_FORMS.indexOf(l1) },
  { head: 'U', code: ({ u }) => STORAGE_FORMS.indexOf(u) },
  { head: 'EQUIL', code: ({ equilibrate }) => Number(equilibrate) },
]

function summarise(lines: readonly ResultLine[]): Summary {
  const tests = lines.flatMap((line) => (line.kind === 'test' && line.test.seconds != null ? [line.test] : []))
  const outcomes = [...new Set(lines.map((line) => (line.kind === 'failure' ? 'no result' : line.test.outcome)))]
  const outcome = outcomes.length === 0 ? 'not run' : outcomes.join(', ')
  if (tests.length === 0) return { outcome }
  const rates = tests.map(({ gflops }) => gflops ?? 0)
  const gflops = median(rates)
  const spreadPercent = (100 * (Math.max(...rates) - Math.min(...rates))) / gflops
  return { seconds: median(tests.map(({ seconds }) => seconds as number)), gflops, spreadPercent, outcome }
}

function indexOfBest(summaries: readonly Summary[]): number {
  const rates = summaries.map(({ gflops, outcome }) =>
    gflops !== undefined && ['passed', 'unchecked'].includes(outcome) ? gflops : -Infinity,
  )
  const best = Math.max(...rates)
  return best === -Infinity ? -1 : rates.indexOf(best)
}

/** @param values at least one */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
