/** From measured times to the rules of a tuning file. Pure. */
import type { Rule, Selectable, Tuning } from '../../runtime/base/tuning.ts'
import type { Point } from './measure.ts'

/** An algorithm is given up for one that is quicker by more than this: differences below are noise. */
const NOISE = 1.05

/**
 * The rules that choose the quickest algorithm for every length, up to the middle (in powers) between two lengths where the
 * choice changes. They hold for the numbers of ranks that were measured, and for those up to the next that was.
 */
export function rulesOf(points: readonly Point[]): Tuning {
  const rules: Partial<Record<Selectable, Rule[]>> = {}
  for (const [collective, list] of groupBy(points, (point) => point.collective)) {
    const bySize = [...groupBy(list, (point) => point.size)].sort(([a], [b]) => a - b)
    rules[collective] = bySize.flatMap(([size, own], index) => {
      const next = bySize[index + 1]?.[0]
      const facts = { minSize: size, maxSize: next === undefined ? size : next - 1, oneHost: own[0]?.hosts === 1 }
      return stretches(own).map((stretch): Rule => ({ ...stretch, ...facts }))
    })
  }
  return rules as Tuning
}

/** Runs of lengths with one algorithm; the last has no end. */
function stretches(points: readonly Point[]): Pick<Rule, 'maxNbytes' | 'algorithm'>[] {
  const ascending = [...points].sort((a, b) => a.nbytes - b.nbytes)
  const chosen: Rule['algorithm'][] = []
  for (const { us } of ascending) chosen.push(choice(us, chosen.at(-1)))
  return chosen.flatMap((algorithm, index) => {
    if (index + 1 === chosen.length) return [{ algorithm }]
    if (chosen[index + 1] === algorithm) return []
    const [here, there] = [ascending[index]?.nbytes as number, ascending[index + 1]?.nbytes as number]
    return [{ maxNbytes: Math.round(Math.sqrt(here * there)), algorithm }]
  })
}

/** The quickest, or the one before if it is as quick. */
function choice(us: Point['us'], before: Rule['algorithm'] | undefined): Rule['algorithm'] {
  const best = Math.min(...Object.values(us))
  if (before !== undefined && (us[before] ?? Infinity) <= best * NOISE) return before
  return Object.keys(us).find((name) => us[name] === best) as Rule['algorithm']
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}
