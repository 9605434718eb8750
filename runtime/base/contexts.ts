/** The contexts of communicators, as messages carry them, and what reports call a communicator. */

/** Those that every rank is born with, by context; nobody frees them. */
const BORN = new Map([
  [0, 'world'],
  [2, 'self'],
])

/** True for the context of a communicator that every rank is born with. */
export function isBorn(context: number): boolean {
  return BORN.has(context)
}

/**
 * The context that stands for a communicator. It has two more: the next one for collectives, and the complement for what
 * its members tell each other to found communicators or to bridge an intercommunicator.
 */
export function homeOf(context: number): number {
  return context < 0 ? ~context : context & ~1
}

/** True for the messages of collective calls. */
export function isCollective(context: number): boolean {
  return context === homeOf(context) + 1
}

/** What a communicator is called in reports: its number, the same on all its members, and the program's name for it. */
export function commName(context: number, name = ''): string {
  const own = homeOf(context)
  const known = BORN.get(own) ?? `communicator ${own / 2}`
  return name === '' ? known : `${known} "${name}"`
}
