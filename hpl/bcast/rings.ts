/**
 * The ring topologies. Each process receives once; who gets a panel early can go on early, so the process that owns the
 * next panel, number 1, always comes first, and in the modified rings it sends nothing.
 *
 * Cost: the last process has the panel after (hops) * (alpha + length beta), in which panels follow one another as in a
 * pipeline; the root sends it once (1ring), twice (1ringM, 2ring) or three times (2ringM).
 */
import { forward, type Schedule } from './schedule.ts'

/** 0 -> 1 -> 2 -> ... -> q-1. */
export const ring1: Schedule = (d, q, length) => forward(d === 0 ? undefined : d - 1, d + 1 < q ? [d + 1] : [], length)

/** 0 -> 1, and 0 -> 2 -> 3 -> ... -> q-1. */
export const ring1Modified: Schedule = (d, q, length) => {
  if (d === 0) return forward(undefined, [1, 2].filter((dest) => dest < q), length) // prettier-ignore
  if (d === 1) return forward(0, [], length)
  return forward(d === 2 ? 0 : d - 1, d + 1 < q ? [d + 1] : [], length)
}

/** First process of the second ring. */
const half = (q: number): number => Math.ceil(q / 2)

/** 0 -> 1 -> ... -> h-1, and 0 -> h -> ... -> q-1, with h = ceil(q/2). */
export const ring2: Schedule = (d, q, length) => {
  const h = half(q)
  if (d === 0) return forward(undefined, distinct([1, h], q), length)
  const isEnd = d === h - 1 || d === q - 1
  return forward(d === 1 || d === h ? 0 : d - 1, isEnd ? [] : [d + 1], length)
}

/** 0 -> 1, 0 -> 2 -> ... -> h-1, and 0 -> h -> ... -> q-1. */
export const ring2Modified: Schedule = (d, q, length) => {
  const h = half(q)
  if (d === 0) return forward(undefined, distinct([1, 2, h], q), length)
  if (d === 1 && h > 1) return forward(0, [], length)
  const isEnd = d === h - 1 || d === q - 1
  return forward(d <= 2 || d === h ? 0 : d - 1, isEnd ? [] : [d + 1], length)
}

/** The processes of a list that exist, each once. */
function distinct(processes: readonly number[], q: number): number[] {
  return [...new Set(processes)].filter((process) => process < q)
}
