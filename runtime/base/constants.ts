/** The constants of the MPI standard that appear in calls, without the MPI_ prefix. */

/** Receive from whichever rank sends first (MPI 4.1, section 3.2.4). */
export const ANY_SOURCE = -1
/** Receive whatever tag comes first. */
export const ANY_TAG = -1
/** The rank that is nobody: sends to it vanish, receives from it complete at once with count 0 (section 3.10). */
export const PROC_NULL = -2
/** The root of a collective call on an intercommunicator, in the calls of the root's own side (section 6.2.3). */
export const ROOT = -3
/** The colour in `split` of a rank that wants no new communicator (section 7.4.2). */
export const UNDEFINED = -32766
/** Largest tag a message may carry. The standard guarantees 32767. */
export const TAG_UB = 0x7fff_ffff
/** In place of a send or receive buffer of a collective: the other buffer serves as both (section 6.2). */
export const IN_PLACE: unique symbol = Symbol.for('tsmpi.IN_PLACE')
