/**
 * The collective calls of a communicator are numbered in the order in which they are made, which is the same on all ranks;
 * persistent ones are numbered apart, in the order in which they are initialised. Numbers are the tags of their messages.
 */

/** Tags of collective calls count from 0 and begin anew below this; those of persistent calls count from here. */
export const PERSISTENT_TAGS = 2 ** 30

/** 'call 3' or 'persistent call 0': what reports call the collective call that has a tag. */
export function callNumber(tag: number): string {
  return tag < PERSISTENT_TAGS ? `call ${tag}` : `persistent call ${tag - PERSISTENT_TAGS}`
}
