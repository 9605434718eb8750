/** What a sweep says of its tests while it runs. Layer below: commands/progress.ts. */
import { encodeVariant } from '../../hpl/output.ts'
import type { ResultLine } from '../../hpl/results/schema.ts'
import type { PlannedTest } from './plan.ts'

/** A test in a few words. Local. */
export function nameOf({ point, args }: PlannedTest): string {
  const network = args[args.indexOf('--emulate') + 1] as string
  const where = args.includes('--emulate') ? `, ${network}` : ''
  return `N=${point.n} NB=${point.nb} ${point.p}x${point.q} ${encodeVariant(point)}${where}`
}

/** What came of it. Local. */
export function outcomeOf(line: ResultLine): string {
  if (line.kind === 'failure') return `no result: ${line.reason}`
  const { outcome, gflops, reason } = line.test
  if (outcome === 'skipped') return `skipped: ${reason ?? ''}`
  return `${(gflops ?? 0).toPrecision(4)} Gflops, ${outcome}`
}
