/** The sums of one rank as plain data, as they travel to the launcher. */
import { CALL_SUMS, decodeRecords, PLACE_SUMS, TOTAL, type TraceMemory } from './trace-memory.ts'

/** What calls of one kind, or from one place, add up to. */
export interface Sum {
  /** Number of the call's or the place's name. */
  readonly number: number
  readonly count: number
  readonly nbytes: number
  readonly ms: number
}

/** How a rank spends its time, and where its bytes go. */
export interface Traffic {
  readonly totalMs: number
  readonly communicationMs: number
  /** World rank and bytes sent to it, for those that were sent any. */
  readonly sent: readonly (readonly [number, number])[]
}

export interface ProfileSums extends Traffic {
  readonly calls: readonly Sum[]
  readonly places: readonly Sum[]
}

/**
 * What a rank waits in counts as far as it has come.
 *
 * @param nowMs the machine's clock, which a rank that still runs is measured against
 */
export function summarize(memory: TraceMemory, nowMs: number): ProfileSums {
  const [calls, places] = [memory.calls.slice(), memory.places.slice()]
  // By call, since when it has been counted: several under way overlap, and no time counts twice.
  const since = new Map<number, number>()
  for (const { call, place, begun, ended } of decodeRecords(memory.waits(endOf(memory, nowMs)))) {
    const ms = Math.max((since.get(call) ?? ended) - begun, 0)
    since.set(call, Math.min(since.get(call) ?? ended, begun))
    addCall(calls, call * CALL_SUMS, ms)
    if (place > 0) addCall(places, place * PLACE_SUMS, ms)
  }
  return { ...trafficOf(memory, nowMs), calls: sumsOf(calls, CALL_SUMS), places: sumsOf(places, PLACE_SUMS) }
}

function addCall(sums: Float64Array, at: number, ms: number): void {
  sums[at] = (sums[at] as number) + 1
  sums[at + 2] = (sums[at + 2] as number) + ms
}

/** When the rank ended; `nowMs` if it has not. */
export function endOf({ totals }: TraceMemory, nowMs: number): number {
  const ended = totals[TOTAL.ENDED] as number
  return ended > 0 ? ended : nowMs
}

/** @param nowMs as of `summarize` */
export function trafficOf(memory: TraceMemory, nowMs: number): Traffic {
  const { totals, sent } = memory
  const total = (index: number): number => totals[index] as number
  const ended = endOf(memory, nowMs)
  const since = total(TOTAL.WAITING_SINCE)
  return {
    totalMs: total(TOTAL.BEGUN) === 0 ? 0 : ended - total(TOTAL.BEGUN),
    communicationMs: total(TOTAL.COMMUNICATION) + (since > 0 ? ended - since : 0),
    sent: [...sent.entries()].filter(([, nbytes]) => nbytes > 0),
  }
}

function sumsOf(values: Float64Array, stride: number): Sum[] {
  const sums: Sum[] = []
  for (let number = 0; number * stride < values.length; number++) {
    const [count = 0, nbytes = 0, ms = 0] = values.subarray(number * stride, (number + 1) * stride)
    if (count > 0) sums.push({ number, count, nbytes, ms })
  }
  return sums
}
