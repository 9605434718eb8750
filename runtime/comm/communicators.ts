/**
 * The communicators that a rank has and has not freed, by context: for reports, which must name them and know their
 * members. Costs a stack trace when one is made, nothing when it is used.
 */
import { homeOf, isBorn } from '../base/contexts.ts'
import type { LatestCalls } from '../engine/latest-calls.ts'
import type { Group } from './group.ts'

/** A communicator of this rank. */
export interface CommEntry {
  readonly context: number
  /** What the program calls it, if anything. */
  readonly name: () => string
  readonly group: Group
  /** Those whom ranks in calls mean: the group, or the other side of an intercommunicator. */
  readonly peers: Group
  /** Collective calls that this rank has made on it. */
  readonly calls: () => number
  /** The latest of these. */
  readonly latest: LatestCalls
  /** With `--check`: where a collective call was made that has not ended. */
  readonly madeBy: (number: number) => Error | undefined
  /** Where it was made. */
  readonly made: Error
}

export class Communicators {
  readonly #entries = new Map<number, CommEntry>()

  add(entry: Omit<CommEntry, 'made'>): void {
    this.#entries.set(entry.context, { ...entry, made: new Error('made') })
  }

  remove(context: number): void {
    this.#entries.delete(context)
  }

  /** The communicator that a context belongs to. */
  of(context: number): CommEntry | undefined {
    return this.#entries.get(homeOf(context))
  }

  /** Made by the program and not freed. */
  unfreed(): CommEntry[] {
    return [...this.#entries.values()].filter(({ context }) => !isBorn(context))
  }
}
