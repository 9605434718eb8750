/**
 * Where the time of all processes of a grid went, brought together in its process 0 once the clock has stopped.
 * Layer below: activities.ts.
 */
import {
  ACTIVITIES,
  exchangeOf,
  logLength,
  totalsOf,
  underWayOf,
  type Activity,
  type ActivityTotals,
  type Exchange,
  type MarkedActivity,
} from './activities.ts'
import { TAG } from './messaging.ts'
import type { Solver } from './solver.ts'

/** The solve as one process saw it. */
export interface RankProfile {
  /** Place in the grid. */
  readonly row: number
  readonly col: number
  /** Wall time of the solve; the activities add up to it. */
  readonly seconds: number
  readonly activities: Readonly<Record<Activity, ActivityTotals>>
  /** Seconds between the start of a broadcast and its end, in which the process may have waited or done other things. */
  readonly broadcastSeconds: number
}

/** One exchange of one panel, as the process saw it that waited least for the others. */
export interface ExchangeSample extends Exchange {
  readonly activity: Exclude<MarkedActivity, 'panel'>
}

export interface RunProfile {
  /** By rank in the grid. */
  readonly ranks: readonly RankProfile[]
  /** Panel by panel. */
  readonly exchanges: readonly ExchangeSample[]
}

/** Numbers before the log in a message: the place in the grid. */
const HEAD = 2

/** What process 0 knows of one process. */
interface Entry {
  readonly row: number
  readonly col: number
  readonly log: Float64Array
}

/** Collects the logs. Collective over the grid; undefined but in process 0. */
export async function gatherProfile({ grid, system, variant, activities }: Solver): Promise<RunProfile | undefined> {
  const { all, myrow, mycol } = grid
  const log = activities.toArray()
  const mine = new Float64Array(HEAD + log.length)
  mine.set([myrow, mycol])
  mine.set(log, HEAD)
  if (all.rank !== 0) {
    await all.send(mine, { dest: 0, tag: TAG.reduction })
    return undefined
  }
  const panels = Math.ceil(system.n / system.nb)
  const entries: Entry[] = []
  for (let source = 0; source < all.size; source++) {
    const theirs = source === 0 ? mine : new Float64Array(HEAD + logLength(panels))
    if (source !== 0) await all.recv(theirs, { source, tag: TAG.reduction })
    entries.push({ row: theirs[0], col: theirs[1], log: theirs.subarray(HEAD) })
  }
  const exchanges = Array.from({ length: panels }, (_, panel) =>
    samplesOf(entries, panel, panel % grid.npcol, variant.depth === 0),
  )
  return { ranks: entries.map(rankProfile), exchanges: exchanges.flat() }
}

function rankProfile({ row, col, log }: Entry): RankProfile {
  const activities = totalsOf(log)
  const seconds = ACTIVITIES.reduce((sum, activity) => sum + activities[activity].seconds, 0)
  return { row, col, seconds, activities, broadcastSeconds: underWayOf(log) }
}

/**
 * The exchanges of one panel. The time of an exchange contains waiting for whoever comes last; the process that waited
 * least comes closest to what the exchange itself costs. Receivers of a broadcast wait while the panel is factored, which
 * is taken off. With look-ahead a broadcast goes on behind the update and its own time is not known.
 */
function samplesOf(entries: readonly Entry[], panel: number, pcol: number, sequential: boolean): ExchangeSample[] {
  const owners = entries.filter(({ col }) => col === pcol)
  const receivers = entries.filter(({ col }) => col !== pcol)
  const factored = Math.max(
    ...owners.map(({ log }) => exchangeOf(log, panel, 'panel').seconds + exchangeOf(log, panel, 'pivots').seconds),
  )
  return [
    ...shortest('pivots', owners, panel, 0),
    ...(sequential ? shortest('broadcast', receivers, panel, factored) : []),
    ...shortest('rows', entries, panel, 0),
  ]
}

function shortest(
  activity: ExchangeSample['activity'],
  entries: readonly Entry[],
  panel: number,
  before: number,
): ExchangeSample[] {
  const exchanges = entries.map(({ log }) => exchangeOf(log, panel, activity)).filter(({ messages }) => messages > 0)
  const [least] = exchanges.sort((a, b) => a.seconds - b.seconds)
  return least === undefined ? [] : [{ ...least, activity, seconds: Math.max(0, least.seconds - before) }]
}
