/**
 * The communicators that a rank has and has not freed, by context: for reports, which must name them and know their
 * members. Costs a stack trace when one is made, nothing when it is used.
 */
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
  /** With `--check`: where a collective call was made that has not ended. */
  readonly madeBy: (number: number) => Error | undefined
  /** Where it was made. */
  readonly made: Error
}

/** Those that every rank is born with, by context; nobody frees them. */
const BORN = new Map([
  [0, 'world'],
  [2, 'self'],
])

/** True for the context of a communicator that every rank is born with. */
export function isBorn(context: number): boolean {
  return BORN.has(context)
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
    return [...this.#entries.values()].filter(({ context }) => !BORN.has(context))
  }
}

/**
 * The context that stands for a communicator. It has two more: the next one for collectives, and the complement for what
 * its members tell each other to found communicators or to bridge an intercommunicator.
 */
export function homeOf(context: number): number {
  return context < 0 ? ~context : context & ~1
}

/** What a communicator is called in reports: its number, the same on all its members, and the program's name for it. */
export function commName(context: number, name = ''): string {
  const own = homeOf(context)
  const known = BORN.get(own) ?? `communicator ${own / 2}`
  return name === '' ? known : `${known} "${name}"`
}
