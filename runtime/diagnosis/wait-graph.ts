/**
 * Who waits for whom. Pure.
 *
 * An edge leads from a rank to a rank that would have to act before one of its waits could end. In a job where nothing
 * moves, following edges leads into a cycle, or to a rank that has ended: one of the two is the reason of the hang.
 */
import { membersOf, type RankReport, type WaitPicture } from './picture.ts'

/** One step of the way: what a rank waits for, and the rank it leads to. */
export interface Step {
  readonly rank: number
  readonly wait: WaitPicture
  readonly next: number
}

/** The reason of a hang: a cycle, or a way to a rank that has ended. */
export interface Reason {
  readonly kind: 'cycle' | 'ended'
  readonly steps: readonly Step[]
}

/** The first reason found, starting from the lowest rank that waits; a cycle if there is one. */
export function reasonOf(reports: readonly RankReport[]): Reason | undefined {
  const byRank = new Map(reports.map((report) => [report.rank, report]))
  const edges = new Map(reports.map((report) => [report.rank, stepsOf(report)]))
  const search: Search = { edges, byRank, visited: new Set(), path: [], ended: undefined }
  for (const rank of edges.keys()) {
    const cycle = findCycle(rank, search)
    if (cycle !== undefined) return { kind: 'cycle', steps: cycle }
  }
  return search.ended === undefined ? undefined : { kind: 'ended', steps: search.ended }
}

interface Search {
  readonly edges: ReadonlyMap<number, readonly Step[]>
  readonly byRank: ReadonlyMap<number, RankReport>
  readonly visited: Set<number>
  readonly path: Step[]
  ended: readonly Step[] | undefined
}

/** Depth first; a rank from which no cycle was found once leads to none. */
function findCycle(rank: number, search: Search): Step[] | undefined {
  const { edges, byRank, visited, path } = search
  const start = path.findIndex((step) => step.rank === rank)
  if (start !== -1) return path.slice(start)
  if (isOver(byRank.get(rank)) && path.length > 0) search.ended ??= [...path]
  if (visited.has(rank)) return undefined
  visited.add(rank)
  for (const step of edges.get(rank) ?? []) {
    path.push(step)
    const cycle = findCycle(step.next, search)
    if (cycle !== undefined) return cycle
    path.pop()
  }
  return undefined
}

/** True for a rank whose main function has returned, whatever became of its thread, or never will. */
export function isOver(report: RankReport | undefined): boolean {
  return report !== undefined && (report.state === 'finished' || hasEnded(report))
}

/** True for a rank whose thread has ended. */
export function hasEnded({ state }: RankReport): boolean {
  return state === 'ended' || state === 'exited'
}

/** Steps out of a rank: those that can only lead to one rank first. */
function stepsOf({ rank, picture }: RankReport): Step[] {
  const waits = picture?.waits ?? []
  const exact = waits.flatMap((wait) => (wait.peer === undefined ? [] : { rank, wait, next: wait.peer }))
  const wild = waits
    .filter(({ peer }) => peer === undefined)
    .flatMap((wait) => {
      const comm = picture?.communicators.find(({ context }) => context === wait.context)
      const others = comm === undefined ? [] : membersOf(comm).filter((member) => member !== rank)
      return others.map((next) => ({ rank, wait, next }))
    })
  return [...exact, ...wild]
}
