/** The events of a trace in the Chrome trace format, as a viewer reads them. */

export interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly cat?: string
  readonly pid: number
  readonly tid: number
  readonly id?: string
  readonly ts?: number
  readonly dur?: number
  readonly args?: Readonly<Record<string, unknown>>
}

export const row = ({ pid, tid }: TraceEvent): string => `${pid}.${tid}`

/** Times in the file have three digits behind the point. */
const begun = ({ ts = 0 }: TraceEvent): number => Math.round(ts * 1000)
const ended = (slice: TraceEvent): number => begun(slice) + Math.round((slice.dur ?? 0) * 1000)

/** The slices that are there at the end of an arrow, on its row, the innermost first: a viewer takes that for the arrow's. */
export function slicesAt(events: readonly TraceEvent[], arrow: TraceEvent): TraceEvent[] {
  const at = begun(arrow)
  return events
    .filter((event) => event.ph === 'X' && row(event) === row(arrow) && begun(event) <= at && at < ended(event))
    .sort((a, b) => begun(b) - begun(a) || ended(a) - ended(b))
}
